"""What the calls tell the owner of the user agent: frozen values, in the order they happened.

Events with a `name` are the contract's, and their fields too, but for those marked private:
session descriptions and what only the owner needs. Those without are for the owner alone.
`call` is the Call-ID; no two live calls have the same. After `Ended` a call is silent for good.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

from sipcli.config.settings import Permission
from sipcli.sip.uri import Uri

CallId = str
"""The Call-ID of a call (RFC 3261 §8.1.1.4)."""

By: TypeAlias = Literal["local", "remote", "network"]
"""Who ended a call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calling:
    """The INVITE is out."""

    name: ClassVar[str] = "calling"
    call: CallId
    to: str
    transfer: CallId | None = None
    """The call whose far end asked for this one; None where we wanted it ourselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """Somebody calls, and hears that it rings here."""

    name: ClassVar[str] = "incoming"
    call: CallId
    sender: str
    display_name: str | None
    to: str
    p_asserted_identity: tuple[str, ...] = ()
    """Who the network says is calling (RFC 3325). This and the next three have a value for each
    element of the field, as it stands there; each is as true as the server that lets it in."""
    diversion: tuple[str, ...] = ()
    """Who diverted the call (RFC 5806), the latest first."""
    history_info: tuple[str, ...] = ()
    """Where the call has been (RFC 7044), the earliest first."""
    call_info: tuple[str, ...] = ()
    """What the caller tells of itself (RFC 3261 §20.9); none of it is fetched."""
    offer: bytes | None
    """Private. Their offer; None: ours is wanted, in `progress` or `accept`."""
    replaces: CallId | None
    """Private. The call whose place this one takes once accepted (RFC 3891): no need to ring."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A provisional response (or a redirection, 3xx, that is being followed)."""

    name: ClassVar[str] = "progress"
    call: CallId
    status: int
    reason: str
    early_media: bool
    """Whether it brought a session description."""
    body: bytes | None
    """Private. The session description: the answer, as far as this fork is concerned."""
    fork: str
    """Private. The To tag of who sent it; empty without one. Each fork has its own answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The call is up: theirs came with a 2xx, or ours went out."""

    name: ClassVar[str] = "answered"
    call: CallId
    status: int
    elapsed_ms: int
    """Since the INVITE went out or came in."""
    body: bytes | None
    """Private. The answer to our offer; None: what `Progress` of this fork (or an UPDATE since)
    brought stands, or it is we who answered."""
    fork: str
    """Private. Which fork answered; all others are over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteOffer:
    """An offer came; `answer` or `refuse_offer` is due soon."""

    call: CallId
    body: bytes | None
    """None: they ask for our offer, as the argument of `answer`; theirs is then `Acknowledged`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferWithdrawn:
    """The offer that waited for our answer is void: what was agreed before stands."""

    call: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferAnswered:
    """The answer to the offer made by `offer`."""

    call: CallId
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRefused:
    """The offer made by `offer` had no success: what was agreed before stands (roll back)."""

    call: CallId
    status: int | None
    """None where no answer came."""
    reason: str
    will_retry: bool
    """Whether an `OfferDue` comes when it may be tried again (491, 500 with Retry-After)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferDue:
    """Call `offer` now, if `can_offer`: with what is wanted by now, or unchanged."""

    call: CallId
    is_refresh: bool
    """True: the session ends (RFC 4028) unless it is refreshed, by an unchanged offer at least.
    False: the wait after an `OfferRefused` with `will_retry` is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """The far end has our answer or, with a body, answers the offer it had asked for."""

    call: CallId
    body: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InfoReceived:
    """An INFO with DTMF came (`application/dtmf-relay` or `application/dtmf`)."""

    call: CallId
    content_type: str
    """In lower case, without parameters."""
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class InfoDelivered:
    """An INFO of ours has its final answer."""

    call: CallId
    status: int | None
    """None where none came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRequested:
    """The far end asks us to call someone else in its place (RFC 3515).

    Unless it is refused already, `accept_transfer` or `refuse_transfer` is due soon. After the
    first, `invite` with `transfer=call` places the call and keeps the far end informed of it.
    """

    name: ClassVar[str] = "transfer_requested"
    call: CallId
    target: Uri
    referred_by: str | None
    replaces: bool
    """Private. Whether the new call takes the place of one of the target's (attended transfer)."""
    decision: Permission
    """What the settings say about this target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferDecided:
    """What became of a `TransferRequested`."""

    name: ClassVar[str] = "transfer"
    call: CallId
    target: str
    status: int
    """Our answer to the far end's REFER: 202, or 300 to 699."""
    by: Literal["remote"] = "remote"
    decision: Literal["accepted", "refused"]
    reason: str | None = None
    """Why it was refused, for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferProgress:
    """How the transfer goes that we asked the far end for."""

    name: ClassVar[str] = "transfer"
    call: CallId
    target: str
    status: int | None
    """First the answer to our REFER (202), then the status of the far end's own call; None where
    it did not say."""
    is_final: bool
    """Private. Whether nothing more will be heard of it; with a 2xx the far end has, or will
    have, its other call, and this one may end."""
    by: Literal["local"] = "local"
    decision: None = None
    reason: None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectRequested:
    """A call of ours was answered with another address (3xx, RFC 3261 §8.1.3.4).

    Where `decision` is to ask, `accept_redirect` or `refuse_redirect` is due soon.
    """

    name: ClassVar[str] = "redirect_requested"
    call: CallId
    target: Uri
    status: int
    """The answer that led there: that of the address tried before."""
    decision: Permission
    """What the settings say about this target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectDecided:
    """What became of a `RedirectRequested`: accepted, it is called now, in the same call."""

    name: ClassVar[str] = "redirect"
    call: CallId
    target: str
    status: int
    decision: Literal["accepted", "refused"]
    reason: str | None = None
    """Why it was refused, for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The call is over, whatever still goes over the wire."""

    name: ClassVar[str] = "ended"
    call: CallId
    by: By
    status: int | None
    """Final status of the INVITE, 300 to 699, a cause from a Reason field (RFC 3326), or 408 where
    nobody answered; None: it was answered and then hung up, or the connection broke."""
    reason: str
    """For a person; may hold words of the peer's."""
    duration_s: float
    """Seconds since the answer; 0 where there was none."""
    needs_password: bool = False
    """Private. Whether a password, which is not set, would have helped."""
    q850_cause: int | None = None
    """What the telephone network gave as the cause (ITU-T Q.850), as a gateway says in a Reason
    field of its BYE, CANCEL or final response (RFC 3326, RFC 6432); None where it does not."""
    q850_text: str | None = None
    """The same in the peer's words."""


CallEvent: TypeAlias = (
    Calling
    | Incoming
    | Progress
    | Answered
    | RemoteOffer
    | OfferWithdrawn
    | OfferAnswered
    | OfferRefused
    | OfferDue
    | Acknowledged
    | InfoReceived
    | InfoDelivered
    | TransferRequested
    | TransferDecided
    | TransferProgress
    | RedirectRequested
    | RedirectDecided
    | Ended
)
