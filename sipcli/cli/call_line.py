"""The last line of the screen during a call: who, state, time, codec, levels, keys."""

import asyncio
from typing import Final

from sipcli.calls.call import Call
from sipcli.calls.switchboard import Switchboard
from sipcli.cli.status import clock
from sipcli.media.session.stream import Stream
from sipcli.printable import one_line

BARS: Final = " ▁▂▃▄▅▆▇█"
LOWEST_DBFS: Final = -60.0
"""What is softer has an empty bar."""
WIDTH: Final = 6
"""Characters of a level bar."""


class CallLine:
    """Describes the calls of a switchboard, the one that is talked on first."""

    def __init__(self, switchboard: Switchboard) -> None:
        self._switchboard = switchboard
        self._loop = asyncio.get_running_loop()

    def __call__(self) -> str | None:
        """The line; None while there is no call."""
        calls = self._switchboard.calls
        if not calls:
            return None
        call = next((one for one in calls if one.is_answered), calls[-1])
        more = f" · {len(calls) - 1} more" if len(calls) > 1 else ""
        return one_line(f"{self._describe(call)}{more} · ? keys")

    def _describe(self, call: Call) -> str:
        if not call.is_answered:
            what = "a answer, r reject" if call.is_incoming else "ringing"
            return f"☎ {call.remote} · {what}"
        stats = call.media.stream.statistics()
        states = [
            word
            for word, holds in (
                ("hold", call.is_held),
                ("held", call.is_held_by_remote),
                ("muted", call.is_muted),
            )
            if holds
        ]
        parts = [
            f"☎ {call.remote}",
            " ".join(states) or clock(self._loop.time() - call.answered_at),
            call.codec or "no media",
            levels(call.media.stream),
        ]
        if stats is not None and stats.mos is not None:
            parts.append(f"MOS {stats.mos:.1f}")
        return " · ".join(parts)


def levels(stream: Stream) -> str:
    """Both directions' levels: what we send, what we hear."""
    if stream.outbound is None or stream.inbound is None:
        return ""
    sent, heard = stream.outbound.meter.level_dbfs, stream.inbound.meter.level_dbfs
    return f"↑{bar(sent)} ↓{bar(heard)}"


def bar(dbfs: float) -> str:
    """A level as a bar of `WIDTH` characters."""
    share = min(1.0, max(0.0, 1 - dbfs / LOWEST_DBFS))
    eighths = round(share * WIDTH * 8)
    whole, rest = divmod(eighths, 8)
    return ("█" * whole + (BARS[rest] if rest else "")).ljust(WIDTH)
