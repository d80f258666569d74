"""The sound of a call over a network that loses and doubles packets."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from itertools import count, pairwise

import pytest

from sipcli.media.events import MediaConnected
from sipcli.media.rtp.packet import parse
from sipcli.media.rtp.reporting import Reporting
from sipcli.media.session.audio_stream import AudioStream
from sipcli.media.session.outbound import OutboundAudio
from sipcli.media.transport.media_transport import MediaTransport
from sipcli.sdp.description import Direction
from tests.event_loop import VirtualTimeLoop, now
from tests.media.session.ends import connected, ends, media_config

pytestmark = pytest.mark.virtual_time

LOSS = 10
"""One packet of so many is lost, another one comes twice."""


@pytest.mark.parametrize("codec", ["opus", "g722", "pcmu"])
async def test_loss_is_counted_and_hardly_heard(
    codec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = MediaTransport.send_rtp
    numbers: defaultdict[int, count[int]] = defaultdict(count)

    def lossy(transport: MediaTransport, packet: bytes) -> None:
        number = next(numbers[id(transport)]) % LOSS
        for _ in range({0: 0, 5: 2}.get(number, 1)):
            send(transport, packet)

    async with connected(media_config(codec), media_config(codec)) as (alice, bob):
        await asyncio.gather(alice.hears(), bob.hears())
        monkeypatch.setattr(MediaTransport, "send_rtp", lossy)
        before = bob.ear.frames - bob.ear.loud
        await asyncio.sleep(6)
        stats = bob.session.stream.statistics()
        assert stats is not None
        assert stats.loss_percent == pytest.approx(100 / LOSS, abs=4)
        assert stats.packets_concealed > 0
        silent = bob.ear.frames - bob.ear.loud - before
        assert silent < 0.03 * 6 / 0.02


async def test_what_is_lost_in_a_row_comes_again_once_it_was_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    send = MediaTransport.send_rtp
    numbers: defaultdict[int, count[int]] = defaultdict(count)
    kinds: set[int] = set()

    def lossy(transport: MediaTransport, packet: bytes) -> None:
        kinds.add(packet[1] & 0x7F)
        if next(numbers[id(transport)]) % 40 >= 2:
            send(transport, packet)

    async with connected(media_config("opus"), media_config("opus")) as (alice, bob):
        assert alice.session.remote_metrics is None
        await asyncio.gather(alice.hears(), bob.hears())
        monkeypatch.setattr(MediaTransport, "send_rtp", lossy)
        await asyncio.sleep(6)
        assert kinds == {111, 63}
        metrics = alice.session.remote_metrics
        assert metrics is not None
        assert metrics.burst_density > 0.9
        played = bob.session.stream.inbound
        assert played is not None
        before = played.jitter_buffer.counts.concealed
        await asyncio.sleep(20)
        assert played.jitter_buffer.counts.recovered > 40 * 960
        # Of 25 pairs one packet would bring back one half, two bring back all.
        assert played.jitter_buffer.counts.concealed - before < 8 * 960
        assert metrics.round_trip_ms < 5
        assert played.jitter_buffer.delay_s < 0.070


def reporting(stream: AudioStream) -> Reporting:
    assert stream.reporting is not None
    return stream.reporting


async def test_a_stall_leaves_no_lag_between_what_is_sent_and_when(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[tuple[float, int]] = []

    def note(_: MediaTransport, data: bytes) -> None:
        packet = parse(data)
        assert packet is not None
        sent.append((now(), packet.timestamp))

    async with connected(media_config("pcmu"), media_config("pcmu")) as (alice, bob):
        await asyncio.gather(alice.hears(), bob.hears())
        await bob.session.close()
        monkeypatch.setattr(MediaTransport, "send_rtp", note)
        monkeypatch.setattr(MediaTransport, "can_send", True)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        for stall in (0.07, 0.3, 0.11, 5.0):
            await asyncio.sleep(1)
            loop.now += stall
        await asyncio.sleep(1)
    lags = [when - timestamp / 8000 for when, timestamp in sent]
    assert max(lags) - min(lags) < 0.100, "the most that is made up for"
    assert lags[-1] == pytest.approx(lags[0], abs=0.001)
    at_once = max(len([w for w, _ in sent if w == when]) for when, _ in sent)
    assert at_once <= 5
    assert all((b - a) & 0xFFFF_FFFF > 0 for (_, a), (_, b) in pairwise(sent))


async def test_metrics_go_to_those_alone_who_asked_for_them() -> None:
    async with ends() as (alice, bob):
        offer = await alice.session.offer(Direction.SENDRECV)
        bob.session.receive_offer(offer.replace(b"a=rtcp-xr:voip-metrics\r\n", b""))
        alice.session.receive_answer(await bob.session.answer(Direction.SENDRECV))
        await asyncio.gather(alice.event(MediaConnected), bob.event(MediaConnected))
        await asyncio.sleep(10)
        assert reporting(alice.session.stream).remote_report is not None
        assert alice.session.remote_metrics is None


async def test_what_metrics_tell_is_heeded_before_the_report_that_comes_with_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They tell of the time before anything was done about what the report says."""
    told: list[str] = []
    async with connected(media_config("opus"), media_config("opus")) as (alice, bob):
        stream, receive = alice.session.stream, AudioStream.on_rtcp

        def note(word: str) -> Callable[..., None]:
            # Bob's reports come at the same time, and are none of this test's business.
            return lambda own, *_: told.append(word) if own is stream.outbound else None

        monkeypatch.setattr(OutboundAudio, "on_report", note("report"))
        monkeypatch.setattr(OutboundAudio, "on_metrics", note("metrics"))

        def alone(data: bytes, when: float) -> None:
            told.clear()
            receive(stream, data, when)

        monkeypatch.setattr(stream, "on_rtcp", alone)
        await asyncio.gather(alice.hears(), bob.hears())
        async with asyncio.timeout(20):
            while "metrics" not in told:  # noqa: ASYNC110 - virtual time
                await asyncio.sleep(0.1)
    assert told == ["metrics", "report"]
