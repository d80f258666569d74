"""Calls to each extension of the sandbox, with the sound that really arrives."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from sipcli.config.settings import Settings
from sipcli.media.audio_io.generators import ToneSource
from sipcli.media.audio_io.open import AudioSource
from sipcli.media.pcm import Pcm
from sipcli.media.quality.tone_meter import ToneMeter
from sipcli.phone.call import Call
from sipcli.phone.call_audio import AudioSetup
from sipcli.phone.events import Dtmf, Event, InstantMessage
from sipcli.phone.phone import Phone
from sipcli.phone.phone_config import PhoneConfig
from sipcli.sandbox.extensions import Extension
from sipcli.sandbox.names import address_of
from sipcli.sandbox.sandbox import Plan, Sandbox

ENOUGH = 0.6
"""Seconds of a tone that count as heard."""
PATIENCE = 20
"""Seconds after which a test has failed; none of them waits that long."""


class Changes:
    """Lets a test wait for what it sees, whenever anything has happened."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    def note(self) -> None:
        self._changed.set()

    async def until(self, happened: Callable[[], object]) -> None:
        while not happened():
            self._changed.clear()
            await self._changed.wait()


class Meter(Changes):
    """A sink that listens for tones."""

    def __init__(self) -> None:
        super().__init__()
        self.tones = ToneMeter()
        self.frames = 0

    def write(self, frame: Pcm) -> None:
        self.frames += 1
        self.tones.add(frame)
        self.note()

    def close(self) -> None:
        pass

    async def heard(self, frequency_hz: float) -> None:
        await self.until(lambda: self.tones.seconds(frequency_hz) >= ENOUGH)


class User(Changes):
    """One account of the sandbox with a phone of its own."""

    phone: Phone

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Event] = []

    def on_event(self, event: Event) -> None:
        self.events.append(event)
        self.note()

    async def call(self, user: str, source: AudioSource | None = None) -> tuple[Call, Meter]:
        meter = Meter()
        return await self.phone.call(address_of(user), audio_in=source, audio_out=meter), meter

    async def answered(self, user: str, source: AudioSource | None = None) -> tuple[Call, Meter]:
        call, meter = await self.call(user, source)
        await call.connected_or_over()
        assert call.is_answered
        return call, meter

    def digits(self) -> str:
        """The digits that were received."""
        return "".join(
            event.digit
            for event in self.events
            if isinstance(event, Dtmf) and event.direction == "received"
        )


@asynccontextmanager
async def user(
    here: Sandbox, name: str, on_incoming: Callable[[Call], None] | None = None
) -> AsyncIterator[User]:
    settings = here.account(name, Settings(uri=address_of(name), instance_id=uuid4()))
    one = User()
    config = PhoneConfig(
        settings=settings,
        credentials=here.credentials(name),
        open_sound=AudioSetup.silent().open,
        on_event=one.on_event,
        takes_calls=on_incoming is not None,
        on_ring=on_incoming,
    )
    async with Phone(config) as phone:
        one.phone = phone
        await phone.register()
        yield one


@asynccontextmanager
async def in_sandbox() -> AsyncIterator[tuple[User, Sandbox]]:
    """Alice, and the sandbox that she is in."""
    async with Sandbox(Plan()) as here, user(here, "alice") as alice:
        yield alice, here


async def test_echo_sends_back_what_it_hears() -> None:
    async with in_sandbox() as (alice, _):
        _call, meter = await alice.answered("echo", ToneSource(440))
        await meter.heard(440)


async def test_tone_plays_1000_hz() -> None:
    async with in_sandbox() as (alice, _):
        _call, meter = await alice.answered("tone")
        await meter.heard(1000)


async def test_silent_answers_takes_what_comes_and_sends_no_packet() -> None:
    async with in_sandbox() as (alice, _):
        call, meter = await alice.answered("silent", ToneSource(440))
        await meter.until(lambda: meter.frames >= 50)
        call.hang_up()
        await call.over()
        assert call.ended is not None
        assert call.ended.stats is not None
        assert call.ended.stats.packets_sent > 40
        assert call.ended.stats.packets_received == 0


