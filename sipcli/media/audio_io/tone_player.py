"""Play tones to the local user: ringing, ringback, busy, a pressed key."""

from collections.abc import Callable
from typing import Final

from sipcli.media.audio_io.sink import AudioSink
from sipcli.media.pcm import FRAME_S
from sipcli.media.session.ticker import Ticker
from sipcli.media.tones import Cadence, CadencePlayer

_TAIL: Final = round(0.2 / FRAME_S)
"""Frames of silence after a tone that ends: a device that closes drops what waits in it."""


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
