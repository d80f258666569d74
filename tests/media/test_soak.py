"""Ten minutes on a bad network, in virtual time: losses, jitter, and clocks that drift apart."""

import gc
import sys
from itertools import cycle, pairwise

import numpy as np
import pytest

from sipcli.catalog.codecs import OPUS, PCMU, Codec
from sipcli.media.codecs.codec import make_encoder
from sipcli.media.pcm import FRAME_S
from sipcli.media.rtp.packet import build
from sipcli.media.session.inbound import InboundAudio, InboundFormats
from tests.media.codecs.tone import frames, voice
from tests.media.jitter_buffer.network import Network

pytestmark = pytest.mark.no_cover  # much of the same: measuring it costs more than the tests

MINUTES = 10
FRAMES = MINUTES * 3000
LOSS = 0.05
JITTER_S = 0.040
DELAY_S = 0.060
PAYLOAD_TYPE = 96
SETTLED = 1500
"""Frames, half a minute, after which nothing new is to be learnt."""
STRETCH = FRAMES // 4
"""Frames between two looks at the memory."""


def said(codec: Codec) -> list[bytes]:
    """Seven seconds of a voice that never pauses, with FEC where there is such a thing."""
    encoder = make_encoder(codec)
    encoder.expect_loss(100 * LOSS)
    return [encoder.encode(frame) for frame in frames(voice(7.0))]


def allocated_blocks() -> int:
    """Pieces of memory that Python has taken, without what it keeps to use again."""
    gc.collect()
    return sys.getallocatedblocks()


@pytest.mark.parametrize(
    ("codec", "made_up"), [(OPUS, 0.03), (PCMU, LOSS + 0.01)], ids=["opus", "pcmu"]
)
def test_ten_minutes_of_it_cost_what_is_lost_and_no_more(codec: Codec, made_up: float) -> None:
    network = Network(loss=LOSS, delay=DELAY_S, jitter=JITTER_S, drift=200e-6, in_order=False)
    inbound, payloads = InboundAudio(InboundFormats({PAYLOAD_TYPE: codec})), cycle(said(codec))
    arrivals = network.carry(range(FRAMES))
    longest_delay, silent, taken, blocks = 0.0, 0, 0, list[int]()
    for n in range(FRAMES):
        while taken < len(arrivals) and arrivals[taken].when <= n * FRAME_S:
            arrival, taken = arrivals[taken], taken + 1
            timestamp = (arrival.packet.timestamp // codec.scale) & 0xFFFF_FFFF
            packet = arrival.packet._replace(timestamp=timestamp, payload=next(payloads))
            inbound.on_rtp(build(packet), arrival.when)
        heard = inbound.read(n * FRAME_S)
        if n >= SETTLED:
            longest_delay = max(longest_delay, inbound.jitter_buffer.delay_s)
            silent += int(np.abs(heard).max() < 1000)
        if n >= 2 * SETTLED and (FRAMES - 1 - n) % STRETCH == 0:
            blocks.append(allocated_blocks())
    counts = inbound.jitter_buffer.counts
    assert longest_delay < 2 * JITTER_S + 3 * FRAME_S
    total = counts.played + counts.recovered + counts.concealed
    assert counts.concealed / total < made_up
    assert silent <= 0.0005 * FRAMES
    assert counts.overflowed == counts.undecodable == 0
    # One for each loss, or for each packet, would be more, in each stretch. (The count is that of
    # the whole process, which may grow once for another reason.)
    assert len(blocks) >= 3
    assert min(later - earlier for earlier, later in pairwise(blocks)) < 0.6 * LOSS * STRETCH
