"""Logs the media names and the statistics of calls."""

import asyncio
import logging
from contextlib import suppress
from typing import Final

from sipcli.core.describe import describe_fields
from sipcli.phone.call_stats import call_stats
from sipcli.phone.events import CallId
from sipcli.phone.managed_call import Call

_LOGGER: Final = logging.getLogger(__name__)
STATS_INTERVAL_S: Final = 5.0
"""Seconds between two log lines with the statistics of a call."""


def log_media_name(call_id: CallId, call: Call) -> None:
    """Log the name under which the media of a call log: they do not know its Call-ID."""
    _LOGGER.debug("call %s: its media are %s", call_id, call.media.name)


async def log_stats(call: Call) -> None:
    """Log the statistics of a call every `STATS_INTERVAL_S` and at its end, at level debug."""
    while _LOGGER.isEnabledFor(logging.DEBUG):
        with suppress(TimeoutError):
            await asyncio.wait_for(call.over.wait(), STATS_INTERVAL_S)
        now = call_stats(call.media)
        if now is not None:
            _LOGGER.debug("call %s: playout and figures: %s", call.id, describe_fields(now))
        if call.over.is_set():
            return
