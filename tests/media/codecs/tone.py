"""A test tone, and what came of it."""

import numpy as np

from sipcli.media.codecs.codec import Decoder, Encoder
from sipcli.media.pcm import FRAME, RATE, Pcm
from sipcli.media.quality.level import dbfs, rms


def sine(hz: float, frames: int = 50, amplitude: float = 0.5) -> Pcm:
    """A tone at 48 kHz."""
    t = np.arange(frames * FRAME) / RATE
    return (np.sin(2 * np.pi * hz * t) * amplitude * 32767).astype(np.int16)


def voice(seconds: float) -> Pcm:
    """Something with a pitch that moves, and breath, so that Opus takes it for speech."""
    t = np.arange(int(seconds * RATE)) / RATE
    pitch = 2 * np.pi * (140 * t + 30 / 7 * np.sin(7 * t))
    wave = sum(np.sin(n * pitch) / n for n in range(1, 20))
    breath = np.random.default_rng(6).standard_normal(len(t)) * 0.15
    return ((np.asarray(wave) + breath) * (0.6 + 0.4 * np.sin(25 * t)) * 5000).astype(np.int16)


def frames(pcm: Pcm) -> list[Pcm]:
    """`pcm` in frames of 20 ms."""
    return [pcm[at : at + FRAME] for at in range(0, len(pcm), FRAME)]


def through(encoder: Encoder, decoder: Decoder, pcm: Pcm) -> Pcm:
    """`pcm` encoded and decoded frame by frame."""
    return np.concatenate([decoder.decode(encoder.encode(frame)) for frame in frames(pcm)])


def level(pcm: Pcm) -> float:
    """In dBFS, without the first 200 ms, in which codecs wake up."""
    return dbfs(rms(pcm[RATE // 5 :]))
