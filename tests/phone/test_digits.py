"""Digits that a change of the call finds on their way: none is lost, and none without a word."""

import asyncio
import re
from collections.abc import Callable

import pytest

from sipcli.errors import ConfigError
from sipcli.media.dtmf.dtmf_digits import MAX_STEPS
from sipcli.media.session.media_session import MediaSession
from sipcli.media.transport.media_transport import MediaTransport
from sipcli.phone.call import Call
from sipcli.phone.events import CallEnded, DigitsNotSent, Dtmf, Held
from sipcli.sdp.description import Direction
from tests.media.session.ends import ends
from tests.phone.phones_world import Person, in_a_call, town
from tests.phone.test_begin_anew import Asked

pytestmark = pytest.mark.virtual_time

Change = Callable[[bytes], bytes]


def only(number: int) -> Change:
    """Has one codec and its events left over."""
    events = {0: b"101", 111: b"110"}[number]

    def change(description: bytes) -> bytes:
        formats = b"%d %s" % (number, events)
        return re.sub(rb"(m=audio \d+ \S+) [ \d]+", rb"\1 " + formats, description)

    return change


def without_events(description: bytes) -> bytes:
    """Leaves telephone-event out."""
    return re.sub(rb" 110 101\r\n", b"\r\n", description)


async def change(person: Person, call: Call, how: Change) -> None:
    """Have this person offer a description that was changed."""
    media: MediaSession = call.media
    real = media.offer

    async def offer(direction: Direction, *, restart: bool = False) -> bytes:
        return how(await real(direction, restart=restart))

    setattr(media, "offer", offer)  # noqa: B010 - a method is not to be assigned to
    await call._offers.offer()  # noqa: SLF001 - no verb offers without another hold
    setattr(media, "offer", real)  # noqa: B010 - as above


def sent(person: Person) -> list[tuple[str, str]]:
    """The digits that went out, each with its method."""
    return [(one.digit, one.method) for one in person.told(Dtmf) if one.direction == "sent"]


def received(person: Person) -> str:
    return "".join(one.digit for one in person.told(Dtmf) if one.direction == "received")


async def all_over(call: Call, text: str, method: str = "auto") -> str | None:
    """Send digits, wait until nothing more becomes of them, and return what is wrong with them."""
    sending = call.send_dtmf(text, method)  # type: ignore[arg-type]
    await sending.over
    return sending.fault


@pytest.mark.parametrize("begun", [0.0, 0.05, 0.12, 0.3, 0.5])
@pytest.mark.parametrize("how", [(only(0), only(111)), (only(111), only(0))])
async def test_digits_go_on_with_another_clock(how: tuple[Change, Change], begun: float) -> None:
    async with town() as (alice, bob, _):
        ours, theirs = await in_a_call(alice, bob)
        await change(bob, theirs, how[0])
        await asyncio.sleep(1)
        sending = ours.send_dtmf("1234567")
        await asyncio.sleep(begun)
        await change(bob, theirs, how[1])
        await sending.over
        await asyncio.sleep(1)
        assert sending.fault is None
        assert sent(alice) == [(digit, "rtp") for digit in "1234567"]
        assert received(bob) == "1234567"
        lengths = {one.duration_ms for one in bob.told(Dtmf) if one.direction == "received"}
        assert lengths == {100}


@pytest.mark.parametrize("begun", [0.0, 0.05, 0.12, 0.3, 0.5])
async def test_digits_go_by_info_where_events_are_left_out(begun: float) -> None:
    async with town() as (alice, bob, _):
        ours, theirs = await in_a_call(alice, bob)
        sending = ours.send_dtmf("1234567")
        await asyncio.sleep(begun)
        await change(bob, theirs, without_events)
        await sending.over
        await asyncio.sleep(1)
        assert sending.fault is None
        assert "".join(digit for digit, _ in sent(alice)) == received(bob) == "1234567"
        assert sent(alice)[-1] == ("7", "info")
        await change(bob, theirs, lambda whole: whole)
        await asyncio.sleep(1)
        assert await all_over(ours, "8") is None
        assert sent(alice)[-1] == ("8", "rtp")


@pytest.mark.parametrize("begun", [0.0, 0.02, 0.05, 0.12, 0.21, 0.3, 0.5])
async def test_digits_go_by_info_while_the_far_end_holds_us_midway(begun: float) -> None:
    async with town() as (alice, bob, _):
        ours, theirs = await in_a_call(alice, bob)
        sending = ours.send_dtmf("1234567")
        await asyncio.sleep(begun)
        theirs.hold()
        await alice.event(Held)
        async with asyncio.timeout(3):
            await sending.over
        await asyncio.sleep(1)
        assert sending.fault is None
        assert "".join(digit for digit, _ in sent(alice)) == received(bob) == "1234567"
        assert sent(alice)[-1] == ("7", "info")
        # One that is cut off counts as a press all the same (ITU-T Q.24).
        assert min(one.duration_ms for one in bob.told(Dtmf)) >= 40


