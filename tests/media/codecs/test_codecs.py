"""What every codec has to keep, whatever it does inside."""

import random

import numpy as np
import pytest

from sipcli.catalog.codecs import CODECS, COMFORT_NOISE, OPUS, PCMU, Codec
from sipcli.media.codecs import libopus, opus_av
from sipcli.media.codecs.codec import Decoder, Encoder, make_decoder, make_encoder
from sipcli.media.codecs.opus import OpusDecoder, OpusEncoder, opus_shortcoming
from sipcli.media.pcm import FRAME, RATE
from sipcli.media.quality.level import dbfs, rms
from tests.media.codecs.tone import frames, level, sine, through

ALL = pytest.mark.parametrize("codec", CODECS.values(), ids=list(CODECS))


@ALL
@pytest.mark.parametrize("hz", [300.0, 1000.0, 3000.0])
def test_a_tone_comes_back_at_its_level(codec: Codec, hz: float) -> None:
    sent = sine(hz)
    heard = through(make_encoder(codec), make_decoder(codec), sent)
    assert level(heard) == pytest.approx(level(sent), abs=0.2)


@ALL
def test_a_full_scale_tone_does_not_overflow(codec: Codec) -> None:
    sent = sine(1000.0, amplitude=1.0)
    heard = through(make_encoder(codec), make_decoder(codec), sent)
    assert level(heard) == pytest.approx(level(sent), abs=0.3)


@ALL
def test_silence_stays_silent(codec: Codec) -> None:
    heard = through(make_encoder(codec), make_decoder(codec), sine(0.0, frames=20))
    assert dbfs(rms(heard)) < -70


@ALL
def test_frames_of_20_ms_go_in_and_come_out(codec: Codec) -> None:
    encoder, decoder = make_encoder(codec), make_decoder(codec)
    for frame in frames(sine(500.0, frames=10)):
        payload = encoder.encode(frame)
        assert decoder.samples(payload) == FRAME
        assert len(decoder.decode(payload)) == FRAME


@ALL
def test_what_is_made_up_goes_on_with_the_tone_and_then_fades(codec: Codec) -> None:
    encoder, decoder = make_encoder(codec), make_decoder(codec)
    sent = sine(440.0, frames=20)
    through(encoder, decoder, sent)
    first = decoder.conceal(FRAME)
    assert dbfs(rms(first)) == pytest.approx(level(sent), abs=2.0)
    for _ in range(30):
        last = decoder.conceal(FRAME)
    assert dbfs(rms(last)) < level(sent) - 20


@ALL
def test_good_sound_follows_a_concealment_without_a_click(codec: Codec) -> None:
    encoder, decoder = make_encoder(codec), make_decoder(codec)
    payloads = [encoder.encode(frame) for frame in frames(sine(400.0, frames=40))]
    heard = [decoder.decode(payload) for payload in payloads[:30]]
    steepest = np.abs(np.diff(np.concatenate(heard[10:]).astype(int))).max()
    heard = heard[-1:]
    heard.append(decoder.conceal(FRAME))
    heard += [decoder.decode(payload) for payload in payloads[31:]]
    assert np.abs(np.diff(np.concatenate(heard).astype(int))).max() < 1.6 * steepest


@ALL
@pytest.mark.parametrize("samples", [120, 480, 960, 5760])
def test_any_length_can_be_made_up(codec: Codec, samples: int) -> None:
    decoder = make_decoder(codec)
    assert len(decoder.conceal(samples)) == samples
    payload = make_encoder(codec).encode(sine(300.0, frames=1))
    assert len(decoder.decode_fec(payload, samples)) == samples


@ALL
def test_a_hostile_payload_costs_only_itself(codec: Codec) -> None:
    decoder = make_decoder(codec)
    draw = random.Random(711)
    lengths = [0, 1, 2, 1500, *(draw.randrange(1, 200) for _ in range(300))]
    for length in lengths:
        payload = draw.randbytes(length)
        expected = decoder.samples(payload)
        assert 0 <= expected <= 9600
        decoder.has_fec(payload)
        assert len(decoder.decode_fec(payload, FRAME)) == FRAME
        assert len(decoder.decode(payload)) in (expected, 0)
    sent = sine(1000.0)
    assert level(through(make_encoder(codec), decoder, sent)) == pytest.approx(level(sent), abs=0.3)


@ALL
def test_no_encoder_minds_a_wild_loss(codec: Codec) -> None:
    encoder = make_encoder(codec)
    for percent in (-1.0, 0.0, 0.4, 3.0, 100.0, 250.0):
        encoder.expect_loss(percent)
        assert encoder.encode(sine(300.0, frames=1))


@ALL
def test_coding_takes_the_time_that_the_description_says(codec: Codec) -> None:
    noise = np.random.default_rng(1).standard_normal(50 * FRAME)
    sent = np.convolve(noise * 3000, np.hanning(25) / 5, "same")  # of the band that all hold
    heard = through(make_encoder(codec), make_decoder(codec), sent.astype(np.int16))
    part = slice(RATE // 5, RATE // 2)
    likeness = [np.dot(sent[part], np.roll(heard, -later)[part]) for later in range(RATE // 50)]
    assert 1000 * np.argmax(likeness) / RATE == pytest.approx(codec.coding_ms, abs=0.1)


def test_the_descriptions_are_those_of_the_rfcs() -> None:
    told = {
        codec.name: (codec.encoding, codec.clock_rate, codec.channels, codec.payload_type)
        for codec in (*CODECS.values(), COMFORT_NOISE)
    }
    assert told == {
        "opus": ("opus", 48_000, 2, None),
        "g722": ("G722", 8_000, 1, 9),
        "pcmu": ("PCMU", 8_000, 1, 0),
        "pcma": ("PCMA", 8_000, 1, 8),
        "cn": ("CN", 8_000, 1, 13),
    }
    assert (OPUS.scale, PCMU.scale) == (1, 6)


def test_without_libopus_ffmpeg_steps_in_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def kinds() -> tuple[type[Encoder], type[Decoder]]:
        return type(make_encoder(OPUS)), type(make_decoder(OPUS))

    assert opus_shortcoming() is None
    assert make_decoder(COMFORT_NOISE).pausing
    assert kinds() == (OpusEncoder, OpusDecoder)
    monkeypatch.setattr(libopus, "load", lambda: None)
    assert kinds() == (opus_av.AvOpusEncoder, opus_av.AvOpusDecoder)
    assert "libopus" in (opus_shortcoming() or "")
