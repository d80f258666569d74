"""A call of ours that meets a bug of ours ends; the other calls go on."""

from collections.abc import Callable

import pytest

from sipcli.core.calls.events import Ended
from sipcli.core.calls.local_offers import LocalOffers
from sipcli.core.calls.session import Session
from tests.core.call_wire import CallWire


def break_one(call: str, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    whole: Callable[..., object] = getattr(Session, method)

    def act(session: Session, *given: object) -> object:
        if session.dialog.call_id == call:
            raise ZeroDivisionError
        return whole(session, *given)

    monkeypatch.setattr(Session, method, act)


def break_refresh(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = LocalOffers.refresh

    def act(offers: LocalOffers, now: float) -> None:
        if offers._usage.dialog.call_id == call:  # noqa: SLF001
            raise ZeroDivisionError
        whole(offers, now)

    monkeypatch.setattr(LocalOffers, "refresh", act)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("method", ["timer", "flow_lost", "flow_up"])
def test_it_alone_is_over(method: str, first: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    wire = CallWire()
    refreshed = ("Session-Expires", "90;refresher=uac")
    calls = [wire.talk(refreshed)[0], wire.talk(refreshed)[0]]
    broken = calls[0 if first else 1]
    wire.may_have_bugs = True
    if method == "timer":
        break_refresh(broken, monkeypatch)
        wire.advance(45)
    else:
        break_one(broken, monkeypatch, method)
        wire.step(
            getattr(wire.calls, method), *([wire.agent.flow] if method == "flow_lost" else [])
        )
    assert [(one.call, one.reason) for one in wire.heard(Ended)] == [(broken, "a bug in sipcli")]
    assert [type(bug) for bug in wire.calls.bugs] == [ZeroDivisionError]
    assert wire.requests("BYE")[-1].call_id == broken
    (other,) = set(calls) - {broken}
    wire.step(wire.calls.hang_up, other)
    assert wire.heard(Ended)[-1].call == other
    assert wire.calls.deadline() is None, "no timer of theirs is left"


def test_all_others_are_hung_up_on_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = CallWire()
    calls = [wire.talk()[0], wire.talk()[0]]
    break_one(calls[0], monkeypatch, "bye")
    wire.may_have_bugs = True
    wire.step(wire.calls.stop)
    assert [one.call for one in wire.heard(Ended)] == [calls[1]]
    assert len(wire.calls.bugs) == 1
