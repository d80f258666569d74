"""The one screen of this invocation, made when it is first needed."""

import sys
from typing import IO

import click

from sipcli.cli.screen import Screen
from sipcli.cli.shared_options import Common, common

_META = "sipcli.screen"
_ASIDE = "sipcli.screen.aside"


def current_screen(context: click.Context | None = None) -> Screen:
    """The screen that the common options ask for."""
    context = context or click.get_current_context()
    screen: Screen | None = context.meta.get(_META)
    if screen is None:
        screen = context.meta[_META] = _make(
            common(context), sys.stderr if _ASIDE in context.meta else sys.stdout
        )
    return screen


def leave_stdout_alone() -> None:
    """Show everything on stderr: stdout carries sound. To be called before the first word."""
    click.get_current_context().meta[_ASIDE] = True


def has_screen(context: click.Context) -> bool:
    """Whether anything has been shown on a screen yet."""
    return _META in context.meta


def _make(options: Common, out: IO[str]) -> Screen:
    # Late imports: rich takes its time, and neither the help nor a program's screen needs it.
    from sipcli.cli import stream

    stream.prepare(utf_8=options.json)
    if options.json:
        from sipcli.cli.json_screen import JsonScreen

        return JsonScreen(out, sys.stderr)
    from sipcli.cli.terminal import TerminalScreen

    return TerminalScreen(
        out,
        sys.stderr,
        verbose=options.verbose,
        quiet=options.quiet,
        color=not options.no_color,
    )
