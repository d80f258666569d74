"""Events of the user agent: frozen values, with times in seconds.

`phone/event_translation.py` makes the events of docs/contract.md of them.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from sipcli.errors import Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Connecting:
    """A connection attempt begins."""

    server: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """The WebSocket is open and speaks SIP."""

    server: str
    elapsed_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectFailed:
    """A connection attempt failed."""

    server: str
    phase: Phase
    """DNS, TCP, TLS, HTTP or SUBPROTOCOL."""
    reason: str
    retry_in_s: float | None
    """Seconds until the next attempt, at this server or another; None: there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnected:
    """An open connection ended."""

    server: str
    code: int | None
    """WebSocket close code (RFC 6455 §7.4); None if the connection broke without one."""
    reason: str
    retry_in_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """One contact that the registrar holds for our address of record (RFC 3261 §10.3)."""

    contact: str
    expires_s: int | None
    """Seconds left; None where the registrar does not say."""
    ours: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """The registrar accepted a REGISTER: the first one or a refresh."""

    uri: str
    registrar: str
    expires_s: int
    contact: str
    bindings: tuple[Binding, ...]
    pub_gruu: str | None
    temp_gruu: str | None
    elapsed_s: float
    """From the first REGISTER of this round to the 2xx, challenges included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationFailed:
    """A REGISTER failed; an earlier binding may still be alive."""

    status: int | None
    """None without a response."""
    reason: str
    retry_in_s: float | None
    needs_password: bool = False
    """True if setting a password, which is missing, would help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unregistered:
    """Our binding is gone: removed, or expired without a refresh."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstantMessage:
    """A MESSAGE arrived, or one of ours has its result (RFC 3428)."""

    direction: Literal["sent", "received"]
    sender: str
    to: str
    text: str
    status: int | None
    """Final status; None without a response: the message may or may not have arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong:
    """An OPTIONS of ours has its result."""

    target: str
    status: int | None
    """Final status; None without a response."""
    rtt_s: float | None
    """From the request that was answered to its final response; None without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """A warning for the user; operation continues."""

    text: str


Event: TypeAlias = (
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
