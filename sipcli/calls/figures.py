"""The contract's `stats` of a call (§4)."""

from sipcli.calls.events import Figures
from sipcli.media.session.session import MediaSession


def figures(media: MediaSession) -> Figures | None:
    """How the call went so far; None where no media were ever agreed on."""
    statistics = media.stream.statistics()
    return Figures(**statistics.fields()) if statistics is not None else None
