"""The packets that wait for their turn."""

import random

import pytest

from sipcli.media.jitter_buffer.packet_queue import PacketQueue, QueuedPacket
from tests.media.jitter_buffer.network import TellingDecoder


def waiting(position: int, samples: int = 960) -> QueuedPacket:
    return QueuedPacket(position, samples, b"", TellingDecoder(), 0, 0, 0.0)


def test_packets_are_in_the_order_of_their_sound_however_they_come() -> None:
    queue, positions = PacketQueue(), list(range(0, 96_000, 960))
    random.Random(2).shuffle(positions)
    assert all(queue.add(waiting(position)) for position in positions)
    assert [queue.pop().position for _ in range(100)] == sorted(positions)


def test_a_place_is_taken_once() -> None:
    queue = PacketQueue()
    for position in (0, 960, 1920):
        assert queue.add(waiting(position))
    for position in (0, 960, 1920):
        assert not queue.add(waiting(position))
    assert len(queue) == 3


def test_it_knows_its_first_its_second_and_its_span() -> None:
    queue = PacketQueue()
    assert (queue.first, queue.second, queue.span) == (None, None, 0)
    first, second = waiting(960), waiting(4800, 480)
    queue.add(second)
    assert (queue.first, queue.second, queue.span) == (second, None, 480)
    queue.add(first)
    assert (queue.first, queue.second, queue.span) == (first, second, 4320)
    assert (first.end, second.end) == (1920, 5280)


def test_nothing_can_be_taken_from_an_empty_one() -> None:
    with pytest.raises(IndexError):
        PacketQueue().pop()
