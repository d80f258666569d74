"""Route a request: Request-URI and Route from target and route set (RFC 3261 §12.2.1.1).

Also the rules of `sips:`: TLS on each hop, and a `sips:` Contact (RFC 5630 §5.1.1); and the proxy
that a 305 names (§21.3.4).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sipcli.config.server_settings import WsServer
from sipcli.sip.address import Address
from sipcli.sip.message import Response
from sipcli.sip.uri import SipUri, Uri

MAX_PROXIES: Final = 3
"""Most proxies that one request is sent through, one after the other."""


def send_through(target: Uri, route_set: Sequence[Address]) -> tuple[Uri, list[str]]:
    """The Request-URI and the Route values of a request to `target` along `route_set`.

    A first route without `lr` is a strict router of RFC 2543: it finds itself in the
    Request-URI, and the target at the end of the route.
    """
    routes = [str(route) for route in route_set]
    first = route_set[0].uri if route_set else None
    if not isinstance(first, SipUri) or "lr" in first.params:
        return target, routes
    # A Request-URI has neither header fields nor a method (§19.1.1).
    request_uri = replace(first, headers=(), params=first.params.without("method"))
    return request_uri, [*routes[1:], f"<{target}>"]


def is_sips(uri: Uri) -> bool:
    """True if a URI asks for TLS on each hop (RFC 3261 §26.2.2)."""
    return isinstance(uri, SipUri) and uri.scheme == "sips"


def as_sips(uri: Uri) -> Uri:
    """A SIP URI with the scheme changed to `sips`; any other as it is."""
    return replace(uri, scheme="sips") if isinstance(uri, SipUri) else uri


def secured(target: Uri, route_set: Sequence[Address]) -> list[Address]:
    """The route set of a request outside dialogs: all `sips` where the target is."""
    if not is_sips(target):
        return list(route_set)
    return [replace(route, uri=as_sips(route.uri)) for route in route_set]


def needs_sips_contact(target: Uri, route_set: Sequence[Address]) -> bool:
    """True if our Contact has to be a `sips` URI (RFC 3261 §8.1.1.8, §12.1.1)."""
    return is_sips(target) or bool(route_set and is_sips(route_set[0].uri))


def lack_of_security(target: Uri, server: WsServer) -> str | None:
    """Return why `server` may not be used to reach `target`; None if it may."""
    if is_sips(target) and not server.secure:
        return (
            f"a sips: address needs TLS on every hop, and {server} has none; expected a wss: server"
        )
    return None


def lack_of_secure_servers(target: Uri, servers: Sequence[WsServer]) -> str | None:
    """Return why none of the `servers` may be used to reach `target`; None if one may."""
    lacks = [lack_of_security(target, server) for server in servers]
    return next(iter(lacks), None) if all(lacks) else None


class Proxies:
    """The proxies that the responses to one request have named, each once."""

    def __init__(self) -> None:
        self._tried: list[SipUri] = []

    def named_by(self, response: Response) -> Address | None:
        """The proxy of a 305 as a route; None for other responses, and after `MAX_PROXIES`."""
        if response.status != 305 or len(self._tried) == MAX_PROXIES:
            return None
        for contact in response.contacts[:MAX_PROXIES]:
            uri = contact.uri
            if isinstance(uri, SipUri) and not any(uri.matches(other) for other in self._tried):
                self._tried.append(uri)
                # Today's proxies are loose routers, with or without `lr` in the URI.
                params = uri.params.without("method").with_("lr", None)
                return Address(replace(uri, headers=(), params=params))
        return None
