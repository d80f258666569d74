"""The course of events, for whoever waits for one of them: those that came early count, too."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from sipcli.calls.events import Dtmf, Media, Stats
from sipcli.cli.call_wording import call_wording
from sipcli.cli.screen import Event
from sipcli.cli.wording import wording
from sipcli.core.calls.events import Progress
from sipcli.core.events import Event as PhoneEvent
from sipcli.core.events import InstantMessage, Pong
from sipcli.errors import Phase

MAX_EVENTS: Final = 10_000
"""Events that are remembered; the oldest are forgotten first."""
_PHASES: Final = {
    "calling": Phase.RING,
    "incoming": Phase.RING,
    "answered": Phase.ICE,
    "media": Phase.AUDIO,
}
"""The step that an event leads to."""


class EventLog:
    """Give it all events of the phone and its calls. One at a time may wait."""

    def __init__(self) -> None:
        self.is_over = False
        """Whether nothing more will come that is worth waiting for."""
        self.phase = Phase.RING
        """Which step of a call is next, or the last one."""
        self.last = "nothing has happened yet"
        """What happened last, in words."""
        self._unused: deque[str] = deque(maxlen=MAX_EVENTS)
        """Names of the events that nobody has waited for yet."""
        self._listener: deque[Event] | None = None
        self._changed = asyncio.Event()

    def on_event(self, event: Event) -> None:
        """An event has come."""
        if counts(event):
            self._unused.append(event.name)
        if self._listener is not None:
            self._listener.append(event)
        self.last = in_words(event) or self.last
        self.phase = _PHASES.get(event.name, self.phase)
        self.wake()

    def end(self) -> None:
        """Nothing more will come."""
        self.is_over = True
        self.wake()

    def wake(self) -> None:
        """Something else than an event has changed that somebody may wait for."""
        self._changed.set()

    async def until(self, holds: Callable[[], bool], seconds: float | None) -> bool:
        """Wait until `holds()`. False where it does not within `seconds`, nor can any more."""
        try:
            async with asyncio.timeout(seconds):
                while not (holds() or self.is_over):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            pass
        return holds()

    def has(self, name: str) -> bool:
        """Whether an event of this name is unused."""
        return name in self._unused

    def use(self, name: str) -> None:
        """Let one event of this name, the oldest, be used up.

        A call that comes in begins anew: what came before it is used up, too.
        """
        place = self._unused.index(name)
        del self._unused[place]
        if name == "incoming":
            for _ in range(place):
                self._unused.popleft()

    @contextmanager
    def listening(self) -> Iterator[deque[Event]]:
        """All events that come while inside, used or not."""
        self._listener = deque(maxlen=MAX_EVENTS)
        try:
            yield self._listener
        finally:
            self._listener = None


def counts(event: Event) -> bool:
    """Whether an event is one that a script may wait for: of digits and messages those received,
    of media those that can flow, and of progress what is more than 100 Trying.
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
    """An event as a person reads it, in one line; empty for what tells of no step."""
    if isinstance(event, Stats | Pong):
        return ""
    line = wording(event) if isinstance(event, PhoneEvent) else call_wording(event)
    return line.text.partition("\n")[0] if line is not None else ""
