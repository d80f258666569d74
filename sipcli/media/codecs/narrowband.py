"""Run 8 and 16 kHz codecs at the internal 48 kHz: resampling and waveform concealment."""

from collections.abc import Callable
from typing import Final

import numpy as np

from sipcli.catalog.codecs import Codec
from sipcli.media.codecs.concealment import Concealer
from sipcli.media.codecs.g711_postfilter import G711Postfilter
from sipcli.media.codecs.resampler import Resampler
from sipcli.media.pcm import RATE, Pcm, Wave, silence

_SAMPLES: Final = RATE // 1000
"""Samples in a millisecond at 48 kHz."""
_MIN_LOOKAHEAD_MS: Final = 10
"""In less, no pitch is found."""


class NarrowbandEncoder:
    """An `Encoder` around a function that encodes sound at the codec's own sample rate."""

    pausing = False

    def __init__(self, codec: Codec, encode: Callable[[Pcm], bytes]) -> None:
        self._encode = encode
        self._down = Resampler(RATE, codec.sample_rate)

    def encode(self, pcm: Pcm) -> bytes:
        """Return the payload for one frame."""
        return self._encode(self._down.convert(pcm))

    def expect_loss(self, percent: float) -> None:
        """Do nothing: these codecs have no FEC."""


class NarrowbandDecoder:
    """A `Decoder` around a function that decodes whole milliseconds at the codec's sample rate.

    `noise` is for G.711 (8 kHz): it returns the mean square of the quantization error of each
    sample that `decode` returns. Such a `decode` has no memory, so a payload can also be decoded
    ahead of its turn. Raises `ValueError` for a codec whose payload cannot be split.
    """

    pausing = False

    def __init__(
        self,
        codec: Codec,
        decode: Callable[[bytes], Pcm],
        noise: Callable[[bytes], Wave] | None = None,
    ) -> None:
        if codec.bytes_per_ms is None:
            raise ValueError(f"the payload of {codec.name} cannot be split")
        self._bytes_per_ms = codec.bytes_per_ms
        # G.722 decodes the packet after a gap too badly to use it for that: PESQ falls.
        self.looks_ahead = noise is not None
        self._decode = decode
        self._noise = noise
        self._scale = RATE // codec.sample_rate
        self._concealer = Concealer(codec.sample_rate)
        self._filter = G711Postfilter()
        self._up = Resampler(codec.sample_rate, RATE)

    def samples(self, payload: bytes) -> int:
        """Return the samples of the whole milliseconds in `payload`."""
        return len(payload) // self._bytes_per_ms * _SAMPLES

    def decode(self, payload: bytes) -> Pcm:
        """Return the sound in `payload`; an incomplete millisecond at its end is dropped."""
        whole = payload[: len(payload) - len(payload) % self._bytes_per_ms]
        if not whole:
            return silence(0)
        pcm = self._concealer.add_decoded(self._decode(whole))
        if self._noise is None:
            return self._up.convert(pcm)
        return self._up.convert(self._filter.clean(pcm, self._noise(whole)))

    def conceal(self, samples: int, following: bytes = b"") -> Pcm:
        """Return the last pitch periods, fading, and the first ones of `following`, backwards."""
        whole = -(-samples // _SAMPLES) * _SAMPLES  # of whole milliseconds; the rest is cut off
        ahead = None
        if self.looks_ahead and len(following) >= _MIN_LOOKAHEAD_MS * self._bytes_per_ms:
            ahead = self._decode(following)
        pcm = self._concealer.conceal(whole // self._scale, ahead)
        if self._noise is None:
            return self._up.convert(pcm)[:samples]
        cleaned = self._filter.clean(pcm, np.zeros(len(pcm), np.float32))
        return self._up.convert(cleaned)[:samples]

    def has_fec(self, payload: bytes) -> bool:
        """Return False: there is no FEC."""
        return False

    def decode_fec(self, payload: bytes, samples: int) -> Pcm:
        """Return the same as `conceal`: there is no FEC."""
        return self.conceal(samples)
