"""Every loop that a peer can drive has a small bound and a wait (docs/architecture.md)."""

import importlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import pytest

from sipcli.core.calls.events import OfferDue
from sipcli.sip import build
from sipcli.sip.message import Request, Response
from sipcli.sip.uri import SipUri
from tests.core.call_wire import ANSWER, BOB, OFFER, CallWire
from tests.core.factories import ALPHA, BETA, read, settings
from tests.core.registrar import accept
from tests.core.wire import Wire

TESTS = Path(__file__).parents[1]
ARCHITECTURE = TESTS.parent / "docs" / "architecture.md"
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


LOOPS: dict[str, list[Loop]] = {
    "refuses a REGISTER with 423 and an ever higher Min-Expires": [
        Loop(register(ever_higher("Min-Expires", 423)), 3, 15),
    ],
    "challenges a request again and again (401, 407), in the call too": [
        Loop(register(challenge()), 4, 20),
        Loop(register(challenge(407)), 4, 20),
        Loop(register(challenge(stale=False)), 2, 10),
        Loop(register(challenge(realm=True)), 7, 35),
        Loop(register(in_turn(challenge(realm=True), ever_higher("Min-Expires", 423))), 9, 45),
        Loop(outside("OPTIONS", challenge()), 4, 4),
        Loop(outside("MESSAGE", challenge(407, realm=True)), 7, 7),
        Loop(invite(challenge()), 4, 4),
        Loop(invite(challenge(407, realm=True)), 7, 7),
        Loop(change(challenge(407)), 4, 4),
        Loop(refresh(challenge(407)), 4, 20),
        Loop(within("BYE", challenge()), 4, 4),
        Loop(within("INFO", challenge(407)), 4, 4),
        Loop(within("REFER", challenge(407, realm=True)), 7, 7),
        Loop(within("NOTIFY", challenge(407)), 4, 4),
        Loop(acknowledged, 4, 4),
    ],
    "says for ever that only the nonce was too old (stale)": [
        Loop(register(challenge(stale=True)), 4, 20),
        Loop(invite(challenge(407, stale=True)), 4, 4),
    ],
    "refuses a REGISTER with 439": [Loop(register(always(439)), 2, 40)],
    "refuses a REGISTER for another reason, whatever its Retry-After": [
        Loop(register(after(500, 0)), 1, 40),
        Loop(register(after(503, 0)), 1, 40),
        Loop(register(always(429)), 1, 40),
        Loop(register(elsewhere(302)), 1, 40),
        Loop(register(grant(0)), 1, 40),
        Loop(overloaded, 2, 40),
    ],
    "grants a registration for a moment": [Loop(register(grant(1)), 1, 601)],
    "ends each connection as soon as we are registered": [Loop(hung_up_on, 1, 300)],
    "redirects a call from one place to the next (3xx)": [
        Loop(invite(elsewhere(302)), 6, 6),
        Loop(invite(elsewhere(300)), 6, 6),
    ],
    "names one proxy after the other (305)": [
        Loop(invite(elsewhere(305)), 4, 4),
        Loop(outside("OPTIONS", elsewhere(305)), 4, 4),
        Loop(outside("MESSAGE", elsewhere(305)), 4, 4),
        Loop(outside("MESSAGE", in_turn(elsewhere(305), challenge(realm=True))), 10, 10),
    ],
    "refuses an INVITE or UPDATE with 422 and an ever higher Min-SE": [
        Loop(invite(ever_higher("Min-SE", 422)), 3, 3),
        Loop(change(ever_higher("Min-SE", 422)), 3, 3),
        Loop(refresh(ever_higher("Min-SE", 422)), 3, 10),
    ],
    "does not know what an INVITE supports (420), now this and then that": [
        Loop(invite(always(420, ("Unsupported", "timer"))), 2, 2),
        Loop(invite(unsupported), 8, 8),
    ],
    "does all of that to one call": [
        Loop(
            invite(
                in_turn(
                    elsewhere(302),
                    *[challenge(realm=True)] * 4,
                    ever_higher("Min-SE", 422),
                )
            ),
            26,
            26,
        ),
    ],
    "asks us to change the call later, each time (491, 500 or 503 with Retry-After)": [
        Loop(change(always(491)), 1, 6),
        Loop(change(always(491), we_called=False), 6, 6),  # 0 to 2 s: the draw here is 0
        Loop(change(after(500, 0)), 1, 6),
        Loop(change(after(503, 1)), 1, 6),
    ],
    "refuses each refresh of the session": [
        Loop(refresh(after(500, 0)), 1, 10),
        Loop(refresh(always(491)), 1, 10),
    ],
    "wants a keep-alive every moment (Flow-Timer)": [Loop(keep_alives, 1, 120)],
    "has no use for a request that is made once": [
        Loop(invite(always(491)), 1, 1),
        Loop(invite(always(429)), 1, 1),
        Loop(invite(after(503, 0)), 1, 1),
        Loop(outside("OPTIONS", elsewhere(302)), 1, 1),
        Loop(outside("MESSAGE", after(503, 0)), 1, 1),
        Loop(within("BYE", after(503, 0)), 1, 1),
        Loop(within("INFO", always(491)), 1, 1),
        Loop(within("REFER", elsewhere(302)), 1, 1),
        Loop(within("NOTIFY", after(503, 0)), 1, 1),
    ],
    "never acknowledges our answer (ACK, PRACK)": [
        Loop(unacknowledged(200), 2, 12),
        Loop(unacknowledged(180, ("Require", "100rel")), 2, 12),
    ],
    "sends answers of no use (malformed)": [
        Loop(register(useless), 1, 40),
        Loop(outside("OPTIONS", useless), 1, 1),
        Loop(outside("MESSAGE", useless), 1, 1),
        Loop(invite(useless), 1, 1),
        Loop(change(useless), 1, 1),
        Loop(refresh(useless), 1, 10),
        Loop(within("BYE", useless), 1, 1),
        Loop(within("INFO", useless), 1, 1),
    ],
}
"""What the peer does, in the words of the table in docs/architecture.md -> how that ends."""


