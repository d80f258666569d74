"""Record the digest challenge that a server sends (RFC 3261 §22)."""

from sipcli.net.failure import excerpt
from sipcli.phone.observer import Observer
from sipcli.sip.auth import Challenge, parse_challenges
from sipcli.sip.message import Response, parse

_FIELDS = {401: "WWW-Authenticate", 407: "Proxy-Authenticate"}


class ChallengeWatch:
    """An observer that passes everything on and keeps the first challenge."""

    def __init__(self, further: Observer) -> None:
        self._further = further
        self._found: list[Challenge] = []

    def sent(self, server: str, data: bytes) -> None:
        """Pass it on."""
        self._further.sent(server, data)

    def received(self, server: str, data: bytes) -> None:
        """Pass it on, and look for a challenge."""
        self._further.received(server, data)
        message = parse(data).message
        if not self._found and isinstance(message, Response) and message.status in _FIELDS:
            self._found = parse_challenges(message.headers.all(_FIELDS[message.status]))

    def noted(self, text: str) -> None:
        """Pass it on."""
        self._further.noted(text)

    @property
    def shown(self) -> str:
        """The challenge in words, safe to print."""
        if not self._found:
            return "no password requested"
        algorithms = dict.fromkeys(each.algorithm or "MD5" for each in self._found)
        first = self._found[0]
        listed = excerpt(" or ".join(algorithms))
        return f"password requested with {first.scheme}, realm {excerpt(first.realm)!r}, {listed}"
