"""Whether a person sits at a keyboard whose keys may be taken."""

import sys

from sipcli.cli.common import common


def has_keyboard(*, reads_stdin: bool) -> bool:
    """Whether keys are to be obeyed: not where `reads_stdin` takes stdin for something else."""
    if reads_stdin or common().json or sys.stdin is None:
        return False
    return sys.stdin.isatty() and sys.stdout.isatty()
