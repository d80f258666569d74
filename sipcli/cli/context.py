"""The screen of this invocation, made when first needed, and its keyboard."""

import sys
from typing import IO

import click

from sipcli.cli.output.screen import Screen
from sipcli.cli.shared_options import Common, common

_META = "sipcli.screen"
_ASIDE = "sipcli.screen.aside"


def current_screen(context: click.Context | None = None) -> Screen:
    """Return the screen that the common options select."""
    context = context or click.get_current_context()
    screen: Screen | None = context.meta.get(_META)
    if screen is None:
        screen = context.meta[_META] = _make(
            common(context), sys.stderr if _ASIDE in context.meta else sys.stdout
        )
    return screen


def leave_stdout_alone() -> None:
    """Write everything to stderr, since stdout carries audio. Call it before any output."""
    click.get_current_context().meta[_ASIDE] = True


def has_screen(context: click.Context) -> bool:
    """True if a screen has been made."""
    return _META in context.meta


def _make(options: Common, out: IO[str]) -> Screen:
    # Late imports: rich takes its time, and neither the help nor a program's screen needs it.
    from sipcli.cli.output import stream

    stream.prepare(utf_8=options.json)
    if options.json:
        from sipcli.cli.output.json_screen import JsonScreen

        return JsonScreen(out, sys.stderr)
    from sipcli.cli.output.terminal import TerminalScreen

    return TerminalScreen(
        out,
        sys.stderr,
        verbose=options.verbose,
        quiet=options.quiet,
        color=not options.no_color,
    )


def has_keyboard(*, reads_stdin: bool) -> bool:
    """True if keys can be read; `reads_stdin` means that stdin is used for something else."""
    if reads_stdin or common().json:
        return False
    return has_terminal() and sys.stdout.isatty()


def has_terminal() -> bool:
    """True if stdin is a terminal."""
    return sys.stdin is not None and sys.stdin.isatty()
