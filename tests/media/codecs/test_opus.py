"""Opus on libopus: what FEC, DTX and other senders' packets come to."""

import ctypes.util
import random
from itertools import pairwise

import av
import numpy as np
import pytest

from sipcli.media.codecs import libopus
from sipcli.media.codecs.libopus import Library
from sipcli.media.codecs.opus import OpusDecoder, OpusEncoder
from sipcli.media.codecs.opus_settings import OpusSettings
from sipcli.media.pcm import FRAME, RATE, Pcm
from sipcli.media.quality.level import dbfs, rms
from tests.media.codecs.tone import frames, level, sine, through, voice


@pytest.fixture(scope="module")
def library() -> Library:
    found = libopus.load()
    assert found is not None
    return found


def encoded(library: Library, loss: float, settings: OpusSettings | None = None) -> list[bytes]:
    encoder = OpusEncoder(library, settings or OpusSettings())
    encoder.expect_loss(loss)
    return [encoder.encode(frame) for frame in frames(voice(2.0))]


def likeness(one: Pcm, other: Pcm) -> float:
    return float(np.corrcoef(one, other)[0, 1])


@pytest.mark.parametrize("loss", [0.5, 2.0, 10.0, 30.0])
def test_packets_bear_fec_once_losses_are_told(library: Library, loss: float) -> None:
    decoder = OpusDecoder(library)
    assert not any(decoder.has_fec(payload) for payload in encoded(library, 0.0))
    with_fec = [decoder.has_fec(payload) for payload in encoded(library, loss)]
    assert sum(with_fec) > len(with_fec) / 2  # not where it takes the sound for a pause


def test_fec_can_be_switched_off(library: Library) -> None:
    payloads = encoded(library, 20.0, OpusSettings(fec=False))
    assert not any(OpusDecoder(library).has_fec(payload) for payload in payloads)


def test_fec_brings_a_lost_packet_back_and_concealment_does_not(library: Library) -> None:
    payloads = encoded(library, 10.0)
    complete, recovering, concealing = decoders = [OpusDecoder(library) for _ in range(3)]
    likenesses = []
    for at, payload in enumerate(payloads[:-1]):
        if at < 30 or at % 3 or not complete.has_fec(payloads[at + 1]):
            for decoder in decoders:
                decoder.decode(payload)
            continue
        truth = complete.decode(payload)
        recovered = recovering.decode_fec(payloads[at + 1], FRAME)
        likenesses.append((likeness(truth, recovered), likeness(truth, concealing.conceal(FRAME))))
    recovered_mean, concealed_mean = np.mean(likenesses, axis=0)
    assert len(likenesses) > 8
    assert recovered_mean > 0.95
    assert concealed_mean < recovered_mean - 0.05


def test_dtx_sends_next_to_nothing_in_silence_and_says_so(library: Library) -> None:
    encoder, decoder = OpusEncoder(library, OpusSettings(dtx=True)), OpusDecoder(library)
    through(encoder, decoder, voice(0.5))
    assert not decoder.pausing
    assert not encoder.pausing
    payloads = [encoder.encode(np.zeros(FRAME, np.int16)) for _ in range(100)]
    assert payloads.count(b"") > 70
    assert encoder.pausing
    words = [payload for payload in payloads if 0 < len(payload) <= 2]
    updates = [payload for payload in payloads[20:] if len(payload) > 2]
    assert len(words) == len(updates) + 1, "it is said once for each silence and each update"
    decoder.decode(words[0])
    assert decoder.pausing


def test_without_dtx_silence_is_sent(library: Library) -> None:
    encoder = OpusEncoder(library, OpusSettings())
    assert all(encoder.encode(np.zeros(FRAME, np.int16)) for _ in range(100))
    assert not encoder.pausing


def test_a_constant_bitrate_makes_packets_of_one_length(library: Library) -> None:
    assert len({len(one) for one in encoded(library, 0.0, OpusSettings(cbr=True))}) == 1
    assert len({len(one) for one in encoded(library, 0.0)}) > 10


@pytest.mark.parametrize(
    ("rate", "bandwidths"),
    [(8_000, {"narrow"}), (16_000, {"wide"}), (20_000, {"super"}), (48_000, {"full", "super"})],
)
def test_what_the_far_end_cannot_play_is_not_sent(
    library: Library, rate: int, bandwidths: set[str]
) -> None:
    payloads = encoded(library, 0.0, OpusSettings(max_playback_rate=rate))
    assert {bandwidth(payload) for payload in payloads[5:]} <= bandwidths


