"""Sessions that end unless they are refreshed (RFC 4028)."""

import pytest

from sipcli.core.calls.events import Ended, OfferAnswered, OfferDue
from sipcli.sip.message import Response
from tests.core.call_wire import ANSWER, CallWire

UPDATES = ("Allow", "INVITE, ACK, BYE, UPDATE")
ABLE = ("Supported", "timer")


def grant(seconds: int, who: str) -> tuple[str, str]:
    return ("Session-Expires", f"{seconds};refresher={who}")


def accepted(wire: CallWire) -> Response:
    """Our 200 to a call that came in."""
    wire.step(wire.calls.accept, "in-1", ANSWER)
    response = wire.responses()[-1]
    wire.receive(wire.inside(response, "ACK", cseq=10))
    wire.fresh()
    return response


def test_without_a_session_expires_there_is_no_timer() -> None:
    wire = CallWire()
    wire.talk()
    wire.advance(100_000)
    assert wire.fresh() == []


def test_as_caller_and_refresher_we_update_at_half_time() -> None:
    wire = CallWire()
    wire.talk(grant(180, "uac"), UPDATES)
    wire.advance(89)
    assert wire.fresh() == []
    wire.advance(2)
    update = wire.last()
    assert (update.method, update.body) == ("UPDATE", b"")
    assert update.headers.get("Session-Expires") == "180;refresher=uac"
    wire.reply(update, 200, grant(180, "uac"))
    wire.fresh()
    wire.advance(88)
    assert wire.fresh() == []
    wire.advance(2)
    assert wire.last().method == "UPDATE"


def test_a_step_that_comes_after_the_expiry_does_not_refresh_any_more() -> None:
    wire = CallWire()
    wire.talk(grant(180, "uac"), UPDATES)
    wire.now += 200
    wire.step(wire.agent.tick)
    assert wire.words() == ["BYE"]


def test_a_far_end_without_update_is_refreshed_by_an_offer() -> None:
    wire = CallWire()
    call, _ = wire.talk(grant(180, "uac"))
    wire.advance(91)
    assert wire.heard(OfferDue) == [OfferDue(call=call, is_refresh=True)]
    wire.step(wire.calls.offer, call, b"unchanged")
    again = wire.last()
    assert again.headers.get("Session-Expires") == "180;refresher=uac"
    wire.reply(again, 200, grant(180, "uac"), body=ANSWER)
    assert wire.heard(OfferAnswered)
    wire.take()
    wire.advance(89)
    assert wire.heard(Ended) == []


def test_a_refresh_that_fails_is_tried_again_until_the_session_ends() -> None:
    wire = CallWire()
    wire.talk(grant(180, "uac"), UPDATES)
    wire.advance(91)
    wire.reply(wire.last(), 500)
    attempts = len(wire.requests("UPDATE"))
    assert attempts == 1
    wire.advance(30)
    assert len(wire.requests("UPDATE")) == 2
    wire.reply(wire.last(), 503)
    wire.advance(60)
    assert wire.heard(Ended)[0].by == "network"
    assert wire.last().method == "BYE"


def test_a_refresh_waits_while_an_offer_is_out() -> None:
    wire = CallWire()
    call, _ = wire.talk(grant(180, "uac"), UPDATES)
    wire.advance(89)
    wire.step(wire.calls.offer, call, b"hold")
    wire.reply(wire.last(), 100)
    wire.advance(5)
    assert wire.requests("UPDATE") == []


@pytest.mark.parametrize(("seconds", "lead"), [(90, 30.0), (1800, 32.0)])
def test_who_is_to_be_refreshed_and_is_not_hangs_up_a_little_early(
    seconds: int, lead: float
) -> None:  # §10
    wire = CallWire()
    wire.talk(grant(seconds, "uas"))
    wire.advance(seconds - lead - 1)
    assert wire.heard(Ended) == []
    wire.advance(2)
    (ended,) = wire.heard(Ended)
    assert (ended.by, ended.status) == ("network", None)
    assert wire.last().method == "BYE"


def test_their_refresh_moves_the_end() -> None:
    wire = CallWire()
    _, invite = wire.talk(grant(90, "uas"))
    wire.advance(50)
    wire.receive(wire.inside(invite, "UPDATE", grant(90, "uac"), ABLE))
    assert wire.responses()[-1].headers.get("Session-Expires") == "90;refresher=uac"
    wire.advance(50)
    assert wire.heard(Ended) == []
    wire.advance(20)
    assert wire.heard(Ended)


