"""The events of a call that do not come from the core, as in contract §4."""

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
    """One end of the selected ICE candidate pair."""

    type: str
    """host, srflx, prflx or relay."""
    protocol: str
    address: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """Media connected, failed, or are back after an interruption."""

    name: ClassVar[str] = "media"
    call: CallId
    state: Literal["connected", "failed", "restarted"]
    codec: str | None
    local_candidate: CandidateShown | None
    remote_candidate: CandidateShown | None
    dtls_fingerprint: str | None
    """The fingerprint of the far end's certificate."""
    elapsed_ms: int
    """Milliseconds since the INVITE."""


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
    """One side has put the other on hold (RFC 3264 §8.4)."""

    name: ClassVar[str] = "held"
    call: CallId
    by: Literal["local", "remote"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """One side has ended its hold."""

    name: ClassVar[str] = "resumed"
    call: CallId
    by: Literal["local", "remote"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStats:
    """`stats` of contract §4, measured on what was actually sent, received and played."""

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
    """None if nothing was received."""
    level_sent_dbfs: float
    level_received_dbfs: float
    codec: str | None
    remote_loss_percent: float | None = None
    """The share of our packets that the far end reports as lost; None until it reports."""
    remote_mos: float | None = None
    """The MOS that the far end reports for our audio (RFC 3611 §4.7); None if it does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """The statistics of the call so far."""

    name: ClassVar[str] = "stats"
    call: CallId
    stats: CallStats


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded:
    """The call has ended."""

    name: ClassVar[str] = "ended"
    call: CallId
    by: By
    status: int | None
    reason: str
    duration_s: float
    stats: CallStats | None
    """None if no media were ever agreed on."""
    q850_cause: int | None = None
    """The cause that the telephone network gave (ITU-T Q.850); None if it gave none."""
    q850_text: str | None = None
    """The same in the peer's words."""
    way: tuple[CandidateShown, CandidateShown] | None = None
    """Private. The last selected candidate pair, ours first; None if media never connected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallWarned:
    """Something went wrong, and the call goes on."""

    name: ClassVar[str] = "warning"
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitsNotSent(CallWarned):
    """Digits were not sent, or the far end did not accept them."""

    call: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRefused(CallWarned):
    """The far end refused to change the call, for example to be held; `text` says why."""

    call: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferFailed(CallWarned):
    """A transfer that the far end of `call` asked for, and we accepted, was not placed."""

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
"""Every event that the user of a call receives."""
