"""The bindings of a registrar (RFC 3261 §10.3, RFC 5626 §6, RFC 5627 §5)."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sipcli.core.connection.flow import Flow
from sipcli.sip.uri import Uri

MAX_BINDINGS: Final = 10
"""Bindings of one user."""
MAX_TEMPORARY_GRUUS: Final = 20
"""Temporary GRUUs kept for one user; each refresh creates a new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBinding:
    """One contact of a user, and the flow that reaches it."""

    user: str
    contact: Uri
    instance: str | None
    """The URN of `+sip.instance`, without brackets; None if the contact has none."""
    reg_id: str | None
    """The reg-id of the flow; None without outbound (RFC 5626 §4.2)."""
    flow: Flow
    call_id: str
    cseq: int
    expires_at: float
    """In seconds on the caller's clock."""

    @property
    def key(self) -> tuple[str, str | None]:
        """The key that a newer registration shares with the one it replaces."""
        if self.instance is not None and self.reg_id is not None:
            return (self.instance, self.reg_id)
        return (str(self.contact), None)


class TooManyBindings(Exception):  # noqa: N818 - an answer, not a fault
    """The user has the maximum number of bindings."""


class Locations:
    """The bindings of all users. A lost connection removes its bindings (RFC 7118 §5)."""

    def __init__(self) -> None:
        self._bindings: dict[str, dict[tuple[str, str | None], StoredBinding]] = {}
        self._temporary: dict[str, tuple[str, str]] = {}
        """Name of a temporary GRUU -> user and instance."""
        self._names: dict[str, deque[str]] = {}
        """User -> the names of the temporary GRUUs, the oldest first."""

    def of(self, user: str, now: float) -> tuple[StoredBinding, ...]:
        """Return the bindings of a user that have not expired, oldest first."""
        mine = self._bindings.get(user, {})
        for key in [key for key, binding in mine.items() if binding.expires_at <= now]:
            del mine[key]
        return tuple(mine.values())

    def find(self, binding: StoredBinding, now: float) -> StoredBinding | None:
        """Return the binding that `binding` would replace; None if there is none."""
        return next((old for old in self.of(binding.user, now) if old.key == binding.key), None)

    def put(self, binding: StoredBinding, now: float) -> None:
        """Add a binding, or replace the one with the same key. Raises `TooManyBindings`."""
        alive = self.of(binding.user, now)
        mine = self._bindings.setdefault(binding.user, {})
        if len(alive) >= MAX_BINDINGS and binding.key not in mine:
            raise TooManyBindings
        mine.pop(binding.key, None)  # keeps the newest last
        mine[binding.key] = binding

    def remove(self, binding: StoredBinding) -> None:
        """Remove the binding with the key of `binding`, if there is one."""
        self._bindings.get(binding.user, {}).pop(binding.key, None)

    def drop_flow(self, flow: Flow) -> None:
        """Remove the bindings of a lost connection."""
        for mine in self._bindings.values():
            for key in [key for key, binding in mine.items() if binding.flow == flow]:
                del mine[key]

    def targets(
        self, user: str, now: float, instance: str | None = None
    ) -> tuple[StoredBinding, ...]:
        """Return the targets of a request for a user: the newest binding of each instance.

        Several flows of one instance lead to the same phone, so only one is used (RFC 5626
        §5.1). `instance` limits the targets to that instance, as a GRUU does.
        """
        newest: dict[str, StoredBinding] = {}
        for binding in self.of(user, now):
            if instance is None or binding.instance == instance:
                newest[binding.instance or str(binding.contact)] = binding
        return tuple(newest.values())

    def by_contact(self, contact: Uri, now: float) -> StoredBinding | None:
        """Return the binding with exactly this contact, for requests in a dialog."""
        users: Iterable[str] = tuple(self._bindings)
        return next(
            (
                binding
                for user in users
                for binding in self.of(user, now)
                if binding.contact.matches(contact)
            ),
            None,
        )

    def add_temporary(self, name: str, user: str, instance: str) -> None:
        """Store the user and instance of a temporary GRUU."""
        mine = self._names.setdefault(user, deque())
        if len(mine) >= MAX_TEMPORARY_GRUUS:
            del self._temporary[mine.popleft()]
        mine.append(name)
        self._temporary[name] = (user, instance)

    def by_temporary(self, name: str) -> tuple[str, str] | None:
        """Return user and instance of a temporary GRUU; None if it is unknown."""
        return self._temporary.get(name)
