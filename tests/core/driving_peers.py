"""Peers that do one thing again and again, to see how often they make us do something."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count

from sipcli.core.calls.events import OfferDue
from sipcli.sip import build
from sipcli.sip.message import Request, Response
from sipcli.sip.uri import SipUri
from tests.core.call_wire import ANSWER, BOB, OFFER, CallWire
from tests.core.factories import ALPHA, BETA, accept, read, settings
from tests.core.wire import Wire

WATCHED = 600.0
"""Seconds that each peer goes on for."""
STORM = 200
"""Messages at one moment after which a peer has shown what it wanted to show."""

Answer = Callable[[Request, int], Response]
"""A peer's n-th answer to a request."""


def always(status: int, *fields: tuple[str, str]) -> Answer:
    return lambda request, _: build.response(request, status, to_tag="bob1", headers=fields)


def ever_higher(field: str, status: int) -> Answer:
    return lambda request, number: always(status, (field, str(1000 + number)))(request, number)


def challenge(status: int = 401, *, stale: bool = True, realm: bool = False) -> Answer:
    name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"

    def answer(request: Request, number: int) -> Response:
        where = f"r{number}" if realm else "r"
        text = f'Digest realm="{where}", nonce="n{number}", qop="auth", algorithm=MD5'
        return always(status, (name, text + (", stale=true" if stale else "")))(request, number)

    return answer


def in_turn(*answers: Answer) -> Answer:
    return lambda request, number: answers[number % len(answers)](request, number)


def unsupported(request: Request, number: int) -> Response:
    """A 420 that names one more of the extensions in Supported."""
    named = request.supported[0] if request.supported else "none"
    return always(420, ("Unsupported", named))(request, number)


def elsewhere(status: int) -> Answer:
    """A 3xx that names another target each time."""

    def answer(request: Request, number: int) -> Response:
        return always(status, ("Contact", f"<sip:b{number}@h{number}.example>"))(request, number)

    return answer


def after(status: int, seconds: int) -> Answer:
    return always(status, ("Retry-After", str(seconds)))


def useless(request: Request, _: int) -> Response:
    """An answer of which nothing can be used: its status is none."""
    answer = build.response(request, 200, to_tag="bob1")
    return replace(answer, status=999)


def grant(seconds: int) -> Answer:
    return lambda request, _: accept(request, seconds)


class Peer:
    """Answers each request of one method in one way, at once, and notes when they came."""

    def __init__(self, wire: Wire, method: str, answer: Answer) -> None:
        self._wire = wire
        self._method = method
        self._answer = answer
        self._seen = len(wire.sent)
        self._number = count()
        self.times: list[float] = []

    def go_on(self, seconds: float = WATCHED) -> None:
        end = self._wire.now + seconds
        self._answer_all()
        while (due := self._wire.agent.deadline()) is not None and due <= end:
            self._wire.now = max(self._wire.now, due)
            self._wire.step(self._wire.agent.tick)
            self._answer_all()
        self._wire.now = end

    def _answer_all(self) -> None:
        for request in self._fresh():
            self.times.append(self._wire.now)
            assert self.times.count(self._wire.now) < STORM, f"a storm of {self._method}"
            self._wire.receive(self._answer(request, next(self._number)))

    def _fresh(self) -> Iterator[Request]:
        while self._seen < len(self._wire.sent):
            message = read(self._wire.sent[self._seen][1])
            self._seen += 1
            if isinstance(message, Request) and message.method == self._method:
                yield message


def burst(times: list[float], within: float = 0.9) -> int:
    """The most of them that came within that many seconds."""
    return max(sum(start <= at <= start + within for at in times) for start in times)


@dataclass(frozen=True)
class Loop:
    """A peer that drives us, and how far it gets."""

    drive: Callable[[], list[float]]
    """Plays it for `WATCHED` seconds; when we did what it wants us to do, again and again."""
    at_once: int
    """Times within 0.9 s, at the most."""
    in_all: int
    """Times in ten minutes, at the most."""


def register(answer: Answer) -> Callable[[], list[float]]:
    def drive() -> list[float]:
        wire = Wire()
        peer = Peer(wire, "REGISTER", answer)
        wire.start()
        peer.go_on()
        return peer.times

    return drive


def overloaded() -> list[float]:
    """Two servers that both take connections and refuse each REGISTER with 503."""
    wire = Wire(settings(ws_servers=(ALPHA, BETA)))
    peer = Peer(wire, "REGISTER", after(503, 0))
    wire.start()
    opened = 1
    end = wire.now + WATCHED
    while wire.now < end:
        peer.go_on(0.1)
        if len(wire.dialled) > opened:
            opened = len(wire.dialled)
            wire.open()
    return peer.times


