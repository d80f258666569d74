"""The audio endpoints of a call: its source, its sink and its taps."""

from dataclasses import dataclass
from typing import Protocol

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
