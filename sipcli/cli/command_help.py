"""The help of a command: its options in groups, the words they take, examples and exit codes."""

import gc
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeAlias, TypeVar

import click
from click.exceptions import NoSuchCommand, NoSuchOption

from sipcli import interrupts
from sipcli.errors import EXIT_CODES
from sipcli.text import did_you_mean

if TYPE_CHECKING:
    from click.types import OptionHelpExtra

_COLUMN: Final = 26
"""Width of the column of options; a longer one has a line of its own."""

Row: TypeAlias = tuple[str, str]
AnyCommand = TypeVar("AnyCommand", bound=Callable[..., Any] | click.Command)


class Group(StrEnum):
    """The headings of options, in the order of the help."""

    OPTIONS = "Options"
    AUDIO = "Audio"
    EXPECTATIONS = "Expectations (exit code 8 if one is not met)"
    ACCOUNT = "Account and server"
    MEDIA = "Codecs, STUN, TURN and ICE"
    LOG = "Log"
    EVIDENCE = "Evidence"
    COMMON = "Common options"


class GroupedOption(click.Option):
    """An option that the help shows in a group; `option` makes one."""

    def __init__(
        self,
        *args: Any,
        group: Group,
        listed: bool = True,
        forms: tuple[Row, ...] = (),
        **attributes: Any,
    ) -> None:
        super().__init__(*args, **attributes)
        self.group = group
        self.listed = listed
        self.forms = forms

    def get_help_extra(self, ctx: click.Context) -> "OptionHelpExtra":
        """Return the notes in brackets (called by click). A bound that goes without saying, such
        as a time above 0, is left out.
        """
        extra = super().get_help_extra(ctx)
        extra.pop("range", None)
        kind = self.type
        if isinstance(kind, click.IntRange | click.FloatRange) and None not in (kind.min, kind.max):
            extra["range"] = f"{kind.min:g} to {kind.max:g}"
        return extra


def option(
    *names: str, group: Group = Group.OPTIONS, **attributes: Any
) -> Callable[[AnyCommand], AnyCommand]:
    """Return a decorator that adds an option to a command, as `click.option` does.

    `listed`: False for an option that the help leaves to `sipcli help settings`. `forms`: what
    users can write after it and what it means, for a list below the options.
    """
    return click.option(*names, cls=GroupedOption, group=group, **attributes)


class Command(click.Command):
    """A command whose help has its options in groups; each is made by `option`.

    `examples`: command lines, each with the sentence above it. `module`: the name of the module
    that does the work, imported when the command runs, so that its help, its completion and its
    usage errors do not wait for it.
    """

    has_exit_codes: ClassVar[bool] = False
    """True if the help lists the exit codes, too."""

    def __init__(
        self,
        *args: Any,
        examples: Sequence[Row] = (),
        module: str | None = None,
        **attributes: Any,
    ) -> None:
        super().__init__(*args, **attributes)
        self.examples = examples
        self._module = module

    def invoke(self, ctx: click.Context) -> Any:
        """Import what the command needs, then run it (called by click)."""
        if self._module is not None:
            with interrupts.held():
                import_module(self._module)
        if not gc.isenabled():  # the console script turned it off
            gc.freeze()
            gc.enable()
        return super().invoke(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, group by group, and what some of them take (called by click)."""
        write_options(self, ctx, formatter)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what comes after the options (called by click)."""
        if not all(one.listed for one in _options(self, ctx)):
            formatter.write_paragraph()
            formatter.write_text("Further settings are options, too; see `sipcli help settings`.")
        if self.examples:
            with formatter.section("Examples"):
                for line, what in self.examples:
                    formatter.write_text(what)
                    formatter.write(f"{'':{formatter.current_indent + 2}}{line}\n")
        if self.has_exit_codes:
            codes = [(str(code), text) for code, text in EXIT_CODES.items()]
            write_table(formatter, "Exit codes", codes)


class CommandGroup(click.Group):
    """A group of commands whose help has its commands first, and its options in groups."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands and the options (called by click)."""
        self.format_commands(ctx, formatter)
        write_options(self, ctx, formatter)


def write_options(
    command: click.Command, ctx: click.Context, formatter: click.HelpFormatter
) -> None:
    """Write a command's options, group by group, in columns that are the same for all groups."""
    shown = [one for one in _options(command, ctx) if one.listed]
    for group in Group:
        members = [one for one in shown if one.group is group]
        rows = [one.get_help_record(ctx) for one in members]
        write_table(formatter, group, [row for row in rows if row is not None], _COLUMN)
        for one in members:
            if one.forms:
                write_table(formatter, f"{one.metavar} of {one.opts[0]}", one.forms, _COLUMN)


def _options(command: click.Command, ctx: click.Context) -> Iterator[GroupedOption]:
    """Yield the options that are not hidden. The usage line and the text tell of arguments."""
    for parameter in command.get_params(ctx):
        if isinstance(parameter, GroupedOption) and not parameter.hidden:
            yield parameter


def write_table(
    formatter: click.HelpFormatter, heading: str, rows: Sequence[Row], width: int = 0
) -> None:
    """Write names, in a column of at least `width`, and what they mean; nothing without rows."""
    if rows:
        with formatter.section(heading):
            formatter.write_dl([(f"{name:{width}}", text) for name, text in rows], _COLUMN)


def in_words(error: click.ClickException) -> str:
    """Return the text of an error of click's; for a mistyped name, with the one that was meant."""
    match error:
        case NoSuchOption(option_name=name) | NoSuchCommand(command_name=name):
            hint = did_you_mean(name, error.possibilities or ())
            if not hint and error.ctx is not None:
                hint = f"; `{error.ctx.command_path} -h` lists what there is"
            return error.message.removesuffix(".") + hint
        case _:
            return error.format_message()
