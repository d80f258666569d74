"""Match messages to transactions and run their timers (RFC 3261 §17.1.3, §17.2.3)."""

from dataclasses import dataclass
from typing import Final, Protocol

from sipcli.core.connection.flow import Flow
from sipcli.core.debug_log import NO_LOG, DebugLog
from sipcli.core.timers import Timer, Timers
from sipcli.core.transactions.client import ClientTransaction, InviteClient, NonInviteClient
from sipcli.core.transactions.matching import (
    TransactionKey,
    client_key,
    is_about,
    is_within,
    may_answer,
    server_key,
)
from sipcli.core.transactions.server import InviteServer, NonInviteServer
from sipcli.core.transactions.server_table import ServerEntry, ServerTable
from sipcli.core.transactions.transaction import Deliver, Effect, Ignored, Send, TimedOut
from sipcli.sip import build
from sipcli.sip.grammar import Malformed
from sipcli.sip.message import Fault, Layer, Request, Response
from sipcli.sip.validate import useless

FOREIGN_BRANCH: Final = Fault(
    Layer.VALIDATION, "Via", None, "Via Branch Is Not That Of The Request"
)
FOREIGN_METHOD: Final = Fault(
    Layer.VALIDATION, "CSeq", None, "CSeq Method Is Not That Of The Request"
)


class ClientUser(Protocol):
    """The sender of a request, which waits for its result."""

    def on_response(self, response: Response, now: float) -> None:
        """A response that the transaction let through; provisional ones too."""

    def on_useless(self, response: Response, now: float) -> None:
        """A response came that cannot be used; `response` is a 502 in its place."""

    def on_timeout(self, now: float, dropped: str | None) -> None:
        """Timer B or F fired: there was no response but the one `dropped`, if any."""

    def on_flow_lost(self, now: float) -> None:
        """The connection ended first: whether the request had an effect is unknown."""


