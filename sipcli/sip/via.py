"""Parse Via: the way of a request, and back for its response (RFC 3261 §20.42)."""

import re
from dataclasses import dataclass
from typing import Final

from sipcli.sip.grammar import HOST, TOKEN_CHARS, Malformed, integer
from sipcli.sip.params import NO_PARAMS, PLAIN, Params
from sipcli.sip.recent import remembering

MAGIC_COOKIE: Final = "z9hG4bK"
"""The start of branches that are unique (RFC 3261 §8.1.1.7)."""

_VIA: Final = re.compile(
    rf"(SIP/2\.0|[{TOKEN_CHARS}]++[ \t]*+/[ \t]*+[{TOKEN_CHARS}]++)"
    rf"[ \t]*+/[ \t]*+([{TOKEN_CHARS}]++)"
    rf"[ \t]++({HOST})[ \t]*+(?>(?::[ \t]*+([0-9]++)[ \t]*+)?)({PLAIN})"
)


@dataclass(frozen=True, slots=True)
class Via:
    """One element of a Via header field."""

    transport: str
    """As written: UDP, WSS or an unknown one."""
    host: str
    """As written; IPv6 addresses keep their brackets."""
    port: int | None = None
    params: Params = NO_PARAMS
    protocol: str = "SIP/2.0"

    @property
    def branch(self) -> str | None:
        """The transaction's id (RFC 3261 §8.1.1.7)."""
        return self.params.get("branch")

    @property
    def is_of_rfc3261(self) -> bool:
        """True if the branch is an id as of RFC 3261; a peer without one speaks RFC 2543."""
        branch = self.branch or ""
        return branch.startswith(MAGIC_COOKIE) and branch != MAGIC_COOKIE

    @property
    def received(self) -> str | None:
        """The address that the request came from, if it is not the host (RFC 3261 §18.2.1)."""
        return self.params.get("received")

    @classmethod
    def parse(cls, text: str) -> "Via":
        """Parse one element; raises `Malformed`."""
        return _recent(text)

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        return f"{self.protocol}/{self.transport} {self.host}{port}{self.params}"


def _parse(text: str) -> Via:
    found = _VIA.match(text)
    if found is None:
        raise Malformed("this is not protocol, transport and host")
    protocol, transport, host, port, plain = found.groups()
    if protocol != "SIP/2.0":
        protocol = protocol.replace(" ", "").replace("\t", "")
    return Via(
        transport,
        host,
        integer(port, 0, 65535, "the port") if port else None,
        Params.plain(plain) if found.end() == len(text) else Params.parse(text, found.start(5)),
        protocol,
    )


_recent: Final = remembering(_parse)
