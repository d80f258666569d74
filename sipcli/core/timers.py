"""The timers of the core: each part has its own as attributes, one heap knows which is due first.

Nothing here waits, and nothing reads a clock: the owner of the `Timers` asks for their
`deadline` and fires what is `due` then.
"""

from collections.abc import Callable, Iterator
from heapq import heapify, heappop, heappush
from typing import Final, Generic, TypeAlias, TypeVar

Result = TypeVar("Result")

MAX_STALE: Final = 64
"""Entries of stopped timers that the heap may hold besides as many as there are running ones."""


class Timer(Generic[Result]):
    """One timer, which runs from `start` until it fires or `stop`.

    `fire` takes the time of the step that it is due in, which may be later than `at`.
    """

    __slots__ = ("_entry", "_number", "_timers", "fire", "owner")

    def __init__(
        self, timers: "Timers[Result]", number: int, fire: Callable[[float], Result], owner: str
    ) -> None:
        self.fire = fire
        self.owner = owner
        self._timers = timers
        self._number = number
        self._entry: _Entry[Result] | None = None

    @property
    def at(self) -> float | None:
        """When it is due, in seconds on the caller's clock; None: it does not run."""
        return None if self._entry is None else self._entry[0]

    def start(self, at: float) -> None:
        """Run until `at`; a timer that runs already is due then instead."""
        self.stop()
        self._entry = self._timers.push(at, self._number, self)

    def stop(self) -> None:
        """Do not fire; no effect on a timer that does not run."""
        if self._entry is not None:
            self._entry = None
            self._timers.running -= 1

    def runs_as(self, entry: "_Entry[Result]") -> bool:
        """True if this entry of the heap is what the timer was started with last."""
        return self._entry is entry


_Entry: TypeAlias = tuple[float, int, int, Timer[Result]]
"""When a timer is due; its number, for timers that are due at once; a count, so that two entries
never compare their timers."""


class Timers(Generic[Result]):
    """The timers of one machine or of many: `start`, `stop` and `deadline` cost next to nothing.

    A stopped timer's entry stays in the heap until its time comes or there are too many of them.
    """

    def __init__(self) -> None:
        self._heap: list[_Entry[Result]] = []
        self._made = 0
        self._started = 0
        self.running = 0

    def timer(self, fire: Callable[[float], Result], owner: str = "") -> Timer[Result]:
        """Return a new timer, not started yet; `owner` says whose it is for `stop_all`."""
        self._made += 1
        return Timer(self, self._made, fire, owner)

    def deadline(self) -> float | None:
        """When the first timer is due, in seconds on the caller's clock; None: none runs."""
        heap = self._heap
        while heap:
            entry = heap[0]
            if entry[3].runs_as(entry):
                return entry[0]
            heappop(heap)
        return None

    def due(self, now: float) -> Iterator[Timer[Result]]:
        """Stop and return each timer that is due, in the order of their times.

        Of those due at once, the one made first comes first. One that is stopped or started anew
        meanwhile is left out: it is due in another step, if at all.
        """
        last = self._started
        while (at := self.deadline()) is not None and at <= now and self._heap[0][2] <= last:
            timer = heappop(self._heap)[3]
            timer.stop()
            yield timer

    def stop_all(self, owner: str | None = None) -> None:
        """Stop the timers of one owner, or all of them."""
        for *_, timer in self._heap:
            if owner is None or timer.owner == owner:
                timer.stop()

    def push(self, at: float, number: int, timer: Timer[Result]) -> _Entry[Result]:
        """Enter a timer that starts (`Timer.start`)."""
        self._started += 1
        self.running += 1
        heap = self._heap
        if len(heap) > 2 * self.running + MAX_STALE:
            heap[:] = [entry for entry in heap if entry[3].runs_as(entry)]
            heapify(heap)
        entry = (at, number, self._started, timer)
        heappush(heap, entry)
        return entry


def earliest(*deadlines: float | None) -> float | None:
    """The first of some deadlines; None if there is none."""
    return min((at for at in deadlines if at is not None), default=None)
