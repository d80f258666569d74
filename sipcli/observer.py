"""What a log or a trace hears of a phone."""

from typing import Protocol


class Observer(Protocol):
    """Whoever watches the wire and the reasons of silence: a log, a trace."""

    def sent(self, server: str, data: bytes) -> None:
        """One WebSocket message went out."""

    def received(self, server: str, data: bytes) -> None:
        """One WebSocket message came in."""

    def noted(self, text: str) -> None:
        """Some input had no effect, for this reason."""


class NullObserver:
    """An observer that looks away."""

    def sent(self, server: str, data: bytes) -> None:
        """Do nothing."""

    def received(self, server: str, data: bytes) -> None:
        """Do nothing."""

    def noted(self, text: str) -> None:
        """Do nothing."""
