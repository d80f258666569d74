"""Noise in place of silence (RFC 3389)."""

import numpy as np
import pytest

from sipcli.media.codecs.comfort_noise import ComfortNoiseDecoder
from sipcli.media.level import dbfs, rms
from sipcli.media.pcm import FRAME


@pytest.mark.parametrize(
    ("payload", "expected"), [(b"\x3c", -60.0), (b"\x46\x80\x70", -70.0), (b"\xbc", -60.0)]
)
def test_the_payload_names_the_level(payload: bytes, expected: float) -> None:
    decoder = ComfortNoiseDecoder()
    heard = np.concatenate([decoder.decode(payload), decoder.conceal(10 * FRAME)])
    assert dbfs(rms(heard)) == pytest.approx(expected, abs=1.0)


def test_noise_louder_than_any_background_is_not_believed() -> None:
    assert dbfs(rms(ComfortNoiseDecoder().decode(b"\x00"))) == pytest.approx(-40.0, abs=1.0)


def test_it_goes_on_until_something_else_comes() -> None:
    decoder = ComfortNoiseDecoder()
    decoder.decode(b"\x32")
    levels = [dbfs(rms(decoder.conceal(FRAME))) for _ in range(200)]
    assert min(levels) > -52
    assert decoder.pausing


def test_there_is_silence_before_the_first_and_nothing_in_an_empty_one() -> None:
    decoder = ComfortNoiseDecoder()
    assert not decoder.conceal(FRAME).any()
    assert decoder.samples(b"") == len(decoder.decode(b"")) == 0
    assert decoder.samples(b"\x40") == FRAME
    assert not decoder.has_fec(b"\x40")
    assert len(decoder.decode_fec(b"\x40", 480)) == 480
