"""The interface through which a log or trace observes a phone."""

from typing import Protocol


class Observer(Protocol):
    """Observes messages on the wire, and notes on input without effect."""

    def sent(self, server: str, data: bytes) -> None:
        """One WebSocket message went out."""

    def received(self, server: str, data: bytes) -> None:
        """One WebSocket message came in."""

    def noted(self, text: str) -> None:
        """Some input had no effect, for this reason."""


class NullObserver:
    """An observer that does nothing."""

    def sent(self, server: str, data: bytes) -> None:
        """Do nothing."""

    def received(self, server: str, data: bytes) -> None:
        """Do nothing."""

    def noted(self, text: str) -> None:
        """Do nothing."""
