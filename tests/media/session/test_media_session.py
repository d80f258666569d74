"""Media sessions on loopback: offers and answers, and what the sound does meanwhile."""

import asyncio
import re
import threading

import pytest

from sipcli.errors import Phase
from sipcli.media.events import MediaConnected, MediaFailed, MediaLost, MediaWarned
from sipcli.media.session.media_session import NotAcceptable
from sipcli.sdp.description import Direction
from tests.event_loop import now
from tests.media.session.ends import End, connected, ends, exchange, media_config
from tests.open_files import open_files

pytestmark = pytest.mark.virtual_time


def with_ice(description: bytes, ufrag: bytes, pwd: bytes) -> bytes:
    """The same description with other ICE credentials."""
    text = re.sub(rb"a=ice-ufrag:\S+", b"a=ice-ufrag:" + ufrag, description)
    return re.sub(rb"a=ice-pwd:\S+", b"a=ice-pwd:" + pwd, text)


def ufrag_of(description: bytes) -> bytes:
    found = re.search(rb"a=ice-ufrag:(\S+)", description)
    assert found is not None
    return found[1]


# The way from nothing to sound


@pytest.mark.parametrize("codec", ["opus", "g722", "pcmu", "pcma"])
async def test_both_ends_hear_each_other(codec: str) -> None:
    equipment = media_config(codec)
    async with connected(media_config(codec), equipment) as (alice, bob):
        told = await alice.event(MediaConnected)
        assert not told.restarted
        assert alice.session.agreed is not None
        assert alice.session.agreed.codec.encoding == codec
        assert told.fingerprint == equipment.certificate.fingerprint
        await asyncio.gather(alice.hears(), bob.hears())


async def test_a_late_offer_works_like_any_other() -> None:
    async with ends() as (alice, bob):
        await bob.session.prepare()
        alice.session.receive_offer(await bob.session.offer(Direction.SENDRECV))
        bob.session.receive_answer(await alice.session.answer(Direction.SENDRECV))
        await asyncio.gather(alice.hears(), bob.hears())


async def test_an_early_answer_opens_the_way_and_the_final_one_leaves_it() -> None:
    async with ends() as (alice, bob):
        bob.session.receive_offer(await alice.session.offer(Direction.SENDRECV))
        answer = await bob.session.answer(Direction.SENDRECV)
        alice.session.receive_answer(answer, provisional=True)
        assert alice.session.awaits_answer
        await alice.hears()
        alice.session.receive_answer(answer)
        assert not alice.session.awaits_answer
        await alice.hears()
        assert len([e for e in alice.events if isinstance(e, MediaConnected)]) == 1


async def test_a_final_answer_from_elsewhere_than_the_early_one_takes_its_place() -> None:
    async with ends() as (alice, bob), ends() as (carol, _):
        offer = await alice.session.offer(Direction.SENDRECV)
        bob.session.receive_offer(offer)
        carol.session.receive_offer(offer)
        alice.session.receive_answer(await bob.session.answer(Direction.SENDRECV), provisional=True)
        await alice.hears()
        alice.session.receive_answer(await carol.session.answer(Direction.SENDRECV))
        assert (await alice.event(MediaConnected, 2)).restarted
        await asyncio.gather(alice.hears(), carol.hears())
        assert alice.agreed.transport.fingerprints == (carol.media_config.certificate.fingerprint,)


@pytest.mark.parametrize("offer", [b"", b"v=0", b"\xff" * 100, b"v=0\r\nm=audio 9 RTP/AVP 0\r\n"])
async def test_what_cannot_become_a_call_is_not_acceptable(offer: bytes) -> None:
    async with ends() as (alice, _):
        with pytest.raises(NotAcceptable):
            alice.session.receive_offer(offer)
        await alice.session.offer(Direction.SENDRECV)
        with pytest.raises(NotAcceptable):
            alice.session.receive_answer(offer)


async def test_nobody_hears_another_certificate_than_the_one_announced() -> None:
    async with ends() as (alice, bob):
        bob.session.receive_offer(await alice.session.offer(Direction.SENDRECV))
        answer = await bob.session.answer(Direction.SENDRECV)
        other = str(media_config().certificate.fingerprint).encode()
        forged = re.sub(rb"a=fingerprint:[^\r]+", b"a=fingerprint:" + other, answer)
        alice.session.receive_answer(forged)
        failed = await alice.event(MediaFailed)
        assert "certificate" in failed.reason
        assert alice.ear.loud == 0


# Changes


async def test_hold_silences_the_far_end_and_resume_brings_it_back() -> None:
    async with connected() as (alice, bob):
        await exchange(alice, bob, Direction.SENDONLY)
        assert not bob.agreed.direction.sends
        assert alice.agreed.direction is Direction.SENDONLY
        await exchange(alice, bob)
        await asyncio.gather(alice.hears(), bob.hears())


