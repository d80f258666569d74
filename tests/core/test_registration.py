"""Registration on a fake wire (RFC 3261 §10, RFC 5626, 5627, 3608)."""

import pytest

from sipcli.core import events
from sipcli.core.registration.registration import refresh_delay
from sipcli.sip.parser import encode
from sipcli.sip.uri import SipUri
from tests.core.factories import ALPHA, BETA, accept, challenge, refuse, settings
from tests.core.wire import Wire


def registered(wire: Wire, expires: int = 600) -> Wire:
    wire.start()
    wire.receive(accept(wire.last(), expires))
    assert wire.agent.is_registered
    return wire


def test_the_first_register_says_who_where_and_for_how_long() -> None:
    wire = Wire()
    wire.start()
    request = wire.last()
    assert request.method == "REGISTER"
    assert str(request.uri) == "sip:example.com"
    assert str(request.to) == "<sip:alice@example.com>"
    assert request.from_.uri == SipUri.parse("sip:alice@example.com")
    assert request.headers.get("Contact") == (
        f"<{request.contacts[0].uri}>;reg-id=1"
        ';+sip.instance="<urn:uuid:8f1fa16a-1165-4a96-8341-785b1ef24f12>";expires=600'
    )
    assert request.max_forwards == 70
    assert set(request.supported) >= {"gruu", "outbound", "path"}
    assert request.headers.get("Authorization") is None
    assert wire.told(events.Registered) == []


def test_a_challenge_is_answered_once_and_success_is_told() -> None:
    wire = Wire()
    wire.start()
    first = wire.last()
    wire.now += 0.25
    wire.receive(challenge(first))
    second = wire.last()
    assert second.headers.get("Authorization")
    assert (second.call_id, second.from_.tag) == (first.call_id, first.from_.tag)
    assert second.cseq.number == first.cseq.number + 1
    assert second.via.branch != first.via.branch
    wire.now += 0.25
    wire.receive(accept(second, 120))
    (event,) = wire.told(events.Registered)
    assert (event.expires_s, event.elapsed_s) == (120, 0.5)
    assert [binding.ours for binding in event.bindings] == [True]


def test_a_refresh_uses_the_nonce_again_and_costs_one_round_trip() -> None:
    wire = Wire()
    wire.start()
    wire.receive(challenge(wire.last()))
    wire.receive(accept(wire.last(), 600))
    wire.advance(599)
    assert len(wire.requests("REGISTER")) == 3
    refresh = wire.last()
    assert "nc=00000002" in (refresh.headers.get("Authorization") or "")
    assert refresh.call_id == wire.requests()[0].call_id
    assert refresh.cseq.number == 3


def test_a_wrong_password_ends_a_one_shot_and_slows_a_patient_one_down() -> None:
    for retry_forever, waits in ((False, False), (True, True)):
        wire = Wire(retry_forever=retry_forever)
        wire.start()
        wire.receive(challenge(wire.last(), 1))
        wire.receive(challenge(wire.last(), 2))
        assert len(wire.requests()) == 2
        (event,) = wire.told(events.RegistrationFailed)
        assert event.status == 401
        assert not event.needs_password
        assert (event.retry_in_s is not None) == waits
        if event.retry_in_s is not None:
            assert event.retry_in_s >= 60
            wire.advance(event.retry_in_s + 0.1)
            assert len(wire.requests()) == 3


def test_without_a_password_a_challenge_says_that_one_is_needed() -> None:
    wire = Wire(credentials=None, retry_forever=False)
    wire.start()
    wire.receive(challenge(wire.last()))
    (event,) = wire.told(events.RegistrationFailed)
    assert event.needs_password
    assert event.retry_in_s is None


@pytest.mark.parametrize("granted", [5, 10, 30, 60, 120, 600, 3600, 86400])
def test_a_refresh_comes_in_good_time(granted: int) -> None:
    wire = registered(Wire(), granted)
    wire.advance(refresh_delay(granted) - 0.01)
    assert len(wire.requests("REGISTER")) == 1
    wire.advance(0.02)
    assert len(wire.requests("REGISTER")) == 2
    left = granted - refresh_delay(granted)
    assert left >= min(granted / 2, 45)  # room for Timer F and another attempt, or half the time


@pytest.mark.parametrize("granted", [1, 2, 3])
def test_a_very_short_grant_does_not_make_a_storm(granted: int) -> None:
    wire = registered(Wire(), granted)
    for _ in range(20):
        wire.advance(1.0)
        if len(wire.requests()) > len(wire.told(events.Registered)):
            wire.receive(accept(wire.last(), granted))
    assert len(wire.requests("REGISTER")) <= 21
    assert wire.told(events.Unregistered) == [] or granted == 1


def test_the_time_of_the_binding_beats_the_expires_field_and_that_what_was_asked() -> None:
    for binding, field, expected in ((90, "300", 90), (None, "300", 300), (None, None, 600)):
        wire = Wire()
        wire.start()
        fields = [("Expires", field)] if field else []
        wire.receive(accept(wire.last(), binding, *fields))
        assert wire.told(events.Registered)[0].expires_s == expected


