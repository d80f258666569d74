"""Keys as a terminal sends them."""

import asyncio
import os
import pty
import sys
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import IO, cast

import pytest

from sipcli.cli import context
from sipcli.cli.context import has_keyboard
from sipcli.cli.keyboard import Keyboard, keys
from sipcli.cli.output.call_line import CallLine
from sipcli.cli.shared_options import Common
from sipcli.phone.phone import Phone
from tests.cli.call_session_fixture import ASKED, MOVED, FakeCall, FakeCallSession


@pytest.fixture
def call() -> FakeCall:
    return FakeCall(is_answered=True)


@pytest.fixture
def fake(call: FakeCall) -> FakeCallSession:
    return FakeCallSession(call)


@pytest.mark.parametrize("noise", [b"\x1b[A", b"\x1b[1;5C", b"\x1bOP", b"\x1b[15~", b"\r\n\t\x04"])
def test_arrow_keys_and_their_like_mean_nothing(
    noise: bytes, fake: FakeCallSession, call: FakeCall
) -> None:
    Keyboard(fake.call_session).type(b"1" + noise + b"2")
    assert call.did == ["dtmf 1", "dtmf 2"]
    assert fake.said == []


def test_a_character_may_come_in_pieces(fake: FakeCallSession) -> None:
    typist = Keyboard(fake.call_session)
    for byte in "té\x7fx".encode():
        typist.type(bytes([byte]))
    assert fake.asked[-1] == "transfer to: x"
    assert "transfer to: é" in fake.asked


def test_a_transfer_asks_for_its_target(fake: FakeCallSession, call: FakeCall) -> None:
    Keyboard(fake.call_session).type(b"tcaroll\x7f\r")
    assert fake.asked[0] == "transfer to: "
    assert fake.asked[-2:] == ["transfer to: carol", None]
    assert call.did == ["transfer sip:carol@example.com"]


@pytest.mark.parametrize("end", [b"\r", b"x\x1b"])
def test_a_transfer_can_be_thought_better_of(
    fake: FakeCallSession, call: FakeCall, end: bytes
) -> None:
    typist = Keyboard(fake.call_session)
    typist.type(b"t" + end)
    typist.type(b"1")
    assert fake.asked[-1] is None
    assert call.did == ["dtmf 1"]


def test_help_and_mistakes_are_said(fake: FakeCallSession) -> None:
    Keyboard(fake.call_session).type(b"?a")
    assert "q hang up" in fake.said[0]
    assert fake.said[1] == "no call is ringing"


def test_a_device_that_is_gone_is_said_and_nobody_is_put_on_hold(call: FakeCall) -> None:
    other = FakeCall(is_ringing=True, is_incoming=True, has_device=False)
    fake = FakeCallSession(call, other)
    Keyboard(fake.call_session).type(b"a")
    assert fake.said == ["the microphone is gone"]
    assert (call.did, other.did) == ([], [])


def opened(place: int | str) -> IO[str]:
    return open(place, encoding="utf-8")


@asynccontextmanager
async def at_a_terminal(fake: FakeCallSession, patch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """Keys are obeyed inside; what is written to the number given is typed."""
    outside, inside = pty.openpty()
    with opened(inside) as stdin:
        patch.setattr(sys, "stdin", stdin)
        patch.setattr(sys, "stdout", stdin)
        patch.setattr(context, "common", Common)
        assert has_keyboard(reads_stdin=False)
        assert not has_keyboard(reads_stdin=True)
        async with keys(fake.call_session):
            yield outside


async def done(call: FakeCall, count: int) -> None:
    async with asyncio.timeout(5):
        while len(call.did) < count:  # noqa: ASYNC110 - the terminal tells nobody
            await asyncio.sleep(0.01)


async def test_keys_are_obeyed_one_by_one_and_the_terminal_is_given_back(
    fake: FakeCallSession, call: FakeCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_a_terminal(fake, monkeypatch) as outside:
        inside = sys.stdin.fileno()
        assert not termios.tcgetattr(inside)[3] & termios.ICANON
        os.write(outside, b"h5")
        await done(call, 2)
    os.close(outside)
    assert call.did == ["hold", "dtmf 5"]


async def test_a_terminal_that_goes_away_costs_nothing(
    fake: FakeCallSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[int] = []
    read = os.read

    def counting(descriptor: int, most: int) -> bytes:
        reads.append(descriptor)
        return read(descriptor, most)

    async with at_a_terminal(fake, monkeypatch) as outside:
        monkeypatch.setattr(os, "read", counting)
        os.close(outside)
        await asyncio.sleep(0.1)
    assert len(reads) == 1


def test_there_is_no_keyboard_where_stdin_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "common", Common)
    with opened(os.devnull) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert not has_keyboard(reads_stdin=False)


def test_there_is_no_keyboard_where_stdin_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "common", Common)
    monkeypatch.setattr(sys, "stdin", None)
    assert not has_keyboard(reads_stdin=False)


async def test_nothing_is_read_without_a_keyboard(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> bytes:
        raise AssertionError("stdin was read")

    monkeypatch.setattr(os, "read", forbidden)
    async with keys(FakeCallSession(has_keys=False).call_session):
        await asyncio.sleep(0.01)


@pytest.mark.asyncio
@pytest.mark.parametrize("key", ["y", "n"])
async def test_a_key_answers_the_question_that_was_shown_and_no_later_one(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = FakeCall(is_answered=True)
    fake = FakeCallSession(call)
    fake.call_line = line = CallLine(cast("Phone", fake), has_keys=True)
    now = 100.0
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now)
    typist = Keyboard(fake.call_session)
    call.transfer_request = ASKED
    assert "carol" in (line() or "")
    now += 1.0
    call.transfer_request, call.redirect_request = None, MOVED
    typist.press(key)  # meant for the transfer, which is still on the screen
    assert "redirection" in (line() or "")
    typist.press(key)  # it has just appeared
    assert call.did == []
    assert "press" in fake.said[-1]
    now += 1.0
    typist.press(key)
    assert call.did == ["accept-redirect" if key == "y" else "refuse-redirect"]
