"""The audio endpoints of a call: its source, its sink and its taps."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from sipcli.media.session.audio_stream import Sink, Source, Tap


class OpenSource(Source, Protocol):
    """A source opened for one call."""

    def close(self) -> None:
        """Release it."""


class OpenSink(Sink, Protocol):
    """A sink opened for one call."""

    def close(self) -> None:
        """Finish it; everything written is stored afterwards."""


class OpenTap(Tap, Protocol):
    """A tap opened for one call."""

    def close(self) -> None:
        """Finish it."""


@dataclass(frozen=True, slots=True)
class AudioEndpoints:
    """One call's source, sink and taps (a recorder, expectations)."""

    source: OpenSource
    sink: OpenSink
    taps: tuple[OpenTap, ...] = ()

    def close(self) -> None:
        """Close all of them."""
        self.source.close()
        self.sink.close()
        for tap in self.taps:
            tap.close()


AudioIn: TypeAlias = str | OpenSource
"""The audio source of one call: a value of `--audio-in`, or an object with `read` (called every
20 ms for 960 samples of 16 bits: 20 ms at 48 kHz, mono) and `close`."""
AudioOut: TypeAlias = str | OpenSink
"""The audio sink of one call: a value of `--audio-out`, or an object with `write` and `close`."""
OpenCallSound: TypeAlias = Callable[[AudioIn | None, AudioOut | None], AudioEndpoints]
"""Opens the audio of one call; None means the default of the phone. Raises `ConfigError` and
`DeviceError`."""
