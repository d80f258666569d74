"""The journal of a phone: entries in, listeners out. It keeps nothing itself.

Who records asks first whether anybody `wants` that kind of entry, so a journal without listeners
costs a look-up in a dictionary.
"""

import logging
import time
from collections.abc import Callable
from typing import Any, Final, Literal, TypeAlias, TypeVar

from sipcli.errors import Phase
from sipcli.journal.entries import Entry, IpPort, PacketEntry, StepEntry

_LOGGER: Final = logging.getLogger(__name__)
E = TypeVar("E", bound=Entry)
Listener: TypeAlias = Callable[[E], None]


class Journal:
    """What a phone, a sandbox or a command records of itself. Times are in seconds."""

    def __init__(self) -> None:
        self._epoch = time.time() - time.monotonic()
        self._listeners: dict[type[Any], tuple[Listener[Any], ...]] = {}
        self._partial: list[PartialJournal] = []
        self.wants_packets = False
        """As `wants(PacketEntry)`, which is asked a hundred times a second in each call."""

    def now(self) -> float:
        """Return the time of an entry that is made now."""
        return self._epoch + time.monotonic()

    def at(self, monotonic: float) -> float:
        """Return the time of an entry for a time on the event loop's clock."""
        return self._epoch + monotonic

    def subscribe(self, kind: type[E], listener: Listener[E]) -> None:
        """Call `listener` with each entry of this kind from now on, on the loop's thread.

        It must be quick and must not wait: the step or packet that is recorded waits for it.
        """
        self._listeners[kind] = (*self._listeners.get(kind, ()), listener)
        self.ask_again()

    def unsubscribe(self, listener: Listener[Any]) -> None:
        """Do not call `listener` any more. Without effect if it is not subscribed."""
        for kind, listeners in self._listeners.items():
            self._listeners[kind] = tuple(each for each in listeners if each != listener)
        self.ask_again()

    def add(self, partial: "PartialJournal") -> None:
        """Tell a journal that passes its entries on to this one when other kinds are wanted."""
        self._partial.append(partial)

    def ask_again(self) -> None:
        """See anew whether packets are wanted."""
        self.wants_packets = self.wants(PacketEntry)
        for each in self._partial:
            each.ask_again()

    def wants(self, kind: type[Entry]) -> bool:
        """Return True if anybody listens to this kind of entry."""
        return bool(self._listeners.get(kind))

    def record(self, entry: Entry) -> None:
        """Tell the listeners. One that raises is a bug: it is logged and told nothing more."""
        for listener in self._listeners.get(type(entry), ()):
            try:
                listener(entry)
            except Exception:
                self.unsubscribe(listener)
                _LOGGER.exception("a bug in sipcli: the journal has lost a listener")


class PartialJournal(Journal):
    """A journal that passes entries of some kinds on to another one, and drops the others."""

    def __init__(self, whole: Journal, *kinds: type[Entry]) -> None:
        super().__init__()
        self._whole = whole
        self._kinds = frozenset(kinds)
        whole.add(self)
        self.ask_again()

    def wants(self, kind: type[Entry]) -> bool:
        """Return True if it is one of these kinds, and the other journal wants it."""
        return kind in self._kinds and self._whole.wants(kind)

    def record(self, entry: Entry) -> None:
        """Record it in the other journal, if it is of one of these kinds."""
        if type(entry) in self._kinds:
            self._whole.record(entry)


class CallJournal:
    """The journal, for the media of one call."""

    def __init__(self, journal: Journal, call: Callable[[], str]) -> None:
        """`call` returns its Call-ID, which is empty until the INVITE is sent or received."""
        self.journal = journal
        self._call = call

    @property
    def call(self) -> str:
        """The Call-ID; empty before our INVITE."""
        return self._call()

    def packet(
        self,
        direction: Literal["sent", "received"],
        local: IpPort,
        remote: IpPort,
        data: bytes,
        now: float,
        *,
        is_rtcp: bool,
        remark: str | None = None,
    ) -> None:
        """Record a packet; `now` is the loop's time. Ask `Journal.wants_packets` first."""
        self.journal.record(
            PacketEntry(
                at=self.journal.at(now),
                call=self.call,
                direction=direction,
                local=local,
                remote=remote,
                is_rtcp=is_rtcp,
                data=data,
                remark=remark,
            )
        )

    def step(
        self,
        phase: Phase,
        state: Literal["begun", "done", "failed"],
        text: str = "",
        facts: tuple[tuple[str, str], ...] = (),
        *,
        server: str | None = None,
    ) -> None:
        """Record that a step of this call's media has begun, is done or has failed.

        `server` is the URI of the STUN or TURN server that it asks.
        """
        if self.journal.wants(StepEntry):
            self.journal.record(
                StepEntry(
                    at=self.journal.now(),
                    phase=phase,
                    state=state,
                    call=self.call,
                    server=server,
                    text=text,
                    facts=facts,
                )
            )
