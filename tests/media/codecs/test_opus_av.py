"""Opus by FFmpeg, for where there is no libopus to load."""

import random

import av
import numpy as np
import pytest

from sipcli.errors import MediaError
from sipcli.media.codecs import libopus, opus_av
from sipcli.media.codecs.opus import OpusDecoder
from sipcli.media.codecs.opus_av import AvOpusDecoder, AvOpusEncoder, Name
from sipcli.media.codecs.opus_settings import OpusSettings
from sipcli.media.pcm import FRAME
from tests.media.codecs.tone import frames, level, sine, through

NAMES = pytest.mark.parametrize("name", ["libopus", "opus"])


@NAMES
def test_a_tone_comes_back_at_its_level(name: Name) -> None:
    sent = sine(1000.0)
    heard = through(AvOpusEncoder(name, OpusSettings()), AvOpusDecoder(name), sent)
    assert level(heard) == pytest.approx(level(sent), abs=0.2)


@NAMES
def test_what_it_sends_is_understood_by_libopus(name: Name) -> None:
    library = libopus.load()
    assert library is not None
    sent = sine(1000.0)
    heard = through(AvOpusEncoder(name, OpusSettings()), OpusDecoder(library), sent)
    assert level(heard) == pytest.approx(level(sent), abs=0.2)


def test_it_knows_the_length_of_a_payload_as_libopus_does() -> None:
    library = libopus.load()
    assert library is not None
    ours, theirs, draw = AvOpusDecoder("libopus"), OpusDecoder(library), random.Random(31)
    payloads = [bytes((first, second)) for first in range(256) for second in range(64)]
    payloads += [b"", *(bytes((first,)) for first in range(256))]
    payloads += [draw.randbytes(20) for _ in range(500)]
    for payload in payloads:
        assert ours.samples(payload) == theirs.samples(payload), payload.hex()


@NAMES
def test_a_hostile_payload_costs_only_itself(name: Name) -> None:
    decoder, draw = AvOpusDecoder(name), random.Random(32)
    for _ in range(500):
        payload = draw.randbytes(draw.randrange(1, 200))
        assert len(decoder.decode(payload)) <= 5760
    assert len(decoder.decode(b"")) == 0
    sent = sine(1000.0)
    heard = through(AvOpusEncoder(name, OpusSettings()), decoder, sent)
    assert level(heard) == pytest.approx(level(sent), abs=0.3)


@NAMES
def test_what_is_lost_is_made_up_from_what_was_heard(name: Name) -> None:
    encoder, decoder = AvOpusEncoder(name, OpusSettings()), AvOpusDecoder(name)
    payloads = [encoder.encode(frame) for frame in frames(sine(300.0, frames=20))]
    for payload in payloads[:-1]:
        decoder.decode(payload)
    assert not decoder.has_fec(payloads[-1])
    made_up = decoder.decode_fec(payloads[-1], FRAME)
    assert np.abs(made_up).max() > 14_000


def test_no_opus_at_all_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(av, "codecs_available", {"g722"})
    with pytest.raises(MediaError, match="cannot encode Opus"):
        opus_av.make_encoder(OpusSettings())
    with pytest.raises(MediaError, match="cannot decode Opus"):
        opus_av.make_decoder()


def test_expected_loss_comes_too_late_for_ffmpeg() -> None:
    encoder = opus_av.make_encoder(OpusSettings())
    encoder.expect_loss(50.0)
    assert encoder.encode(sine(300.0, frames=1))