def table() -> dict[str, str]:
    """The rows of the table: what the peer does -> what bounds it."""
    text = ARCHITECTURE.read_text(encoding="utf-8")
    section = text.partition("## Loops that a peer can drive")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| (.+) \|$", section, re.MULTILINE)
    return {does: bound for does, bound in rows if does != "the peer …"}


ELSEWHERE = {
    "asks us to call others (REFER)": (
        "core.test_transfer",
        "test_a_dialog_starts_one_call_at_a_time_however_it_is_told",
    ),
    "loses the media as soon as an ICE restart has won them back": (
        "phone.test_lost",
        "test_media_that_are_lost_again_and_again_are_given_up",
    ),
    "refuses each offer of an ICE restart with 491": (
        "phone.test_lost",
        "test_a_far_end_that_always_has_an_offer_out_itself_is_not_asked_for_ever",
    ),
    "moves the media to another dead end before ICE has failed at the last (re-INVITE)": (
        "phone.test_begin_anew",
        "test_a_call_that_is_led_to_dead_ends_for_ever_is_given_up",
    ),
    "answers each ICE check with a role conflict (487)": (
        "media.transport.test_ice_failure",
        "test_a_peer_that_quarrels_over_roles_for_ever_is_asked_a_bounded_number_of_times",
    ),
    "as a TURN server grants 0 s, or a moment": (
        "media.transport.test_relay",
        "test_refreshes_are_few_however_short_a_time_is_granted",
    ),
    "as a TURN server calls each nonce stale (438)": (
        "media.transport.test_relay",
        "test_a_server_whose_nonce_is_always_stale_is_asked_twice",
    ),
    "as a TURN server never binds a channel": (
        "media.transport.test_relay",
        "test_a_channel_that_is_never_bound_is_asked_for_a_bounded_number_of_times",
    ),
    "sends one datagram of a DTLS handshake again and again": (
        "media.transport.test_dtls",
        "test_a_peer_that_repeats_itself_gets_no_flood_for_it",
    ),
    "takes each SSRC that we have": (
        "media.session.test_sources",
        "test_a_far_end_that_takes_each_ssrc_of_ours_moves_us_a_few_times_only",
    ),
}
"""The same for peers that are played in another place: the test that does it."""


@pytest.mark.parametrize("name", LOOPS)
def test_no_peer_drives_us_round_and_round(name: str) -> None:
    for loop in LOOPS[name]:
        times = loop.drive()
        assert len(times) > 1 or loop.in_all == 1, "it has driven nothing"
        assert burst(times) <= loop.at_once
        assert len(times) <= loop.in_all


def test_each_loop_is_in_the_table_and_each_row_of_it_is_tried() -> None:
    assert list(table()) == [*LOOPS, *ELSEWHERE]
    for module, name in ELSEWHERE.values():
        source = (TESTS / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
        assert f"def {name}(" in source


def test_the_table_tells_the_bounds_that_there_are() -> None:
    named = re.findall(r"`([\w/]+)\.py`: `([A-Z_]+)` = ([\d.]+)", " ".join(table().values()))
    assert len(named) > len(table()) / 2
    for path, name, value in named:
        module = importlib.import_module(f"sipcli.{path.replace('/', '.')}")
        assert getattr(module, name) == float(value), f"{path}.py: {name}"
