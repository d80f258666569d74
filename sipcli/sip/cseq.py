"""Numbers that order requests: CSeq and RAck (RFC 3261 §20.16, RFC 3262 §7.2)."""

import re
from dataclasses import dataclass
from typing import Final

from sipcli.sip.grammar import TOKEN_CHARS, Malformed, integer

HIGHEST: Final = 2**32 - 1
"""RFC 3261 §8.1.1.5 stops new numbers at 2**31; counting past that does no harm."""

_CSEQ: Final = re.compile(rf"([0-9]++)[ \t]++([{TOKEN_CHARS}]++)")
_RACK: Final = re.compile(rf"([0-9]++)[ \t]++([0-9]++[ \t]++[{TOKEN_CHARS}]++)")


@dataclass(frozen=True, slots=True)
class CSeq:
    """The place of a request among those of its dialog, and its method."""

    number: int
    method: str

    @classmethod
    def parse(cls, text: str) -> "CSeq":
        """Read the value; raises `Malformed`."""
        found = _CSEQ.fullmatch(text)
        if found is None:
            raise Malformed("this is not a number and a method")
        return cls(integer(found[1], 0, HIGHEST, "the number"), found[2])

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


@dataclass(frozen=True, slots=True)
class RAck:
    """Which reliable provisional response a PRACK acknowledges."""

    rseq: int
    cseq: CSeq

    @classmethod
    def parse(cls, text: str) -> "RAck":
        """Read the value; raises `Malformed`."""
        found = _RACK.fullmatch(text)
        if found is None:
            raise Malformed("this is not two numbers and a method")
        return cls(integer(found[1], 0, HIGHEST, "the RSeq number"), CSeq.parse(found[2]))

    def __str__(self) -> str:
        return f"{self.rseq} {self.cseq}"
