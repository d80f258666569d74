"""The events of a phone and its calls (contract §4), as `on_event` of `Phone` receives them.

`name` is the event's name in `--json` and in a script's `wait`. The fields have the names of the
contract, except for `from`, a keyword in Python: that is `sender` here. Times are not rounded;
those that end in `_ms` are in milliseconds, those that end in `_s` in seconds. `call` is the
Call-ID. Text from the far end may have control characters.

The JSON of each event is written by `cli/output/event_json.py`.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

from sipcli.errors import Phase

# Not sorted by ruff, which would give each name a statement of its own.
# isort: off
from sipcli.phone.call_events import (
    Answered as Answered,
    By as By,
    CallEnded as CallEnded,
    CallEvent as CallEvent,
    CallId as CallId,
    Calling as Calling,
    CallStats as CallStats,
    ChangeRefused as ChangeRefused,
    DigitsNotSent as DigitsNotSent,
    Dtmf as Dtmf,
    Held as Held,
    Incoming as Incoming,
    Media as Media,
    Progress as Progress,
    RedirectDecided as RedirectDecided,
    RedirectRequested as RedirectRequested,
    Resumed as Resumed,
    SelectedCandidate as SelectedCandidate,
    Stats as Stats,
    TransferDecided as TransferDecided,
    TransferFailed as TransferFailed,
    TransferProgress as TransferProgress,
    TransferRequested as TransferRequested,
    Warned as Warned,
)
# isort: on


@dataclass(frozen=True, slots=True, kw_only=True)
class Connecting:
    """A connection attempt begins."""

    name: ClassVar[str] = "connecting"
    server: str
    """The URI of the WebSocket server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """The WebSocket is open and speaks SIP (RFC 7118)."""

    name: ClassVar[str] = "connected"
    server: str
    elapsed_ms: float
    """Since the attempt began: DNS, TCP, TLS and upgrade."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectFailed:
    """A connection attempt failed."""

    name: ClassVar[str] = "connect_failed"
    server: str
    phase: Phase
    """The step that failed: DNS, TCP, TLS, HTTP or SUBPROTOCOL."""
    reason: str
    retry_in_s: float | None
    """Until the next attempt, at this server or another; None: there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnected:
    """An open connection ended."""

    name: ClassVar[str] = "disconnected"
    server: str
    code: int | None
    """WebSocket close code (RFC 6455 §7.4); None if the connection broke without one."""
    reason: str
    retry_in_s: float | None
    """As in `ConnectFailed`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """One contact that the registrar holds for our address of record (RFC 3261 §10.3)."""

    contact: str
    expires_s: int | None
    """Seconds left; None where the registrar does not say."""
    ours: bool
    """True if it is this phone's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """The registrar accepted a REGISTER: the first one or a refresh."""

    name: ClassVar[str] = "registered"
    uri: str
    """Our address of record."""
    registrar: str
    expires_s: int
    """Lifetime of the registration; it is refreshed in time."""
    contact: str
    """Our own contact."""
    bindings: tuple[Binding, ...]
    """All contacts of the address of record, those of other devices included."""
    pub_gruu: str | None
    """The public GRUU of this phone (RFC 5627); None if the registrar grants none."""
    temp_gruu: str | None
    """The temporary GRUU, likewise."""
    elapsed_ms: float
    """From the first REGISTER of this round to the 2xx, challenges included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationFailed:
    """A REGISTER failed; an earlier binding may still be alive."""

    name: ClassVar[str] = "registration_failed"
    status: int | None
    """None without a response."""
    reason: str
    retry_in_s: float | None
    """Until the next attempt; None: there is none."""
    needs_password: bool = False
    """True if the server asks for a password and none is set. Not in the JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unregistered:
    """Our binding is gone: removed, or expired without a refresh."""

    name: ClassVar[str] = "unregistered"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstantMessage:
    """A MESSAGE arrived, or one of ours has its result (RFC 3428)."""

    name: ClassVar[str] = "message"
    direction: Literal["sent", "received"]
    sender: str
    """The URI of the From field."""
    to: str
    text: str
    status: int | None
    """Of one that we sent: the final status; None without a response: it may or may not have
    arrived. None of one received."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong:
    """An OPTIONS of ours has its result (RFC 3261 §11)."""

    name: ClassVar[str] = "pong"
    target: str
    status: int | None
    """Final status; None without a response."""
    rtt_ms: float | None
    """From the request that was answered to its final response; None without one."""


PhoneEvent: TypeAlias = (
    Connecting
    | Connected
    | ConnectFailed
    | Disconnected
    | Registered
    | RegistrationFailed
    | Unregistered
    | InstantMessage
    | Pong
    | Warned
)
"""The events of a phone that are of no call."""

Event: TypeAlias = PhoneEvent | CallEvent
"""Every event of a phone and its calls."""
