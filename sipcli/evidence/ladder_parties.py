"""The parties of a ladder: which addresses belong to one, and what it is called.

A phone that connects again, or to several servers, has a new port each time. What stays is the
host that it writes into Via (RFC 3261 §18.1.1), which WebSocket clients make up (RFC 7118 §5.1).
With the user in From it tells that two addresses are the same party.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from sipcli.evidence.sip_facts import SipFacts, brief
from sipcli.journal.entries import IpPort, SipEntry
from sipcli.text import host_port

MAX_PARTIES: Final = 30
"""Parties of a ladder. All further addresses are one party, `others`."""
MAX_PARTY_NAME: Final = 24
"""Characters of a name."""
OTHERS: Final = "others"


@dataclass(frozen=True, slots=True)
class LadderParty:
    """A user agent or a server."""

    name: str
    """The user, if known, else host and port; no two parties have the same."""
    is_server: bool


@dataclass(slots=True)
class _Party:
    """What is learnt of a party."""

    address: IpPort
    is_known_server: bool = False
    """True if a URI says so."""
    registered: str | None = None
    """The user that it registered as."""
    user: str | None = None
    """The user in its first request, or in the first request that it got."""
    is_registrar: bool = False
    forwards: bool = False
    peers: set[IpPort] = field(default_factory=set)
    """The first two that it talks to."""

    @property
    def is_server(self) -> bool:
        """True if it is a server for all we know."""
        if self.is_known_server or self.is_registrar:
            return True
        return self.registered is None and (self.forwards or len(self.peers) > 1)


class LadderParties:
    """The parties of some messages, in order of appearance."""

    def __init__(self, messages: Sequence[SipFacts]) -> None:
        owners = _owners(messages)
        self._owner_of = owners
        found: dict[str, _Party] = {}
        for each in messages:
            for place in sender_and_receiver(each.entry):
                name = owners[place]
                if name not in found and len(found) < MAX_PARTIES:
                    found[name] = _Party(place)
            _learn(each, *(found.get(owners[place]) for place in sender_and_receiver(each.entry)))
        self._index = {name: index for index, name in enumerate(found)}
        self.all = tuple(_named(found.values()))
        """The parties."""
        if len(set(owners.values())) > len(found):
            self.all = (*self.all, LadderParty(OTHERS, is_server=False))

    def ends(self, entry: SipEntry) -> tuple[int, int]:
        """Return who sent a message and who received it, as indices of `all`."""
        sender, receiver = sender_and_receiver(entry)
        return self._at(sender), self._at(receiver)

    def _at(self, place: IpPort) -> int:
        return self._index.get(self._owner_of[place], len(self._index))


def sender_and_receiver(entry: SipEntry) -> tuple[IpPort, IpPort]:
    """Return the places that a message went from and to: IP addresses and ports.

    A server whose URI is known has that of its URI: it may have several addresses, and an HTTP
    proxy on the way to it has the same one for all servers.
    """
    local, remote, server = entry.local, entry.remote, _server_place(entry.server)
    if server is not None:
        is_ours = local[1] == server[1] and remote[1] != server[1]
        local, remote = (server, remote) if is_ours else (local, server)
    return (local, remote) if entry.direction == "sent" else (remote, local)


def _server_place(uri: str) -> IpPort | None:
    """Return host and port of a URI, the rest of which may hold a token; None without a port."""
    try:
        parts = urlsplit(uri)
        port = parts.port or {"ws": 80, "wss": 443}.get(parts.scheme)
    except ValueError:
        return None
    return None if port is None else (parts.hostname or "", port)


def _owners(messages: Iterable[SipFacts]) -> dict[IpPort, str]:
    """Return a key of its party for each address: Via and From of its first request, or itself.

    Via alone would not do: some programs write the same host everywhere.
    """
    owners: dict[IpPort, str] = {}
    known: set[IpPort] = set()
    """Servers, and addresses that have sent a request."""
    for each in messages:
        server = _server_place(each.entry.server)
        if server is not None:
            known.add(server)
        sender, receiver = sender_and_receiver(each.entry)
        for place in (sender, receiver):
            owners.setdefault(place, f"{place[0]}:{place[1]}")
        if each.is_request and each.only_via is not None and sender not in known:
            known.add(sender)
            owners[sender] = f"{each.from_user} via {each.only_via}"
    return owners


def _learn(message: SipFacts, sender: _Party | None, receiver: _Party | None) -> None:
    """Note what a message tells about its two ends."""
    entry = message.entry
    source, target = sender_and_receiver(entry)
    server = _server_place(entry.server)
    for party, place, peer in ((sender, source, target), (receiver, target, source)):
        if party is None:
            continue
        if len(party.peers) < 2 and server is None:
            party.peers.add(peer)
        if place == server:
            party.is_known_server = True
    if not message.is_request or message.to_tag is not None:
        return
    if sender is not None:
        _learn_of_sender(message, sender)
    if receiver is not None:
        receiver.user = receiver.user or message.to_user
        receiver.is_registrar = receiver.is_registrar or message.method == "REGISTER"


def _learn_of_sender(message: SipFacts, sender: _Party) -> None:
    if message.only_via is None:
        sender.forwards = True
        return
    sender.user = sender.user or message.from_user
    if message.method == "REGISTER":
        sender.registered = sender.registered or message.to_user


def _named(parties: Iterable[_Party]) -> Iterable[LadderParty]:
    taken = {OTHERS}
    for party in parties:
        host, port = party.address
        address = host_port(host, port)
        name = (None if party.is_server else party.registered or party.user) or address
        name = brief(name, MAX_PARTY_NAME)
        if name in taken:
            name = brief(f"{name} {port}", MAX_PARTY_NAME + 6)
        if name in taken:
            name = address
        taken.add(name)
        yield LadderParty(name, party.is_server)