def hung_up_on() -> list[float]:
    """A server that lets us register, and then ends the connection."""
    wire = Wire()
    wire.step(wire.agent.start)
    times: list[float] = []
    end = wire.now + WATCHED
    while wire.now < end:
        if len(wire.dialled) > len(times):
            times.append(wire.now)
            wire.open()
            wire.receive(accept(wire.last()))
            wire.lose()
        wire.advance(0.1)
    return times


def invite(answer: Answer) -> Callable[[], list[float]]:
    def drive() -> list[float]:
        wire = CallWire()
        peer = Peer(wire, "INVITE", answer)
        wire.invite()
        peer.go_on()
        return peer.times

    return drive


def keen(wire: CallWire) -> Callable[[], None]:
    """An owner that makes its offer again whenever it is told to."""
    told = 0

    def look() -> None:
        nonlocal told
        due = wire.heard(OfferDue)
        while told < len(due):
            told += 1
            call = due[told - 1].call
            if wire.calls.can_offer(call):
                wire.step(wire.calls.offer, call, OFFER)

    return look


def change(answer: Answer, *, we_called: bool = True) -> Callable[[], list[float]]:
    """A far end that never takes our re-INVITE."""

    def drive() -> list[float]:
        wire = CallWire(draw=lambda: 0.0)
        if we_called:
            call, _ = wire.talk()
        else:
            call = wire.ring_and_answer().call_id
        peer, look = Peer(wire, "INVITE", answer), keen(wire)
        wire.step(wire.calls.offer, call, OFFER)
        end = wire.now + WATCHED
        while wire.now < end:
            peer.go_on(0.0)
            look()
            peer.go_on(0.1)
        return peer.times

    return drive


def refresh(answer: Answer) -> Callable[[], list[float]]:
    """A far end that never takes our refresh by UPDATE."""

    def drive() -> list[float]:
        wire = CallWire()
        timer = ("Session-Expires", "90;refresher=uac")
        wire.talk(("Allow", "UPDATE, INVITE, BYE"), timer, ("Require", "timer"))
        peer = Peer(wire, "UPDATE", answer)
        peer.go_on()
        return peer.times

    return drive


def within(method: str, answer: Answer) -> Callable[[], list[float]]:
    """A far end that is never content with a request in the call."""

    def drive() -> list[float]:
        wire = CallWire()
        call, invite = wire.talk()
        peer = Peer(wire, method, answer)
        match method:
            case "BYE":
                wire.step(wire.calls.hang_up, call)
            case "INFO":
                wire.step(wire.calls.info, call, "application/dtmf-relay", b"Signal=1\r\n")
            case "REFER":
                wire.step(wire.calls.refer, call, target=BOB)
            case "NOTIFY":
                wire.receive(wire.inside(invite, "REFER", ("Refer-To", f"<{BOB}>")))
                wire.step(wire.calls.accept_transfer, call)
        peer.go_on()
        return peer.times

    return drive


def outside(method: str, answer: Answer) -> Callable[[], list[float]]:
    def drive() -> list[float]:
        wire = CallWire()
        peer = Peer(wire, method, answer)
        target = SipUri.parse("sip:bob@example.com")
        if method == "OPTIONS":
            wire.step(wire.agent.ping, target, lambda _: None)
        else:
            wire.step(wire.agent.send_message, target, "hi", lambda _: None)
        peer.go_on()
        return peer.times

    return drive


def acknowledged() -> list[float]:
    """A far end that answers the PRACK of a reliable 183 with challenges for ever."""
    wire = CallWire()
    _, request = wire.invite()
    peer = Peer(wire, "PRACK", challenge())
    wire.reply(request, 183, ("Require", "100rel"), ("RSeq", "1"), body=ANSWER)
    peer.go_on()
    return peer.times


def unacknowledged(status: int, *fields: tuple[str, str]) -> Callable[[], list[float]]:
    """A caller that never acknowledges our answer."""

    def drive() -> list[float]:
        wire = CallWire()
        invite = wire.ring(*fields)
        if status == 200:
            wire.step(wire.calls.accept, invite.call_id, ANSWER)
        times: list[float] = []
        seen = 0
        end = wire.now + WATCHED
        while wire.now < end:
            for _, data in wire.sent[seen:]:
                message = read(data)
                if isinstance(message, Response) and message.status == status:
                    times.append(wire.now)
            seen = len(wire.sent)
            wire.advance(0.1)
        return times

    return drive


def keep_alives() -> list[float]:
    """A registrar that wants a keep-alive every moment."""
    wire = Wire()
    wire.start()
    wire.receive(accept(wire.last(), 86400, ("Flow-Timer", "0")))
    times = []
    seen = len(wire.sent)
    end = wire.now + WATCHED
    while wire.now < end:
        wire.advance(0.1)
        for _ in wire.sent[seen:]:
            seen += 1
            times.append(wire.now)
            wire.receive(b"\r\n")
    return times
