"""The figures and the sound of a call in the journal, for who listens."""

import asyncio

import numpy as np
import pytest

from sipcli.journal.entries import PacketEntry, SampleEntry, SoundEntry
from sipcli.media.pcm import FRAME, FRAME_S
from tests.event_loop import now
from tests.media.session.ends import connected, ends, exchange, media_config
from tests.sip_entries import recorded_in

pytestmark = pytest.mark.virtual_time
TONE_DBFS = -11.7
"""The level of what both ends say."""


async def test_figures_are_recorded_once_a_second_from_the_begin_of_the_media() -> None:
    async with ends() as (alice, bob):
        told = recorded_in(bob.journal, SampleEntry)
        await exchange(alice, bob)
        await bob.hears()
        begin = told[0].at if told else bob.journal.at(now())
        await asyncio.sleep(5)
        times = [each.at for each in told]
        assert len(times) == 5
        assert times[0] == pytest.approx(begin + 1, abs=0.5)
        assert np.diff(times) == pytest.approx(1.0, abs=FRAME_S)
        sent = [each.packets_sent for each in told]
        assert np.diff(sent) == pytest.approx(50, abs=1)
        assert {each.call for each in told} == {"a-call"}
        assert {each.packets_lost for each in told} == {0}
        assert {each.codec for each in told} == {"opus"}


async def test_levels_are_those_of_the_last_second() -> None:
    async with connected(media_config("pcmu"), media_config("pcmu")) as (alice, bob):
        told = recorded_in(bob.journal, SampleEntry)
        await asyncio.sleep(3.5)
        alice.session.mute(True)
        await asyncio.sleep(3)
        levels = [each.level_received_dbfs for each in told]
        assert levels[1] == pytest.approx(TONE_DBFS, abs=0.3)
        assert levels[-1] < -60
        assert [each.level_sent_dbfs for each in told] == pytest.approx(
            [TONE_DBFS] * len(told), abs=0.3
        )


async def test_the_last_figures_are_those_of_the_whole_call() -> None:
    async with connected() as (alice, bob):
        told = recorded_in(bob.journal, SampleEntry)
        await asyncio.sleep(2.5)
        count = len(told)
        await asyncio.gather(alice.session.close(), bob.session.close())
        assert len(told) == count + 1
        statistics = bob.session.stream.statistics()
        assert statistics is not None
        assert told[-1].packets_sent == statistics.packets_sent
        assert told[-1].packets_received == statistics.packets_received
        assert told[-1].mos == statistics.mos


async def test_a_call_whose_media_were_never_agreed_has_no_figures() -> None:
    async with ends() as (alice, bob):
        told = recorded_in(alice.journal, SampleEntry)
        await alice.session.prepare()
        await asyncio.gather(alice.session.close(), bob.session.close())
        assert told == []


async def test_what_the_far_end_reports_is_among_the_figures() -> None:
    async with connected() as (_, bob):
        told = recorded_in(bob.journal, SampleEntry)
        await asyncio.sleep(12)
        assert told[-1].remote_loss_percent == 0
        assert told[-1].remote_jitter_ms is not None
        assert told[-1].rtt_ms is not None


async def test_who_listens_later_gets_the_next_second_and_no_more_once_it_has_left() -> None:
    async with connected(media_config("pcmu"), media_config("pcmu")) as (alice, bob):
        await asyncio.sleep(1.5)
        alice.session.mute(True)
        await asyncio.sleep(1)
        told = recorded_in(bob.journal, SampleEntry)
        await asyncio.sleep(1.2)
        assert len(told) == 1
        assert told[0].level_received_dbfs < -60
        bob.journal.unsubscribe(told.append)
        await asyncio.sleep(1.5)
        assert len(told) == 1


async def test_there_is_no_tap_while_nobody_wants_sound() -> None:
    async with connected() as (_, bob):
        recorded_in(bob.journal, SampleEntry)
        await asyncio.sleep(1.5)
        assert bob.session.stream._watcher == ()  # noqa: SLF001 - nothing else shows it
        told = recorded_in(bob.journal, SoundEntry)
        await asyncio.sleep(1)
        assert told
        bob.journal.unsubscribe(told.append)
        await asyncio.sleep(1)
        assert bob.session.stream._watcher == ()  # noqa: SLF001


async def test_a_loop_that_was_blocked_makes_one_sample_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with connected() as (_, bob):
        told = recorded_in(bob.journal, SampleEntry)
        await asyncio.sleep(2.5)
        before = len(told)
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(loop, "now", now() + 3)
        await asyncio.sleep(2)
        seconds = [round(each.at - told[0].at) for each in told]
        assert seconds == sorted(set(seconds))
        assert 2 <= len(told) - before <= 3


async def test_the_sound_that_is_played_is_recorded_frame_by_frame() -> None:
    async with connected(media_config("pcmu"), media_config("pcmu")) as (_, bob):
        told = recorded_in(bob.journal, SoundEntry)
        await asyncio.sleep(3)
        assert 95 <= len(told) <= 150
        assert {len(each.received) for each in told} == {2 * FRAME}
        received = np.frombuffer(told[-1].received, np.int16)
        assert np.abs(received.astype(int)).max() == pytest.approx(12_000, rel=0.1)
        assert np.diff([each.at for each in told]) == pytest.approx(FRAME_S, abs=0.001)


async def test_recorded_packets_are_as_many_as_the_statistics_say() -> None:
    async with connected() as (alice, bob):
        before = bob.session.stream.statistics()
        assert before is not None
        told = recorded_in(bob.journal, PacketEntry)
        await asyncio.sleep(3)
        await asyncio.gather(alice.session.close(), bob.session.close())
        after = bob.session.stream.statistics()
        assert after is not None
        rtp = [each.direction for each in told if not each.is_rtcp]
        assert rtp.count("sent") == after.packets_sent - before.packets_sent > 140
        assert rtp.count("received") == after.packets_received - before.packets_received > 140
