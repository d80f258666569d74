"""Finds the targets of a request, and prepares it for forwarding (RFC 3261 §16.5-16.6)."""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from typing import Final

from sipcli.core.connection.flow import Flow
from sipcli.core.requests.route import needs_sips_contact
from sipcli.sandbox.fork import Outbound
from sipcli.sandbox.locations import Locations, StoredBinding
from sipcli.sandbox.names import DOMAIN, user_of
from sipcli.sip.auth import parse_authorization
from sipcli.sip.build import MAX_FORWARDS
from sipcli.sip.grammar import Malformed
from sipcli.sip.headers import Headers
from sipcli.sip.message import Request
from sipcli.sip.uri import SipUri, Uri
from sipcli.sip.via import MAGIC_COOKIE

_OPENS_DIALOG: Final = frozenset({"INVITE", "SUBSCRIBE", "REFER"})
_SIGNATURE_DIGITS: Final = 20
"""Hexadecimal digits of the signature: 80 bits, as in the example of RFC 5626."""
_TOKEN: Final = re.compile(rf"([0-9]{{1,12}})-([0-9]{{1,12}})-([0-9a-f]{{{_SIGNATURE_DIGITS}}})")


class FlowTokens:
    """Creates and verifies flow tokens: the two flows of a dialog, signed (RFC 5626 §5.2).

    A token names both flows of a dialog, so that one Record-Route serves both directions: a
    request that arrives on one flow leaves on the other.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def write(self, caller: Flow, callee: Flow) -> str:
        """Return the token of a dialog between two flows, valid as the user part of a URI."""
        text = f"{caller.number}-{callee.number}"
        return f"{text}-{self._sign(text)}"

    def read(self, token: str) -> tuple[int, int] | None:
        """Return the numbers of the two flows; None if the token is not ours."""
        found = _TOKEN.fullmatch(token)
        if found is None:
            return None
        caller, callee, signature = found.groups()
        if not hmac.compare_digest(signature, self._sign(f"{caller}-{callee}")):
            return None
        return int(caller), int(callee)

    def _sign(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()[:_SIGNATURE_DIGITS]


class Router:
    """Finds the flows for a request by its Request-URI and by our flow tokens."""

    def __init__(
        self,
        locations: Locations,
        flows: Mapping[int, Flow],
        new_id: Callable[[], str],
        key: bytes,
    ) -> None:
        self._locations = locations
        self._flows = flows
        self._new_id = new_id
        self._tokens = FlowTokens(key)

    def route(self, request: Request, source: Flow, now: float) -> list[Outbound]:
        """Return the request to send to each target; empty if there is no target.

        Removes all Route headers, because there is no other proxy. Addresses in our domain,
        GRUUs included, lead to the bindings of their user. The Contact of a phone is reached by
        the flow token of its dialog, or by its binding.
        """
        bindings = self._bound(request.uri, now)
        flow = self._by_token(request, source) if not bindings else None
        if flow is not None:
            return [self._outbound(request, source, flow, request.uri)]
        if not bindings and (found := self._locations.by_contact(request.uri, now)) is not None:
            bindings = (found,)
        return [
            self._outbound(request, source, binding.flow, binding.contact) for binding in bindings
        ]

    def _bound(self, uri: Uri, now: float) -> tuple[StoredBinding, ...]:
        """Return the bindings of an address in our domain or a GRUU."""
        user = user_of(uri)
        if user is None or not isinstance(uri, SipUri):
            return ()
        if "gr" not in uri.params:
            return self._locations.targets(user, now)
        instance = uri.params.get("gr")
        owner = (user, instance) if instance else self._locations.by_temporary(user)
        return self._locations.targets(owner[0], now, owner[1]) if owner else ()

    def _by_token(self, request: Request, source: Flow) -> Flow | None:
        """Return the other flow of the dialog, from the topmost Route (RFC 5626 §5.3.1)."""
        top = request.routes[0].uri if request.routes else None
        numbers = self._tokens.read(user_of(top) or "") if top is not None else None
        if numbers is None or source.number not in numbers:
            return None
        caller, callee = numbers
        return self._flows.get(callee if source.number == caller else caller)

    def _outbound(self, request: Request, source: Flow, flow: Flow, uri: Uri) -> Outbound:
        limit = request.max_forwards
        headers = request.headers.without("Route")
        headers = headers.replaced(
            "Max-Forwards", str(MAX_FORWARDS if limit is None else limit - 1)
        )
        headers = _without_our_credentials(headers)
        if request.method in _OPENS_DIALOG and request.to.tag is None:
            token = self._tokens.write(source, flow)
            scheme = "sips" if needs_sips_contact(request.uri, request.routes) else "sip"  # §16.6
            route = f"<{scheme}:{token}@{DOMAIN};transport=ws;lr>"
            headers = headers.prepended("Record-Route", route)
        transport = "WSS" if flow.server.secure else "WS"
        via = f"SIP/2.0/{transport} {DOMAIN};branch={MAGIC_COOKIE}{self._new_id()}"
        return Outbound(request.replacing(headers=headers.prepended("Via", via), uri=uri), flow)


def _without_our_credentials(headers: Headers) -> Headers:
    """Remove the credentials for our realm; they must not be forwarded (RFC 3261 §22.3)."""
    given = headers.all("Proxy-Authorization")
    headers = headers.without("Proxy-Authorization")
    for text in given:
        try:
            is_for_us = parse_authorization(text).realm == DOMAIN
        except Malformed:
            is_for_us = False
        if not is_for_us:
            headers = headers.appended("Proxy-Authorization", text)
    return headers
