"""Parse Reason and Warning (RFC 3326 §2, RFC 3261 §20.43)."""

import re
from dataclasses import dataclass
from typing import Final

from sipcli.sip.grammar import QUOTED, TOKEN_CHARS, Malformed, integer, unquote
from sipcli.sip.params import NO_PARAMS, Params

_PROTOCOL: Final = re.compile(rf"([{TOKEN_CHARS}]++)[ \t]*+")
_WARNING: Final = re.compile(rf'([0-9]{{3}})[ \t]++([^ \t"]++)[ \t]++({QUOTED})', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Reason:
    """One element of a Reason header field: why a call ended, in the terms of some protocol."""

    protocol: str
    """As written: `SIP`, `Q.850`."""
    params: Params = NO_PARAMS

    @property
    def cause(self) -> int | None:
        """The protocol's own status code."""
        value = self.params.get("cause")
        try:
            return None if value is None else integer(value, 0, 9999, "the cause")
        except Malformed:
            return None

    @property
    def text(self) -> str | None:
        """The same for a person; from the peer, so control characters are possible."""
        return self.params.get("text")

    @classmethod
    def parse(cls, text: str) -> "Reason":
        """Read one element; raises `Malformed`."""
        found = _PROTOCOL.match(text)
        if found is None:
            raise Malformed("the protocol is missing")
        return cls(found[1], Params.parse(text, found.end()))

    def __str__(self) -> str:
        return f"{self.protocol}{self.params}"


@dataclass(frozen=True, slots=True)
class Warning:
    """One element of a Warning header field: more than the status says."""

    code: int
    agent: str
    """The server that warns: a host or a pseudonym."""
    text: str

    @classmethod
    def parse(cls, text: str) -> "Warning":
        """Read one element; raises `Malformed`."""
        found = _WARNING.fullmatch(text)
        if found is None:
            raise Malformed("this is not code, agent and quoted text")
        return cls(int(found[1]), found[2], unquote(found[3]))
