"""Parse Replaces: the dialog that a new call replaces (RFC 3891 §6.1)."""

from dataclasses import dataclass

from sipcli.sip.grammar import BLANKS, Malformed
from sipcli.sip.params import Params


@dataclass(frozen=True, slots=True)
class Replaces:
    """A dialog by its three ids, as seen by the receiver."""

    call_id: str
    to_tag: str
    from_tag: str
    early_only: bool = False
    """To be replaced only while it rings."""

    @classmethod
    def parse(cls, text: str) -> "Replaces":
        """Read the value; raises `Malformed`."""
        call_id, semicolon, rest = text.partition(";")
        params = Params.parse(semicolon + rest)
        to_tag = params.get("to-tag")
        from_tag = params.get("from-tag")
        call_id = call_id.strip(BLANKS)
        if not call_id or to_tag is None or from_tag is None:
            raise Malformed("this is not a Call-ID with to-tag and from-tag")
        return cls(call_id, to_tag, from_tag, "early-only" in params)

    def __str__(self) -> str:
        flag = ";early-only" if self.early_only else ""
        return f"{self.call_id};to-tag={self.to_tag};from-tag={self.from_tag}{flag}"
