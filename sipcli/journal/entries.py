"""The entries of the journal: one class for each kind of thing that a phone can record.

`at` is always the time in seconds since the Unix epoch, on a clock that nobody sets during the run
(`Journal.now`). SIP messages and packets are as on the wire, before encryption and after
decryption, so they hold secrets: whoever shows or stores them masks those first.
"""

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

from sipcli.errors import Phase

IpPort: TypeAlias = tuple[str, int]
"""An IP address and a port."""
NO_ADDRESS: Final[IpPort] = ("0.0.0.0", 0)
"""The address of a connection that ended before it could be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SipEntry:
    """A WebSocket message: a SIP message, or a keep-alive of CR and LF (RFC 7118, RFC 5626)."""

    at: float
    direction: Literal["sent", "received"]
    local: IpPort
    remote: IpPort
    """The other end of the TCP connection: the server, or the HTTP proxy on the way to it."""
    transport: Literal["ws", "wss", "udp", "tcp"]
    """`udp` and `tcp` only in captures of other programs, where a message has no WebSocket."""
    server: str
    """The URI of the server. In the sandbox's own journal, the sandbox's; empty if unknown."""
    peer: str = ""
    """In the sandbox's own journal, the user at the other end; `client N` until it has
    authenticated."""
    data: bytes


class PacketEntry(NamedTuple):
    """An RTP packet or a compound RTCP packet, decrypted (RFC 3550).

    A tuple, like `SoundEntry`: it takes half the time of a frozen dataclass, a hundred times a
    second in each call.
    """

    at: float
    """When it was sent or has arrived; one that waited for its keys comes later in the journal."""
    call: str
    """The Call-ID."""
    direction: Literal["sent", "received"]
    local: IpPort
    """Our socket; through a TURN relay, the address that the relay has for us."""
    remote: IpPort
    is_rtcp: bool
    data: bytes
    remark: str | None = None
    """What became of it, if that is worth a note: `late by 34 ms, concealed`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEntry:
    """A step on the way to a call has begun, is done, or has failed.

    Those are DNS, TCP, TLS and WebSocket of a connection, and STUN, TURN, ICE and DTLS of a call.
    The steps of SIP are in the events.
    """

    at: float
    phase: Phase
    state: Literal["begun", "done", "failed"]
    call: str | None = None
    """The Call-ID; None for a step of a connection, empty before our INVITE."""
    server: str | None = None
    """The URI of the WebSocket, STUN or TURN server; None for ICE and DTLS."""
    text: str = ""
    """What was begun or reached, or why it failed."""
    facts: tuple[tuple[str, str], ...] = ()
    """What was learnt, as name and value to show: certificate, cipher, addresses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IcePair:
    """A pair of candidates, as ICE left it (RFC 8445 §6.1.2.6)."""

    local: str
    remote: str
    """Each candidate as type, protocol, address and port: `host udp 192.0.2.1:4000`."""
    state: Literal["waiting", "in-progress", "succeeded", "failed", "frozen"]
    is_nominated: bool = False
    is_selected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IceEntry:
    """The candidates and pairs of a call when ICE has connected, restarted or failed."""

    at: float
    call: str
    local: tuple[str, ...]
    remote: tuple[str, ...]
    pairs: tuple[IcePair, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleEntry:
    """The figures of a call, once a second while media can flow, and at its end.

    Counts are since its begin.
    """

    at: float
    call: str
    packets_sent: int
    packets_received: int
    packets_lost: int
    packets_late: int
    concealed_ms: float
    """Sound concealed for packets that were lost or late."""
    recovered_ms: float
    """Sound recovered from redundant copies (RFC 2198) or forward error correction."""
    jitter_ms: float
    playout_delay_ms: float
    rtt_ms: float | None
    """None until the far end has reported on our reports, like the next two."""
    remote_loss_percent: float | None
    remote_jitter_ms: float | None
    level_sent_dbfs: float
    """Over the last second, like the next one; -96 is digital silence."""
    level_received_dbfs: float
    mos: float | None
    """Of the call so far, 1.0 to 4.5; None before anything was played."""
    codec: str | None


class SoundEntry(NamedTuple):
    """20 ms of what a call has played: 16 bits, mono, 48 kHz, in the machine's order."""

    at: float
    call: str
    received: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class EventEntry:
    """An event of contract §4 (`sipcli.phone.events.Event`)."""

    at: float
    event: object


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictEntry:
    """An expectation was judged, or a check of `doctor` was done."""

    at: float
    call: str | None = None
    """The Call-ID of the call that was judged; None if there was none."""
    name: str
    """Of the expectation, with its line if it is a script's."""
    met: bool
    expected: str
    actual: str
    phase: Phase | None = None
    """The step to blame if it is not met."""
    reached: bool = True
    """False if there was nothing to judge: the call did not get that far."""
    line: int | None = None
    """The line of the script that expects it; None for an option or a check."""
    seconds: float | None = None
    """The time that it took, as the JUnit report has it; None if that is not known."""
    may_be_skipped: bool = False
    """True for a check that had nothing to look at: it is no fault that it was not reached."""
    hint: str | None = None
    """What to do about it; None if nothing is known."""


Entry: TypeAlias = (
    SipEntry
    | PacketEntry
    | StepEntry
    | IceEntry
    | SampleEntry
    | SoundEntry
    | EventEntry
    | VerdictEntry
)