def test_our_binding_is_found_by_instance_among_others() -> None:
    wire = Wire()
    wire.start()
    answer = accept(wire.last(), 300)
    own = answer.headers.get("Contact") or ""
    other = '<sip:x@192.0.2.1>;+sip.instance="<urn:uuid:other>";reg-id=1;expires=7'
    wire.receive(encode(answer).replace(own.encode(), f"{other}, {own}".encode()))
    (event,) = wire.told(events.Registered)
    assert event.expires_s == 300
    assert [(one.expires_s, one.ours) for one in event.bindings] == [(7, False), (300, True)]


def test_a_2xx_that_hides_our_binding_counts_with_a_warning() -> None:
    wire = Wire()
    wire.start()
    wire.receive(refuse(wire.last(), 200, ("Expires", "100")))
    assert wire.told(events.Registered)[0].expires_s == 100
    assert len(wire.told(events.Warned)) == 1
    assert wire.agent.is_registered


def test_a_longer_minimum_is_adopted_at_once_but_never_in_circles() -> None:
    wire = Wire()
    wire.start()
    wire.receive(refuse(wire.last(), 423, ("Min-Expires", "1800")))
    assert "expires=1800" in (wire.last().headers.get("Contact") or "")
    wire.receive(refuse(wire.last(), 423, ("Min-Expires", "1800")))
    assert len(wire.requests()) == 2
    assert wire.told(events.RegistrationFailed)[0].status == 423


def test_an_ever_longer_minimum_is_a_refusal_that_says_so_and_waits() -> None:
    wire = Wire()
    wire.start()
    for wanted in ("1800", "1801", "1802"):
        wire.receive(refuse(wire.last(), 423, ("Min-Expires", wanted)))
    assert len(wire.requests()) == 3
    (event,) = wire.told(events.RegistrationFailed)
    assert event.status == 423
    assert "1802 s" in event.reason
    assert event.retry_in_s is not None
    assert event.retry_in_s >= 60
    wire.advance(event.retry_in_s + 0.1)
    assert "expires=600" in (wire.last().headers.get("Contact") or "")  # as is configured


def test_a_longer_minimum_is_part_of_the_time_that_registering_took() -> None:
    wire = Wire()
    wire.start()
    wire.now += 0.25
    wire.receive(refuse(wire.last(), 423, ("Min-Expires", "1800")))
    wire.now += 0.25
    wire.receive(accept(wire.last(), 1800))
    assert wire.told(events.Registered)[0].elapsed_s == 0.5


def test_a_first_hop_without_outbound_is_asked_again_without_it() -> None:
    wire = Wire()
    wire.start()
    wire.receive(refuse(wire.last(), 439))
    assert "reg-id" not in (wire.last().headers.get("Contact") or "")
    assert "outbound" not in wire.last().supported
    wire.receive(accept(wire.last()))
    assert wire.agent.is_registered


def test_a_refusal_is_retried_after_the_time_that_the_server_names() -> None:
    wire = Wire()
    wire.start()
    wire.receive(refuse(wire.last(), 500, ("Retry-After", "17")))
    assert wire.told(events.RegistrationFailed)[0].retry_in_s == 17
    wire.advance(16.9)
    assert len(wire.requests()) == 1
    wire.advance(0.2)
    assert len(wire.requests()) == 2


def test_an_overloaded_server_makes_way_for_another() -> None:
    wire = Wire(settings(ws_servers=(ALPHA, BETA)))
    flow = wire.start()
    assert flow.server == ALPHA
    wire.receive(refuse(wire.last(), 503, ("Retry-After", "600")))
    assert wire.closed == [flow]
    assert wire.dialled[-1].server == BETA
    wire.open()
    wire.receive(accept(wire.last()))
    assert wire.agent.is_registered


def test_silence_gives_the_connection_up() -> None:
    wire = Wire()
    flow = wire.start()
    wire.advance(31.9)
    assert wire.closed == []
    wire.advance(0.2)
    assert wire.closed == [flow]
    failed = wire.told(events.RegistrationFailed)[0]
    assert (failed.status, failed.retry_in_s) == (None, 2)
    assert wire.told(events.Disconnected)[0].retry_in_s == 2
    assert [type(event) for event in wire.events][-2:] == [
        events.RegistrationFailed,
        events.Disconnected,
    ]
    wire.advance(2.1)
    assert len(wire.dialled) == 2


def test_where_another_server_takes_over_the_next_attempt_comes_at_once() -> None:
    wire = Wire(settings(ws_servers=(ALPHA, BETA)))
    wire.start()
    wire.advance(32.1)
    assert wire.told(events.RegistrationFailed)[0].retry_in_s == 0
    assert wire.dialled[-1].server == BETA


