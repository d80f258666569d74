"""Makes errors safe to show."""

from sipcli.errors import SipcliError
from sipcli.text import one_line


def shown(error: SipcliError) -> SipcliError:
    """Return `error` with control characters in its text escaped: it may quote the far end."""
    error.text = one_line(error.text)
    return error