async def test_dtmf_says_back_the_digits_in_their_order() -> None:
    async with in_sandbox() as (alice, _):
        call, _meter = await alice.answered("dtmf")
        call.send_dtmf("42#")
        await alice.until(lambda: alice.digits() == "42#")


async def test_ivr_beeps_confirms_digits_and_hangs_up_at_the_number_sign() -> None:
    async with in_sandbox() as (alice, _):
        call, meter = await alice.answered("ivr")
        await meter.until(lambda: meter.tones.seconds(440) > 0)
        call.send_dtmf("5#")
        await call.over()
        assert call.ended is not None
        assert call.ended.by == "remote"


@pytest.mark.parametrize(
    ("extension", "status"), [("busy", 486), ("decline", 603), ("message", 488)]
)
async def test_a_refusal_has_its_status(extension: str, status: int) -> None:
    async with in_sandbox() as (alice, _):
        call, _meter = await alice.call(extension)
        await call.over()
        assert call.ended is not None
        assert call.ended.status == status


async def test_ring_rings_and_a_caller_can_give_up() -> None:
    async with in_sandbox() as (alice, _):
        call, _meter = await alice.call("ring")
        await alice.until(lambda: any(event.name == "progress" for event in alice.events))
        assert not call.is_answered
        call.hang_up()
        await call.over()
        assert call.ended is not None
        assert call.ended.status == 487


async def test_message_sends_each_message_back() -> None:
    async with in_sandbox() as (alice, _):

        def received() -> list[str]:
            return [
                event.text
                for event in alice.events
                if isinstance(event, InstantMessage) and event.direction == "received"
            ]

        await alice.phone.message(address_of("message"), "grüße")  # raises unless it is a 2xx
        await alice.until(received)
        assert received() == ["grüße"]


async def test_an_extension_answers_a_ping() -> None:
    async with in_sandbox() as (alice, _):
        result = await alice.phone.probe(address_of("echo"))
        assert (result.status, result.failure) == (200, None)
        assert result.rtt_ms is not None


async def test_two_users_hear_each_other() -> None:
    async with in_sandbox() as (alice, here):
        theirs = Meter()

        def answer(call: Call) -> None:
            asyncio.get_running_loop().call_soon(
                partial(call.answer, audio_in=ToneSource(700), audio_out=theirs)
            )

        async with user(here, "bob", answer):
            _call, mine = await alice.answered("bob", ToneSource(500))
            await mine.heard(700)
            await theirs.heard(500)


async def test_an_extension_serves_several_calls_at_once() -> None:
    async with in_sandbox() as (alice, _):
        _call, first = await alice.answered("tone")
        _call, second = await alice.answered("echo", ToneSource(600))
        _call, third = await alice.answered("echo", ToneSource(800))
        await first.heard(1000)
        await second.heard(600)
        await third.heard(800)


async def test_calls_that_are_over_are_forgotten_by_both_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[weakref.ref[Call]] = []
    create = Call.__init__

    def note(self: Call, *args: Any, **named: Any) -> None:
        create(self, *args, **named)
        made.append(weakref.ref(self))

    monkeypatch.setattr(Call, "__init__", note)
    async with in_sandbox() as (alice, _):
        for _round in range(6):
            call, meter = await alice.answered("echo", ToneSource(440))
            await meter.until(partial(meter.tones.seconds, 440))
            await call.hang_up()
        gc.collect()
        assert len(made) == 12  # one at each end
        # A phone drops what has ended when it gets another call, which may still be too early for
        # the one just before.
        assert not [call for call in (one() for one in made[:-4]) if call is not None]


async def test_the_fault_of_an_extension_ends_the_sandbox_and_is_not_hidden(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(self: Extension, event: InstantMessage) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Extension, "_send_back", fail)

    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with in_sandbox() as (alice, _):
            await alice.phone.message(address_of("message"), "hello")
            await asyncio.Event().wait()
