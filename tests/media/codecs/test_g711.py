"""Both laws against the Recommendation's own way of saying it, code by code."""

from collections.abc import Callable

import numpy as np
import pytest

from sipcli.media.codecs.g711 import A_LAW, MU_LAW, Law

CODES = bytes(range(256))
SAMPLES = np.arange(-32768, 32768).astype(np.int16)


def mu_law_sample(code: int) -> int:
    """Segment and interval, without the bias (ITU-T G.711, table 2)."""
    inverse = 255 - code
    segment, interval = (inverse & 0x70) >> 4, inverse & 0x0F
    size = ((2 * interval + 33) << (segment + 2)) - 132
    return size if code >= 128 else -size


def a_law_sample(code: int) -> int:
    """Segment and interval (ITU-T G.711, table 1)."""
    plain = code ^ 0x55
    segment, interval = (plain & 0x70) >> 4, plain & 0x0F
    size = 16 * interval + 8 if segment == 0 else (16 * interval + 264) << (segment - 1)
    return size if code >= 128 else -size


def mu_law_code(sample: int) -> int:
    """Count up the segments, as the reference encoder of ITU-T G.191 does."""
    size = min(0x1FFF, ((~sample if sample < 0 else sample) >> 2) + 33)
    segment = 1
    while size >> (5 + segment):
        segment += 1
    code = (8 - segment) << 4 | 15 - (size >> segment & 15)
    return code | 0x80 if sample >= 0 else code


def a_law_code(sample: int) -> int:
    """Halve until it fits, as the reference encoder of ITU-T G.191 does."""
    size = (~sample if sample < 0 else sample) >> 4
    segment = 0
    if size > 15:
        segment = 1
        while size > 31:
            size >>= 1
            segment += 1
        size -= 16
    return (segment << 4 | size | (0x80 if sample >= 0 else 0)) ^ 0x55


Scalar = Callable[[int], int]

LAWS = pytest.mark.parametrize(
    ("law", "sample", "code"),
    [(MU_LAW, mu_law_sample, mu_law_code), (A_LAW, a_law_sample, a_law_code)],
    ids=["mu", "A"],
)


@LAWS
def test_every_code_stands_for_its_sample(law: Law, sample: Scalar, code: Scalar) -> None:
    assert law.decode(CODES).tolist() == [sample(one) for one in range(256)]


@LAWS
def test_every_sample_has_its_code(law: Law, sample: Scalar, code: Scalar) -> None:
    assert law.encode(SAMPLES) == bytes(code(int(one)) for one in SAMPLES)


@LAWS
def test_decoding_and_encoding_again_changes_nothing(
    law: Law, sample: Scalar, code: Scalar
) -> None:
    again = law.encode(law.decode(CODES))
    changed = {one for one in range(256) if again[one] != one}
    # Of the two zeros of the µ-law, the negative one comes back as the positive.
    assert changed == ({0x7F} if law is MU_LAW else set())


@LAWS
def test_no_sample_comes_back_further_off_than_half_a_step(
    law: Law, sample: Scalar, code: Scalar
) -> None:
    whole = SAMPLES.astype(np.int32)
    error = np.abs(law.decode(law.encode(SAMPLES)).astype(np.int32) - whole)
    # With the bias, each of a segment's 16 steps is 1/16 of the smallest sample in it.
    assert np.all(error <= (np.abs(whole) + 132) / 32 + 4)


def test_silence_is_the_code_that_everybody_sends_for_it() -> None:
    nothing = np.zeros(3, np.int16)
    assert MU_LAW.encode(nothing) == b"\xff\xff\xff"
    assert A_LAW.encode(nothing) == b"\xd5\xd5\xd5"
