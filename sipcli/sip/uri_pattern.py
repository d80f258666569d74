"""Patterns of SIP URIs, for lists of allowed targets: `sip:*@example.com`, `tel:+49*`.

Patterns are compared part by part, never as one text: a peer that chooses the URI could hide what
a pattern looks for in its parameters.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from sipcli.sip.grammar import Malformed
from sipcli.sip.uri import SipUri

_PATTERN: Final = re.compile(
    r"(?:(sips?):)?([^@:\s\x00-\x1f\x7f]+)@"
    r"(\[[0-9A-Fa-f:.*]+\]|[A-Za-z0-9.\-*]+)(?::([0-9]{1,5}))?",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(r"tel:(\+?[0-9A-Fa-f*#]+)", re.IGNORECASE)
_REROUTED: Final = ("maddr", "method")
"""Parameters that send a request elsewhere than the host says; they match no pattern."""


@dataclass(frozen=True, slots=True)
class UriPattern:
    """`[sip:|sips:]USER@HOST[:PORT]`, or `tel:NUMBER`; `*` in a part stands for any characters.

    `sip:` also matches `sips:`. Without a port, any port matches. A number is the user part of an
    address in our own domain. Other parameters of a URI do not matter.
    """

    text: str
    scheme: str | None
    user: re.Pattern[str] = field(repr=False)
    host: re.Pattern[str] | None = field(repr=False)
    """None: our own domain."""
    port: int | None

    @classmethod
    def parse(cls, text: str) -> "UriPattern":
        """Parse a pattern; raises `Malformed`."""
        number = _NUMBER.fullmatch(text)
        if number is not None:
            return cls(text, None, _wildcards(number[1]), None, None)
        found = _PATTERN.fullmatch(text)
        if found is None:
            raise Malformed("this is no pattern such as sip:*@example.com or tel:+49*")
        scheme, user, host, port = found.groups()
        return cls(
            text,
            scheme.lower() if scheme else None,
            _wildcards(user),
            _wildcards(host.lower()),
            int(port) if port else None,
        )

    def matches(self, uri: SipUri, home: SipUri) -> bool:
        """True if `uri` matches; `home` is our own address."""
        if any(name in uri.params for name in _REROUTED):
            return False
        if self.scheme == "sips" and uri.scheme != "sips":
            return False
        if self.user.fullmatch(uri.user or "") is None:
            return False
        if self.host is None:
            return (uri.host, uri.port) == (home.host, home.port)
        is_host = self.host.fullmatch(uri.host) is not None
        return is_host and self.port in (None, uri.port)

    def __str__(self) -> str:
        return self.text


def _wildcards(text: str) -> re.Pattern[str]:
    # Possessive where possible: `*a*a*a…` must not take exponential time on a peer's text.
    pieces = [re.escape(piece) for piece in re.sub(r"\*+", "*", text).split("*")]
    if len(pieces) == 1:
        return re.compile(pieces[0])
    first, *middle, last = pieces
    steps = "".join(rf"(?>(?s:.*?){piece})" for piece in middle)
    return re.compile(rf"{first}{steps}(?s:.*){last}")
