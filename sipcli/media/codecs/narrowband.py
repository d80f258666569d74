"""Run 8 and 16 kHz codecs at the internal 48 kHz: resampling and waveform concealment."""

from collections.abc import Callable
from typing import Final

import numpy as np

from sipcli.media.codecs.concealment import Concealer
from sipcli.media.codecs.g711_postfilter import G711Postfilter
from sipcli.media.codecs.resampler import Resampler
from sipcli.media.pcm import RATE, Pcm, Wave, silence

_UNIT: Final = 8
"""Bytes in a millisecond of G.711 and of G.722: what is over in a payload is cut off."""
_SAMPLES: Final = RATE // 1000
"""At 48 kHz in a millisecond."""
_WORTH_LOOKING_AT: Final = 10 * _UNIT
"""Bytes: in less than 10 ms no pitch is found."""


class NarrowEncoder:
    """An `Encoder` around one that works at `rate` Hz."""

    pausing = False

    def __init__(self, rate: int, encode: Callable[[Pcm], bytes]) -> None:
        self._encode = encode
        self._down = Resampler(RATE, rate)

    def encode(self, pcm: Pcm) -> bytes:
        """The payload for one frame."""
        return self._encode(self._down.convert(pcm))

    def expect_loss(self, percent: float) -> None:
        """Nothing to prepare: these codecs carry no redundancy."""


class NarrowDecoder:
    """A `Decoder` around one that works at `rate` Hz and takes any number of bytes.

    `grain` is for G.711 (8 kHz): it tells the noise in what `decode` gives. Such a `decode` has
    no memory, so that a payload can be looked at before its turn.
    """

    pausing = False

    def __init__(
        self,
        rate: int,
        decode: Callable[[bytes], Pcm],
        grain: Callable[[bytes], Wave] | None = None,
    ) -> None:
        # What G.722 makes of the packet after a gap is too wrong to be gone by: PESQ falls.
        self.looks_ahead = grain is not None
        self._decode = decode
        self._grain = grain
        self._scale = RATE // rate
        self._concealer = Concealer(rate)
        self._filter = G711Postfilter()
        self._up = Resampler(rate, RATE)

    def samples(self, payload: bytes) -> int:
        """64 kbit/s: a millisecond takes eight bytes."""
        return len(payload) // _UNIT * _SAMPLES

    def decode(self, payload: bytes) -> Pcm:
        """The sound in `payload`."""
        whole = payload[: len(payload) - len(payload) % _UNIT]
        if not whole:
            return silence(0)
        pcm = self._concealer.good(self._decode(whole))
        if self._grain is None:
            return self._up.convert(pcm)
        return self._up.convert(self._filter.clean(pcm, self._grain(whole)))

    def conceal(self, samples: int, following: bytes = b"") -> Pcm:
        """The last pitch periods again, fading, and, backwards, the first ones of `following`.

        Whole milliseconds are made, then cut.
        """
        made = -(-samples // _SAMPLES) * _SAMPLES
        ahead = None
        if self.looks_ahead and len(following) >= _WORTH_LOOKING_AT:
            ahead = self._decode(following)
        pcm = self._concealer.conceal(made // self._scale, ahead)
        if self._grain is None:
            return self._up.convert(pcm)[:samples]
        cleaned = self._filter.clean(pcm, np.zeros(len(pcm), np.float32))
        return self._up.convert(cleaned)[:samples]

    def has_fec(self, payload: bytes) -> bool:
        """Never."""
        return False

    def decode_fec(self, payload: bytes, samples: int) -> Pcm:
        """There is none: the same as `conceal`."""
        return self.conceal(samples)
