"""Generate tones, and play them to the local user: test tones, ringing, call progress, keys."""

from collections.abc import Callable
from dataclasses import dataclass
from math import tau
from typing import Final

import numpy as np

from sipcli.media.audio_io.open import AudioSink
from sipcli.media.audio_io.ticker import Ticker
from sipcli.media.pcm import FRAME, FRAME_S, RATE, Pcm, silence, to_pcm
from sipcli.media.quality.level import FULL_SCALE

_RAMP: Final = RATE // 200
"""Samples, 5 ms: a tone that starts at full level would click."""
_TAIL: Final = round(0.2 / FRAME_S)
"""Frames of silence after a tone that ends: a device that closes drops what waits in it."""
_ROWS: Final = (697.0, 770.0, 852.0, 941.0)
_COLUMNS: Final = (1209.0, 1336.0, 1477.0, 1633.0)
_KEYS: Final = "123A456B789C*0#D"


class Tone:
    """A steady sum of sines of equal amplitude.

    `amplitude` is the highest possible peak of the sum, as a fraction of full scale.
    """

    def __init__(self, *frequencies_hz: float, amplitude: float = 0.25) -> None:
        self._steps = np.array(frequencies_hz, np.float64) * tau / RATE
        self._phases = np.zeros(len(frequencies_hz))
        self._amplitude = amplitude * FULL_SCALE / max(1, len(frequencies_hz))

    def frame(self, samples: int = FRAME) -> Pcm:
        """Return the next `samples`, continuous with those before."""
        angles = self._phases[:, np.newaxis] + self._steps[:, np.newaxis] * np.arange(samples)
        self._phases = (self._phases + self._steps * samples) % tau
        return to_pcm((np.sin(angles).sum(axis=0) * self._amplitude).astype(np.float32))


@dataclass(frozen=True, slots=True)
class CadencePart:
    """One part of a cadence: a tone or a pause."""

    seconds: float
    """A multiple of a frame, 20 ms."""
    frequencies_hz: tuple[float, ...] = ()
    """Empty for silence."""


@dataclass(frozen=True, slots=True)
class Cadence:
    """A sequence of tones and pauses."""

    parts: tuple[CadencePart, ...]
    repeats: bool = True
    """If False it plays once, followed by silence."""


RINGBACK: Final = Cadence((CadencePart(1.0, (425.0,)), CadencePart(4.0)))
"""Ringback: the far end rings (ITU-T E.180; as in most of Europe)."""
BUSY: Final = Cadence((CadencePart(0.5, (425.0,)), CadencePart(0.5)))
"""Busy: the far end is in another call (ITU-T E.180)."""
CONGESTION: Final = Cadence((CadencePart(0.24, (425.0,)), CadencePart(0.24)))
"""Congestion: the far end cannot be reached (ITU-T E.180)."""
RING: Final = Cadence((*(CadencePart(0.06, (hz,)) for hz in (523.0, 659.0) * 8), CadencePart(2.04)))
"""Ringing for an incoming call: a warble, and a pause."""
CALL_WAITING: Final = Cadence(
    (CadencePart(0.2, (425.0,)), CadencePart(0.2), CadencePart(0.2, (425.0,)), CadencePart(4.0))
)
"""Call waiting: an incoming call during another one."""


def key_tone(digit: str, seconds: float = 0.1) -> Cadence:
    """Return the DTMF tone of a pressed key (ITU-T Q.23). Raises `ValueError` for other text."""
    row, column = divmod(_KEYS.index(digit), len(_COLUMNS))
    return Cadence((CadencePart(seconds, (_ROWS[row], _COLUMNS[column])),), repeats=False)


class CadencePlayer:
    """Plays a cadence frame by frame."""

    def __init__(self, cadence: Cadence, amplitude: float = 0.2) -> None:
        self._parts = [(round(part.seconds / FRAME_S), part) for part in cadence.parts]
        self._repeats = cadence.repeats
        self._amplitude = amplitude
        self._part = 0
        self._frame = 0
        """The position in the current part."""
        self._tone = Tone()

    @property
    def over(self) -> bool:
        """True if only silence follows."""
        return self._part == len(self._parts)

    def frame(self) -> Pcm:
        """Return the next frame."""
        if self.over:
            return silence(FRAME)
        frames, part = self._parts[self._part]
        if self._frame == 0:
            self._tone = Tone(*part.frequencies_hz, amplitude=self._amplitude)
        pcm = self._tone.frame()
        ramp = np.arange(_RAMP, dtype=np.float32) / _RAMP
        if self._frame == 0:
            pcm[:_RAMP] = pcm[:_RAMP] * ramp
        self._frame += 1
        if self._frame == frames:
            pcm[-_RAMP:] = pcm[-_RAMP:] * ramp[::-1]
            self._frame = 0
            self._part += 1
            if self._repeats:
                self._part %= len(self._parts)
        return pcm


class TonePlayer:
    """Plays one tone at a time, on its own clock: there may be no call yet.

    A loudspeaker mixes it with calls that use the same device. It is open only while a tone
    sounds. Must be made inside a running loop.
    """

    def __init__(self, open_sink: Callable[[], AudioSink]) -> None:
        """`open_sink` may raise `DeviceError`; then `play` does."""
        self._open_sink = open_sink
        self._sink: AudioSink | None = None
        self._player: CadencePlayer | None = None
        self._tail = 0
        self._ticker = Ticker(self._tick)

    @property
    def is_playing(self) -> bool:
        """True while a tone plays, including its pauses."""
        return self._player is not None and not self._player.over

    def play(self, cadence: Cadence) -> None:
        """Play `cadence`, replacing the current one. Raises `DeviceError`."""
        if self._sink is None:
            self._sink = self._open_sink()
        self._player = CadencePlayer(cadence)
        self._tail = _TAIL
        self._ticker.start()

    def stop(self) -> None:
        """Stop at once; the device closes unless it has other users."""
        self._ticker.stop()
        self._player = None
        if self._sink is not None:
            self._sink.close()
            self._sink = None

    def _tick(self, _now: float) -> None:
        if self._player is None or self._sink is None:
            return
        if self._player.over:
            self._tail -= 1
            if self._tail < 0:
                self.stop()
                return
        self._sink.write(self._player.frame())
