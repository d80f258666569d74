"""What the figures of a call say of the far end."""

import asyncio
from itertools import count

import pytest

from sipcli.media.transport.media_transport import MediaTransport
from sipcli.phone.call_stats import call_stats
from tests.media.session.ends import virtual
from tests.phone.phones_world import in_a_call, town


@virtual
async def test_the_far_end_is_quoted_once_it_has_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    async with town() as (alice, bob, _):
        ours, theirs = await in_a_call(alice, bob)
        early = call_stats(ours.media)
        assert early is not None
        assert (early.remote_loss_percent, early.remote_mos) == (None, None)
        lose_one_in_ten_of(ours.media._transport, monkeypatch)  # noqa: SLF001 - one way alone
        await asyncio.gather(alice.hears(), bob.hears(), asyncio.sleep(20))
        mine, his = call_stats(ours.media), call_stats(theirs.media)
        assert mine is not None
        assert his is not None
        assert mine.remote_loss_percent == pytest.approx(10, abs=2)
        assert mine.remote_mos == pytest.approx(his.mos, abs=0.2)
        assert his.remote_loss_percent == 0.0
        assert his.remote_mos == pytest.approx(mine.mos, abs=0.2)


def lose_one_in_ten_of(transport: MediaTransport, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = count()
    send = transport.send_rtp

    def lossy(packet: bytes) -> None:
        if next(numbers) % 10:
            send(packet)

    monkeypatch.setattr(transport, "send_rtp", lossy)
