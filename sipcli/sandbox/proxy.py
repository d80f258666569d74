"""The sandbox without its sockets: a registrar and stateful proxy (RFC 3261 §16, RFC 5626 §5).

Each method takes an input and `now`, in seconds on the caller's clock; `take_outgoing` returns
what to send.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from sipcli.config.account import ANONYMOUS_HOST
from sipcli.core.connection.flow import Flow
from sipcli.core.connection.keepalive import PING, PONG
from sipcli.core.requests import uas_checks
from sipcli.core.requests.protection_space import Challenger
from sipcli.core.timers import Timers, earliest
from sipcli.core.transactions.layer import Inbound, Transactions
from sipcli.core.transactions.matching import TransactionKey
from sipcli.sandbox.digest_auth import AuthResult, DigestAuthenticator
from sipcli.sandbox.fork import Fork
from sipcli.sandbox.locations import Locations
from sipcli.sandbox.names import is_ours, user_of
from sipcli.sandbox.registrar import Registrar
from sipcli.sandbox.routing import Router
from sipcli.sip import build
from sipcli.sip.message import Request, Response
from sipcli.sip.parser import encode, parse
from sipcli.sip.uri import SipUri
from sipcli.sip.validate import check

SERVER: Final = "sipcli-sandbox"
"""The Server header of our own responses."""


class Proxy:
    """The logic of the sandbox. `passwords` is read live, so users can be added later.

    It remembers `most_requests` received requests at a time, inside and outside dialogs each, and
    as many nonces.
    """

    def __init__(
        self,
        passwords: Mapping[str, str],
        new_id: Callable[[], str],
        key: bytes,
        *,
        most_requests: int = 1000,
    ) -> None:
        self._users = passwords.keys()
        self._new_id = new_id
        self._authenticator = DigestAuthenticator(passwords, new_id, most_requests)
        self._locations = Locations()
        self._registrar = Registrar(self._locations, new_id)
        self._transactions = Transactions(self, most_requests)
        self._flows: dict[int, Flow] = {}
        self._router = Router(self._locations, self._flows, new_id, key)
        self._owners: dict[Flow, str] = {}
        """The authenticated user of each connection."""
        self._forks: dict[TransactionKey, Fork] = {}
        self._over: list[Fork] = []
        """Forks that this step has finished."""
        self._timers: Timers[None] = Timers()
        self._outgoing: list[tuple[Flow, bytes]] = []

    # Inputs

    def opened(self, flow: Flow) -> None:
        """Handle a new connection."""
        self._flows[flow.number] = flow

    def closed(self, flow: Flow, now: float) -> None:
        """Handle a lost connection: drop its bindings, and cancel its requests."""
        self._flows.pop(flow.number, None)
        self._locations.drop_flow(flow)
        for fork in list(self._forks.values()):
            if fork.inbound.flow == flow:
                fork.cancel(now)
        self._transactions.flow_lost(flow, now)
        self._owners.pop(flow, None)
        self._drop_finished()

    def received(self, flow: Flow, data: bytes, now: float) -> None:
        """Handle a WebSocket message: SIP or a keep-alive (RFC 5626 §4.4.1)."""
        if data == PING:
            self._outgoing.append((flow, PONG))
            return
        message = parse(data).message
        if message is None:
            return
        if isinstance(message, Request):
            self._received_request(flow, message, uas_checks.refuse_faults(check(message)), now)
        else:
            self._transactions.receive_response(message, now)
        self._drop_finished()

    def tick(self, now: float) -> None:
        """Fire every timer that is due."""
        self._transactions.tick(now)
        for timer in self._timers.due(now):
            timer.fire(now)
        self._drop_finished()

    # For the owner

    def deadline(self) -> float | None:
        """Return when to call `tick` next; None if no timer is set."""
        return earliest(self._timers.deadline(), self._transactions.deadline())

    def peer(self, flow: Flow) -> str:
        """Return the user of a connection; `client N` until it has authenticated."""
        return self._owners.get(flow, f"client {flow.number}")

    def take_outgoing(self) -> list[tuple[Flow, bytes]]:
        """Return and clear the queue of messages to send, in order."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    # For the transactions (transactions.Wire)

    def send(self, flow: Flow, message: Request | Response) -> None:
        """Queue a message, unless its connection is lost."""
        if flow.number in self._flows:
            self._outgoing.append((flow, encode(message)))

    def ignored(self, what: str) -> None:
        """Do nothing: the sandbox does not report ignored input."""

    # Requests

    def _received_request(
        self, flow: Flow, request: Request, refusal: uas_checks.Answer | None, now: float
    ) -> None:
        if refusal is not None:
            if request.method != "ACK":
                self.send(flow, self._answer_of(request, refusal.status, refusal.reason))
            return
        inbound = self._transactions.receive_request(request, flow, now)
        if inbound is None:
            return
        if request.method == "ACK":
            self._forward_ack(inbound, now)
        elif not self._transactions.knows(inbound):
            self._answer(inbound, 503, now)
        elif request.method == "CANCEL":
            self._cancel(inbound, now)
        elif request.method == "REGISTER":
            self._register(inbound, now)
        elif self._is_allowed(inbound, now):
            self._relay(inbound, now)

    def _register(self, inbound: Inbound, now: float) -> None:
        request = inbound.request
        if not is_ours(request.uri):
            self._answer(inbound, 404, now)
            return
        result = self._authenticator.check(request, Challenger.SERVER, now)
        if result.user is None:
            self._challenge(inbound, Challenger.SERVER, 401, result, now)
        elif user_of(request.to.uri) != result.user:
            self._answer(inbound, 403, now, "Not Your Address")
        else:
            self._owners[inbound.flow] = result.user
            response = self._registrar.register(result.user, request, inbound.flow, now)
            self._transactions.respond(inbound, response, now)

    def _is_allowed(self, inbound: Inbound, now: float) -> bool:
        """Return True if a request may be forwarded; else it has been answered.

        In a dialog it is enough that the connection has authenticated before.
        """
        request = inbound.request
        if request.to.tag is not None and inbound.flow in self._owners:
            return True
        result = self._authenticator.check(request, Challenger.PROXY, now)
        if result.user is None:
            self._challenge(inbound, Challenger.PROXY, 407, result, now)
            return False
        sender = request.from_.uri
        is_hidden = isinstance(sender, SipUri) and sender.host == ANONYMOUS_HOST
        if not is_hidden and user_of(sender) != result.user:
            self._answer(inbound, 403, now, "Not Your Address")
            return False
        self._owners[inbound.flow] = result.user
        return True

    def _relay(self, inbound: Inbound, now: float) -> None:
        request = inbound.request
        if request.max_forwards == 0:
            self._answer(inbound, 483, now)
        elif request.proxy_require:
            tags = ", ".join(request.proxy_require)
            self._answer(inbound, 420, now, fields=[("Unsupported", tags)])
        elif request.method == "OPTIONS" and is_ours(request.uri) and not user_of(request.uri):
            self._answer(inbound, 200, now, fields=[uas_checks.allow()])
        else:
            self._forward(inbound, now)

    def _forward(self, inbound: Inbound, now: float) -> None:
        request = inbound.request
        outbounds = self._router.route(request, inbound.flow, now)
        if not outbounds:
            is_known = user_of(request.uri) in self._users or request.to.tag is not None
            self._answer(inbound, 480 if is_known else 404, now)
            return
        if request.method == "INVITE":
            self._answer(inbound, 100, now)
        fork = Fork(inbound, self._transactions, self._timers, self._new_id, self._over.append)
        self._forks[inbound.key] = fork
        fork.start(outbounds, now)

    def _forward_ack(self, inbound: Inbound, now: float) -> None:
        """Forward the ACK of a 2xx along its dialog, without a transaction (§16.11)."""
        if inbound.flow in self._owners and inbound.request.max_forwards != 0:
            for outbound in self._router.route(inbound.request, inbound.flow, now)[:1]:
                self._transactions.send_ack(outbound.request, outbound.flow)

    def _cancel(self, inbound: Inbound, now: float) -> None:
        invite = self._transactions.invite_for(inbound.request)
        self._answer(inbound, 481 if invite is None else 200, now)
        fork = self._forks.get(invite.key) if invite is not None else None
        if fork is not None:
            fork.cancel(now)

    def _challenge(
        self, inbound: Inbound, kind: Challenger, status: int, result: AuthResult, now: float
    ) -> None:
        fields = self._authenticator.challenges(kind, now, stale=result.stale)
        self._answer(inbound, status, now, fields=fields)

    def _answer(
        self,
        inbound: Inbound,
        status: int,
        now: float,
        reason: str | None = None,
        fields: Iterable[tuple[str, str]] = (),
    ) -> None:
        response = self._answer_of(inbound.request, status, reason, fields)
        self._transactions.respond(inbound, response, now)

    def _answer_of(
        self,
        request: Request,
        status: int,
        reason: str | None = None,
        fields: Iterable[tuple[str, str]] = (),
    ) -> Response:
        tag = None if status == 100 else self._new_id()
        fields = [*fields, ("Server", SERVER)]
        return build.response(request, status, reason, to_tag=tag, headers=fields)

    def _drop_finished(self) -> None:
        """Drop the forks that have finished."""
        for fork in self._over:
            fork.stop()
            if self._forks.get(fork.inbound.key) is fork:
                del self._forks[fork.inbound.key]
        self._over.clear()
