"""Stopping in every state of the registration: no binding stays, nothing is waited for twice."""

import pytest

from sipcli.core import events
from sipcli.core.events import Warned
from sipcli.errors import Phase
from sipcli.sip.message import Request
from tests.core.factories import ALPHA, BETA, accept, challenge, refuse, settings
from tests.core.wire import Wire


def expires(request: Request) -> str | None:
    """The time that a REGISTER asks for."""
    return request.contacts[0].params.get("expires")


def test_stopping_before_the_connection_is_there_calls_the_dialling_off() -> None:
    wire = Wire()
    wire.step(wire.agent.start)
    wire.step(wire.agent.stop)
    assert wire.agent.is_stopped
    assert wire.closed == wire.dialled
    assert wire.sent == []


def test_stopping_while_waiting_for_the_next_try_is_over_at_once() -> None:
    wire = Wire()
    wire.step(wire.agent.start)
    wire.fail()
    wire.step(wire.agent.stop)
    assert wire.agent.is_stopped
    assert wire.agent.deadline() is None


def test_stopping_twice_unregisters_once() -> None:
    wire = Wire()
    wire.start()
    wire.receive(accept(wire.last()))
    wire.step(wire.agent.stop)
    wire.step(wire.agent.stop)
    assert [expires(request) for request in wire.requests()] == ["600", "0"]


def test_unregistering_outranks_a_challenged_register_that_is_still_in_the_air() -> None:
    # RFC 3261 §10.3 step 7: a registrar drops what does not count on from what it has seen.
    wire = Wire()
    wire.start()
    wire.receive(challenge(wire.last()))
    second = wire.last()
    wire.step(wire.agent.stop)
    wire.advance(1.1)
    assert expires(wire.last()) == "0"
    assert wire.last().cseq.number > second.cseq.number


def test_a_connection_lost_while_the_first_register_is_in_the_air_ends_the_stopping() -> None:
    wire = Wire()
    wire.start()
    wire.step(wire.agent.stop)
    wire.lose()
    assert wire.agent.is_stopped
    assert len(wire.requests()) == 1
    assert len(wire.dialled) == 1
    assert wire.agent.deadline() is None


@pytest.mark.parametrize(("status", "field"), [(423, ("Min-Expires", "1800")), (439, None)])
def test_a_register_refused_while_stopping_is_not_tried_another_way(
    status: int, field: tuple[str, str] | None
) -> None:
    wire = Wire()
    wire.start()
    wire.step(wire.agent.stop)
    wire.receive(refuse(wire.last(), status, *([field] if field else [])))
    assert len(wire.requests()) == 1
    assert wire.agent.is_stopped


def test_an_overloaded_server_makes_no_way_for_another_while_stopping() -> None:
    wire = Wire(settings(ws_servers=(ALPHA, BETA)))
    wire.start()
    wire.step(wire.agent.stop)
    wire.receive(refuse(wire.last(), 503))
    assert wire.agent.is_stopped
    assert len(wire.dialled) == 1


def test_a_refresh_in_the_air_is_waited_for_and_its_binding_taken_back() -> None:
    wire = Wire()
    wire.start()
    wire.receive(accept(wire.last()))
    wire.advance(550)
    refresh = wire.last()
    wire.step(wire.agent.stop)
    assert wire.last() == refresh
    wire.receive(accept(refresh))
    assert expires(wire.last()) == "0"
    wire.receive(accept(wire.last(), None))
    assert wire.agent.is_stopped
    assert len(wire.told(events.Unregistered)) == 1


def test_a_challenge_to_the_register_in_the_air_is_still_answered_and_taken_back() -> None:
    wire = Wire()
    wire.start()
    wire.step(wire.agent.stop)
    wire.receive(challenge(wire.last()))
    assert expires(wire.last()) == "600"
    wire.receive(accept(wire.last()))
    assert expires(wire.last()) == "0"
    wire.receive(accept(wire.last(), None))
    assert wire.agent.is_stopped


@pytest.mark.parametrize("status", [403, 500])
def test_a_refused_unregistering_is_told_and_ends_it(status: int) -> None:
    wire = Wire()
    wire.start()
    wire.receive(accept(wire.last()))
    wire.step(wire.agent.stop)
    wire.receive(refuse(wire.last(), status))
    assert wire.agent.is_stopped
    (warning,) = wire.told(Warned)
    assert str(status) in warning.text


def test_an_unregistering_that_nobody_answers_is_told_and_ends_with_timer_f() -> None:
    wire = Wire()
    wire.start()
    wire.receive(accept(wire.last()))
    wire.step(wire.agent.stop)
    wire.advance(31.9)
    assert not wire.agent.is_stopped
    wire.advance(0.2)
    assert wire.agent.is_stopped
    assert len(wire.told(Warned)) == 1


def test_stopping_without_a_connection_says_that_the_binding_stays() -> None:
    wire = Wire()
    wire.start()
    wire.receive(accept(wire.last()))
    wire.lose()
    wire.step(wire.agent.stop)
    assert wire.agent.is_stopped
    assert len(wire.told(Warned)) == 1
    assert wire.agent.deadline() is None


def test_after_the_end_nothing_that_is_reported_begins_anything() -> None:
    wire = Wire()
    flow = wire.start()
    wire.receive(accept(wire.last()))
    wire.step(wire.agent.stop)
    wire.receive(accept(wire.last(), None))
    before = (len(wire.dialled), len(wire.events))
    wire.step(wire.agent.closed, flow, 1000, "")
    wire.step(wire.agent.connect_failed, flow, Phase.TCP, "late")
    wire.step(wire.agent.tick)
    assert (len(wire.dialled), len(wire.events)) == before
    assert wire.agent.is_stopped
