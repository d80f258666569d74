"""Events of calls: frozen values, in the order they happened, with times in seconds.

`phone/event_translation.py` makes the events of docs/contract.md of them, except for those of
offers and INFO. `call` is the Call-ID; no two live calls have the same. After `Ended` a call emits
nothing more.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from sipcli.config.policies import Permission
from sipcli.sip.uri import Uri

CallId = str
"""The Call-ID of a call (RFC 3261 §8.1.1.4)."""

By: TypeAlias = Literal["local", "remote", "network"]
"""The party that ended a call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calling:
    """The INVITE was sent."""

    call: CallId
    to: str
    transfer: CallId | None = None
    """The call whose far end asked for this one (REFER); None if we placed it ourselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """An incoming call; the caller is told that it rings."""

    call: CallId
    sender: str
    display_name: str | None
    to: str
    p_asserted_identity: tuple[str, ...] = ()
    """The caller as the network asserts it (RFC 3325). This and the next three hold each element of
    the field verbatim; they are only as trustworthy as the server that let them in."""
    diversion: tuple[str, ...] = ()
    """The parties that diverted the call (RFC 5806), latest first."""
    history_info: tuple[str, ...] = ()
    """The targets the call has been sent to (RFC 7044), earliest first."""
    call_info: tuple[str, ...] = ()
    """Information about the caller (RFC 3261 §20.9); its URIs are not fetched."""
    offer: bytes | None
    """Their offer; None: they want ours, in `progress` or `accept`."""
    replaces: CallId | None
    """The call that this one replaces once accepted (RFC 3891): no need to ring."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A provisional response (or a redirection, 3xx, that is being followed)."""

    call: CallId
    status: int
    reason: str
    early_media: bool
    """True if it has a session description."""
    body: bytes | None
    """The session description: the answer, as far as this fork is concerned."""
    fork: str
    """The To tag of its sender; empty without one. Each fork has its own answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The call is up: a 2xx was received or sent."""

    call: CallId
    status: int
    elapsed_s: float
    """Since the INVITE was sent or received."""
    body: bytes | None
    """The answer to our offer; None: that of this fork's `Progress` (or a later UPDATE)
    still holds, or we are the answerer."""
    fork: str
    """The fork that answered; all others are over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteOffer:
    """An offer arrived; call `answer` or `refuse_offer` within 30 s."""

    call: CallId
    body: bytes | None
    """None: they ask for our offer, passed to `answer`; their answer comes as `Acknowledged`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferWithdrawn:
    """The offer that waited for our answer was withdrawn: the previous agreement still holds."""

    call: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferAnswered:
    """The answer to the offer made by `offer`."""

    call: CallId
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRefused:
    """The offer made by `offer` failed: the previous agreement still holds (roll back)."""

    call: CallId
    status: int | None
    """None without a response."""
    reason: str
    will_retry: bool
    """True if an `OfferDue` follows once it may be retried (491, 500 with Retry-After)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferDue:
    """Call `offer` now, if `can_offer`, with the current wishes or unchanged."""

    call: CallId
    is_refresh: bool
    """True: the session expires (RFC 4028) unless refreshed, if only by an unchanged offer.
    False: the wait after an `OfferRefused` with `will_retry` is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """The far end acknowledged our answer or, with a body, answered the offer it had asked for."""

    call: CallId
    body: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InfoReceived:
    """An INFO with DTMF arrived (`application/dtmf-relay` or `application/dtmf`)."""

    call: CallId
    content_type: str
    """In lower case, without parameters."""
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class InfoDelivered:
    """An INFO of ours got its final response."""

    call: CallId
    status: int | None
    """None without a response."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRequested:
    """The far end asks us to call someone else in its place (RFC 3515).

    Unless `decision` is to refuse, call `accept_transfer` or `refuse_transfer` within 25 s. After
    the first, `invite` with `transfer=call` places the call and notifies the far end of it.
    """

    call: CallId
    target: Uri
    referred_by: str | None
    replaces: bool
    """True if the new call replaces one of the target's (attended transfer)."""
    decision: Permission
    """The decision of the settings for this target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferDecided:
    """The result of a `TransferRequested`."""

    call: CallId
    target: str
    status: int
    """Our answer to the far end's REFER: 202, or 300 to 699."""
    decision: Literal["accepted", "refused"]
    reason: str | None = None
    """The reason for a refusal, for display."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferProgress:
    """Progress of a transfer that we asked the far end for."""

    call: CallId
    target: str
    status: int | None
    """First the answer to our REFER (202), then the status of the far end's own call; None if
    it did not say."""
    is_final: bool
    """True if no further report follows; with a 2xx the far end has, or will have, its
    other call, and this one may end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectRequested:
    """A call of ours was answered with another address (3xx, RFC 3261 §8.1.3.4).

    If `decision` is to ask, call `accept_redirect` or `refuse_redirect` within 25 s.
    """

    call: CallId
    target: Uri
    status: int
    """The response of the previous target, which led there."""
    decision: Permission
    """The decision of the settings for this target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectDecided:
    """The result of a `RedirectRequested`; if accepted, the same call continues to the target."""

    call: CallId
    target: str
    status: int
    decision: Literal["accepted", "refused"]
    reason: str | None = None
    """The reason for a refusal, for display."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The call is over, even if requests are still outstanding."""

    call: CallId
    by: By
    status: int | None
    """Final status of the INVITE, 300 to 699, a cause from a Reason field (RFC 3326), or 408 if
    it was not answered; None: it was answered and then hung up, or the connection broke."""
    reason: str
    """For display; may contain the peer's words."""
    duration_s: float
    """Seconds since the answer; 0 without one."""
    needs_password: bool = False
    """True if setting a password, which is missing, would have helped."""
    q850_cause: int | None = None
    """The cause from the telephone network (ITU-T Q.850), from a gateway's Reason field in BYE,
    CANCEL or the final response (RFC 3326, RFC 6432); None without one."""
    q850_text: str | None = None
    """The same in the peer's words."""


SetupEvent: TypeAlias = Calling | Incoming | Progress | Answered
TransferEvent: TypeAlias = (
    TransferRequested | TransferDecided | TransferProgress | RedirectRequested | RedirectDecided
)
"""The events of transfers and redirections."""
OfferEvent: TypeAlias = (
    RemoteOffer | OfferWithdrawn | OfferAnswered | OfferRefused | OfferDue | Acknowledged
)
"""The events of offer and answer (RFC 3264)."""
InfoEvent: TypeAlias = InfoReceived | InfoDelivered
CallEvent: TypeAlias = SetupEvent | TransferEvent | OfferEvent | InfoEvent | Ended
