"""The calls of a phone by their Call-ID; those that have ended stay until nothing is outstanding.

A step looks at a few of the ended ones only: it must not cost more after many calls have ended.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from sipcli.core.calls.call import Call
from sipcli.core.calls.events import CallId

SWEPT_AT_ONCE: Final = 8
"""Ended calls that a step looks at; they take turns."""


class CallTable:
    """Live calls, and ended ones that linger; a call that is done is not there."""

    def __init__(self) -> None:
        self._calls: dict[CallId, Call] = {}
        self._ended: dict[CallId, None] = {}
        """Those that are over, the one whose turn it is first."""

    def __iter__(self) -> Iterator[Call]:
        return iter(list(self._calls.values()))

    def add(self, call: Call) -> None:
        """Add a call that begins."""
        self._calls[call.id] = call

    def get(self, call_id: CallId) -> Call | None:
        """Return a call; None if there is none, or if it is done."""
        call = self._calls.get(call_id)
        if call is not None and call.is_done:
            self.forget(call_id)
            return None
        return call

    def is_live(self, call_id: CallId) -> bool:
        """True if there is such a call and it has not ended."""
        return call_id in self._calls and call_id not in self._ended

    @property
    def live(self) -> int:
        """How many calls have not ended."""
        return len(self._calls) - len(self._ended)

    @property
    def is_idle(self) -> bool:
        """True if there is no call, nor anything left of one."""
        return all(call.is_done for call in self._calls.values())

    def end(self, call_id: CallId) -> None:
        """Note that a call has ended."""
        if call_id in self._calls:
            self._ended[call_id] = None

    def forget(self, call_id: CallId) -> None:
        """Take a call out, done or not."""
        self._calls.pop(call_id, None)
        self._ended.pop(call_id, None)

    def sweep(self) -> None:
        """Forget the calls that are done, of those whose turn it is."""
        for call_id in list(islice(self._ended, SWEPT_AT_ONCE)):
            if self.get(call_id) is not None:
                del self._ended[call_id]
                self._ended[call_id] = None

    def lingers(self, most: int) -> bool:
        """True if at least `most` calls have ended but are not done."""
        if len(self._ended) >= most:
            for call_id in list(self._ended):
                self.get(call_id)
        return len(self._ended) >= most
