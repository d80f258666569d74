"""What a call tells besides what the core does: named and filled as the contract says."""

from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

from sipcli.core.calls.events import (
    Answered,
    By,
    CallId,
    Calling,
    Incoming,
    Progress,
    RedirectDecided,
    RedirectRequested,
    TransferDecided,
    TransferProgress,
    TransferRequested,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateShown:
    """One end of the path that the media take."""

    type: str
    """host, srflx, prflx or relay."""
    protocol: str
    address: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """The media can flow, cannot, or can again."""

    name: ClassVar[str] = "media"
    call: CallId
    state: Literal["connected", "failed", "restarted"]
    codec: str | None
    local_candidate: CandidateShown | None
    remote_candidate: CandidateShown | None
    dtls_fingerprint: str | None
    """The far end's."""
    elapsed_ms: int
    """Since the INVITE."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dtmf:
    """A digit was sent or received."""

    name: ClassVar[str] = "dtmf"
    call: CallId
    direction: Literal["sent", "received"]
    digit: str
    duration_ms: int
    method: Literal["rtp", "info"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One side does not want to hear the other for a while."""

    name: ClassVar[str] = "held"
    call: CallId
    by: Literal["local", "remote"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """That is over."""

    name: ClassVar[str] = "resumed"
    call: CallId
    by: Literal["local", "remote"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStats:
    """The contract's `stats` (§4), from what was really sent, received and played."""

    packets_sent: int
    packets_received: int
    packets_lost: int
    packets_late: int
    packets_concealed: int
    loss_percent: float
    jitter_ms: float
    rtt_ms: float | None
    playout_delay_ms: float
    mos: float | None
    """None when nothing was received."""
    level_sent_dbfs: float
    level_received_dbfs: float
    codec: str | None
    remote_loss_percent: float | None = None
    """What the far end says it has lost of our packets; None until it reports."""
    remote_mos: float | None = None
    """How we sound there, as it says itself (RFC 3611 §4.7); None where it does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """How the call sounds so far."""

    name: ClassVar[str] = "stats"
    call: CallId
    stats: CallStats


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded:
    """The call is over, and this is how it was."""

    name: ClassVar[str] = "ended"
    call: CallId
    by: By
    status: int | None
    reason: str
    duration_s: float
    stats: CallStats | None
    """None where there never were media."""
    q850_cause: int | None = None
    """What the telephone network gave as the cause (ITU-T Q.850); None where nobody says so."""
    q850_text: str | None = None
    """The same in the peer's words."""
    way: tuple[CandidateShown, CandidateShown] | None = None
    """Private. Which way the media took last, our end first; None where they never connected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallWarned:
    """Something does not work as it should, and the call goes on."""

    name: ClassVar[str] = "warning"
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitsNotSent(CallWarned):
    """Digits did not go out, or nobody took them."""

    call: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRefused(CallWarned):
    """The far end did not agree to a change of the call, such as to be held; `text` has why."""

    call: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferFailed(CallWarned):
    """A call that the far end of `call` has asked for, and we agreed to, was not placed."""

    call: CallId


Event: TypeAlias = (
    Calling
    | Incoming
    | Progress
    | Answered
    | TransferRequested
    | TransferDecided
    | TransferProgress
    | RedirectRequested
    | RedirectDecided
    | Media
    | Dtmf
    | Held
    | Resumed
    | Stats
    | CallEnded
    | CallWarned
)
"""Everything about a call that its user is told."""
