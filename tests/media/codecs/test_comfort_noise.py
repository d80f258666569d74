"""Noise in place of silence (RFC 3389)."""

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcli.media.codecs.comfort_noise import ComfortNoiseDecoder
from sipcli.media.pcm import FRAME, RATE, Pcm
from sipcli.media.quality.level import dbfs, rms

SETTLED = 15
"""Frames after which a noise is what it was said to be."""


def noise(payload: bytes, frames: int = 50) -> Pcm:
    """The noise that `payload` describes, once it is there."""
    decoder = ComfortNoiseDecoder()
    decoder.decode(payload)
    decoder.conceal(5 * FRAME)
    for _ in range(SETTLED):
        decoder.conceal(FRAME)
    return np.concatenate([decoder.conceal(FRAME) for _ in range(frames)])


def share_below(hz: float, pcm: Pcm) -> float:
    """How much of the power lies below `hz`."""
    power = np.square(np.abs(np.fft.rfft(pcm.astype(float))))
    return float(power[: int(hz * len(pcm) / RATE)].sum() / power.sum())


@pytest.mark.parametrize(
    ("payload", "expected"), [(b"\x3c", -60.0), (b"\x46\x80\x70", -70.0), (b"\xbc", -60.0)]
)
def test_the_payload_names_the_level(payload: bytes, expected: float) -> None:
    assert dbfs(rms(noise(payload))) == pytest.approx(expected, abs=1.0)


def test_noise_louder_than_any_background_is_not_believed() -> None:
    assert dbfs(rms(noise(b"\x00"))) == pytest.approx(-40.0, abs=1.0)


def test_the_payload_names_the_spectrum() -> None:
    assert share_below(1000, noise(b"\x32")) == pytest.approx(0.25, abs=0.05)
    assert share_below(1000, noise(bytes([50, 20]))) > 0.8
    assert share_below(3000, noise(bytes([50, 230]))) < 0.3


def test_the_spectrum_of_another_implementation_is_understood() -> None:
    """FFmpeg describes a noise that falls by 6 dB an octave; ours is like it."""
    white, falling = np.random.default_rng(1).standard_normal(8000), np.zeros(8000)
    for at in range(1, 8000):
        falling[at] = 0.8 * falling[at - 1] + 100 * white[at]
    encoder = av.CodecContext.create("comfortnoise", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 8000, "mono", "s16"
    samples = falling[:640].astype(np.int16)
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = 8000
    payload = b"".join(bytes(packet) for packet in encoder.encode(frame))
    heard = noise(payload)
    assert dbfs(rms(heard)) == pytest.approx(dbfs(rms(samples)), abs=1.5)
    power = np.square(np.abs(np.fft.rfft(falling)))
    assert share_below(500, heard) == pytest.approx(power[:500].sum() / power.sum(), abs=0.1)


def test_no_stretch_of_it_comes_again() -> None:
    heard = noise(b"\x32", 200).astype(float)
    spectrum = np.abs(np.fft.rfft(heard, 2 * len(heard))) ** 2
    likeness = np.fft.irfft(spectrum)[: len(heard)]
    assert likeness[RATE // 10 :].max() < 0.1 * likeness[0]


def test_it_begins_softly_and_changes_slowly() -> None:
    decoder = ComfortNoiseDecoder()
    first = [rms(decoder.decode(b"\x32")), *(rms(decoder.conceal(FRAME)) for _ in range(20))]
    assert first[0] < 0.3 * first[-1]
    quieter = [rms(decoder.decode(b"\x50")), *(rms(decoder.conceal(FRAME)) for _ in range(20))]
    assert quieter[0] > 0.5 * first[-1]
    assert quieter[-1] < 0.05 * first[-1]


def test_it_goes_on_until_something_else_comes() -> None:
    levels = [dbfs(rms(frame)) for frame in noise(b"\x32", 200).reshape(-1, FRAME)]
    assert min(levels) > -54
    assert ComfortNoiseDecoder().pausing


def test_there_is_silence_before_the_first_and_nothing_in_an_empty_one() -> None:
    decoder = ComfortNoiseDecoder()
    assert not decoder.conceal(FRAME).any()
    assert decoder.samples(b"") == len(decoder.decode(b"")) == 0
    assert decoder.samples(b"\x40") == FRAME
    assert not decoder.has_fec(b"\x40")
    assert len(decoder.decode_fec(b"\x40", 480)) == 480


@given(st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=5), st.integers(1, 5760))
def test_whatever_is_described_it_is_never_loud(payloads: list[bytes], samples: int) -> None:
    decoder = ComfortNoiseDecoder()
    for payload in payloads:
        assert len(decoder.decode(payload)) == FRAME
        heard = decoder.conceal(samples)
        assert len(heard) == samples
        assert np.abs(heard.astype(int)).max() < 6 * 328