async def test_an_ice_restart_changes_the_way_and_keeps_the_sound() -> None:
    async with connected() as (alice, bob):
        await exchange(alice, bob, restart=True)
        assert (await alice.event(MediaConnected, 2)).restarted
        assert (await bob.event(MediaConnected, 2)).restarted
        await asyncio.gather(alice.hears(), bob.hears())


@pytest.mark.parametrize(("arrives_after", "begins_after"), [(0.5, 0.8), (None, 2.3)])
async def test_who_answers_a_restart_checks_nothing_before_the_answer_has_arrived(
    arrives_after: float | None, begins_after: float
) -> None:
    async with connected() as (alice, bob):
        await exchange(alice, bob, restart=True)
        answered = now()
        if arrives_after is not None:
            await asyncio.sleep(arrives_after)
            bob.session.answer_arrived()
        await alice.event(MediaConnected, 2)  # alice's checks wait to be answered
        assert now() - answered == pytest.approx(begins_after, abs=0.1)


async def test_a_restart_that_another_overtakes_gives_up_for_it() -> None:
    async with connected() as (alice, bob):
        for _ in range(4):
            await exchange(alice, bob, restart=True)
        await asyncio.gather(alice.event(MediaConnected, 2), bob.event(MediaConnected, 2))
        await asyncio.gather(alice.hears(), bob.hears())
        assert not [e for e in alice.events + bob.events if isinstance(e, MediaFailed)]


async def test_an_offer_from_elsewhere_replaces_a_way_that_was_not_found_yet() -> None:
    equipment = media_config()
    async with ends(equipment) as (gone, bob), ends(equipment) as (alice, _):
        bob.session.receive_offer(await gone.session.offer(Direction.SENDRECV))
        await bob.session.answer(Direction.SENDRECV)
        await gone.session.close()
        await exchange(alice, bob)
        await asyncio.gather(alice.hears(), bob.hears())
        assert not [e for e in bob.events if isinstance(e, MediaFailed)]


async def test_after_a_rollback_the_next_offer_is_no_restart() -> None:
    async with connected() as (alice, bob):
        before = ufrag_of(await alice.session.offer(Direction.SENDRECV))
        await alice.session.rollback()
        restart = ufrag_of(await alice.session.offer(Direction.SENDRECV, restart=True))
        await alice.session.rollback()
        await exchange(alice, bob)
        assert restart != before == bob.agreed.transport.remote.ufrag.encode()
        await asyncio.gather(alice.hears(), bob.hears())
        assert len([e for e in bob.events if isinstance(e, MediaConnected)]) == 1


async def test_an_offer_rolled_back_leaves_what_was_agreed() -> None:
    async with connected() as (alice, bob):
        bob.session.receive_offer(await alice.session.offer(Direction.SENDONLY))
        assert bob.session.considers_offer
        await asyncio.gather(alice.session.rollback(), bob.session.rollback())
        assert not bob.session.considers_offer
        assert alice.agreed.direction is bob.agreed.direction is Direction.SENDRECV
        await asyncio.gather(alice.hears(), bob.hears())


async def test_an_answer_that_leads_nowhere_leaves_the_way_that_works() -> None:
    async with connected() as (alice, bob):
        bob.session.receive_offer(await alice.session.offer(Direction.SENDRECV))
        answer = await bob.session.answer(Direction.SENDRECV)
        alice.session.receive_answer(with_ice(answer, b"else", b"e" * 22))
        assert "ICE restart failed" in (await alice.event(MediaWarned)).text
        await asyncio.sleep(15)
        await asyncio.gather(alice.hears(), bob.hears())
        assert alice.session.is_connected
        await exchange(bob, alice, restart=True)
        assert (await alice.event(MediaConnected, 2)).restarted
        await asyncio.gather(alice.hears(), bob.hears())


async def test_an_answer_of_somebody_else_that_leads_nowhere_is_a_loss() -> None:
    async with connected() as (alice, _), ends() as (carol, _):
        carol.session.receive_offer(await alice.session.offer(Direction.SENDRECV))
        answer = await carol.session.answer(Direction.SENDRECV)
        await carol.session.close()
        alice.session.receive_answer(answer)
        assert (await alice.event(MediaLost)).phase is Phase.ICE
        assert alice.session.is_lost
        assert alice.session.unopened is not None
        assert not [e for e in alice.events if isinstance(e, MediaFailed)]


