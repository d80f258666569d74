"""Errors as they may be shown."""

from sipcli.errors import SipcliError
from sipcli.text import one_line


def shown(error: SipcliError) -> SipcliError:
    """`error`, with what the far end has put into its text unable to steer a terminal."""
    error.text = one_line(error.text)
    return error
