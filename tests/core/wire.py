"""A user agent without a network: its owner here is a clock and a list of what it sent."""

from collections.abc import Callable
from typing import Any, TypeVar

from sipcli.config.settings import Settings
from sipcli.core.agent import UserAgent
from sipcli.core.agent_actions import Close, DebugLine, Note, Open, Transmit
from sipcli.core.connection.flow import Flow
from sipcli.core.events import Event, Warned
from sipcli.core.requests.credentials import Credentials
from sipcli.core.requests.identity import Identity
from sipcli.errors import Phase
from sipcli.sip.message import Request, Response
from sipcli.sip.parser import encode
from tests.core.factories import half, ids, read, settings

AnyEvent = TypeVar("AnyEvent", bound=Event)

PASSWORD = Credentials("alice", "open sesame")


class Wire:
    """An agent, the time, and all that it asked for and told so far."""

    def __init__(
        self,
        given: Settings | None = None,
        *,
        retry_forever: bool = True,
        credentials: Credentials | None = PASSWORD,
        draw: Callable[[], float] = half,
    ) -> None:
        self.now = 1000.0
        self.agent = UserAgent(
            given or settings(), credentials, ids(), draw, retry_forever=retry_forever
        )
        self.sent: list[tuple[Flow, bytes]] = []
        self.dialled: list[Flow] = []
        self.closed: list[Flow] = []
        self.notes: list[str] = []
        self.debug_lines: list[str] = []
        self.events: list[Event] = []

    @property
    def identity(self) -> Identity:
        return self.agent._identity  # noqa: SLF001 - who it is, which its owner knows anyway

    def step(self, act: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """Let the owner do or report something at the present time."""
        result = act(*args, **named, now=self.now)
        for action in self.agent.take_actions():
            match action:
                case Open(flow):
                    self.dialled.append(flow)
                case Close(flow):
                    self.closed.append(flow)
                case Transmit(flow, data):
                    self.sent.append((flow, data))
                case Note(text):
                    self.notes.append(text)
                case DebugLine(text):
                    self.debug_lines.append(text)
        self.events += self.agent.take_events()
        return result

    def start(self) -> Flow:
        """Start, and have the first connection open."""
        self.step(self.agent.start)
        return self.open()

    def open(self) -> Flow:
        """Have the connection open that was dialled last."""
        flow = self.dialled[-1]
        self.step(self.agent.opened, flow, 0.01)
        return flow

    def fail(self) -> None:
        """Have the dialling fail that was begun last."""
        self.step(self.agent.connect_failed, self.dialled[-1], Phase.TCP, "refused")

    def lose(self) -> None:
        """Have the open connection break."""
        assert self.agent.flow is not None
        self.step(self.agent.closed, self.agent.flow, None, "broke")

    def advance(self, seconds: float) -> None:
        """Let time pass, timer by timer."""
        end = self.now + seconds
        for _ in range(10_000):
            due = self.agent.deadline()
            if due is None or due > end:
                self.now = end
                return
            self.now = max(self.now, due)
            self.step(self.agent.tick)
        raise AssertionError("a timer comes back for ever without time passing")

    def receive(self, message: Request | Response | bytes, flow: Flow | None = None) -> None:
        """Have a message arrive, on the open connection unless another is named."""
        flow = flow or self.agent.flow
        assert flow is not None
        data = message if isinstance(message, bytes) else encode(message)
        self.step(self.agent.received, flow, data)

    def messages(self) -> list[Request | Response]:
        """All SIP messages sent, keep-alives left out."""
        return [read(data) for _, data in self.sent if data.strip(b"\r\n")]

    def requests(self, method: str | None = None) -> list[Request]:
        """The requests sent."""
        found = [message for message in self.messages() if isinstance(message, Request)]
        return [request for request in found if method in (None, request.method)]

    def responses(self) -> list[Response]:
        """The responses sent."""
        return [message for message in self.messages() if isinstance(message, Response)]

    def last(self) -> Request:
        """The last request sent."""
        return self.requests()[-1]

    def told(self, kind: type[AnyEvent]) -> list[AnyEvent]:
        """The events of one kind so far."""
        return [event for event in self.events if isinstance(event, kind)]

    def warnings(self) -> list[str]:
        """The texts of all warnings so far."""
        return [event.text for event in self.told(Warned)]
