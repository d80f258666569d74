"""What all commands share: options before or after the command's name, and types of numbers.

Light on purpose: the main group imports this for `sipcli --version` and `-h`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import click

from sipcli import __version__
from sipcli.cli.command_help import AnyCommand, Group, GroupedOption, option

_META: Final = "sipcli.common"
_WORDS: Final = "sipcli.words"


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """The options that every command takes."""

    config: Path | None = None
    """The configuration file, where one is named."""
    profile: str | None = None
    json: bool = False
    verbose: int = 0
    """How many times `-v` was given."""
    quiet: bool = False
    no_color: bool = False


def common(context: click.Context | None = None) -> Common:
    """The common options given so far in this invocation."""
    found = (context or click.get_current_context()).meta.get(_META, Common())
    if not isinstance(found, Common):
        raise TypeError(f"{_META} is in use for something else")
    return found


def note_words(context: click.Context, words: Sequence[str]) -> None:
    """Keep the words behind `sipcli`, before they are parsed."""
    context.meta[_WORDS] = tuple(words)


def words_of_invocation() -> tuple[str, ...]:
    """Return the words behind `sipcli`, as they were typed: they may hold secrets."""
    words: tuple[str, ...] = click.get_current_context().meta.get(_WORDS, ())
    return words


def ask_for_json(context: click.Context) -> None:
    """Note `--json`, which is not parsed yet."""
    context.meta[_META] = replace(common(context), json=True)


class Whole(click.IntRange):
    """A whole number."""

    name = "whole number"


class Finite(click.FloatRange):
    """A finite number: neither `nan` nor `inf`."""

    name = "number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number that was typed (called by click)."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a valid {self.name}.", param, ctx)
        return number


class Seconds(Finite):
    """A time in seconds."""

    name = "time in seconds"


def common_options(function: AnyCommand) -> AnyCommand:
    """Add the common options to a command or group; read them with `common()`.

    What stands after the command's name wins over what stands before it.
    """
    for one in reversed(_options()):
        function = one(function)
    return function


def _options() -> list[Callable[[AnyCommand], AnyCommand]]:
    return [
        _option("--config", metavar="PATH", type=Path, help="The configuration file."),
        _option("--profile", metavar="NAME", help="The profile of the configuration to use."),
        _option("--json", is_flag=True, help="Write one JSON object per line to stdout."),
        _option("-v", "--verbose", count=True, help="Show more; repeatable."),
        _option("-q", "--quiet", is_flag=True, help="Show only results and errors."),
        _option("--no-color", is_flag=True, help="No colours."),
        option(
            "--version",
            group=Group.COMMON,
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_show_version,
            help="Show the version.",
        ),
        click.help_option(
            "-h", "--help", cls=GroupedOption, group=Group.COMMON, help="Show this help."
        ),
    ]


def _option(*names: str, **attributes: Any) -> Callable[[AnyCommand], AnyCommand]:
    """An option that is noted for `common()`; eager, so that it counts if others are wrong."""
    return option(
        *names,
        group=Group.COMMON,
        expose_value=False,
        is_eager=True,
        callback=_note,
        **attributes,
    )


def _note(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    name = parameter.name
    given = name and context.get_parameter_source(name)
    if name and given is click.core.ParameterSource.COMMANDLINE:
        context.meta[_META] = replace(common(context), **{name: value})


def _show_version(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        click.echo(f"sipcli {__version__}")
        context.exit()