@pytest.mark.parametrize("restart", [False, True])
async def test_an_answer_of_somebody_else_takes_over_the_far_side(restart: bool) -> None:
    async with connected() as (alice, bob), ends() as (carol, _):
        await bob.hears()
        before = alice.session.stream.statistics()
        carol.session.receive_offer(await alice.session.offer(Direction.SENDRECV, restart=restart))
        alice.session.receive_answer(await carol.session.answer(Direction.SENDRECV))
        assert (await alice.event(MediaConnected, 2)).restarted
        await asyncio.gather(alice.hears(), carol.hears())
        after = alice.session.stream.statistics()
        assert before is not None
        assert after is not None
        assert after.packets_received > before.packets_received > 0
        assert after.packets_sent > before.packets_sent > 0


async def test_a_restart_that_the_answer_ignores_leaves_the_old_way() -> None:
    async with connected() as (alice, bob):
        await alice.session.offer(Direction.SENDRECV, restart=True)
        # Bob answers as if alice had offered what she had before.
        plain = await bob.session.offer(Direction.SENDRECV)
        alice.session.receive_answer(plain.replace(b"a=setup:actpass", b"a=setup:active"))
        await bob.session.rollback()
        await asyncio.gather(alice.hears(), bob.hears())


async def test_somebody_else_may_take_over_the_far_side() -> None:
    async with connected() as (alice, bob), ends() as (carol, _):
        offer = await carol.session.offer(Direction.SENDRECV)
        alice.session.receive_offer(offer)
        carol.session.receive_answer(await alice.session.answer(Direction.SENDRECV))
        assert (await alice.event(MediaConnected, 2)).restarted
        await asyncio.gather(alice.hears(), carol.hears())
        assert not [e for e in bob.events if isinstance(e, MediaFailed)]


async def test_the_codec_may_change_in_a_call() -> None:
    async with connected(media_config("opus", "pcmu"), media_config("opus", "pcmu")) as (
        alice,
        bob,
    ):
        offer = await bob.session.offer(Direction.SENDRECV)
        lines = re.sub(rb"m=audio (\d+) (\S+) [ \d]+", rb"m=audio \1 \2 0", offer)
        alice.session.receive_offer(lines)
        bob.session.receive_answer(await alice.session.answer(Direction.SENDRECV))
        assert alice.agreed.codec.encoding == bob.agreed.codec.encoding == "pcmu"
        await asyncio.gather(alice.hears(), bob.hears())


# Sound


async def test_what_is_muted_is_not_heard() -> None:
    async with connected() as (alice, bob):
        await bob.hears()
        alice.session.mute(True)
        await asyncio.sleep(0.3)
        before = bob.ear.loud
        await asyncio.sleep(0.2)
        assert bob.ear.loud == before
        alice.session.mute(False)
        await bob.hears()


async def test_digits_go_in_the_stream_unless_the_far_end_holds_us() -> None:
    async with connected() as (alice, bob):
        assert alice.session.send_digits(("1",))
        await exchange(bob, alice, Direction.SENDONLY)
        assert not alice.session.send_digits(("1",))


async def test_no_digits_go_anywhere_before_there_are_media() -> None:
    async with ends() as (alice, _):
        assert not alice.session.send_digits(("1",))


# The end


async def test_the_far_end_that_closes_is_told_apart_from_one_that_vanishes() -> None:
    async with connected() as (alice, bob):
        await bob.session.close()
        assert (await alice.event(MediaLost)).closed


async def test_nothing_is_told_after_the_end() -> None:
    async with connected() as (alice, bob):
        await alice.session.close()
        told = len(alice.events)
        await bob.session.close()
        await asyncio.sleep(0.05)
        assert len(alice.events) == told


async def close_after(stage: int) -> None:
    async with ends() as (alice, bob):
        if stage > 0:
            offer = await alice.session.offer(Direction.SENDRECV)
        if stage > 1:
            bob.session.receive_offer(offer)
        if stage > 2:
            answer = await bob.session.answer(Direction.SENDRECV)
        if stage > 3:
            alice.session.receive_answer(answer)
        if stage > 4:
            await asyncio.sleep(0.01 * (stage - 4))


@pytest.mark.parametrize("stage", range(10))
async def test_it_can_be_closed_at_any_stage(stage: int) -> None:
    before = asyncio.all_tasks()
    begun = asyncio.get_running_loop().time()
    await close_after(stage)
    assert asyncio.get_running_loop().time() - begun < 1.5
    await asyncio.sleep(0)
    assert asyncio.all_tasks() <= before


async def test_nothing_is_left_behind_by_many_sessions() -> None:
    await close_after(9)  # what is made once for all
    tasks, threads = len(asyncio.all_tasks()), threading.active_count()
    files = open_files()
    equipment = media_config()
    for _ in range(30):
        async with connected(equipment, equipment):
            pass
    await asyncio.sleep(0.1)
    assert len(asyncio.all_tasks()) == tasks
    assert threading.active_count() == threads
    assert open_files() == files


async def test_closing_twice_is_closing_once() -> None:
    end = End()
    await asyncio.gather(end.session.close(), end.session.close())
    await end.session.close()
