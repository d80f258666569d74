"""Tones and cadences, frame by frame."""

import numpy as np
import pytest

from sipcli.media.audio_io import tones
from sipcli.media.audio_io.tones import Cadence, CadencePart, CadencePlayer, Tone, key_tone
from sipcli.media.pcm import FRAME, FRAME_S, Pcm
from sipcli.media.quality.level import rms
from sipcli.media.quality.tone_meter import measure

CADENCES = {name: value for name, value in vars(tones).items() if isinstance(value, Cadence)}


def played(player: CadencePlayer, seconds: float) -> Pcm:
    return np.concatenate([player.frame() for _ in range(round(seconds / FRAME_S))])


def test_a_tone_has_no_seams() -> None:
    pieces = Tone(997.0)
    whole = Tone(997.0).frame(10 * FRAME)
    assert np.array_equal(np.concatenate([pieces.frame() for _ in range(10)]), whole)


def test_the_sum_of_tones_never_exceeds_its_amplitude() -> None:
    pcm = Tone(440.0, 480.0, amplitude=0.5).frame(48_000)
    assert 0.49 * 32768 < np.abs(pcm.astype(int)).max() <= 0.5 * 32768


def test_no_frequency_is_silence() -> None:
    assert not Tone().frame().any()


@pytest.mark.parametrize("cadence", CADENCES.values(), ids=list(CADENCES))
def test_every_part_of_a_cadence_is_whole_frames_long(cadence: Cadence) -> None:
    for part in cadence.parts:
        assert part.seconds / FRAME_S == pytest.approx(round(part.seconds / FRAME_S))


@pytest.mark.parametrize("cadence", CADENCES.values(), ids=list(CADENCES))
def test_no_cadence_clicks(cadence: Cadence) -> None:
    pcm = played(CadencePlayer(cadence), 10.0).astype(int)
    assert np.abs(np.diff(pcm)).max() < 0.2 * 32768 * 2 * np.pi * 700 / 48_000


def test_ringback_sounds_for_a_second_in_five() -> None:
    pcm = played(CadencePlayer(tones.RINGBACK), 10.0)
    loud = [rms(pcm[at : at + FRAME]) > 100 for at in range(0, len(pcm), FRAME)]
    assert loud == ([True] * 50 + [False] * 200) * 2
    assert measure(pcm[9600:19200]).frequency_hz == pytest.approx(425.0, rel=0.001)


def test_what_does_not_repeat_is_over_and_then_silent() -> None:
    player = CadencePlayer(Cadence((CadencePart(0.04, (500.0,)), CadencePart(0.02)), repeats=False))
    assert not player.over
    pcm = played(player, 0.06)
    assert player.over
    assert rms(pcm[:FRAME]) > 1000
    assert not player.frame().any()


@pytest.mark.parametrize(
    ("digit", "row", "column"),
    [("1", 697, 1209), ("A", 697, 1633), ("5", 770, 1336), ("*", 941, 1209), ("#", 941, 1477)],
)
def test_a_key_sounds_its_row_and_its_column(digit: str, row: int, column: int) -> None:
    pcm = played(CadencePlayer(key_tone(digit, 0.2)), 0.2)
    spectrum = np.abs(np.fft.rfft(pcm * np.hanning(len(pcm))))
    low = int(np.argmax(spectrum[:210])) * 5
    high = (210 + int(np.argmax(spectrum[210:]))) * 5
    assert low == pytest.approx(row, abs=5)
    assert high == pytest.approx(column, abs=5)


def test_what_is_no_key_has_no_tone() -> None:
    with pytest.raises(ValueError, match="substring"):
        key_tone("x")