class Wire(Protocol):
    """The layer below the transactions."""

    def send(self, flow: Flow, message: Request | Response) -> None:
        """Queue `message` for the connection; dropped if the connection is gone."""

    def ignored(self, what: str) -> None:
        """Log that some input had no effect."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """An incoming request, and the connection for its response."""

    request: Request
    flow: Flow
    key: TransactionKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """The result of matching a response."""

    is_ours: bool
    """True if there is a transaction for it."""
    fault: Fault | None = None
    """Why it cannot be used, or why it almost matches but is not ours; else None."""


@dataclass(slots=True)
class _Client:
    machine: ClientTransaction
    user: ClientUser
    flow: Flow
    timer: Timer[None]
    logged: str = ""
    """The state that was logged last."""
    dropped: str | None = None
    """The last response that may have been for it and could not be used."""


class Transactions:
    """All client and server transactions of one user agent.

    There are at most `most_servers` server transactions inside, and as many outside dialogs. Those
    with a final response make way first; requests beyond that get 503 without a transaction.
    `log` gets a line for each change of state.
    """

    def __init__(self, wire: Wire, most_servers: int, log: DebugLog = NO_LOG) -> None:
        self._wire = wire
        self._log = log
        self._timers: Timers[None] = Timers()
        self._clients: dict[TransactionKey, _Client] = {}
        self._servers = ServerTable(most_servers)

    def send(self, request: Request, flow: Flow, user: ClientUser, now: float) -> None:
        """Start a client transaction: `request` carries a Via with a branch never used before."""
        machine = (
            InviteClient(request, now)
            if request.method == "INVITE"
            else NonInviteClient(request, now)
        )
        key = client_key(request)
        timer = self._timers.timer(lambda at: self._expire_client(key, at))
        client = self._clients[key] = _Client(machine, user, flow, timer)
        self._follow_state("client", client)
        self._wire.send(flow, request)

    def send_ack(self, ack: Request, flow: Flow) -> None:
        """Send the ACK of a 2xx: it is not a transaction and gets no response (§13.2.2.4)."""
        self._wire.send(flow, ack)

    def forget(self, request: Request) -> None:
        """Drop a client transaction whose result is not needed any more (RFC 3261 §9.1)."""
        self._remove_client(client_key(request))

    def respond(self, inbound: Inbound, response: Response, now: float) -> None:
        """Answer a request; stateless where there is no transaction for it (any more)."""
        server = self._servers.get(inbound.key)
        if server is None:
            self._wire.send(inbound.flow, response)
            return
        self._serve(inbound.key, server, server.machine.respond(response, now))

    def receive_response(self, response: Response, now: float) -> Matched:
        """Give a response to its client transaction; without one it is ignored (§18.1.2).

        A malformed one is used as far as it can be. Of a useless one its user hears a 502 in its
        place (§21.5.3), unless it can only have been a provisional one.
        """
        key = self._key_of(response)
        client = self._clients.get(key) if key is not None else None
        if key is None or client is None:
            self._wire.ignored(f"{response.status}: no such transaction")
            return Matched(is_ours=False, fault=self._nearly_matches(response))
        request = client.machine.request
        fault = useless(response, request.method)
        if fault is None:
            self._ask(key, client, client.machine.receive(response, now), now)
        elif not 100 <= response.status < 200:
            if request.method != "INVITE":  # more may follow to an INVITE: its user handles that
                self._remove_client(key)
            client.user.on_useless(build.useless_answer(request, fault), now)
        return Matched(is_ours=True, fault=fault)

    def note_dropped(self, text: str, response: Response | None = None) -> None:
        """Remember the sentence about a dropped message for the request that may time out.

        This is the request that `response` may answer, else the only one that is waiting.
        """
        waiting = list(self._clients.values())
        if response is not None:
            meant = [one for one in waiting if is_about(one.machine.request, response)]
            waiting = meant or waiting
        if len(waiting) == 1:
            waiting[0].dropped = text

    def _key_of(self, response: Response) -> TransactionKey | None:
        """The key of the client transaction that a response is for; None if unknown.

        Matches branch and method (§17.1.3); if one is malformed, the other fields.
        """
        try:
            return client_key(response)
        except Malformed:
            found = [
                key
                for key, client in self._clients.items()
                if may_answer(client.machine.request, response)
            ]
            return found[0] if len(found) == 1 else None

    def _nearly_matches(self, response: Response) -> Fault | None:
        """Return why a response almost matches a pending request, but does not; else None."""
        try:
            via, cseq, call_id = response.via, response.cseq, response.call_id
        except Malformed:
            return None
        for client in self._clients.values():
            request = client.machine.request
            if (call_id, cseq) == (request.call_id, request.cseq):
                return FOREIGN_BRANCH
            if via.branch == request.via.branch and cseq.method != "CANCEL":
                return FOREIGN_METHOD
        return None

    def receive_request(self, request: Request, flow: Flow, now: float) -> Inbound | None:
        """Match a request; return a new one, or an ACK for the user; None for retransmissions."""
        as_method = "INVITE" if request.method == "ACK" else request.method
        key = server_key(request, as_method)
        server = self._servers.get(key)
        if server is not None:
            delivered = self._serve(key, server, server.machine.receive(request))
            return Inbound(request, flow, key) if delivered else None
        if request.method != "ACK" and self._has_room(is_within=is_within(request)):
            machine = (
                InviteServer(request)
                if request.method == "INVITE"
                else NonInviteServer(request, now)
            )
            timer = self._timers.timer(lambda _: self._expire_server(key))
            server = ServerEntry(machine, flow, timer, is_within(request))
            self._servers.add(key, server)
            self._follow_state("server", server)
        return Inbound(request, flow, key)

    def knows(self, inbound: Inbound) -> bool:
        """True if the request opened, or belongs to, a transaction that is still alive."""
        return inbound.key in self._servers

    def invite_for(self, cancel: Request) -> Inbound | None:
        """The INVITE that a CANCEL means, while its transaction is alive (RFC 3261 §9.2)."""
        key = server_key(cancel, "INVITE")
        server = self._servers.get(key)
        if server is None or not isinstance(server.machine, InviteServer):
            return None
        return Inbound(server.machine.request, server.flow, key)

    def to_tag(self, invite: Inbound) -> str | None:
        """The To tag of our latest response to an INVITE; None before there is one."""
        server = self._servers.get(invite.key)
        if server is None or not isinstance(server.machine, InviteServer):
            return None
        last = server.machine.last
        return None if last is None else last.to.tag

    def is_merged(self, request: Request) -> bool:
        """True if a copy of `request` over another path has a transaction (RFC 3261 §8.2.2.2)."""
        return self._servers.is_merged(request)

    @property
    def is_busy(self) -> bool:
        """True if a transaction is alive, ours or a peer's."""
        return bool(self._clients or self._servers)

    def flow_lost(self, flow: Flow, now: float) -> None:
        """The connection was lost: tell its client transactions' users, forget its server ones."""
        self._servers.remove_flow(flow)
        lost = [(key, client) for key, client in self._clients.items() if client.flow == flow]
        for key, _ in lost:
            self._remove_client(key)
        for _, client in lost:
            client.user.on_flow_lost(now)

    def deadline(self) -> float | None:
        """When the next timer is due, in seconds on the caller's clock; None if none runs."""
        return self._timers.deadline()

    def tick(self, now: float) -> None:
        """Fire all timers that are due."""
        for timer in self._timers.due(now):
            timer.fire(now)

    def _expire_client(self, key: TransactionKey, now: float) -> None:
        client = self._clients[key]
        for timer in client.machine.deadlines:
            self._ask(key, client, client.machine.expire(timer), now)

    def _expire_server(self, key: TransactionKey) -> None:
        server = self._servers[key]
        for timer in server.machine.deadlines:
            self._serve(key, server, server.machine.expire(timer))

    def _remove_client(self, key: TransactionKey) -> None:
        client = self._clients.pop(key, None)
        if client is not None:
            client.timer.stop()

    def _has_room(self, *, is_within: bool) -> bool:
        """True if there is room for another request of that kind; makes room if it can."""
        if self._servers.has_room(is_within=is_within):
            return True
        if not self._servers.remove_finished(is_within=is_within):
            return False
        self._wire.ignored("dropped a transaction that was waiting for its ACK, to make room")
        return True

    def _follow_state(self, role: str, entry: _Client | ServerEntry) -> None:
        """Log a machine's state, and run the timer of that state: it has one at most."""
        for at in entry.machine.deadlines.values():
            entry.timer.start(at)
        if not entry.machine.deadlines:
            entry.timer.stop()
        if self._log.is_read:
            self._log_state(role, entry)

    def _log_state(self, role: str, entry: _Client | ServerEntry) -> None:
        state, before = entry.machine.state.name, entry.logged
        if state != before:
            entry.logged = state
            request = entry.machine.request
            change = f"{before} -> {state}" if before else state
            branch = request.via.branch
            self._log("%s transaction %s %s: %s", role, request.method, branch, change)

    def _ask(self, key: TransactionKey, client: _Client, effects: list[Effect], now: float) -> None:
        """Carry out a client machine's effects; a terminated one is removed first."""
        self._follow_state("client", client)
        if client.machine.state.name == "TERMINATED":
            self._remove_client(key)
        for effect in effects:
            match effect:
                case Send(message):
                    self._wire.send(client.flow, message)
                case Deliver(Response() as response):
                    client.user.on_response(response, now)
                case TimedOut():
                    client.user.on_timeout(now, client.dropped)
                case Ignored(what):
                    self._wire.ignored(what)

    def _serve(self, key: TransactionKey, server: ServerEntry, effects: list[Effect]) -> bool:
        """Carry out a server machine's effects; return True if the message is for the user."""
        self._follow_state("server", server)
        if server.machine.state.name == "TERMINATED":
            self._servers.remove(key)
        else:
            self._servers.follow(key, server)
        delivered = False
        for effect in effects:
            match effect:
                case Send(message):
                    self._wire.send(server.flow, message)
                case Deliver():
                    delivered = True
                case TimedOut():
                    self._wire.ignored("no ACK for our final response")
                case Ignored(what):
                    self._wire.ignored(what)
        return delivered
