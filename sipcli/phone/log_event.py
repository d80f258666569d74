"""Logs the events of a phone and its calls."""

import logging
from typing import Final

from sipcli.core.describe import describe_fields
from sipcli.phone.events import Event, Warned

_LOGGER: Final = logging.getLogger(__name__)


def log_event(event: Event) -> None:
    """Log one event at `info`: `connected: server=wss://example.org elapsed_ms=12.3`."""
    if _LOGGER.isEnabledFor(logging.INFO):
        shown = event.text if isinstance(event, Warned) else describe_fields(event)
        _LOGGER.info("%s", f"{event.name}: {shown}".removesuffix(": "))