@pytest.mark.parametrize(
    ("fields", "value", "requires"),
    [
        ((ABLE, ("Session-Expires", "120")), "120;refresher=uac", True),
        ((ABLE, grant(120, "uas")), "120;refresher=uas", True),
        ((ABLE, grant(120, "uac")), "120;refresher=uac", True),
        ((("Session-Expires", "120"),), "120;refresher=uas", False),
        ((("Session-Expires", "10"),), "90;refresher=uas", False),
        ((ABLE,), None, False),
    ],
)
def test_our_200_says_who_refreshes(
    fields: tuple[tuple[str, str], ...], value: str | None, requires: bool
) -> None:  # §9, table 2
    wire = CallWire()
    wire.ring(*fields)
    response = accepted(wire)
    assert response.headers.get("Session-Expires") == value
    assert ("timer" in response.require) is requires


def test_as_callee_and_refresher_we_refresh_and_keep_the_role() -> None:
    wire = CallWire()
    wire.ring(ABLE, grant(120, "uas"), UPDATES)
    accepted(wire)
    wire.advance(61)
    assert wire.last().headers.get("Session-Expires") == "120;refresher=uac"
    wire.reply(wire.last(), 422, ("Min-SE", "600"))
    update = wire.last()
    assert (update.min_se, update.headers.get("Session-Expires")) == (600, "600;refresher=uac")
    wire.reply(update, 422, ("Min-SE", "600"))
    assert wire.last() == update, "nothing new is asked for: no endless repetition"
    wire.receive(wire.inside(wire.last(), "UPDATE", ("Session-Expires", "120"), ABLE, tag=""))
    assert wire.responses()[-1].headers.get("Session-Expires") == "120;refresher=uas"


@pytest.mark.parametrize("status", [408, 481])
def test_a_refresh_that_meets_no_dialog_ends_the_call(status: int) -> None:
    wire = CallWire()
    wire.talk(grant(180, "uac"), UPDATES)
    wire.advance(91)
    wire.reply(wire.last(), status)
    assert wire.heard(Ended)[0].by == "network"


def test_an_interval_against_the_rules_does_not_make_us_hurry() -> None:
    wire = CallWire()
    wire.talk(grant(0, "uac"), UPDATES)
    wire.advance(9)
    assert wire.fresh() == []
    wire.advance(2)
    assert wire.last().method == "UPDATE"


def test_a_minimum_that_rises_for_ever_is_not_followed_for_ever() -> None:
    wire = CallWire()
    wire.talk(grant(180, "uac"), UPDATES)
    wire.advance(91)
    for minimum in range(200, 210):
        wire.reply(wire.requests("UPDATE")[-1], 422, ("Min-SE", str(minimum)))
    assert [one.min_se for one in wire.requests("UPDATE")] == [None, 200, 201]


def test_after_a_sleep_a_refresh_of_ours_is_due_before_the_end() -> None:
    wire = CallWire()
    wire.talk(grant(180, "uac"), UPDATES)
    wire.step(wire.agent.slept, 170.0)
    wire.advance(0.1)
    update = wire.last()
    assert update.method == "UPDATE"
    wire.reply(update, 200, grant(180, "uac"))
    wire.advance(80)
    assert not wire.heard(Ended)


def test_after_a_sleep_a_refresh_of_theirs_is_read_before_the_end() -> None:
    wire = CallWire()
    wire.talk(grant(180, "uas"), UPDATES)
    wire.step(wire.agent.slept, 170.0)
    wire.advance(4)
    assert not wire.heard(Ended)
    wire.advance(2)
    assert wire.heard(Ended)


def test_a_short_sleep_makes_the_end_no_later() -> None:
    wire = CallWire()
    wire.talk(grant(180, "uas"), UPDATES)
    wire.advance(146)
    wire.step(wire.agent.slept, 1.0)
    wire.advance(3)
    assert wire.heard(Ended)


def test_a_sleep_counts_in_how_long_a_call_was() -> None:
    wire = CallWire()
    call, _ = wire.talk()
    wire.advance(10)
    wire.step(wire.agent.slept, 100.0)
    wire.step(wire.calls.hang_up, call)
    (ended,) = wire.heard(Ended)
    assert ended.duration_s == pytest.approx(110)
