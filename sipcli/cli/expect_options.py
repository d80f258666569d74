"""The options and script words of the expectations that `expect/expectations.py` declares."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click

from sipcli.cli.command_help import Group, option
from sipcli.cli.shared_options import Finite, Whole
from sipcli.errors import ConfigError
from sipcli.expect.expectations import (
    EXPECTATIONS,
    Choice,
    DtmfDigits,
    Expectation,
    Expectations,
    Number,
    Value,
    WholeNumber,
    never_met,
)
from sipcli.expect.feasible import Terms
from sipcli.media.dtmf.dtmf_digits import DIGITS


class DigitsParam(click.ParamType[str]):
    """DTMF digits; an empty string is none."""

    name = "digits"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the digits in capitals (called by click)."""
        digits = str(value).upper()
        if not set(digits) <= set(DIGITS):
            self.fail(f"{value!r} are not digits: each is one of {DIGITS}", param, ctx)
        return digits


def read_expectations(parameters: Mapping[str, Any]) -> Expectations:
    """Return the expectations in a command's parameters, which click has checked."""
    return Expectations(
        **{field: parameters[_parameter(each)] for field, each in EXPECTATIONS.items()}
    )


def read_expectation(text: str) -> Expectations:
    """Read the words after a script's `expect`. Raises `click.BadParameter`."""
    word, _, value = text.strip().partition(" ")
    for field, each in EXPECTATIONS.items():
        if each.word == word.lower():
            return Expectations(**{field: _type(each.value).convert(value.strip(), None, None)})
    words = ", ".join(each.word for each in EXPECTATIONS.values())
    raise click.BadParameter(f"expect takes one of {words}; not {word!r}")


def check_expectations(wanted: Expectations, terms: Terms) -> None:
    """Raise `ConfigError` for expectations that no call of a command can meet."""
    faults = [f"--{name} can never be met: {why}" for name, why in never_met(wanted, terms)]
    if faults:
        raise ConfigError("\n".join(faults))


def _parameter(expectation: Expectation) -> str:
    """Return the name of the option's parameter; the field's may be another option's (`dtmf`)."""
    return expectation.name.replace("-", "_")


def _type(value: Value) -> click.ParamType[Any]:
    """Return click's type for what an expectation takes."""
    match value:
        case Choice():
            return click.Choice(value.words)
        case Number():
            return Finite(value.min, value.max)
        case WholeNumber():
            return Whole(value.min, value.max)
        case DtmfDigits():
            return DigitsParam()


EXPECT_OPTIONS: Final = (
    *(
        option(
            each.option,
            _parameter(each),
            group=Group.EXPECTATIONS,
            type=_type(each.value),
            metavar=each.metavar,
            help=each.help,
        )
        for each in EXPECTATIONS.values()
    ),
    option(
        "--junit",
        group=Group.EXPECTATIONS,
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="PATH",
        help="Write a JUnit XML report; - is stdout.",
    ),
)
