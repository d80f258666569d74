"""Parse Content-Type and Content-Disposition (RFC 3261 §20.15, §20.11)."""

import re
from dataclasses import dataclass
from typing import Final

from sipcli.sip.grammar import TOKEN_CHARS, Malformed
from sipcli.sip.params import NO_PARAMS, Params

_TYPE: Final = re.compile(rf"([{TOKEN_CHARS}]++)[ \t]*+/[ \t]*+([{TOKEN_CHARS}]++)[ \t]*+")
_DISPOSITION: Final = re.compile(rf"([{TOKEN_CHARS}]++)[ \t]*+")


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type with its parameters; type and subtype are in lower case."""

    type: str
    subtype: str
    params: Params = NO_PARAMS

    @property
    def essence(self) -> str:
        """Type and subtype alone: `application/sdp`."""
        return f"{self.type}/{self.subtype}"

    @classmethod
    def parse(cls, text: str) -> "MediaType":
        """Read the value; raises `Malformed`."""
        found = _TYPE.match(text)
        if found is None:
            raise Malformed("this is not type/subtype")
        return cls(found[1].lower(), found[2].lower(), Params.parse(text, found.end()))

    def __str__(self) -> str:
        return f"{self.essence}{self.params}"


@dataclass(frozen=True, slots=True)
class ContentDisposition:
    """How a body is meant: `session`, `render`, `early-session`; in lower case."""

    kind: str
    params: Params = NO_PARAMS

    @property
    def handling(self) -> str | None:
        """`optional`: a receiver that does not know the kind may pass over the body; `required`:
        it may not, which RFC 3261 §20.11 also takes to be meant where nothing is said (None)."""
        value = self.params.get("handling")
        return None if value is None else value.lower()

    @property
    def is_optional(self) -> bool:
        """True if a receiver that does not know the disposition may ignore the body."""
        return self.handling == "optional"

    @classmethod
    def parse(cls, text: str) -> "ContentDisposition":
        """Read the value; raises `Malformed`."""
        found = _DISPOSITION.match(text)
        if found is None:
            raise Malformed("the disposition is missing")
        return cls(found[1].lower(), Params.parse(text, found.end()))

    def __str__(self) -> str:
        return f"{self.kind}{self.params}"
