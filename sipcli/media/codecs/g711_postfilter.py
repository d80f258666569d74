"""Postfilter for G.711: reduce its quantization noise, audible over quiet sound.

The power of the noise is known: each code stands for a range of samples, and the error is spread
evenly over it. So a Wiener filter need not estimate it: it scales each frequency by the share that
is sound. ITU-T G.711.1 has such a postfilter (Appendix I); this one is our own.

The spectrum is Blackman and Tukey's, from the autocorrelation: it is inherently smooth, and a
Fourier transform of the signal takes four times as long.
"""

from functools import cache
from typing import Final

import numpy as np
from numpy.fft import irfft  # numpy would load it at the first use, in a call
from numpy.lib.stride_tricks import sliding_window_view

from sipcli.media.pcm import Pcm, Wave

DELAY: Final = 8
"""Samples at 8 kHz, 1 ms: the delay that the filter adds."""
_WINDOW: Final = 256
"""Samples: 32 ms, the length that the spectrum is computed from."""
_MAX_PIECE: Final = 160
"""Samples: longer sound is filtered in pieces, each with its own filter."""
_BANDS: Final = 33
"""Frequency bands of the spectrum and the filter, evenly from 0 to 4 kHz."""
_LAGS: Final = _WINDOW // 2
"""Lags of the autocorrelation. The first few hold most of it, but with 26 PESQ is 0.04 lower."""
_FIRST_ZERO: Final = 12.8
"""The lag at which the lag window first reaches zero: each band is a weighted mean over 600 Hz to
both sides. A filter of 2 ms resolves no more, and would treat a tone as part of the noise around
it."""
_FLOOR: Final = 0.1
"""-20 dB: the gain for a frequency that holds only noise."""
_MAX_ATTENUATION: Final = np.array(1 - _FLOOR, np.float32)
_LEAST_POWER: Final = np.array(1.0, np.float32)


class G711Postfilter:
    """Filters one signal at 8 kHz. PESQ of speech through µ-law is 3.9 without, 4.3 with it."""

    def __init__(self) -> None:
        self._history: Wave = np.zeros((2, _WINDOW), np.float32)
        self._signal, self._noise = self._history
        # Each row is the same piece of the signal, one sample later than the row above.
        recent = self._signal[-_MAX_PIECE - 2 * DELAY :]
        self._shifted = sliding_window_view(recent, _MAX_PIECE)
        self._padded: Wave = np.zeros(_WINDOW + _LAGS - 1, np.float32)
        self._weighted = self._padded[:_WINDOW]
        self._taps: Wave = np.stack((_IDENTITY, np.zeros_like(_IDENTITY)))
        """The filter before the last, and the difference of the last one from it."""

    def clean(self, pcm: Pcm, noise: Wave) -> Wave:
        """Return the next piece of the signal, filtered, and `DELAY` samples later.

        `noise` is the mean square of the quantization error of each sample.
        """
        if len(pcm) <= _MAX_PIECE:
            return self._piece(pcm, noise)
        begins = range(0, len(pcm), _MAX_PIECE)
        return np.concatenate(
            [self._piece(pcm[at : at + _MAX_PIECE], noise[at : at + _MAX_PIECE]) for at in begins]
        )

    def _piece(self, pcm: Pcm, noise: Wave) -> Wave:
        kept = _WINDOW - len(pcm)
        self._history[:, :kept] = self._history[:, len(pcm) :]
        self._signal[kept:] = pcm
        self._noise[kept:] = noise
        taps, change = self._taps
        taps += change
        np.subtract(self._wiener(), taps, out=change)
        heard, more = self._taps.dot(self._shifted[:, _MAX_PIECE - len(pcm) :])
        more *= _rise(len(pcm))
        heard += more
        return np.asarray(heard, np.float32)

    def _wiener(self) -> Wave:
        """Return the filter for the end of the signal."""
        np.multiply(self._signal, _WEIGHTS, out=self._weighted)
        power = _SPECTRUM.dot(np.correlate(self._padded, self._weighted))
        np.maximum(power, _LEAST_POWER, out=power)
        attenuation = self._noise.dot(_SQUARED_WEIGHTS) / power
        np.minimum(attenuation, _MAX_ATTENUATION, out=attenuation)
        return np.asarray(_IDENTITY - _TAPS.dot(attenuation), np.float32)


@cache
def _rise(samples: int) -> Wave:
    """Return a ramp from 0 (excluded) to 1."""
    return np.arange(1, samples + 1, dtype=np.float32) / np.float32(samples)


def _weights() -> Wave:
    """Return the window: it rises slowly and falls at the end, so recent samples count most."""
    rising = _WINDOW * 3 // 4
    rise = (np.arange(rising) + 0.5) / rising
    fall = (np.arange(_WINDOW - rising) + 0.5) / (_WINDOW - rising)
    weights = np.concatenate((np.sin(np.pi / 2 * rise), np.cos(np.pi / 2 * fall)))
    return np.asarray(weights, np.float32)


def _spectrum() -> Wave:
    """Return the matrix that turns an autocorrelation into the power of each band."""
    lags = np.arange(_LAGS)
    weights = np.sinc(lags / _FIRST_ZERO) ** 2 * np.where(lags, 2, 1)
    return np.asarray(weights * np.cos(np.outer(_FREQUENCIES, lags)), np.float32)


def _taps() -> Wave:
    """Return the matrix that turns the gain of each band into the taps of a linear-phase filter."""
    bins = np.linspace(0, np.pi, _WINDOW // 2 + 1)
    gains = [np.interp(bins, _FREQUENCIES, each) for each in np.eye(_BANDS)]
    answers = np.roll(irfft(gains), DELAY, axis=1)[:, : 2 * DELAY + 1]
    return np.asarray((answers * np.hanning(2 * DELAY + 3)[1:-1]).T, np.float32)


_FREQUENCIES: Final = np.linspace(0, np.pi, _BANDS)
"""Radians a sample."""
_WEIGHTS: Final = _weights()
_SQUARED_WEIGHTS: Final = np.square(_WEIGHTS)
_SPECTRUM: Final = _spectrum()
_TAPS: Final = _taps()
_IDENTITY: Final = np.eye(1, 2 * DELAY + 1, DELAY, dtype=np.float32)[0]
