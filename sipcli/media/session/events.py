"""The events of one call's media."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from sipcli.errors import Phase
from sipcli.media.dtmf.digits import Digit
from sipcli.sdp.transport import Candidate, Fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaConnected:
    """Media can flow: for the first time, or again after an ICE restart."""

    restarted: bool
    codec: str
    local: Candidate
    remote: Candidate
    fingerprint: Fingerprint | None
    """The fingerprint of the far end's certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFailed:
    """The transport could not be opened; the call has no media."""

    phase: Phase
    """The step that failed."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaLost:
    """Nothing arrives any more; an ICE restart may help, unless `closed`."""

    reason: str
    closed: bool
    """True if the far end closed its media."""
    phase: Phase = Phase.AUDIO
    """The step that failed, if a new transport could not be opened."""


@dataclass(frozen=True, slots=True)
class MediaBack:
    """Lost media are back, over the same path as before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitHeard:
    """A digit was sent, or received, in the RTP stream."""

    direction: Literal["sent", "received"]
    digit: Digit


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaWarned:
    """Something does not work, but the call continues."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaBroke:
    """An unexpected exception; there is no more sound in this call."""

    error: Exception


MediaEvent: TypeAlias = (
    MediaConnected | MediaFailed | MediaLost | MediaBack | DigitHeard | MediaWarned | MediaBroke
)
