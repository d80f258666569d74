"""Tones that a person hears."""

import asyncio

import numpy as np
import pytest

from sipcli.media.audio_io.tones import BUSY, RINGBACK, TonePlayer, key_tone
from sipcli.media.pcm import Pcm
from tests.media.audio_io.sounds import dominant

pytestmark = pytest.mark.virtual_time


class Ear:
    """A sink that remembers, and whether it is open."""

    def __init__(self) -> None:
        self.heard: list[Pcm] = []
        self.is_open = True

    def write(self, frame: Pcm) -> None:
        """Hear a frame."""
        assert self.is_open
        self.heard.append(frame.copy())

    def close(self) -> None:
        """Hear no more."""
        self.is_open = False


@pytest.fixture
def ears() -> list[Ear]:
    """The sinks that were opened."""
    return []


def player(ears: list[Ear]) -> TonePlayer:
    def open_sink() -> Ear:
        ears.append(Ear())
        return ears[-1]

    return TonePlayer(open_sink)


async def test_a_tone_sounds_until_it_is_stopped(ears: list[Ear]) -> None:
    tones = player(ears)
    tones.play(RINGBACK)
    await asyncio.sleep(11.0)
    assert tones.is_playing
    tones.stop()
    await asyncio.sleep(1.0)
    assert not tones.is_playing
    pcm = np.concatenate(ears[0].heard)
    assert len(pcm) == pytest.approx(11.0 * 48_000, abs=2 * 960)
    loud = [bool(part.any()) for part in np.split(pcm[: 10 * 48_000], 10)]
    assert loud == [True, False, False, False, False] * 2
    assert dominant(pcm[:48_000]) == 425.0
    assert not ears[0].is_open


async def test_a_key_is_heard_to_its_end_and_then_the_device_closes(ears: list[Ear]) -> None:
    tones = player(ears)
    tones.play(key_tone("5"))
    await asyncio.sleep(1.0)
    assert not tones.is_playing
    frames = [bool(frame.any()) for frame in ears[0].heard]
    assert frames == [True] * 5 + [False] * 10
    assert not ears[0].is_open


async def test_a_new_tone_takes_the_place_of_the_last_on_the_same_device(ears: list[Ear]) -> None:
    tones = player(ears)
    tones.play(RINGBACK)
    await asyncio.sleep(0.5)
    tones.play(BUSY)
    await asyncio.sleep(1.0)
    tones.stop()
    tones.stop()
    assert len(ears) == 1
    loud = [bool(frame.any()) for frame in ears[0].heard]
    assert loud[26:48] == [True] * 22
    assert loud[52:74] == [False] * 22


async def test_nothing_is_opened_before_a_tone(ears: list[Ear]) -> None:
    player(ears).stop()
    assert not ears
