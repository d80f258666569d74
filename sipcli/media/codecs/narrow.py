"""The codecs of 8 and 16 kHz at the phone's 48 kHz: resampled, with waveform concealment."""

from collections.abc import Callable
from typing import Final

from sipcli.media.codecs.concealment import Concealer
from sipcli.media.codecs.resampler import Resampler
from sipcli.media.pcm import RATE, Pcm, silence

_UNIT: Final = 8
"""Bytes in a millisecond of G.711 and of G.722: what is over in a payload is cut off."""
_SAMPLES: Final = RATE // 1000
"""At 48 kHz in a millisecond."""


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
    """A `Decoder` around one that works at `rate` Hz and takes any number of bytes."""

    pausing = False

    def __init__(self, rate: int, decode: Callable[[bytes], Pcm]) -> None:
        self._decode = decode
        self._scale = RATE // rate
        self._concealer = Concealer(rate)
        self._up = Resampler(rate, RATE)

    def samples(self, payload: bytes) -> int:
        """64 kbit/s: a millisecond takes eight bytes."""
        return len(payload) // _UNIT * _SAMPLES

    def decode(self, payload: bytes) -> Pcm:
        """The sound in `payload`."""
        whole = len(payload) - len(payload) % _UNIT
        if whole == 0:
            return silence(0)
        return self._up.convert(self._concealer.good(self._decode(payload[:whole])))

    def conceal(self, samples: int) -> Pcm:
        """The last pitch periods again, fading; whole milliseconds are made, then cut."""
        made = -(-samples // _SAMPLES) * _SAMPLES
        return self._up.convert(self._concealer.conceal(made // self._scale))[:samples]

    def has_fec(self, payload: bytes) -> bool:
        """Never."""
        return False

    def decode_fec(self, payload: bytes, samples: int) -> Pcm:
        """There is none: the same as `conceal`."""
        return self.conceal(samples)
