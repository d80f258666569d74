"""Limit how long a call may ring at the far end (`--ring-timeout`)."""

import asyncio
from typing import Final

from sipcli.phone.managed_call import Call

RINGING: Final = 180
"""From this status on the call has reached a phone at the far end."""


async def ring(call: Call, limit: float) -> None:
    """Wait until an outgoing call is answered or over; hang up after `limit` seconds."""
    try:
        async with asyncio.timeout(limit):
            await call.answered_or_over()
    except TimeoutError:
        if not call.is_pending:
            return  # answered or ended at the last moment
        call.hang_up(_unanswered(call, limit))
        await call.over.wait()


def _unanswered(call: Call, limit: float) -> str:
    """Return how far the call got in `limit` seconds."""
    if call.progress is None:
        return f"no response to the INVITE within {limit:g} s"
    if call.progress < RINGING:
        return f"no answer within {limit:g} s, and the far end did not ring"
    return f"no answer within {limit:g} s"
