"""Whom to call next after a 3xx (RFC 3261 §8.1.3.4): few targets, each once, none but sip:."""

from dataclasses import replace
from typing import Final

from sipcli.sip.address import Address
from sipcli.sip.message import Response
from sipcli.sip.uri import SipUri, Uri

MOST_REDIRECTIONS: Final = 5
"""Targets tried beyond the first."""


class Redirection:
    """The target set of one call, the likeliest first."""

    def __init__(self, target: Uri) -> None:
        self._tried: list[Uri] = [target]
        self._waiting: list[SipUri] = []
        self._has_secure_target = isinstance(target, SipUri) and target.scheme == "sips"

    def add(self, response: Response) -> None:
        """Take the Contacts of a 3xx by falling `q`, without those that are not to be tried."""
        for contact in sorted(response.contacts[:MOST_REDIRECTIONS], key=_weight, reverse=True):
            uri = contact.uri
            if not isinstance(uri, SipUri) or (self._has_secure_target and uri.scheme == "sip"):
                continue
            # Header fields and a method in a URI are the redirecting server's, not our user's.
            uri = replace(uri, headers=(), params=uri.params.without("method"))
            if not any(uri.matches(other) for other in (*self._tried, *self._waiting)):
                self._waiting.append(uri)

    def next(self) -> SipUri | None:
        """The next target; None when there is none or enough were tried."""
        if not self._waiting or len(self._tried) > MOST_REDIRECTIONS:
            return None
        uri = self._waiting.pop(0)
        self._tried.append(uri)
        return uri


def _weight(contact: Address) -> float:
    """The `q` of a Contact, 0 to 1; 1 where there is none that can be read (§20.10)."""
    try:
        return min(max(float(contact.params.get("q") or 1), 0.0), 1.0)
    except ValueError:
        return 1.0
