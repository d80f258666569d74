"""What a far end refuses is not asked for again in that dialog; the other way is used instead."""

import pytest

from sipcli.core.calls.events import (
    Answered,
    Ended,
    OfferAnswered,
    OfferDue,
    OfferRefused,
    Progress,
)
from tests.core.call_wire import ANSWER, BOB, OFFER, CallWire
from tests.core.test_session_timer import UPDATES, grant


@pytest.mark.parametrize("status", [403, 405, 501, 400, 488, 603])
def test_a_refresh_by_update_that_is_refused_goes_on_by_reinvite(status: int) -> None:
    wire = CallWire()
    call, _ = wire.talk(grant(180, "uac"), UPDATES)
    wire.advance(91)
    wire.reply(wire.last(), status)
    for _ in range(20):
        assert wire.heard(OfferDue) == [OfferDue(call=call, is_refresh=True)]
        assert wire.words() in (["UPDATE"], [])
        wire.take()
        wire.step(wire.calls.offer, call, b"unchanged")
        again = wire.last()
        assert (again.method, again.body) == ("INVITE", b"unchanged")
        wire.reply(again, 200, grant(180, "uac"), UPDATES, body=ANSWER)
        assert wire.heard(OfferAnswered)
        assert wire.words() == ["INVITE", "ACK"]
        wire.take()
        wire.advance(91)
    assert wire.heard(Ended) == []


@pytest.mark.parametrize("status", [491, 500, 503])
def test_a_refresh_that_has_to_wait_goes_the_same_way_again(status: int) -> None:
    wire = CallWire()
    wire.talk(grant(180, "uac"), UPDATES)
    wire.advance(91)
    wire.reply(wire.last(), status, ("Retry-After", "1"))
    assert wire.heard(OfferDue) == []
    wire.advance(50)
    assert wire.words() == ["UPDATE", "UPDATE"]


@pytest.mark.parametrize("status", [405, 501])
def test_a_change_that_a_reinvite_cannot_bring_comes_by_update(status: int) -> None:
    wire = CallWire()
    call, _ = wire.talk(UPDATES)
    wire.step(wire.calls.offer, call, b"hold")
    wire.reply(wire.last(), status)
    update = wire.last()
    assert (update.method, update.body) == ("UPDATE", b"hold")
    assert wire.heard(OfferRefused) == []
    wire.reply(update, 200, body=b"held")
    assert [event.body for event in wire.heard(OfferAnswered)] == [b"held"]
    wire.fresh()
    wire.step(wire.calls.offer, call, b"resume")
    assert wire.words() == ["UPDATE"]


@pytest.mark.parametrize(
    ("allow", "status"), [((), 405), ((UPDATES,), 403), ((UPDATES,), 488), ((), 501)]
)
def test_a_change_that_is_refused_as_such_is_refused(
    allow: tuple[tuple[str, str], ...], status: int
) -> None:
    wire = CallWire()
    call, _ = wire.talk(*allow)
    wire.step(wire.calls.offer, call, b"hold")
    wire.reply(wire.last(), status)
    assert wire.heard(OfferRefused)[0].status == status
    assert wire.words() == ["INVITE", "ACK"]


def test_who_serves_neither_is_asked_once_by_each() -> None:
    wire = CallWire()
    call, _ = wire.talk(UPDATES)
    wire.step(wire.calls.offer, call, b"hold")
    wire.reply(wire.last(), 405)
    wire.reply(wire.last(), 405)
    assert wire.heard(OfferRefused)[0].status == 405
    assert wire.words() == ["INVITE", "ACK", "UPDATE"]
    assert wire.calls.can_offer(call)


@pytest.mark.parametrize("status", [403, 405, 501])
def test_who_serves_no_prack_gets_one_only(status: int) -> None:
    wire = CallWire()
    _, invite = wire.invite()
    for rseq in (1, 2, 3):
        wire.reply(invite, 183, ("Require", "100rel"), ("RSeq", str(rseq)))
        if rseq == 1:
            wire.reply(wire.last(), status)
    assert [event.status for event in wire.heard(Progress)] == [183] * 3
    assert len(wire.requests("PRACK")) == 1
    wire.reply(invite, 200, body=ANSWER)
    assert wire.heard(Answered)[0].body == ANSWER


def test_extensions_that_are_not_known_are_left_out_of_the_next_invite() -> None:
    wire = CallWire()
    headers = [("Replaces", "there;to-tag=a;from-tag=b")]
    wire.step(wire.calls.invite, BOB, OFFER, headers=headers)
    first = wire.last()
    assert {"100rel", "replaces", "timer"} <= set(first.supported)
    wire.reply(first, 420, ("Unsupported", "Replaces, timer, unheard-of"))
    second = wire.last()
    assert second.cseq.number == first.cseq.number + 1
    assert set(first.supported) - set(second.supported) == {"replaces", "timer"}
    assert "Replaces" not in second.headers
    assert second.call_id == first.call_id
    wire.reply(second, 420, ("Unsupported", "replaces"))
    assert wire.heard(Ended)[0].status == 420
    assert len(wire.requests("INVITE")) == 2
