"""What the user agent tells its owner: frozen values, named and filled as the contract says.

`name` is the event's word in `--json`; a field called `sender` is `from` there, since that
is a word of Python's.
"""

from dataclasses import dataclass
from typing import ClassVar, TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Connecting:
    """A connection attempt begins."""

    name: ClassVar[str] = "connecting"
    server: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """The WebSocket is open and speaks SIP."""

    name: ClassVar[str] = "connected"
    server: str
    elapsed_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectFailed:
    """A connection attempt failed."""

    name: ClassVar[str] = "connect_failed"
    server: str
    phase: str
    """Where: dns, tcp, tls, http or subprotocol."""
    reason: str
    retry_in_s: float | None
    """Seconds until the next attempt, at this server or another; None: there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnected:
    """An open connection ended."""

    name: ClassVar[str] = "disconnected"
    server: str
    code: int | None
    """WebSocket close code (RFC 6455 §7.4); None where the connection just broke."""
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

    name: ClassVar[str] = "registered"
    uri: str
    registrar: str
    expires_s: int
    contact: str
    bindings: tuple[Binding, ...]
    pub_gruu: str | None
    temp_gruu: str | None
    elapsed_ms: int
    """From the first REGISTER of this round to the 2xx, challenges included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationFailed:
    """A REGISTER had no success; a binding from before may still be alive."""

    name: ClassVar[str] = "registration_failed"
    status: int | None
    """None where no answer came."""
    reason: str
    retry_in_s: float | None
    needs_password: bool = False
    """Whether a password, which is not set, would help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unregistered:
    """Our binding is gone: taken back, or run out without a refresh."""

    name: ClassVar[str] = "unregistered"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstantMessage:
    """A MESSAGE came, or one of ours has its outcome (RFC 3428)."""

    name: ClassVar[str] = "message"
    direction: str
    """sent or received."""
    sender: str
    to: str
    text: str
    status: int | None
    """Final status; None where none came: what became of the message is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong:
    """An OPTIONS of ours has its outcome."""

    name: ClassVar[str] = "pong"
    target: str
    status: int | None
    """Final status; None where no answer came."""
    rtt_ms: float | None
    """From the request that was answered to its final response; None without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """Something a person should know, though all goes on."""

    name: ClassVar[str] = "warning"
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
