"""Whatever happens in whatever order: the agent raises nothing and keeps its promises."""

from collections.abc import Callable
from itertools import pairwise

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sipcli.config.server_settings import WsServer
from sipcli.core import events
from sipcli.core.connection.flow import Flow
from sipcli.core.requests.exchange import Outcome
from sipcli.errors import Phase
from sipcli.sip import build
from sipcli.sip.message import Request
from sipcli.sip.uri import SipUri
from tests.core.factories import ALPHA, BETA, accept, read, settings
from tests.core.wire import Wire
from tests.sip.corpus import cases

BOB = SipUri.parse("sip:bob@example.com")
GAMMA = WsServer("ws://gamma.example.com", 1)
GARBAGE = [
    *(case.data for case in cases()),
    b"",
    b"\r\n",
    b"\r\n\r\n",
    b"\x00\xff",
    b"SIP/2.0 200 OK\r\n\r\n",
    b"OPTIONS sip:alice@example.com SIP/2.0\r\n\r\n",
]
STATUSES = [100, 180, 200, 202, 302, 400, 401, 403, 407, 408, 423, 439, 480, 500, 503, 600, 699]
FIELDS = [
    ("Retry-After", "5"),
    ("Retry-After", "99999999999999999999"),
    ("Min-Expires", "1800"),
    ("Min-Expires", "x"),
    ("Flow-Timer", "10"),
    ("Flow-Timer", "0"),
    ("Flow-Timer", "-1"),
    ("Expires", "7"),
    ("Expires", "none"),
    ("Service-Route", "<sip:edge.example.com;lr>"),
    ("Service-Route", "<<<"),
    ("Require", "outbound"),
    ("Contact", "*"),
    ("Contact", '<sip:x@y>;expires=1;pub-gruu="sip:alice@example.com;gr=1"'),
    ("Contact", '<sip:x@y>;pub-gruu="<>"'),
    ("WWW-Authenticate", "Digest"),
    ("WWW-Authenticate", 'Digest realm="r", nonce="n", algorithm=MD5'),
    ("Proxy-Authenticate", 'Digest realm="r", nonce="n", qop="auth-int", algorithm=SHA-256'),
    ("Authentication-Info", 'nextnonce="m"'),
]


class World:
    """An agent and its shell: what may happen to them, and the rules that always hold."""

    def __init__(self, *, registers: bool, retry_forever: bool) -> None:
        given = settings(ws_servers=(ALPHA, BETA, GAMMA), register=registers)
        self.wire = Wire(given, retry_forever=retry_forever)
        self.outcomes: list[Outcome] = []
        self.asked = 0
        self.opened: set[Flow] = set()
        self.over: set[Flow] = set()
        self.wire.step(self.wire.agent.start)

    @property
    def wanted(self) -> list[Flow]:
        """The flows that the agent wants to have, or has."""
        wire = self.wire
        return [flow for flow in wire.dialled if flow not in {*wire.closed, *self.over}]

    def open(self, number: int) -> None:
        """A dialling succeeds; sometimes one that the agent had called off."""
        flow = self.wire.dialled[-1 - number % min(3, len(self.wire.dialled))]
        if flow not in self.opened and flow not in self.over:
            self.opened.add(flow)
            self.wire.step(self.wire.agent.opened, flow, 0.1)

    def end(self, number: int) -> None:
        """A dialling fails, or a connection breaks, also one that is no more."""
        flow = self.wire.dialled[-1 - number % min(3, len(self.wire.dialled))]
        agent = self.wire.agent
        self.over.add(flow)
        if flow in self.opened:
            self.wire.step(agent.closed, flow, 1006, "broke")
        else:
            self.wire.step(agent.connect_failed, flow, Phase.TCP, "refused")

    def answer(self, number: int) -> None:
        """One of our last requests is answered, perhaps again."""
        requests = self._last_requests()
        if requests and self.wire.agent.flow is not None:
            request = requests[number % len(requests)]
            status = STATUSES[number % len(STATUSES)]
            fields = [FIELDS[number * step % len(FIELDS)] for step in range(1, 1 + number % 4)]
            self.wire.receive(build.response(request, status, to_tag="t", headers=fields))

    def accept(self, number: int) -> None:
        """Our last REGISTER succeeds."""
        requests = [one for one in self._last_requests() if one.method == "REGISTER"]
        if requests and self.wire.agent.flow is not None:
            self.wire.receive(accept(requests[-1], (1, 5, 60, 600, None)[number % 5]))

    def receive(self, number: int) -> None:
        """A peer sends something."""
        if self.wire.agent.flow is not None:
            self.wire.receive(GARBAGE[number % len(GARBAGE)])

    def wait(self, number: int) -> None:
        """Time passes."""
        self.wire.advance((0.1, 1, 5, 30, 33, 700)[number % 6])

    def ask(self, number: int) -> None:
        """The user wants something sent."""
        agent = self.wire.agent
        self.asked += 1
        if number % 2:
            self.wire.step(agent.ping, BOB, self.outcomes.append)
        else:
            self.wire.step(agent.send_message, BOB, "hello", self.outcomes.append)

    def stop(self, _: int) -> None:
        """The user wants an end."""
        self.wire.step(self.wire.agent.stop)

    def check(self) -> None:
        wire = self.wire
        assert len(self.wanted) <= 2, "the connection, and at most one attempt to better it"
        assert set(wire.closed) <= set(wire.dialled)
        assert len(self.outcomes) <= self.asked
        waits = [getattr(event, "retry_in_s", None) for event in wire.events]
        assert all(wait is None or wait == 0 or wait >= 2 for wait in waits)
        kinds = [type(event) for event in wire.events]
        assert kinds.count(events.Unregistered) <= kinds.count(events.Registered)
        if wire.agent.is_stopped:
            assert not self.wanted
            assert wire.agent.flow is None

    def _last_requests(self) -> list[Request]:
        messages = [read(data) for _, data in self.wire.sent[-6:] if data.strip(b"\r\n")]
        return [message for message in messages if isinstance(message, Request)]


Happening = Callable[[World, int], None]
STEPS: list[Happening] = [
    World.open,
    World.end,
    World.answer,
    World.accept,
    World.receive,
    World.wait,
    World.ask,
]
HAPPENINGS = st.lists(
    st.tuples(st.sampled_from([*STEPS, World.open, World.accept]), st.integers(0, 500)),
    max_size=40,
)


@hypothesis_settings(max_examples=150, deadline=None)
@given(st.booleans(), st.booleans(), HAPPENINGS, HAPPENINGS)
def test_it_raises_nothing_keeps_its_bounds_and_ends_when_told_to(
    registers: bool,
    retry_forever: bool,
    before: list[tuple[Happening, int]],
    after: list[tuple[Happening, int]],
) -> None:
    world = World(registers=registers, retry_forever=retry_forever)
    for happening, number in [*before, (World.stop, 0), *after]:
        happening(world, number)
        world.check()
    world.wire.advance(200)  # each timer that can hold the end up runs for 32 s
    world.check()
    assert world.wire.agent.is_stopped
    assert len(world.outcomes) == world.asked
    assert all(second == first + 1 for first, second in pairwise(_cseqs(world.wire)))
    assert world.wire.agent.deadline() is None


def _cseqs(wire: Wire) -> list[int]:
    """The numbers of all REGISTERs: each counts on from the one before (RFC 3261 §10.2)."""
    return [request.cseq.number for request in wire.requests("REGISTER")]
