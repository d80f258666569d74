"""The noise of G.711's steps, and what is left of it."""

import numpy as np
import pytest

from sipcli.catalog.codecs import CODECS
from sipcli.media.codecs.codec import make_decoder
from sipcli.media.codecs.g711 import A_LAW, MU_LAW, Law
from sipcli.media.codecs.g711_postfilter import DELAY, G711Postfilter
from sipcli.media.codecs.resampler import Resampler
from sipcli.media.pcm import FRAME, RATE, Pcm, Wave
from tests.media.codecs.tone import sine, voice

LAWS = pytest.mark.parametrize("law", [MU_LAW, A_LAW], ids=["µ-law", "A-law"])


def cleaned(law: Law, sent: Pcm, piece: int = 160) -> Wave:
    """`sent`, at 8 kHz, through the companding and the filter."""
    grain_filter, codes = G711Postfilter(), law.encode(sent)
    parts = [codes[at : at + piece] for at in range(0, len(codes), piece)]
    return np.concatenate(
        [grain_filter.clean(law.decode(p), law.quantization_noise(p)) for p in parts]
    )


def noise_db(sent: Pcm, heard: Pcm | Wave) -> float:
    """Of what is heard beside what was sent, without the first 100 ms."""
    error = heard[800:].astype(float) - sent[800 : len(heard)]
    return float(10 * np.log10(np.square(error).mean()))


def spoken() -> Pcm:
    """A voice at 8 kHz."""
    return Resampler(RATE, 8_000).convert(voice(2.0))


def hummed() -> Pcm:
    """A voice with its mouth shut: nothing in it is above 500 Hz."""
    wave = sine(125.0).astype(float) + sine(250.0) + sine(375.0, amplitude=0.2)
    return Resampler(RATE, 8_000).convert((wave / 8).astype(np.int16))


@LAWS
def test_the_noise_that_a_law_tells_of_is_what_it_makes(law: Law) -> None:
    sent = spoken()
    codes = law.encode(sent)
    error = np.square(law.decode(codes).astype(float) - sent).mean()
    assert law.quantization_noise(codes).mean() == pytest.approx(error, rel=0.1)


@LAWS
def test_beside_a_voice_there_is_less_noise_than_before(law: Law) -> None:
    sent = hummed()
    plain = noise_db(sent, law.decode(law.encode(sent)))
    assert noise_db(sent, cleaned(law, sent)[DELAY:]) < plain - 3


@LAWS
def test_a_voice_that_is_everywhere_loses_nothing(law: Law) -> None:
    sent = spoken()
    plain = noise_db(sent, law.decode(law.encode(sent)))
    assert noise_db(sent, cleaned(law, sent)[DELAY:]) < plain + 0.1


@LAWS
@pytest.mark.parametrize("level", [0.5, 0.01])
def test_a_tone_keeps_its_level(law: Law, level: float) -> None:
    sent = Resampler(RATE, 8_000).convert(sine(700.0, amplitude=level))
    heard = cleaned(law, sent)[800:].astype(float)
    change = 10 * np.log10(np.square(heard).mean() / np.square(sent[800:].astype(float)).mean())
    assert abs(change) < 0.3


def test_what_has_no_grain_passes_unchanged_a_millisecond_later() -> None:
    sent = spoken()
    grain_filter = G711Postfilter()
    heard = grain_filter.clean(sent, np.zeros(len(sent), np.float32))
    assert np.array_equal(heard[DELAY:], sent[:-DELAY])


def test_silence_stays_silent() -> None:
    assert not cleaned(MU_LAW, np.zeros(800, np.int16)).any()


@pytest.mark.parametrize("piece", [8, 80, 160, 240, 1496])
def test_pieces_may_be_of_any_length(piece: int) -> None:
    sent = hummed()
    heard = cleaned(MU_LAW, sent, piece)
    assert len(heard) == len(sent)
    assert noise_db(sent, heard[DELAY:]) < noise_db(sent, MU_LAW.decode(MU_LAW.encode(sent))) - 3


@pytest.mark.parametrize("name", ["pcmu", "pcma"])
def test_a_gap_leaves_no_trace_of_the_filter(name: str) -> None:
    """A steady tone with a gap in it: no step, before it, in it or after it."""
    law = MU_LAW if name == "pcmu" else A_LAW
    codes = law.encode(Resampler(RATE, 8_000).convert(sine(400.0)))
    packets = [codes[at : at + 160] for at in range(0, len(codes), 160)]
    decoder = make_decoder(CODECS[name])
    heard = [decoder.decode(packet) for packet in packets[:20]]
    heard.append(decoder.conceal(FRAME, packets[21]))
    heard += [decoder.decode(packet) for packet in packets[21:]]
    steps = np.abs(np.diff(np.concatenate(heard)[5 * FRAME :].astype(int)))
    assert steps.max() < 1.2 * np.median(np.sort(steps)[-2000:])


def test_one_filter_passes_into_the_next_without_a_step() -> None:
    """A steady tone whose noise, as far as the filter is told, comes and goes with each piece."""
    grain_filter, tone = (
        G711Postfilter(),
        Resampler(RATE, 8_000).convert(sine(3_500.0, amplitude=0.1)),
    )
    parts = [tone[at : at + 160] for at in range(0, len(tone), 160)]
    noises = [np.full(160, 1e7 * (n % 2), np.float32) for n in range(len(parts))]
    heard = [grain_filter.clean(part, noise) for part, noise in zip(parts, noises, strict=True)]
    before, after = heard[10], heard[11]
    assert np.abs(after[:20]).max() == pytest.approx(np.abs(before[-20:]).max(), rel=0.1)
    assert abs(np.abs(after[-20:]).max() / np.abs(after[:20]).max() - 1) > 0.3
