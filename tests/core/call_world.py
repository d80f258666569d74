"""Several agents, the proxy between them, and one clock: calls end to end without a network.

The proxy record-routes, forks to everybody behind a name, and passes on one failure of a fork
only when all have failed. Frames wait in a queue until `run`; a test may take one out, double
it or change their order.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sipcli.core.agent import UserAgent
from sipcli.core.agent_actions import Close, Open, Transmit
from sipcli.core.calls.calls import Calls
from sipcli.core.calls.events import CallEvent, CallId
from sipcli.core.connection.flow import Flow
from sipcli.core.requests.identity import Identity
from sipcli.sip import build
from sipcli.sip.message import Request, Response
from sipcli.sip.parser import encode
from sipcli.sip.uri import SipUri, parse_uri
from tests.core.call_wire import word
from tests.core.factories import half, read, settings

AnyCallEvent = TypeVar("AnyCallEvent", bound=CallEvent)

PROXY = "<sip:proxy.example;lr>"


class Phone:
    """One agent in a world, with what it was told."""

    def __init__(
        self, world: "World", name: str, draw: Callable[[], float], **changes: Any
    ) -> None:
        self.world = world
        self.name = name
        given = settings(register=False, uri=SipUri.parse(f"sip:{name}@example.com"), **changes)
        numbers = iter(range(1, 10**9))
        self.agent = UserAgent(
            given,
            None,
            lambda: f"{name[::-1]}{next(numbers):08d}"[::-1],
            draw,
            retry_forever=True,
            takes_calls=True,
        )
        self.flow: Flow | None = None
        self.dialled: list[Flow] = []
        self._connections = 0
        self.events: list[CallEvent] = []
        self.behave: Callable[[CallEvent], None] = lambda event: None
        """What its owner does about an event, in a step of its own."""

    @property
    def calls(self) -> Calls:
        return self.agent.calls

    @property
    def identity(self) -> Identity:
        return self.agent._identity  # noqa: SLF001 - who it is, which its owner knows anyway

    def do(self, act: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """Let the owner do or report something now."""
        result = act(*args, **named, now=self.world.now)
        assert self.agent.calls.bugs == []
        for action in self.agent.take_actions():
            match action:
                case Open(flow):
                    self.dialled.append(flow)
                case Close():
                    self.flow = None
                case Transmit(flow, data) if flow == self.flow:
                    self.world.queue.append(Packet(self.name, "proxy", data))
        fresh = self.agent.take_call_events()
        self.events += fresh
        for event in fresh:
            self.behave(event)
        return result

    def connect(self) -> None:
        """Have the next connection open, as soon as the agent dials it."""
        while len(self.dialled) == self._connections:
            self.world.advance(1)
        self._connections = len(self.dialled)
        self.flow = self.dialled[-1]
        self.do(self.agent.opened, self.flow, 0.01)

    def disconnect(self) -> None:
        flow, self.flow = self.flow, None
        if flow is not None:
            self.do(self.agent.closed, flow, None, "broke")

    def receive(self, data: bytes) -> None:
        if self.flow is not None:
            self.do(self.agent.received, self.flow, data)

    def call(self, name: str, body: bytes = b"offer", **named: Any) -> CallId:
        target = SipUri.parse(f"sip:{name}@example.com")
        return str(self.do(self.calls.invite, target, body, **named))

    def told(self, kind: type[AnyCallEvent]) -> list[AnyCallEvent]:
        return [event for event in self.events if isinstance(event, kind)]

    def story(self) -> list[str]:
        """What it was told since the last time, in one word each."""
        events, self.events = self.events, []
        return [type(event).__name__ for event in events]


@dataclass(frozen=True)
class Packet:
    """One message on its way."""

    sender: str
    to: str
    data: bytes

    @property
    def word(self) -> str:
        return word(read(self.data))


@dataclass
class Fork:
    """An INVITE that went to several."""

    waiting: set[str]
    worst: Response | None = None


@dataclass
class World:
    """All phones, the proxy, the time."""

    names: tuple[str, ...] = ("alice", "bob", "carol")
    draw: Callable[[], float] = half
    changes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.now = 1000.0
        self.queue: deque[Packet] = deque()
        self.carried: list[str] = []
        """All that was delivered: `alice>proxy INVITE`."""
        self.phones: dict[str, Phone] = {}
        self.behind: dict[str, list[str]] = {}
        """User part of a Request-URI -> the phones that have it."""
        self._vias: dict[str, str] = {}
        self._forks: dict[str, Fork] = {}
        for name in self.names:
            phone = self.phones[name] = Phone(self, name, self.draw, **self.changes)
            self.behind[name] = [name]
            phone.do(phone.agent.start)
            phone.connect()

    def __getitem__(self, name: str) -> Phone:
        return self.phones[name]

    def run(self, until: str | None = None) -> None:
        """Deliver what is on its way; `until`: only up to and with the first such message."""
        for _ in range(5000):
            if not self.queue:
                assert until is None, f"{until} never came: {self.carried}"
                return
            packet = self.queue.popleft()
            self.deliver(packet)
            if until is not None and f"{packet.to} {packet.word}" == until:
                return
        raise AssertionError("messages go round in circles")

    def deliver(self, packet: Packet) -> None:
        self.carried.append(f"{packet.sender}>{packet.to} {packet.word}")
        if packet.to == "proxy":
            self._proxy(packet.sender, read(packet.data))
        else:
            self.phones[packet.to].receive(packet.data)

    def advance(self, seconds: float) -> None:
        """Let time pass, timer by timer, and deliver what that causes."""
        end = self.now + seconds
        for _ in range(20000):
            self.run()
            dues = [(p.agent.deadline(), p) for p in self.phones.values()]
            due = min((at for at, _ in dues if at is not None), default=end)
            if due > end:
                self.now = end
                return
            self.now = max(self.now, due)
            for at, phone in dues:
                if at is not None and at <= self.now:
                    phone.do(phone.agent.tick)
            if due == end and not any(at is not None and at <= end for at, _ in dues):
                return
        raise AssertionError("a timer comes back for ever")

    def forget_history(self) -> None:
        """Start a new chapter."""
        self.carried.clear()
        for phone in self.phones.values():
            phone.events.clear()

    @property
    def is_quiet(self) -> bool:
        """Whether no phone has a call, or anything left of one."""
        return all(phone.calls.is_idle for phone in self.phones.values())

    # The proxy

    def _proxy(self, sender: str, message: Request | Response) -> None:
        if isinstance(message, Response):
            self._pass_back(sender, message)
            return
        self._vias[message.via.host] = sender
        for contact in message.contacts:
            assert isinstance(contact.uri, SipUri)
            self.behind.setdefault(contact.uri.user or "", [sender])
        uri = parse_uri(message.target)
        assert isinstance(uri, SipUri)
        targets = list(self.behind.get(uri.user or "", []))
        if message.to.tag is None and message.method in ("INVITE", "CANCEL"):
            targets = [name for name in targets if name != sender or len(targets) == 1]
        fork = self._forks.get(message.via.branch or "")
        if message.method == "ACK" and message.to.tag and fork and fork.worst is not None:
            return  # the fork was acknowledged by us
        if message.method == "INVITE" and len(targets) > 1:
            self._forks[message.via.branch or ""] = Fork(set(targets))
        for target in targets:
            headers = message.headers.without_first("Route")
            if message.method == "INVITE":
                headers = headers.prepended("Record-Route", PROXY)
            branch = f"z9hG4bKp-{target}-{message.via.branch}"
            via = f"SIP/2.0/WSS proxy.example;branch={branch}"
            forwarded = message.replacing(headers=headers.prepended("Via", via))
            self.queue.append(Packet("proxy", target, encode(forwarded)))
        if not targets and message.method != "ACK":
            answer = build.response(message, 404, to_tag="proxy")
            self.queue.append(Packet("proxy", sender, encode(answer)))

    def _pass_back(self, sender: str, response: Response) -> None:
        below = response.vias[1]
        fork = self._forks.get(below.branch or "")
        lines = response.headers.all("Contact")
        if response.cseq.method == "INVITE" and response.status < 300 and lines:
            uri = response.contacts[0].uri
            assert isinstance(uri, SipUri)
            self.behind.setdefault(uri.user or "", [sender])
        passed = Response(
            status=response.status,
            reason=response.reason,
            headers=response.headers.without_first("Via"),
            body=response.body,
        )
        if fork is not None and response.status >= 300 and response.cseq.method == "INVITE":
            self._acknowledge(sender, response)
            fork.waiting.discard(sender)
            fork.worst = passed
            if fork.waiting:
                return
        to = self._vias[below.host]
        self.queue.append(Packet("proxy", to, encode(passed)))

    def _acknowledge(self, sender: str, response: Response) -> None:
        fields = [
            ("Via", response.headers.values("Via")[0]),
            ("From", response.headers.get("From") or ""),
            ("To", response.headers.get("To") or ""),
            ("Call-ID", response.call_id),
            ("CSeq", f"{response.cseq.number} ACK"),
        ]
        ack = build.request("ACK", SipUri.parse(f"sip:{sender}@example.com"), fields)
        self.queue.append(Packet("proxy", sender, encode(ack)))
