"""The last line of the screen during calls."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sipcli.cli.output.call_line import BAR_WIDTH, CallLine, bar
from sipcli.phone.phone import Phone
from tests.cli.call_session_fixture import ASKED, MOVED, FakeCall, FakeCallSession


def media() -> Any:
    """A stream at -20 dBFS out and silence in."""

    def meter(level: float) -> Any:
        return SimpleNamespace(meter=SimpleNamespace(level_dbfs=level))

    return SimpleNamespace(stream=SimpleNamespace(outbound=meter(-20.0), inbound=meter(-90.0)))


def talking(**changes: Any) -> FakeCall:
    return FakeCall(is_answered=True, media=media(), stats=SimpleNamespace(mos=4.21), **changes)


def line(*calls: FakeCall, current: FakeCall | None = None, has_keys: bool = True) -> str:
    """The line five seconds after time began."""

    async def show() -> str:
        for call in calls:
            call.duration_s = 5.0
        phone = cast(Phone, FakeCallSession(*calls, current=current))
        return CallLine(phone, has_keys=has_keys)()

    return asyncio.run(show())


def test_without_a_call_it_is_the_line_of_the_registration() -> None:
    assert line() == "◌ starting"


def test_a_call_shows_who_how_long_what_and_how() -> None:
    assert line(talking()) == (
        "☎ bob@example.com · 0:05 · opus · ↑████   ↓       · MOS 4.2 · ? keys"
    )


def test_what_a_far_end_asks_comes_first() -> None:
    call = talking()
    call.transfer_request = ASKED
    ringing = FakeCall(is_ringing=True, is_incoming=True)
    question = "↷ transfer to sip:carol@example.com"
    assert line(call, ringing) == f"{question}: y accept, n refuse · 1 more"
    assert line(call, has_keys=False) == question
    call.transfer_request, call.redirect_request = None, MOVED
    assert str(line(call)).startswith("↷ redirection to sip:carol@example.com: y accept")


def test_keys_that_nobody_has_are_not_told() -> None:
    waiting = FakeCall(is_ringing=True, is_incoming=True)
    assert "keys" not in str(line(talking(), has_keys=False))
    assert "a answer" not in str(line(waiting, has_keys=False))


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"wants_hold": True}, "hold"),
        ({"is_held_by_remote": True}, "held"),
        ({"is_muted": True}, "muted"),
        ({"wants_hold": True, "is_muted": True}, "hold muted"),
    ],
)
def test_what_keeps_people_from_hearing_stands_beside_the_time(
    changes: dict[str, bool], word: str
) -> None:
    assert f" · 0:05 {word} · opus" in (line(talking(**changes)))


def test_a_call_of_ours_that_is_not_answered_yet() -> None:
    assert line(FakeCall()) == "☎ bob@example.com · calling · ? keys"


def test_who_calls_and_the_keys_for_it_come_first() -> None:
    ringing = FakeCall(remote="sip:carol@c", is_ringing=True, is_incoming=True)
    assert line(ringing) == "☎ carol@c is calling: a answer, r reject"
    bob = talking()
    shown = line(bob, ringing, current=bob)
    assert shown.startswith("☎ carol@c is calling: a answer, r reject · ☎ bob@example.com · 0:05")


def test_the_far_ends_name_cannot_move_the_cursor() -> None:
    shown = line(FakeCall(display_name="\x1b[2J\nBob", is_ringing=True))
    assert not set("\x1b\n") & set(shown)
    assert "Bob" in shown


@pytest.mark.parametrize(
    ("dbfs", "shown"),
    [(0.0, "██████"), (3.0, "██████"), (-30.0, "███   "), (-60.0, "      "), (-120.0, "      ")],
)
def test_a_bar_has_always_the_same_width(dbfs: float, shown: str) -> None:
    assert bar(dbfs) == shown
    assert len(shown) == BAR_WIDTH
