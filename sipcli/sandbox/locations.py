"""Where users are: the bindings of a registrar (RFC 3261 §10.3, RFC 5626 §6, RFC 5627 §5)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sipcli.core.connection.flow import Flow
from sipcli.sip.uri import Uri

MAX_BINDINGS: Final = 10
"""Of one user."""
MAX_TEMPORARY_GRUUS: Final = 20
"""Temporary GRUUs remembered of one user; each refresh brings a new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """One place where a user can be reached."""

    user: str
    contact: Uri
    instance: str | None
    """The URN of `+sip.instance`, without brackets; None: it is known by `contact` alone."""
    reg_id: str | None
    """Which flow of the instance this is; None without outbound (RFC 5626 §4.2)."""
    flow: Flow
    call_id: str
    cseq: int
    expires_at: float
    """In seconds on the caller's clock."""

    @property
    def key(self) -> tuple[str, str | None]:
        """What a newer registration has in common with the one that it replaces."""
        if self.instance is not None and self.reg_id is not None:
            return (self.instance, self.reg_id)
        return (str(self.contact), None)


class Full(Exception):  # noqa: N818 - a fact about the table
    """A user has as many bindings as there may be."""


class Locations:
    """The bindings of all users. Those on a lost connection are gone with it (RFC 7118 §5)."""

    def __init__(self) -> None:
        self._bindings: dict[str, dict[tuple[str, str | None], Binding]] = {}
        self._temporary: dict[str, tuple[str, str]] = {}
        """Name of a temporary GRUU -> user and instance, the oldest first."""

    def of(self, user: str, now: float) -> tuple[Binding, ...]:
        """The bindings of a user that are alive, the oldest first."""
        mine = self._bindings.get(user, {})
        for key in [key for key, binding in mine.items() if binding.expires_at <= now]:
            del mine[key]
        return tuple(mine.values())

    def find(self, binding: Binding, now: float) -> Binding | None:
        """The binding in whose place `binding` would come."""
        return next((old for old in self.of(binding.user, now) if old.key == binding.key), None)

    def put(self, binding: Binding, now: float) -> None:
        """Add a binding, or put it in the place of the one with its key. Raises `Full`."""
        alive = self.of(binding.user, now)
        mine = self._bindings.setdefault(binding.user, {})
        if len(alive) >= MAX_BINDINGS and binding.key not in mine:
            raise Full
        mine.pop(binding.key, None)  # the newest is to be the last
        mine[binding.key] = binding

    def remove(self, binding: Binding) -> None:
        """Drop the binding with the key of `binding`, if there is one."""
        self._bindings.get(binding.user, {}).pop(binding.key, None)

    def drop_flow(self, flow: Flow) -> None:
        """Forget what was registered over a connection that is gone."""
        for mine in self._bindings.values():
            for key in [key for key, binding in mine.items() if binding.flow == flow]:
                del mine[key]

    def targets(self, user: str, now: float, instance: str | None = None) -> tuple[Binding, ...]:
        """Where a request for a user is to go: the newest binding of each instance.

        Several flows of one instance are ways to the same phone, of which one is taken
        (RFC 5626 §5.1). `instance` asks for that one alone, as a GRUU does.
        """
        newest: dict[str, Binding] = {}
        for binding in self.of(user, now):
            if instance is None or binding.instance == instance:
                newest[binding.instance or str(binding.contact)] = binding
        return tuple(newest.values())

    def by_contact(self, contact: Uri, now: float) -> Binding | None:
        """The binding with exactly this contact, for requests inside a dialog."""
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
        """Remember what a temporary GRUU stands for."""
        mine = [known for known, (owner, _) in self._temporary.items() if owner == user]
        if len(mine) >= MAX_TEMPORARY_GRUUS:
            del self._temporary[mine[0]]
        self._temporary[name] = (user, instance)

    def by_temporary(self, name: str) -> tuple[str, str] | None:
        """User and instance of a temporary GRUU."""
        return self._temporary.get(name)
