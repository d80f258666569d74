"""What is expected of a call (contract §2): as options, and as the words of a script's `expect`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from sipcli.cli.shared_options import Finite, SectionOption, Whole
from sipcli.errors import ConfigError
from sipcli.expect.expectations import Expectations
from sipcli.expect.feasible import Terms, never_met
from sipcli.media.dtmf.digits import DIGITS

_SECTION: Final = "Expectations (exit code 8 where one is not met)"


class Digits(click.ParamType[str]):
    """Digits as they are received; none at all are none, too."""

    name = "digits"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The digits that were typed, in capitals (called by click)."""
        digits = str(value).upper()
        if not set(digits) <= set(DIGITS):
            self.fail(f"{value!r} are not digits: each is one of {DIGITS}", param, ctx)
        return digits


@dataclass(frozen=True, slots=True)
class Kind:
    """One thing that can be expected."""

    option: str
    field: str
    """Of `Expectations`."""
    type: click.ParamType[Any]
    help: str
    metavar: str | None = None

    @property
    def parameter(self) -> str:
        """What click calls the option's value."""
        return self.option.removeprefix("--").replace("-", "_")


KINDS: Final = {
    "audio": Kind(
        "--expect-audio",
        "audio",
        click.Choice(["received", "sent", "both"]),
        "Half a second of audible sound, this way or both.",
    ),
    "tone": Kind(
        "--expect-tone",
        "tone_hz",
        Finite(min=20, max=20_000),
        "This tone, received for a second and 10 dB above all else.",
        "HZ",
    ),
    "dtmf": Kind(
        "--expect-dtmf",
        "dtmf",
        Digits(),
        "Exactly these digits, received in this order.",
        "DIGITS",
    ),
    "status": Kind(
        "--expect-status",
        "status",
        Whole(200, 699),
        "This final answer; a refusal that is expected is a success.",
        "CODE",
    ),
    "setup": Kind(
        "--max-setup-ms",
        "max_setup_ms",
        Whole(min=1),
        "From the INVITE until sound can flow.",
        "N",
    ),
    "mos": Kind(
        "--min-mos",
        "min_mos",
        Finite(min=1, max=5),
        "How good it sounded here, from 1 to 4.5 (E-model).",
        "X",
    ),
    "loss": Kind(
        "--max-loss",
        "max_loss_percent",
        Finite(min=0, max=100),
        "Packets lost of those that should have come.",
        "PERCENT",
    ),
}
"""By the word that a script has for it."""


def read_expectations(parameters: Mapping[str, Any]) -> Expectations:
    """What a command's parameters expect, checked by click."""
    return Expectations(**{kind.field: parameters[kind.parameter] for kind in KINDS.values()})


def read_expectation(text: str) -> Expectations:
    """What the words after a script's `expect` say. Raises `click.BadParameter`."""
    word, _, value = text.strip().partition(" ")
    kind = KINDS.get(word.lower())
    if kind is None:
        raise click.BadParameter(f"expect takes one of {', '.join(KINDS)}; not {word!r}")
    return Expectations(**{kind.field: kind.type.convert(value.strip(), None, None)})


def check_expectations(wanted: Expectations, terms: Terms) -> None:
    """Raises `ConfigError` for what the calls of a command can never meet."""
    faults = [f"--{name} can never be met: {why}" for name, why in never_met(wanted, terms)]
    if faults:
        raise ConfigError("\n".join(faults))


EXPECT_OPTIONS: Final = (
    *(
        click.option(
            kind.option,
            cls=SectionOption,
            section=_SECTION,
            type=kind.type,
            metavar=kind.metavar,
            help=kind.help,
        )
        for kind in KINDS.values()
    ),
    click.option(
        "--junit",
        cls=SectionOption,
        section=_SECTION,
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="PATH",
        help="Write the outcome as JUnit XML, too; - is stdout.",
    ),
)
