"""Opus through FFmpeg, if no libopus can be loaded.

FFmpeg neither conceals losses nor decodes FEC: losses are concealed from the sound before them.
"""

from typing import Final, Literal, TypeAlias

import av
import numpy as np
from av.error import FFmpegError

from sipcli.errors import MediaError
from sipcli.media.codecs.concealment import Concealer
from sipcli.media.codecs.libopus import MAX_SAMPLES
from sipcli.media.codecs.opus_settings import DTX_PAYLOAD, DtxGate, OpusSettings
from sipcli.media.pcm import FRAME, RATE, Pcm, silence

Name: TypeAlias = Literal["libopus", "opus"]
"""FFmpeg's codecs for Opus: its wrapper of libopus, and its own."""

_FORMATS: Final[dict[Name, Literal["flt", "fltp"]]] = {"libopus": "flt", "opus": "fltp"}
"""The better codec first, with its sample format."""
_EXPECTED_LOSS: Final = "10"
"""Percent: FFmpeg must know it before the first frame, and less adds no FEC at 32 kbit/s."""


def make_encoder(settings: OpusSettings) -> "AvOpusEncoder":
    """Return one on the best codec of this FFmpeg. Raises `MediaError` if it has none."""
    return AvOpusEncoder(_best("encode"), settings)


def make_decoder() -> "AvOpusDecoder":
    """Return one on the best codec of this FFmpeg. Raises `MediaError` if it has none."""
    return AvOpusDecoder(_best("decode"))


def _best(verb: str) -> Name:
    for name in _FORMATS:
        if name in av.codecs_available:
            return name
    raise MediaError(f"this machine cannot {verb} Opus: install libopus")


class AvOpusEncoder:
    """An `Encoder` on the FFmpeg codec `name`. It cannot tell when DTX detects a pause."""

    pausing = False

    def __init__(self, name: Name, settings: OpusSettings) -> None:
        self._context = av.CodecContext.create(name, "w")
        self._context.sample_rate = RATE
        self._context.layout = "mono"
        self._context.format = self._format = _FORMATS[name]
        self._context.bit_rate = settings.bitrate
        self._gate = DtxGate()
        if name == "libopus":
            self._context.options = {
                "application": "voip",
                "compression_level": str(settings.complexity),
                "dtx": str(int(settings.dtx)),
                "fec": str(int(settings.fec)),
                "packet_loss": _EXPECTED_LOSS,
                "vbr": "off" if settings.cbr else "on",
            }
        else:
            self._context.options = {"strict": "experimental", "opus_delay": "20"}

    def encode(self, pcm: Pcm) -> bytes:
        """Return the payload for one frame; empty if DTX sends nothing."""
        wave = (pcm / np.float32(32768)).reshape(1, FRAME)
        frame = av.AudioFrame.from_ndarray(wave, format=self._format, layout="mono")
        frame.sample_rate = RATE
        payload = b"".join(bytes(packet) for packet in self._context.encode(frame))
        return self._gate.filter(payload)

    def expect_loss(self, percent: float) -> None:
        """Do nothing: FFmpeg cannot change this while it encodes."""


class AvOpusDecoder:
    """A `Decoder` on the FFmpeg codec `name`."""

    looks_ahead = False

    def __init__(self, name: Name) -> None:
        self.pausing = False
        self._context = av.CodecContext.create(name, "r")
        self._context.sample_rate = RATE
        self._mixer = av.AudioResampler(format="s16", layout="mono", rate=RATE)
        self._concealer = Concealer(RATE)

    def samples(self, payload: bytes) -> int:
        """Return what the first bytes of the payload say (RFC 6716 §3.1)."""
        if not payload:
            return 0
        configuration, code = payload[0] >> 3, payload[0] & 3
        if code == 3 and len(payload) < 2:
            return 0
        frames = payload[1] & 63 if code == 3 else (1, 2, 2)[code]
        if configuration < 12:
            each_ms = (10.0, 20.0, 40.0, 60.0)[configuration & 3]
        elif configuration < 16:
            each_ms = (10.0, 20.0)[configuration & 1]
        else:
            each_ms = (2.5, 5.0, 10.0, 20.0)[configuration & 3]
        samples = int(frames * each_ms * RATE / 1000)
        return samples if samples <= MAX_SAMPLES else 0

    def decode(self, payload: bytes) -> Pcm:
        """Return the sound in `payload`; concealment if it cannot be decoded."""
        expected = self.samples(payload)
        if expected == 0:
            return silence(0)
        self.pausing = len(payload) <= DTX_PAYLOAD
        try:
            frames = self._context.decode(av.Packet(payload))
        except FFmpegError:
            return self.conceal(expected)
        mixed = [part.to_ndarray()[0] for frame in frames for part in self._mixer.resample(frame)]
        if not mixed:
            return self.conceal(expected)
        return self._concealer.add_decoded(np.concatenate(mixed, dtype=np.int16))

    def conceal(self, samples: int, following: bytes = b"") -> Pcm:
        """Return the last pitch periods again, fading."""
        return self._concealer.conceal(samples)

    def has_fec(self, payload: bytes) -> bool:
        """Return False: FFmpeg does not decode FEC."""
        return False

    def decode_fec(self, payload: bytes, samples: int) -> Pcm:
        """Return the same as `conceal`: FFmpeg does not decode FEC."""
        return self.conceal(samples)
