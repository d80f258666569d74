"""Whether a person sits at a keyboard, and what for."""

import sys

from sipcli.cli.shared_options import common


def has_keyboard(*, reads_stdin: bool) -> bool:
    """Whether keys are to be obeyed: not where `reads_stdin` takes stdin for something else."""
    if reads_stdin or common().json:
        return False
    return has_terminal() and sys.stdout.isatty()


def has_terminal() -> bool:
    """Whether what comes on stdin is typed."""
    return sys.stdin is not None and sys.stdin.isatty()
