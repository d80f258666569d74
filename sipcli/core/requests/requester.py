"""Build and send requests outside dialogs (RFC 3261 §8.1.1)."""

from collections.abc import Iterable
from typing import Final

from sipcli.config.policies import Permission
from sipcli.config.settings import Settings
from sipcli.core.connection.flow import Flow
from sipcli.core.requests.credentials import Authenticator
from sipcli.core.requests.identity import Identity
from sipcli.core.requests.route import needs_sips_contact, secured, send_through
from sipcli.core.transactions.layer import ClientUser, Transactions
from sipcli.sip import build
from sipcli.sip.address import Address
from sipcli.sip.message import Request
from sipcli.sip.uri import SipUri, Uri

ALLOW: Final = (
    "ACK",
    "BYE",
    "CANCEL",
    "INFO",
    "INVITE",
    "MESSAGE",
    "NOTIFY",
    "OPTIONS",
    "PRACK",
    "REFER",
    "UPDATE",
)
"""Methods that we answer with something better than 405."""
SUPPORTED: Final[tuple[str, ...]] = ("gruu", "outbound", "path")
"""Option tags of a REGISTER."""
CALL_SUPPORTED: Final[tuple[str, ...]] = (
    "100rel",
    "gruu",
    "ice",
    "norefersub",
    "outbound",
    "replaces",
    "timer",
)
"""Option tags of a call."""


class Requester:
    """Fills in the fields common to all requests of one phone, and sends them."""

    def __init__(
        self,
        settings: Settings,
        identity: Identity,
        transactions: Transactions,
        authenticator: Authenticator,
    ) -> None:
        self.user_agent = settings.user_agent
        self.identity = identity
        self.authenticator = authenticator
        self._transactions = transactions
        self._redirects = settings.redirects
        self._home = settings.uri

    def out_of_dialog(
        self,
        method: str,
        target: Uri,
        flow: Flow,
        *,
        to: Uri | None = None,
        sender: Address | None = None,
        call_id: str | None = None,
        from_tag: str | None = None,
        cseq: int = 1,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        via: Address | None = None,
    ) -> Request:
        """A request that belongs to no dialog, without its Via.

        `to` is `target` unless given, `sender` (with its tag) is we; `call_id`, `from_tag`
        and `cseq` are fresh ones unless the request continues a row of its kind, as
        REGISTER does (§10.2). `via` is a proxy that it is to pass last (305, §21.3.4).
        """
        identity = self.identity
        sender = sender or identity.from_address(from_tag or identity.new_tag())
        route_set = self.route_set(method, target, flow, via)
        request_uri, routes = send_through(target, route_set)
        fields = [
            *(("Route", route) for route in routes),
            ("Max-Forwards", str(build.MAX_FORWARDS)),
            ("To", f"<{to or target}>"),
            ("From", str(sender)),
            ("Call-ID", call_id or identity.new_id()),
            ("CSeq", f"{cseq} {method}"),
            *headers,
            ("User-Agent", self.user_agent),
        ]
        return build.request(method, request_uri, fields, body)

    def permits_proxy(self, via: Address) -> bool:
        """Return whether `redirects` lets a request go through the proxy of a 305 unasked."""
        uri = via.uri
        if not isinstance(uri, SipUri):
            return False
        return self._redirects.decide(uri, self._home) is Permission.ACCEPT

    def route_set(
        self, method: str, target: Uri, flow: Flow, via: Address | None = None
    ) -> list[Address]:
        """The proxies that a request outside dialogs passes, in their order."""
        routes = self.identity.routes(flow, register=method == "REGISTER")
        return secured(target, [*routes, via] if via is not None else routes)

    def contact(
        self,
        method: str,
        target: Uri,
        flow: Flow,
        *,
        via: Address | None = None,
        anonymous: bool = False,
    ) -> str:
        """The Contact of a request outside dialogs that is no REGISTER (§8.1.1.8)."""
        sips = needs_sips_contact(target, self.route_set(method, target, flow, via))
        if anonymous:
            return self.identity.anonymous_contact(sips=sips)
        return self.identity.dialog_contact(sips=sips)

    def send(self, request: Request, flow: Flow, user: ClientUser, now: float) -> Request:
        """Send `request` in a new client transaction; return it as sent, with its Via."""
        headers = request.headers.without("Via").prepended("Via", self.identity.via(flow))
        sent = request.replacing(headers=headers)
        self._transactions.send(sent, flow, user, now)
        return sent

    def send_ack(self, ack: Request, flow: Flow) -> None:
        """Send the ACK of a 2xx, with a branch of its own (RFC 3261 §13.2.2.4)."""
        headers = ack.headers.without("Via").prepended("Via", self.identity.via(flow))
        self._transactions.send_ack(ack.replacing(headers=headers), flow)
