"""What a call sounds like at our end: where its sound comes from and where it goes."""

from dataclasses import dataclass
from typing import Protocol

from sipcli.media.session.stream import Sink, Source, Tap


class OpenSource(Source, Protocol):
    """A source that was opened for one call."""

    def close(self) -> None:
        """Give it back."""


class OpenSink(Sink, Protocol):
    """A sink that was opened for one call."""

    def close(self) -> None:
        """Finish it: what was written is safe afterwards."""


class OpenTap(Tap, Protocol):
    """A tap that was opened for one call."""

    def close(self) -> None:
        """Finish it."""


@dataclass(frozen=True, slots=True)
class AudioEndpoints:
    """One call's source, sink and taps (a recorder, expectations)."""

    source: OpenSource
    sink: OpenSink
    taps: tuple[OpenTap, ...] = ()

    def close(self) -> None:
        """Close them all."""
        self.source.close()
        self.sink.close()
        for tap in self.taps:
            tap.close()