def test_a_failed_refresh_leaves_us_registered_until_the_time_is_really_over() -> None:
    wire = registered(Wire(), 100)
    wire.advance(refresh_delay(100) + 0.01)
    wire.receive(refuse(wire.last(), 403))
    assert wire.agent.is_registered
    assert wire.told(events.Unregistered) == []
    wire.advance(100 - refresh_delay(100))
    assert not wire.agent.is_registered
    assert len(wire.told(events.Unregistered)) == 1


def test_each_new_connection_is_registered_with_the_same_call_id() -> None:
    wire = registered(Wire())
    wire.lose()
    wire.advance(2.1)
    wire.open()
    first, second = wire.requests("REGISTER")
    assert second.call_id == first.call_id
    assert second.cseq.number == first.cseq.number + 1
    assert wire.told(events.Unregistered) == []


def test_only_one_register_is_ever_outstanding() -> None:
    wire = registered(Wire(), 20)
    wire.advance(12)
    assert len(wire.requests()) == 2
    wire.advance(30)
    answered = len(wire.told(events.Registered)) + len(wire.told(events.RegistrationFailed))
    assert len(wire.requests()) - answered <= 1


def test_what_the_registrar_grants_is_used_and_gone_with_the_binding() -> None:
    wire = Wire()
    wire.start()
    gruu = "sip:alice@example.com;gr=urn:uuid:1"
    route = "<sip:edge.example.com;lr>"
    answer = accept(
        wire.last(), 600, ("Service-Route", route), ("Require", "outbound"), pub_gruu=f'"{gruu}"'
    )
    wire.receive(answer)
    assert wire.told(events.Registered)[0].pub_gruu == gruu
    wire.step(wire.agent.ping, SipUri.parse("sip:bob@example.com"), lambda _: None)
    ping = wire.last()
    assert ping.headers.get("Route") == route
    assert ping.headers.get("Contact") == f"<{gruu}>"
    wire.advance(541)
    refresh = wire.last()
    assert refresh.method == "REGISTER"
    assert refresh.headers.get("Route") is None  # RFC 3608 §6.1
    assert gruu not in (refresh.headers.get("Contact") or "")  # RFC 5627 §4.1


def test_stopping_takes_the_binding_back_and_then_closes() -> None:
    wire = registered(Wire())
    wire.step(wire.agent.stop)
    assert "expires=0" in (wire.last().headers.get("Contact") or "")
    assert not wire.agent.is_stopped
    assert wire.closed == []
    wire.receive(accept(wire.last(), None))
    assert wire.agent.is_stopped
    assert len(wire.closed) == 1
    assert len(wire.told(events.Unregistered)) == 1
    assert wire.agent.deadline() is None


def test_stopping_waits_for_a_register_in_the_air_and_takes_it_back() -> None:
    wire = Wire()
    wire.start()
    wire.step(wire.agent.stop)
    assert len(wire.requests()) == 1
    wire.receive(accept(wire.last()))
    assert "expires=0" in (wire.last().headers.get("Contact") or "")
    wire.receive(accept(wire.last(), None))
    assert wire.agent.is_stopped


def test_a_register_that_stays_in_the_air_is_taken_back_regardless() -> None:
    wire = Wire()
    wire.start()
    first = wire.last()
    wire.step(wire.agent.stop)
    wire.advance(1.1)
    second = wire.last()
    assert "expires=0" in (second.headers.get("Contact") or "")
    assert second.cseq.number > first.cseq.number
    wire.receive(challenge(first))  # comes late: it must not be answered any more
    assert wire.last() == second
    wire.receive(challenge(second, 2))
    assert wire.last().cseq.number == second.cseq.number + 1
    wire.receive(accept(wire.last(), None))
    assert wire.agent.is_stopped


def test_nothing_is_taken_back_where_nothing_was_granted() -> None:
    wire = Wire()
    wire.start()
    wire.receive(refuse(wire.last(), 403))
    wire.step(wire.agent.stop)
    assert wire.agent.is_stopped
    assert len(wire.requests()) == 1


def test_a_lost_connection_ends_the_stopping() -> None:
    wire = registered(Wire())
    wire.step(wire.agent.stop)
    wire.lose()
    assert wire.agent.is_stopped
    assert len(wire.dialled) == 1


def test_no_grant_at_all_is_a_failure() -> None:
    wire = Wire()
    wire.start()
    wire.receive(accept(wire.last(), 0))
    assert not wire.agent.is_registered
    assert (
        wire.told(events.RegistrationFailed)[0].reason == "the registrar granted an expiry of 0 s"
    )


def test_a_registrar_that_rewrites_our_uri_and_drops_reg_id_is_believed_by_the_instance() -> None:
    wire = Wire()
    wire.start()
    answer = encode(accept(wire.last(), 300))
    own = str(wire.last().contacts[0].uri).encode()
    changed = answer.replace(own, b"sip:alice@192.0.2.77:5060").replace(b";reg-id=1", b"")
    assert changed != answer
    wire.receive(changed)
    (event,) = wire.told(events.Registered)
    assert event.expires_s == 300
    assert event.bindings[0].ours
    assert wire.told(events.Warned) == []
