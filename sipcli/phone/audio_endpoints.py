"""The audio endpoints of a call: its source, its sink and its taps."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from sipcli.media.audio_io.open import AudioSink, AudioSource, AudioTap


@dataclass(frozen=True, slots=True)
class AudioEndpoints:
    """One call's source, sink and taps (a recorder, expectations)."""

    source: AudioSource
    sink: AudioSink
    taps: tuple[AudioTap, ...] = ()

    def close(self) -> None:
        """Close all of them."""
        self.source.close()
        self.sink.close()
        for tap in self.taps:
            tap.close()


AudioIn: TypeAlias = str | AudioSource
"""The audio source of one call: a value of `--audio-in`, or an object with `read` (called every
20 ms for 960 samples of 16 bits: 20 ms at 48 kHz, mono) and `close`."""
AudioOut: TypeAlias = str | AudioSink
"""The audio sink of one call: a value of `--audio-out`, or an object with `write` and `close`."""
OpenCallSound: TypeAlias = Callable[[AudioIn | None, AudioOut | None], AudioEndpoints]
"""Opens the audio of one call; None means the default of the phone. Raises `ConfigError` and
`DeviceError`."""
