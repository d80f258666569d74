"""The `sipcli` command: runs the command that is named, and turns its end into an exit code."""

import gc
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import click

from sipcli import interrupts
from sipcli.cli.command_help import CommandGroup, in_words, write_table
from sipcli.cli.evidence_options import finish_evidence
from sipcli.cli.output.report_file import begin_early
from sipcli.cli.output.stream import Outlets
from sipcli.cli.shared_options import ask_for_json, common, common_options, note_words
from sipcli.errors import (
    DESCRIPTORS_HINT,
    TOO_FEW_DESCRIPTORS,
    ConfigError,
    Interrupted,
    SipcliError,
    is_out_of_descriptors,
)

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS: Final = {
    "call": "Place a call.",
    "listen": "Wait for calls.",
    "doctor": "Check each step of a call, and say how to fix what fails.",
    "register": "Register, and stay registered.",
    "ping": "Send OPTIONS and time the reply.",
    "message": "Send an instant message.",
    "ladder": "Show the SIP messages of a capture as a ladder.",
    "devices": "List the sound devices, or test them.",
    "config": "Show or check the configuration, or print an example.",
    "sandbox": "Run a SIP server for experiments.",
    "completion": "Print a completion script for your shell.",
    "help": "Show help for a command, or all settings.",
}
"""Commands in the order of the help; each is imported from its own module when it is used."""
_MAX_WIDTH: Final = 100
"""Columns of the help in a wide terminal. If stdout is no terminal it has 80, or $COLUMNS."""


class Main(CommandGroup):
    """The group of all commands. A command's module is imported only to run it or show its help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands (called by click)."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command called `cmd_name` (called by click)."""
        if cmd_name not in COMMANDS:
            return None
        with interrupts.held():
            found = getattr(import_module(f"sipcli.cli.commands.{cmd_name}"), cmd_name)
        return found if isinstance(found, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them (called by click)."""
        write_table(formatter, "Commands", list(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Complete a command's name without importing the commands, or an option (called by
        click).
        """
        from click.shell_completion import CompletionItem  # late: only a shell needs it

        names = [name for name in COMMANDS if name.startswith(incomplete)]
        items = [CompletionItem(name, help=COMMANDS[name]) for name in names]
        return items + click.Command.shell_complete(self, ctx, incomplete)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that was named (called by click).

        Its JUnit report is begun before its module is imported, which takes a while.
        """
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            raise click.exceptions.NoSuchCommand(name, possibilities=COMMANDS, ctx=ctx)
        if not ctx.resilient_parsing:
            begin_early(name, args[1:])
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words before the command's name (called by click)."""
        _note_json(ctx, args)
        note_words(ctx, args)
        try:
            return super().parse_args(ctx, args)
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.UsageError as error:
            ctx.exit(_report(ctx, ConfigError(in_words(error))))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, and exit with the code of its error, if any (called by click)."""
        from sipcli.cli.context import current_screen, has_screen

        try:
            result = super().invoke(ctx)
            unwritten = finish_evidence(ctx, None)
            if unwritten is not None:
                raise unwritten
        except SipcliError as error:
            ctx.exit(_report(ctx, error))
        except click.ClickException as error:
            ctx.exit(_report(ctx, ConfigError(in_words(error))))
        except (click.Abort, KeyboardInterrupt):
            ctx.exit(_report(ctx, Interrupted("interrupted")))
        except click.exceptions.Exit:
            raise
        except Exception as error:  # noqa: BLE001 - a bug in sipcli
            if is_out_of_descriptors(error):
                text = f"{TOO_FEW_DESCRIPTORS}: {DESCRIPTORS_HINT}"
                ctx.exit(_report(ctx, SipcliError(text)))
            ctx.exit(_report_bug(ctx, error))
        if has_screen(ctx):
            current_screen(ctx).finished(0, "done")
        return result


def _report(ctx: click.Context, error: SipcliError) -> int:
    from sipcli.cli.context import current_screen

    screen = current_screen(ctx)
    finish_evidence(ctx, error)
    screen.error(str(error), error.brief)
    screen.finished(error.exit_code, _in_short(str(error)), error.phase)
    return error.exit_code


def _in_short(text: str) -> str:
    """Return the first line of a text with one problem per line, and how many more there are."""
    first, *others = text.split("\n")
    return f"{first} (and {len(others)} more)" if others else first


def _report_bug(ctx: click.Context, error: Exception) -> int:
    text = f"a bug in sipcli: {type(error).__name__}: {error}"
    if common(ctx).verbose < 2:
        return _report(ctx, SipcliError(f"{text} (-vv shows where)"))
    from sipcli.cli.context import current_screen

    current_screen(ctx).note("".join(traceback.format_exception(error)))
    return _report(ctx, SipcliError(text))


@click.command(
    cls=Main, context_settings={"help_option_names": [], "max_content_width": _MAX_WIDTH}
)
@common_options
def main() -> None:
    """A command-line softphone: SIP over WebSocket, WebRTC audio, exit codes that mean something.

    `sipcli COMMAND -h` shows what a command takes. Every setting is an option, a key of the
    configuration file and an environment variable: `sipcli help settings` lists them all.
    """


def entry() -> None:
    """Run the console script; exits with the codes of errors.py.

    What is imported lives as long as the process. If the garbage collector searched it, that would
    cost 0.1 s at the start, half of that at the end, and 30 ms without sound each time in a call.
    """
    gc.disable()
    outlets = Outlets()
    with _signals_as_ctrl_c():
        code = run(sys.argv[1:])
    gc.freeze()
    sys.exit(outlets.exit_code(code))


@contextmanager
def _signals_as_ctrl_c() -> Iterator[None]:
    """Treat each signal that asks for an end like Ctrl-C, unless a command handles it itself.

    A password command or a prompt then ends properly, too.
    """
    names = ("SIGTERM", "SIGHUP")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    handles_ctrl_c = signal.getsignal(signal.SIGINT) != signal.SIG_IGN
    unhandled = [number for number in numbers if signal.getsignal(number) == signal.SIG_DFL]
    for number in unhandled:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        # All output is written: a signal that comes now ends sipcli at once, without a traceback.
        for number in (*unhandled, *[signal.SIGINT] * handles_ctrl_c):
            signal.signal(number, signal.SIG_DFL)


def run(arguments: list[str]) -> int:
    """Run sipcli with `arguments`, and return its exit code."""
    try:
        interrupts.release()
        code = main.main(arguments, prog_name="sipcli", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return 0
    except (click.Abort, KeyboardInterrupt):  # Ctrl-C while modules were loading
        context = click.Context(main)
        _note_json(context, arguments)
        return _report(context, Interrupted("interrupted"))
    return code if isinstance(code, int) else 0


def _note_json(context: click.Context, arguments: list[str]) -> None:
    """Note `--json` before anything is parsed, so that a usage error is JSON, too."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if "--json" in options:
        ask_for_json(context)
