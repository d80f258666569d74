"""Find out if stdin is a keyboard."""

import sys

from sipcli.cli.shared_options import common


def has_keyboard(*, reads_stdin: bool) -> bool:
    """True if keys can be read; `reads_stdin` means that stdin is used for something else."""
    if reads_stdin or common().json:
        return False
    return has_terminal() and sys.stdout.isatty()


def has_terminal() -> bool:
    """True if stdin is a terminal."""
    return sys.stdin is not None and sys.stdin.isatty()