def bandwidth(payload: bytes) -> str:
    """By RFC 6716 §3.1, table 2."""
    configuration = payload[0] >> 3
    if configuration < 12:
        return ("narrow", "medium", "wide")[configuration // 4]
    if configuration < 16:
        return ("super", "full")[(configuration - 12) // 2]
    return ("narrow", "wide", "super", "full")[(configuration - 16) // 4]


def test_bitrate_and_complexity_are_heeded(library: Library) -> None:
    def size(settings: OpusSettings) -> float:
        return float(np.mean([len(one) for one in encoded(library, 0.0, settings)])) * 8 * 50

    rates = [size(OpusSettings(bitrate=bitrate)) for bitrate in (8_000, 16_000, 32_000, 64_000)]
    assert all(1.4 * less < more for less, more in pairwise(rates))
    assert encoded(library, 0.0, OpusSettings(complexity=0)) != encoded(library, 0.0)


def test_impossible_settings_are_refused(library: Library) -> None:
    with pytest.raises(ValueError, match="libopus refuses 11"):
        OpusEncoder(library, OpusSettings(complexity=11))


@pytest.mark.parametrize("milliseconds", ["2.5", "5", "10", "20", "40", "60"])
@pytest.mark.parametrize("channels", ["mono", "stereo"])
def test_all_frame_sizes_are_decoded_and_stereo_is_mixed(
    library: Library, milliseconds: str, channels: str
) -> None:
    context = av.CodecContext.create("libopus", "w")
    assert isinstance(context, av.AudioCodecContext)
    context.sample_rate = RATE
    context.layout = channels
    context.format = "s16"
    context.options = {"frame_duration": milliseconds, "application": "lowdelay"}
    size = int(float(milliseconds) * 48)
    sent = sine(1000.0, frames=60)
    sent = sent[: len(sent) // size * size]
    decoder = OpusDecoder(library)
    heard = []
    for at in range(0, len(sent), size):
        samples = np.repeat(sent[at : at + size], 2 if channels == "stereo" else 1)
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout=channels)
        frame.sample_rate = RATE
        for packet in context.encode(frame):
            assert decoder.samples(bytes(packet)) == size
            heard.append(decoder.decode(bytes(packet)))
    assert level(np.concatenate(heard)) == pytest.approx(level(sent), abs=0.2)


def test_the_longest_packet_is_decoded(library: Library) -> None:
    six = b"\x4b\x86" + b"".join(b"\x04" for _ in range(5)) + bytes(24)  # 6 frames of 20 ms
    decoder = OpusDecoder(library)
    assert decoder.samples(six) == 5760
    assert len(decoder.decode(six)) == 5760


def test_random_payloads_do_no_harm(library: Library) -> None:
    decoder, draw = OpusDecoder(library), random.Random(6716)
    for _ in range(10_000):
        payload = draw.randbytes(draw.randrange(60))
        assert len(decoder.decode(payload)) == decoder.samples(payload) <= 5760
    sent = sine(1000.0)
    heard = through(OpusEncoder(library, OpusSettings()), decoder, sent)
    assert level(heard) == pytest.approx(level(sent), abs=0.2)


def test_an_old_libopus_takes_all_speech_for_fec(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before 1.5 there is nothing to ask; decoding conceals where there was none after all."""
    monkeypatch.setattr(libopus, "_HAS_LBRR", "no_such_function")
    old = Library(library.path)
    assert old.has_fec(b"\x48\x00")
    assert not old.has_fec(b"\x48")
    assert not old.has_fec(b"\x98\x00")
    assert not old.has_fec(b"")


def test_a_file_that_is_no_libopus_is_passed_over() -> None:
    with pytest.raises(OSError, match="nowhere"):
        Library("/nowhere/libopus.so")


def test_the_wheels_libopus_is_taken_first_and_the_systems_else(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libopus, "find_spec", lambda name: None)
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: library.path)
    found = libopus.load.__wrapped__()
    assert found is not None
    assert found.path == library.path
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: "/nowhere/libopus.so")
    assert libopus.load.__wrapped__() is None
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: None)
    assert libopus.load.__wrapped__() is None


def test_silence_after_speech_is_concealed_as_silence(library: Library) -> None:
    decoder = OpusDecoder(library)
    through(OpusEncoder(library, OpusSettings()), decoder, np.zeros(20 * FRAME, np.int16))
    assert dbfs(rms(decoder.conceal(FRAME))) < -60
