"""The status line of a phone with calls: far end, state, time, codec, levels, keys."""

import asyncio
from typing import Final

from sipcli.cli.output.status_line import clock, registration_line
from sipcli.media.session.audio_stream import AudioStream
from sipcli.phone.call import Call
from sipcli.phone.events import RedirectRequested, TransferRequested
from sipcli.phone.phone import Phone
from sipcli.text import one_line

BARS: Final = " ▁▂▃▄▅▆▇█"
MIN_DBFS: Final = -60.0
"""The level of an empty bar, in dBFS."""
MIN_SHOWN_S: Final = 0.3
"""Seconds that a question is shown before a key answers it: the key may be meant for the last."""
BAR_WIDTH: Final = 6
"""Columns of a level bar."""


class CallLine:
    """Describes the calls of a phone, the current one first; without a call, its registration.

    All of it is read from the phone when the line is drawn. What it keeps is its own: which
    question it has shown, and since when.
    """

    def __init__(self, phone: Phone, *, has_keys: bool) -> None:
        self._phone = phone
        self._has_keys = has_keys
        self._loop = asyncio.get_running_loop()
        self._question: TransferRequested | RedirectRequested | None = None
        self._since: float | None = None
        """When that question was first shown, by the loop's clock; None: nothing was drawn yet."""

    def has_shown(self, question: TransferRequested | RedirectRequested) -> bool:
        """Return True if a user had the time to see this question, or if nothing is drawn here."""
        if self._since is None:
            return True
        long_enough = self._loop.time() - self._since >= MIN_SHOWN_S
        return question is self._question and long_enough

    def _note(self, question: TransferRequested | RedirectRequested | None) -> None:
        if self._since is None or question is not self._question:
            self._question, self._since = question, self._loop.time()

    def __call__(self) -> str:
        """Return the line; what matters most comes first, since its end may be cut off."""
        call = self._phone.current
        if call is None:
            return registration_line(self._phone.registration, self._loop.time())
        ringing, asking = self._phone.ringing, self._phone.asking
        question = asking.question if asking is not None else None
        self._note(question)
        others = len(self._phone.calls) - 1
        more = f" · {others} more" if others else ""
        if question is not None:
            keys = ": y accept, n refuse" if self._has_keys else ""
            what = "transfer" if isinstance(question, TransferRequested) else "redirection"
            return one_line(f"↷ {what} to {question.target}{keys}{more}")
        if ringing is not None:
            # The caller comes first: the end of the line may be cut off, and the ring must be seen.
            rest = f" · {describe(call)}" if call.is_answered else ""
            keys = ": a answer, r reject" if self._has_keys else ""
            return one_line(f"☎ {_name(ringing)} is calling{keys}{rest}{more}")
        return one_line(f"{describe(call)}{more}{' · ? keys' if self._has_keys else ''}")


def describe(call: Call) -> str:
    """Return the state of a call: far end, time, codec, levels."""
    if not call.is_answered:
        return f"☎ {_name(call)} · {'answering' if call.is_incoming else 'calling'}"
    stats = call.stats
    states = [
        word
        for word, holds in (
            ("hold", call.wants_hold),
            ("held", call.is_held_by_remote),
            ("muted", call.is_muted),
        )
        if holds
    ]
    parts = [
        f"☎ {_name(call)}",
        " ".join([clock(call.duration_s), *states]),
        call.codec or "no media",
        levels(call.media.stream),
    ]
    if stats is not None and stats.mos is not None:
        parts.append(f"MOS {stats.mos:.1f}")
    return " · ".join(parts)


def _name(call: Call) -> str:
    """Return the far end, in short. Its display name is in quotes: it is only what it claims."""
    address = call.remote.removeprefix("sip:")
    return f'"{call.display_name}" {address}' if call.display_name else address


def levels(stream: AudioStream) -> str:
    """Return the levels of both directions: sent, then received."""
    if stream.outbound is None or stream.inbound is None:
        return ""
    sent, heard = stream.outbound.meter.level_dbfs, stream.inbound.meter.level_dbfs
    return f"↑{bar(sent)} ↓{bar(heard)}"


def bar(dbfs: float) -> str:
    """Return a level in dBFS as a bar of `BAR_WIDTH` columns."""
    share = min(1.0, max(0.0, 1 - dbfs / MIN_DBFS))
    eighths = round(share * BAR_WIDTH * 8)
    whole, rest = divmod(eighths, 8)
    return ("█" * whole + (BARS[rest] if rest else "")).ljust(BAR_WIDTH)
