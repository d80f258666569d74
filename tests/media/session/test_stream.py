"""The sound of a call over a network that loses and doubles packets."""

import asyncio
from collections import defaultdict
from itertools import count

import pytest

from sipcli.media.transport.media_transport import MediaTransport
from tests.media.session.ends import connected, kit, virtual

LOSS = 10
"""One packet of so many is lost, another one comes twice."""


@pytest.mark.parametrize("codec", ["opus", "g722", "pcmu"])
@virtual
async def test_loss_is_counted_and_hardly_heard(
    codec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = MediaTransport.send_rtp
    numbers: defaultdict[int, count[int]] = defaultdict(count)

    def lossy(transport: MediaTransport, packet: bytes) -> None:
        number = next(numbers[id(transport)]) % LOSS
        for _ in range({0: 0, 5: 2}.get(number, 1)):
            send(transport, packet)

    async with connected(kit(codec), kit(codec)) as (alice, bob):
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
