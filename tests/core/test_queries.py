"""OPTIONS and MESSAGE of ours: what goes out, and the one outcome of each."""

from collections.abc import Callable

import pytest

from sipcli.core import events
from sipcli.core.requests.exchange import (
    ConnectionLost,
    FinalResponse,
    NotSent,
    Outcome,
    Unanswered,
    Unauthorized,
)
from sipcli.sip.message import Request
from sipcli.sip.uri import SipUri
from tests.core.factories import challenge, refuse, settings
from tests.core.wire import PASSWORD, Wire

BOB = SipUri.parse("sip:bob@example.com")


class Asking:
    """A phone that does not register and has asked something."""

    def __init__(self, what: str, *, online: bool = True, password: bool = True) -> None:
        credentials = PASSWORD if password else None
        self.wire = Wire(settings(register=False, display_name="Al"), credentials=credentials)
        self.outcomes: list[Outcome] = []
        if online:
            self.wire.start()
        agent = self.wire.agent
        if what == "ping":
            self.wire.step(agent.ping, BOB, self.outcomes.append)
        else:
            self.wire.step(agent.send_message, BOB, "grüß dich\r\n☎", self.outcomes.append)

    @property
    def event(self) -> events.Pong | events.InstantMessage:
        pongs, messages = self.wire.told(events.Pong), self.wire.told(events.InstantMessage)
        assert len(pongs) + len(messages) == 1
        return pongs[0] if pongs else messages[0]


@pytest.fixture(params=["ping", "message"])
def ask(request: pytest.FixtureRequest) -> Callable[..., Asking]:
    return lambda **named: Asking(request.param, **named)


def check_common(request: Request) -> None:
    assert request.target == "sip:bob@example.com"
    assert str(request.to) == "<sip:bob@example.com>"
    assert request.from_.uri == SipUri.parse("sip:alice@example.com")
    assert request.from_.tag
    assert request.max_forwards == 70
    assert request.cseq.number == 1
    assert request.headers.get("User-Agent")


def test_a_ping_says_what_it_would_like_to_hear_and_where_we_are() -> None:
    request = Asking("ping").wire.last()
    check_common(request)
    assert request.method == "OPTIONS"
    assert request.headers.get("Accept") == "application/sdp"
    assert request.contacts
    assert request.body == b""


def test_a_message_carries_its_text_as_utf_8_and_no_contact() -> None:
    request = Asking("message").wire.last()
    check_common(request)
    assert request.method == "MESSAGE"
    assert request.headers.get("Content-Type") == "text/plain;charset=UTF-8"
    assert request.body == "grüß dich\r\n☎".encode()
    assert request.headers.get("Contact") is None  # RFC 3428 §4


def test_the_time_is_that_of_the_request_that_was_answered() -> None:
    asking = Asking("ping")
    asking.wire.now += 3
    asking.wire.receive(challenge(asking.wire.last()))
    asking.wire.now += 0.25
    asking.wire.receive(refuse(asking.wire.last(), 200))
    (outcome,) = asking.outcomes
    assert isinstance(outcome, FinalResponse)
    assert asking.event == events.Pong(target=str(BOB), status=200, rtt_s=0.25)


@pytest.mark.parametrize("status", [200, 302, 404, 486, 500, 603])
def test_any_final_answer_is_an_outcome(ask: Callable[..., Asking], status: int) -> None:
    asking = ask()
    asking.wire.receive(refuse(asking.wire.last(), 100))
    assert asking.outcomes == []
    asking.wire.receive(refuse(asking.wire.last(), status))
    (outcome,) = asking.outcomes
    assert isinstance(outcome, FinalResponse)
    assert outcome.response.status == status
    assert asking.event.status == status


def test_a_challenge_is_answered_once_and_with_the_next_number(ask: Callable[..., Asking]) -> None:
    asking = ask()
    first = asking.wire.last()
    asking.wire.receive(challenge(first))
    second = asking.wire.last()
    assert second.headers.get("Authorization")
    assert second.cseq.number == 2
    assert (second.call_id, second.from_.tag, second.body) == (
        first.call_id,
        first.from_.tag,
        first.body,
    )
    asking.wire.receive(challenge(second, 2))
    (outcome,) = asking.outcomes
    assert isinstance(outcome, Unauthorized)
    assert not outcome.needs_password
    assert asking.event.status == 401
    assert len(asking.wire.requests()) == 2


def test_without_a_password_the_outcome_says_that_one_is_needed(
    ask: Callable[..., Asking],
) -> None:
    asking = ask(password=False)
    asking.wire.receive(challenge(asking.wire.last()))
    (outcome,) = asking.outcomes
    assert isinstance(outcome, Unauthorized)
    assert outcome.needs_password


def test_silence_is_known_after_32_seconds(ask: Callable[..., Asking]) -> None:
    asking = ask()
    asking.wire.advance(31.9)
    assert asking.outcomes == []
    asking.wire.advance(0.2)
    assert asking.outcomes == [Unanswered()]
    assert asking.event.status is None


def test_a_lost_connection_leaves_the_outcome_unknown(ask: Callable[..., Asking]) -> None:
    asking = ask()
    asking.wire.lose()
    assert asking.outcomes == [ConnectionLost()]
    assert asking.event.status is None


def test_without_a_connection_nothing_is_sent(ask: Callable[..., Asking]) -> None:
    asking = ask(online=False)
    assert asking.outcomes == [NotSent()]
    assert asking.wire.sent == []


def test_credentials_learnt_once_are_sent_at_once() -> None:
    asking = Asking("ping")
    asking.wire.receive(challenge(asking.wire.last()))
    asking.wire.receive(refuse(asking.wire.last(), 200))
    asking.wire.step(asking.wire.agent.ping, BOB, asking.outcomes.append)
    assert "nc=00000002" in (asking.wire.last().headers.get("Authorization") or "")
