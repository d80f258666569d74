"""What a phone records of a call's media: under its Call-ID, and as much as its statistics say."""

import asyncio

import pytest

from sipcli.errors import Phase
from sipcli.journal.entries import IceEntry, PacketEntry, SampleEntry, StepEntry
from sipcli.media.transport.media_transport import MediaTransport
from sipcli.phone.events import CallEnded
from tests.event_loop import now
from tests.phone.phones_world import Person, in_a_call, town
from tests.sip_entries import recorded_in

pytestmark = pytest.mark.virtual_time


class Told:
    """All that a person's phone records."""

    def __init__(self, person: Person) -> None:
        self.packets = recorded_in(person.journal, PacketEntry)
        self.steps = recorded_in(person.journal, StepEntry)
        self.ice = recorded_in(person.journal, IceEntry)
        self.samples = recorded_in(person.journal, SampleEntry)

    def count(self, direction: str) -> int:
        """RTP packets in that direction."""
        return sum(each.direction == direction and not each.is_rtcp for each in self.packets)


@pytest.mark.parametrize("hangs_up", ["alice", "bob"])
async def test_as_many_packets_are_recorded_as_the_end_of_the_call_says(hangs_up: str) -> None:
    async with town() as (alice, bob, _):
        told = {each.name: Told(each) for each in (alice, bob)}
        calls = await in_a_call(alice, bob)
        await alice.hears(100)
        calls[hangs_up == "bob"].hang_up()
        for person in (alice, bob):
            stats = (await person.event(CallEnded)).stats
            assert stats is not None
            recorded = told[person.name]
            assert recorded.count("sent") == stats.packets_sent > 90
            assert recorded.count("received") == stats.packets_received > 90
            last = recorded.samples[-1]
            assert (last.packets_sent, last.packets_received) == (
                stats.packets_sent,
                stats.packets_received,
            )


async def test_packets_that_arrive_while_the_media_close_are_in_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    close = MediaTransport.close

    async with town() as (alice, bob, _):
        told = Told(alice)
        call, his = await in_a_call(alice, bob)

        async def slow(transport: MediaTransport) -> None:
            his.media.stream.tick(now())  # he does not know yet that she has hung up
            await asyncio.sleep(0.2)
            await close(transport)

        monkeypatch.setattr(MediaTransport, "close", slow)
        before = told.count("received")
        call.hang_up()
        stats = (await alice.event(CallEnded)).stats
        assert stats is not None
        assert told.count("received") == stats.packets_received > before


async def test_everything_is_recorded_under_the_call_id() -> None:
    async with town() as (alice, bob, carol):
        told = Told(alice)
        first, _ = await in_a_call(alice, bob)
        second = await alice.calls(carol.name)
        await second.connected_or_over()
        await alice.hears(60)
        both = {first.id, second.id}
        assert len(both) == 2
        assert {each.call for each in told.packets} == both
        assert {each.call for each in told.samples} == both
        assert {each.call for each in told.ice} == both
        assert [(each.phase, each.state) for each in told.steps if each.call == first.id] == [
            (Phase.ICE, "begun"),
            (Phase.ICE, "done"),
            (Phase.DTLS, "begun"),
            (Phase.DTLS, "done"),
        ]


async def test_who_shares_no_journal_hears_nothing_of_others() -> None:
    async with town() as (alice, bob, carol):
        told = Told(carol)
        await in_a_call(alice, bob)
        assert [*told.packets, *told.steps, *told.ice, *told.samples] == []
