"""What one call's media tell the call."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from sipcli.errors import Phase
from sipcli.media.dtmf.digits import Digit
from sipcli.sdp.transport import Candidate, Fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaConnected:
    """Media can flow: for the first time, or after an ICE restart."""

    restarted: bool
    codec: str
    local: Candidate
    remote: Candidate
    fingerprint: Fingerprint | None
    """Of the far end's certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFailed:
    """The way could not be opened; nothing will come of this call."""

    phase: Phase
    """Which step of it has failed."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaLost:
    """Nothing comes any more; an ICE restart may help, unless `closed`."""

    reason: str
    closed: bool
    """The far end has said that its media are over."""
    phase: Phase = Phase.AUDIO
    """Which step has failed, where another way could not be opened."""


@dataclass(frozen=True, slots=True)
class MediaBack:
    """What was lost is back, the way it went before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitHeard:
    """A digit was sent, or received, in the RTP stream."""

    direction: Literal["sent", "received"]
    digit: Digit


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaWarned:
    """Something does not work as it should, and the call goes on."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaBroke:
    """Something raised what it should not; there will be no sound any more."""

    error: Exception


MediaEvent: TypeAlias = (
    MediaConnected | MediaFailed | MediaLost | MediaBack | DigitHeard | MediaWarned | MediaBroke
)
