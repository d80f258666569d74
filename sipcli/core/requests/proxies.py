"""Resend a request through the proxy that a 305 names (RFC 3261 §21.3.4)."""

from dataclasses import replace
from typing import Final

from sipcli.sip.address import Address
from sipcli.sip.message import Response
from sipcli.sip.uri import SipUri

MAX_PROXIES: Final = 3
"""Most proxies that one request is sent through, one after the other."""


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
