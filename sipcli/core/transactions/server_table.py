"""The server transactions that are alive, within bounds.

A peer decides how many there are. So no operation looks at all of them, but for a lost connection;
and those inside and outside dialogs are counted apart, so that strangers take no room of a call.
"""

from dataclasses import dataclass
from typing import Final

from sipcli.core.connection.flow import Flow
from sipcli.core.timers import Timer
from sipcli.core.transactions.matching import MergeKey, TransactionKey, merge_key
from sipcli.core.transactions.server import InviteServerState, ServerTransaction
from sipcli.sip.message import Request

_FINISHED: Final = (InviteServerState.COMPLETED, InviteServerState.ACCEPTED)
"""The states in which a transaction may make way for another, the first of them first.

A refused INVITE only waits for its ACK, an accepted one for retransmissions that do not
occur on a reliable transport. A peer that never sends the ACK must not block others.
"""


@dataclass(slots=True)
class ServerEntry:
    """A server transaction, and what it needs besides its machine."""

    machine: ServerTransaction
    flow: Flow
    timer: Timer[None]
    is_within: bool
    logged: str = ""
    """The state that was logged last."""


class ServerTable:
    """Server transactions by key: at most `most` inside, and `most` outside dialogs."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._entries: dict[TransactionKey, ServerEntry] = {}
        self._counts = {False: 0, True: 0}
        self._finished: dict[tuple[bool, object], dict[TransactionKey, None]] = {
            (is_within, state): {} for is_within in (False, True) for state in _FINISHED
        }
        """Those that may make way, in the order in which they finished."""
        self._copies: dict[MergeKey, dict[TransactionKey, str | None]] = {}
        """What could be copies of one request, with their branches."""

    def __bool__(self) -> bool:
        return bool(self._entries)

    def __contains__(self, key: TransactionKey) -> bool:
        return key in self._entries

    def __getitem__(self, key: TransactionKey) -> ServerEntry:
        return self._entries[key]

    def get(self, key: TransactionKey) -> ServerEntry | None:
        """Return the transaction with this key; None if there is none (any more)."""
        return self._entries.get(key)

    def has_room(self, *, is_within: bool) -> bool:
        """True if there may be another one of that kind."""
        return self._counts[is_within] < self._most

    def add(self, key: TransactionKey, entry: ServerEntry) -> None:
        """Add the transaction of a well-formed request."""
        self._entries[key] = entry
        self._counts[entry.is_within] += 1
        request = entry.machine.request
        self._copies.setdefault(merge_key(request), {})[key] = request.via.branch

    def follow(self, key: TransactionKey, entry: ServerEntry) -> None:
        """Note that a transaction may have changed its state."""
        finished = self._finished.get((entry.is_within, entry.machine.state))
        if finished is not None:
            finished.setdefault(key)

    def remove(self, key: TransactionKey) -> None:
        """Forget a transaction, if it is there, and stop its timer."""
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        entry.timer.stop()
        self._counts[entry.is_within] -= 1
        for state in _FINISHED:
            self._finished[entry.is_within, state].pop(key, None)
        mark = merge_key(entry.machine.request)
        copies = self._copies[mark]
        del copies[key]
        if not copies:
            del self._copies[mark]

    def remove_finished(self, *, is_within: bool) -> bool:
        """Forget the one of that kind that finished first, a refused one first; False: none has."""
        for state in _FINISHED:
            for key in self._finished[is_within, state]:
                self.remove(key)
                return True
        return False

    def remove_flow(self, flow: Flow) -> None:
        """Forget the transactions of a connection."""
        for key in [key for key, entry in self._entries.items() if entry.flow == flow]:
            self.remove(key)

    def is_merged(self, request: Request) -> bool:
        """True if `request` came over another path, too, and that copy is here (§8.2.2.2)."""
        branch = request.via.branch
        copies = self._copies.get(merge_key(request), {})
        return any(other != branch for other in copies.values())
