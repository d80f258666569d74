"""The sound in a capture is the sound of the call: taken out by tshark, compared with --record."""

from pathlib import Path
from typing import Final

import av
import numpy as np
import numpy.typing as npt
import pytest

from tests.realpeer import tshark
from tests.realpeer.sipcli_process import SipcliProcess
from tests.realpeer.wav_measurement import RATE, Sound, read_wav
from tests.required import require

Samples = npt.NDArray[np.float64]
G711: Final = {"PCMU": "pcm_mulaw", "PCMA": "pcm_alaw"}
RECEIVED, SENT = 1, 2
"""Directions as pcapng numbers them."""
PIECE: Final = RATE // 12
"""Samples that are compared at a time: between them the playout may be stretched, and on a busy
machine some of it is concealed."""


def decoded(codec: str, payloads: list[bytes]) -> Samples:
    """Sound at 48 kHz, decoded by FFmpeg."""
    name = {**G711, "G722": "g722", "opus": "libopus"}[codec]
    context = av.CodecContext.create(name, "r")
    assert isinstance(context, av.AudioCodecContext)
    if codec in G711:
        context.sample_rate = 8000
        context.layout = "mono"
    resampler = av.AudioResampler("dbl", "mono", RATE)
    pieces: list[Samples] = []
    for payload in payloads:
        for frame in context.decode(av.Packet(payload)):
            for each in resampler.resample(frame):
                pieces.append(each.to_ndarray()[0])
    pieces += [each.to_ndarray()[0] for each in resampler.resample(None)]
    return np.concatenate(pieces)


def write_sweep(path: Path, seconds: float) -> None:
    """A WAV file with a tone from 300 to 3000 Hz and back, again and again, at changing levels."""
    import wave

    at = np.arange(int(seconds * RATE)) / RATE
    hz = 1650 + 1350 * np.sin(2 * np.pi * at / 0.7)
    sound = (
        0.3 * (1 + 0.5 * np.sin(2 * np.pi * at / 0.9)) * np.sin(np.cumsum(hz) * 2 * np.pi / RATE)
    )
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((sound * 32767).astype("<i2").tobytes())


def correlation(piece: Samples, whole: Samples) -> float:
    """How alike a piece and the best place in `whole` are, from -1 to 1."""
    size = len(whole) + len(piece)
    products = np.fft.irfft(np.fft.rfft(whole, size) * np.conj(np.fft.rfft(piece, size)), size)
    energy = np.concatenate([[0.0], np.cumsum(whole**2)])
    places = len(whole) - len(piece) + 1
    norms = np.sqrt((energy[len(piece) :] - energy[:places]) * float(np.sum(piece**2)))
    return float(np.max(products[:places] / np.maximum(norms, 1e-9)))


def alike(recorded: Sound, captured: Samples) -> list[float]:
    """The correlation of each piece of a channel that is not silent."""
    pieces = (recorded[at : at + PIECE] for at in range(0, len(recorded) - PIECE, PIECE))
    return [correlation(each, captured) for each in pieces if np.mean(np.abs(each) < 0.01) < 0.1]


@pytest.mark.parametrize("codec", ["opus", "G722", "PCMU", "PCMA"])
def test_the_sound_is_that_of_the_record(tmp_path: Path, codec: str) -> None:
    require(tshark.installed(), tshark.INSTALL)
    write_sweep(tmp_path / "sweep.wav", 6)
    how = ("--audio-in", "file:sweep.wav", "--audio-out", "null", "--record", "record.wav")
    end = ("--codecs", codec, "--duration", "5", "--capture", "c.pcapng")
    with SipcliProcess("call", "--sandbox", "echo", *how, *end, home=tmp_path) as process:
        process.wait(30)
    said, heard = read_wav(tmp_path / "record.wav")
    # What was said is recorded before the codec has made of it what it can.
    for channel, direction, least in ((said, SENT, 0.97), (heard, RECEIVED, 0.99)):
        shown = f"rtp.payload && frame.packet_flags_direction == {direction}"
        rows = tshark.fields(tmp_path / "c.pcapng", shown, "rtp.payload")
        captured = decoded(codec, [bytes.fromhex(row[0].replace(":", "")) for row in rows])
        found = alike(channel, captured)
        assert len(found) > 30
        assert float(np.median(found)) > least, found
