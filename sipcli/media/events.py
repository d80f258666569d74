"""The events of one call's media, as its transport and its session report them."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from sipcli.errors import Phase
from sipcli.media.dtmf.dtmf_digits import Digit
from sipcli.sdp.transport import Candidate, Fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaConnected:
    """Media can flow: for the first time, or again after each ICE restart."""

    restarted: bool
    """False the first time."""
    local: Candidate
    """Our address as the far end sees it."""
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
    closed: bool = False
    """True if the far end closed its media (DTLS close_notify)."""
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


TransportEvent: TypeAlias = MediaConnected | MediaLost | MediaBack | MediaWarned
"""What a transport reports; why one cannot be opened, it raises."""
MediaEvent: TypeAlias = TransportEvent | MediaFailed | DigitHeard | MediaBroke
