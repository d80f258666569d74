"""A log of events for a script's `wait`, including those that came before it."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from sipcli.cli.output.wording import wording
from sipcli.errors import Phase
from sipcli.phone.call_state import CallState
from sipcli.phone.events import (
    Dtmf,
    Event,
    InstantMessage,
    Media,
    Pong,
    Progress,
    Stats,
)

MAX_EVENTS: Final = 10_000
"""Events that are kept; the oldest are dropped first."""


class EventLog:
    """Keeps the events of the phone and its calls. Only one task may wait at a time."""

    def __init__(self) -> None:
        self.is_over = False
        """True once the calls are over."""
        self.phase = Phase.RING
        """The step that the call of the last event has reached."""
        self.last = "nothing has happened yet"
        """The last event, in words."""
        self._unused: deque[str] = deque(maxlen=MAX_EVENTS)
        """Names of the events that no `wait` has used yet."""
        self._changed = asyncio.Event()

    def on_event(self, event: Event, call: CallState | None) -> None:
        """Add an event; `call` is the one that it is about, if any."""
        if counts(event):
            self._unused.append(event.name)
        self.last = in_words(event) or self.last
        self.phase = call.phase if call is not None else self.phase
        self.wake()

    def end(self) -> None:
        """Note that the calls are over."""
        self.is_over = True
        self.wake()

    def wake(self) -> None:
        """Have `until` look at its condition again: something besides an event has changed."""
        self._changed.set()

    async def until(self, holds: Callable[[], bool], seconds: float | None) -> bool:
        """Wait until `holds()`; return False after `seconds`, or once the calls are over."""
        try:
            async with asyncio.timeout(seconds):
                while not (holds() or self.is_over):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            pass
        return holds()

    def has(self, name: str) -> bool:
        """True if there is an unused event of this name."""
        return name in self._unused

    def use(self, name: str) -> None:
        """Use up the oldest event of this name.

        An `incoming` starts a new call: everything that came before it is used up, too.
        """
        place = self._unused.index(name)
        del self._unused[place]
        if name == "incoming":
            for _ in range(place):
                self._unused.popleft()


def counts(event: Event) -> bool:
    """True if a script can wait for an event: digits and messages when received, media that
    did not fail, and progress above 100 Trying.
    """
    match event:
        case Dtmf() | InstantMessage():
            return event.direction == "received"
        case Media():
            return event.state != "failed"
        case Progress():
            return event.status > 100
        case _:
            return True


def in_words(event: Event) -> str:
    """Return an event as one line of text; empty for figures and pongs."""
    if isinstance(event, Stats | Pong):
        return ""
    line = wording(event)
    return line.text if line is not None else ""
