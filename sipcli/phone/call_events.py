"""The events of calls (contract §4); `events.py` says what all events have in common."""

from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

from sipcli.config.policies import Permission
from sipcli.errors import SipcliError
from sipcli.sip.uri import Uri

CallId: TypeAlias = str
"""The Call-ID of a call (RFC 3261 §8.1.1.4)."""
By: TypeAlias = Literal["local", "remote", "network"]
"""The party that ended a call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """Something went wrong, and the phone and its calls go on."""

    name: ClassVar[str] = "warning"
    text: str


# The beginning of a call


@dataclass(frozen=True, slots=True, kw_only=True)
class Calling:
    """The INVITE of a call of ours was sent."""

    name: ClassVar[str] = "calling"
    call: CallId
    to: str
    transfer: CallId | None = None
    """The call whose far end asked for this one (REFER); None if we placed it ourselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """An incoming call; the caller is told that it rings.

    The last four fields hold each element of a header field verbatim. They are only as trustworthy
    as the server that let them in.
    """

    name: ClassVar[str] = "incoming"
    call: CallId
    sender: str
    """The URI of the From field."""
    display_name: str | None
    """The name in the From field; None without one."""
    to: str
    p_asserted_identity: tuple[str, ...] = ()
    """The caller as the network asserts it (RFC 3325)."""
    diversion: tuple[str, ...] = ()
    """The parties that diverted the call (RFC 5806), latest first."""
    history_info: tuple[str, ...] = ()
    """The targets the call has been sent to (RFC 7044), earliest first."""
    call_info: tuple[str, ...] = ()
    """Information about the caller (RFC 3261 §20.9); its URIs are not fetched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A provisional response (or a redirection, 3xx, that is being followed)."""

    name: ClassVar[str] = "progress"
    call: CallId
    status: int
    reason: str
    early_media: bool
    """True if it has a session description."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The call is up: a 2xx was received or sent."""

    name: ClassVar[str] = "answered"
    call: CallId
    status: int
    elapsed_ms: float
    """Since the INVITE was sent or received."""


# During a call


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectedCandidate:
    """One end of the candidate pair that ICE selected (RFC 8445)."""

    type: str
    """host, srflx, prflx or relay."""
    protocol: str
    """udp or tcp."""
    address: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """Media connected, failed, or are back after an interruption."""

    name: ClassVar[str] = "media"
    call: CallId
    state: Literal["connected", "failed", "restarted"]
    codec: str | None
    """The encoding name of the codec we send; None if none was agreed on."""
    local_candidate: SelectedCandidate | None
    """Our end; None where the media failed, as are the next two."""
    remote_candidate: SelectedCandidate | None
    dtls_fingerprint: str | None
    """The fingerprint of the far end's certificate (RFC 8122)."""
    elapsed_ms: float
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
    """RFC 4733 or SIP INFO."""


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
    """`stats` of contract §4, measured on what was actually sent, received and played.

    The figures are rounded to 0.01, so that what is judged is what is shown.
    """

    packets_sent: int
    packets_received: int
    packets_lost: int
    """By gaps in the sequence numbers."""
    packets_late: int
    """Received, but too late to be played."""
    packets_concealed: int
    """Frames of 20 ms that were concealed, for lost and late packets."""
    loss_percent: float
    """Lost, of all packets sent to us."""
    jitter_ms: float
    """Of the packets received (RFC 3550 §6.4.1)."""
    rtt_ms: float | None
    """The round trip by RTCP; None until it is measured."""
    playout_delay_ms: float
    """Recent time from a packet's arrival to its playing."""
    mos: float | None
    """From 1 to 4.5, by the E-model (ITU-T G.107); None if nothing was received."""
    level_sent_dbfs: float
    level_received_dbfs: float
    codec: str | None
    """The codec received last, or, if nothing was received, the one we send."""
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
class DigitsNotSent(Warned):
    """Digits were not sent, or the far end did not accept them."""

    call: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRefused(Warned):
    """The far end refused to change the call, for example to be held; `text` says why."""

    call: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferFailed(Warned):
    """A transfer that the far end of `call` asked for, and we accepted, was not placed."""

    call: CallId


# Transfers and redirections


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRequested:
    """The far end asks us to call someone else in its place (REFER, RFC 3515)."""

    name: ClassVar[str] = "transfer_requested"
    call: CallId
    target: Uri
    referred_by: str | None
    """The Referred-By field (RFC 3892); None without one."""
    decision: Permission
    """What the setting `transfers` says of this target. `ASK`: decide within 25 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferDecided:
    """The outcome of a `TransferRequested`."""

    name: ClassVar[str] = "transfer"
    call: CallId
    target: str
    status: int
    """Our answer to the far end's REFER: 202, or 300 to 699."""
    decision: Literal["accepted", "refused"]
    reason: str | None = None
    """Why it was refused; None unless it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferProgress:
    """Progress of a transfer that we asked the far end for."""

    name: ClassVar[str] = "transfer"
    call: CallId
    target: str
    status: int | None
    """First the answer to our REFER (202), then the status of the far end's own call; None if
    it did not say."""
    is_final: bool
    """True if no further report follows. Not in the JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectRequested:
    """A call of ours was answered with another address (3xx, RFC 3261 §8.1.3.4)."""

    name: ClassVar[str] = "redirect_requested"
    call: CallId
    target: Uri
    status: int
    """The response of the previous target, which led there."""
    decision: Permission
    """What the setting `redirects` says of this target. `ASK`: decide within 25 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectDecided:
    """The outcome of a `RedirectRequested`; if accepted, the same call continues to the target."""

    name: ClassVar[str] = "redirect"
    call: CallId
    target: str
    status: int
    """As in `RedirectRequested`."""
    decision: Literal["accepted", "refused"]
    reason: str | None = None
    """Why it was refused; None unless it was."""


# The end of a call


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded:
    """The call has ended, media and files included."""

    name: ClassVar[str] = "ended"
    call: CallId
    by: By
    status: int | None
    """Final status of the INVITE, 300 to 699, a cause from a Reason field (RFC 3326), or 408 if
    it was not answered; None: it was answered and then hung up, or the connection broke."""
    reason: str
    """For display; may contain the far end's words."""
    duration_s: float
    """Since the answer; 0 without one."""
    stats: CallStats | None
    """Of the whole call; None if no media were ever agreed on."""
    q850_cause: int | None = None
    """The cause that the telephone network gave (ITU-T Q.850), from a gateway's Reason field in
    BYE, CANCEL or the final response (RFC 3326, RFC 6432); None if it gave none."""
    q850_text: str | None = None
    """The same in the far end's words."""
    candidates: tuple[SelectedCandidate, SelectedCandidate] | None = None
    """The last selected candidate pair, ours first; None if media never connected. Not in the
    JSON, where the events `media` have it."""
    failure: SipcliError | None = None
    """Why the call failed, as `Call.failure` says it; None if it did not. Not in the JSON."""


CallEvent: TypeAlias = (
    Calling
    | Incoming
    | Progress
    | Answered
    | Media
    | Dtmf
    | Held
    | Resumed
    | Stats
    | Warned
    | DigitsNotSent
    | ChangeRefused
    | TransferFailed
    | TransferRequested
    | TransferDecided
    | TransferProgress
    | RedirectRequested
    | RedirectDecided
    | CallEnded
)
"""The events of calls, in the order they happened. After `CallEnded` a call has no more."""
