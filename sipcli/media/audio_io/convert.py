"""Convert between the frames of a call and the rate and channels of a device."""

import av
import numpy as np

from sipcli.media.pcm import FRAME, RATE, Pcm, silence


class ToFrames:
    """Converts 20 ms captured by a device to a frame."""

    def __init__(self, rate: int, channels: int) -> None:
        """`rate` in Hz, and the interleaved channels, are the device's."""
        self._channels = channels
        self._resampler = _Resampler(rate, RATE) if rate != RATE else None
        # The resampler's output varies by a few samples: start with some, so every frame is full.
        self._ready = silence(FRAME // 4)

    def __call__(self, pcm: Pcm) -> Pcm:
        """Return the frame for `pcm`, 20 ms of the device's sound."""
        if self._channels > 1:
            mean = pcm.reshape(-1, self._channels).mean(axis=1)
            pcm = np.asarray(mean, np.int16)
        if self._resampler is None:
            return pcm
        self._ready = np.concatenate((self._ready, self._resampler(pcm)))
        frame, self._ready = self._ready[:FRAME], self._ready[FRAME:]
        return np.pad(frame, (0, FRAME - len(frame)))


class FromFrames:
    """Converts a frame to what a device plays."""

    def __init__(self, rate: int, channels: int) -> None:
        """`rate` in Hz, and the interleaved channels, are the device's."""
        self._channels = channels
        self._resampler = _Resampler(RATE, rate) if rate != RATE else None

    def __call__(self, frame: Pcm) -> Pcm:
        """Return the samples to play, all channels interleaved."""
        pcm = frame if self._resampler is None else self._resampler(frame)
        return pcm if self._channels == 1 else np.repeat(pcm, self._channels)


class _Resampler:
    """FFmpeg's, with 1 ms of delay."""

    def __init__(self, from_rate: int, to_rate: int) -> None:
        self._from_rate = from_rate
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=to_rate)

    def __call__(self, pcm: Pcm) -> Pcm:
        frame = av.AudioFrame.from_ndarray(pcm.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = self._from_rate
        made = [out.to_ndarray()[0] for out in self._resampler.resample(frame)]
        return np.concatenate(made) if made else silence(0)
