"""Opus for speech, on libopus (RFC 6716, RFC 7587): mono, in-band FEC, loss concealment, DTX."""

import ctypes
from bisect import bisect_left
from typing import Final

import numpy as np

from sipcli.catalog.codecs import Codec
from sipcli.media.codecs import libopus
from sipcli.media.codecs.codec import Decoder, Encoder
from sipcli.media.codecs.libopus import MAX_SAMPLES, Library
from sipcli.media.codecs.opus_settings import DTX_PAYLOAD, DtxGate, OpusSettings
from sipcli.media.pcm import RATE, Pcm, silence

_LARGEST_PAYLOAD: Final = 1275
"""Bytes of one frame at most (RFC 6716 §3.4, R2)."""
_MIN_FEC_LOSS: Final = 0.5
"""Percent of loss above which FEC saves more quality than it costs."""
_MIN_EXPECTED_LOSS: Final = 10
"""Percent: if libopus is told of less, it adds no FEC at 32 kbit/s."""
_PLAYBACK_RATES: Final = (8_000, 12_000, 16_000, 24_000, 48_000)
"""Hz: the sample rates of Opus's bandwidths, narrowband to fullband (RFC 6716 §2)."""
_STEP: Final = RATE // 400
"""libopus conceals multiples of 2.5 ms."""


class OpusEncoder:
    """An `Encoder`. Raises `ValueError` for settings that libopus refuses."""

    def __init__(self, library: Library, settings: OpusSettings) -> None:
        self._library = library
        self._state = library.encoder(RATE)
        self._out = ctypes.create_string_buffer(_LARGEST_PAYLOAD)
        library.set(self._state, libopus.SET_BITRATE, settings.bitrate)
        library.set(self._state, libopus.SET_COMPLEXITY, settings.complexity)
        library.set(self._state, libopus.SET_INBAND_FEC, int(settings.fec))
        library.set(self._state, libopus.SET_DTX, int(settings.dtx))
        library.set(self._state, libopus.SET_VBR, int(not settings.cbr))
        bandwidth = bisect_left(_PLAYBACK_RATES, settings.max_playback_rate)
        library.set(self._state, libopus.SET_MAX_BANDWIDTH, libopus.NARROW_BAND + bandwidth)
        self._gate = DtxGate() if settings.dtx else None

    @property
    def pausing(self) -> bool:
        """True if DTX found no speech; always False without DTX."""
        return self._gate is not None and self._library.is_in_dtx(self._state)

    def encode(self, pcm: Pcm) -> bytes:
        """Return the payload for one of `Codec.packets_ms`; empty if DTX sends nothing."""
        size = self._library.encode(
            self._state, pcm.tobytes(), len(pcm), self._out, _LARGEST_PAYLOAD
        )
        payload = ctypes.string_at(self._out, max(0, size))
        return payload if self._gate is None else self._gate.filter(payload)

    def expect_loss(self, percent: float) -> None:
        """Add FEC from half a percent of loss on; none below."""
        expected = (
            max(_MIN_EXPECTED_LOSS, min(100, round(percent))) if percent >= _MIN_FEC_LOSS else 0
        )
        self._library.set(self._state, libopus.SET_PACKET_LOSS_PERC, expected)


class OpusDecoder:
    """A `Decoder` for any Opus stream; stereo is mixed to mono."""

    looks_ahead = False

    def __init__(self, library: Library) -> None:
        self.pausing = False
        self._library = library
        self._state = library.decoder(RATE)
        self._out = np.zeros(MAX_SAMPLES, np.int16)
        self._address = self._out.ctypes.data

    def samples(self, payload: bytes) -> int:
        """Return what the first bytes of the payload say (RFC 6716 §3.1)."""
        return max(0, self._library.samples(payload, RATE))

    def decode(self, payload: bytes) -> Pcm:
        """Return the sound in `payload`; concealment if it is malformed (RFC 6716 §3.4)."""
        if not payload:
            return silence(0)
        self.pausing = len(payload) <= DTX_PAYLOAD
        count = self._decode(payload, MAX_SAMPLES, fec=False)
        return self._out[:count].copy() if count > 0 else self.conceal(self.samples(payload))

    def conceal(self, samples: int, following: bytes = b"") -> Pcm:
        """Return libopus's concealment: the sound, or the noise of DTX, continues and fades.

        `following` is not used: what it holds of the lost packet is its FEC.
        """
        whole = min(MAX_SAMPLES, -(-samples // _STEP) * _STEP)
        self._decode(None, whole, fec=False)
        return self._out[: min(samples, whole)].copy()

    def has_fec(self, payload: bytes) -> bool:
        """Return True if `payload` carries FEC (RFC 6716 §2.1.7)."""
        return self._library.has_fec(payload)

    def decode_fec(self, payload: bytes, samples: int) -> Pcm:
        """Return the packet before `payload`, at lower quality; concealment without FEC."""
        whole = min(MAX_SAMPLES, -(-samples // _STEP) * _STEP)
        if self._decode(payload, whole, fec=True) != whole:
            return self.conceal(samples)
        return self._out[: min(samples, whole)].copy()

    def _decode(self, payload: bytes | None, samples: int, *, fec: bool) -> int:
        """Decode into `_out`; return the number of samples, negative if it is not Opus."""
        size = len(payload) if payload else 0
        count: int = self._library.decode(
            self._state, payload, size, self._address, samples, int(fec)
        )
        return count


def make_encoder(_codec: Codec, settings: OpusSettings) -> Encoder:
    """Return an encoder on libopus or, without it, on FFmpeg. Raises `MediaError` without both."""
    library = libopus.load()
    if library is not None:
        return OpusEncoder(library, settings)
    from sipcli.media.codecs import opus_av  # late: FFmpeg takes 100 ms to load

    return opus_av.make_encoder(settings)


def make_decoder(_codec: Codec) -> Decoder:
    """Return a decoder on libopus or, without it, on FFmpeg. Raises `MediaError` without both."""
    library = libopus.load()
    if library is not None:
        return OpusDecoder(library)
    from sipcli.media.codecs import opus_av

    return opus_av.make_decoder()


def opus_shortcoming() -> str | None:
    """Return a warning for the user if Opus works only with limits; else None."""
    if libopus.load() is not None:
        return None
    return "libopus was not found: lost Opus packets are concealed less well"