async def test_what_can_only_go_in_rtp_is_told_at_once_where_it_cannot() -> None:
    async with town() as (alice, bob, _):
        ours, theirs = await in_a_call(alice, bob)
        sending = ours.send_dtmf("1234567", "rtp")
        await asyncio.sleep(0.3)
        theirs.hold()
        await alice.event(Held)
        async with asyncio.timeout(1):
            told = await alice.event(DigitsNotSent)
            await sending.over
        assert told.text == sending.fault
        assert told.text.endswith("34567 not sent")
        assert "no digits in RTP" in told.text
        await asyncio.sleep(1)
        assert received(bob) == "12"


async def test_digits_wait_while_the_media_move_to_somebody_else() -> None:
    async with town() as (alice, bob, _), ends() as (other, _):
        ours, _ = await in_a_call(alice, bob)
        sending = ours.send_dtmf("1234567")
        asked = Asked(bob)
        other.session.receive_offer(await asked.offer)
        answer = await other.session.answer(Direction.SENDRECV)
        await asyncio.sleep(0.3)
        asked.answer(answer)
        await sending.over
        await asyncio.sleep(1)
        assert sending.fault is None
        assert sent(alice) == [(digit, "rtp") for digit in "1234567"]
        heard = "".join(one.digit.digit for one in other.events if hasattr(one, "digit"))
        assert received(bob) + heard == "1234567"
        assert heard.endswith("4567")


async def test_digits_wait_while_nothing_can_be_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    async with town() as (alice, bob, _):
        ours, _ = await in_a_call(alice, bob)
        with monkeypatch.context() as patch:
            patch.setattr(MediaTransport, "can_send", False)
            sending = ours.send_dtmf("12")
            await asyncio.sleep(2)
            assert sent(alice) == []
        await sending.over
        await asyncio.sleep(1)
        assert received(bob) == "12"


async def test_what_the_end_of_the_call_cuts_off_is_told() -> None:
    async with town() as (alice, bob, _):
        ours, _ = await in_a_call(alice, bob)
        sending = ours.send_dtmf("12,34")
        later = ours.send_dtmf("5")
        await asyncio.sleep(1)
        ours.hang_up()
        await alice.event(CallEnded)
        assert (sending.fault, later.fault) == (
            "the call is over, we ended it: 34 not sent",
            "the call is over, we ended it: 5 not sent",
        )
        assert [one.text for one in alice.told(DigitsNotSent)] == [sending.fault, later.fault]
        after = ours.send_dtmf("6")
        assert after.over.done()
        assert after.fault == "the call is over: 6 not sent"
        assert isinstance(alice.events[-1], CallEnded)


async def test_who_knows_no_info_is_not_asked_again() -> None:
    async with town() as (alice, bob, _):
        ours, theirs = await in_a_call(alice, bob)
        asked = refuse_info(alice, 405)
        theirs.hold()
        await alice.event(Held)
        async with asyncio.timeout(1):
            assert "405" in (await all_over(ours, "12") or "")
            assert "in INFO, nor in RTP" in (await all_over(ours, "34") or "")
            assert "in INFO: 56" in (await all_over(ours, "56", "info") or "")
        assert asked() == 1
        theirs.resume()
        await bob.event(Held)
        await asyncio.sleep(1)
        assert await all_over(ours, "78") is None
        await asyncio.sleep(1)
        assert received(bob).endswith("78")


def refuse_info(person: Person, status: int) -> Callable[[], int]:
    """Let each INFO of this person be answered with `status`; returns how many there were."""
    digits = person.call_manager.calls[-1]._digits  # noqa: SLF001 - the far end is a sipcli
    real = digits.delivered
    count = 0

    def delivered(_: int | None) -> None:
        nonlocal count
        count += 1
        real(status)

    setattr(digits, "delivered", delivered)  # noqa: B010 - a method is not to be assigned to
    return lambda: count


async def test_too_many_digits_are_refused_and_lose_no_other() -> None:
    async with town() as (alice, bob, _):
        ours, _ = await in_a_call(alice, bob)
        with pytest.raises(ConfigError, match="digits"):
            ours.send_dtmf("1" * (MAX_STEPS + 1))
        ours.send_dtmf("2" * MAX_STEPS)
        with pytest.raises(ConfigError, match="digits"):
            ours.send_dtmf("3")
        assert await bob.event(Dtmf)
