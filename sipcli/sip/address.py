"""Addresses in header fields: From, To, Contact, Route, Refer-To and so on (RFC 3261 §20.10)."""

import re
from dataclasses import dataclass
from typing import Final

from sipcli.sip.grammar import BLANKS, QUOTED, UNWRITABLE, Malformed, quote, unquote
from sipcli.sip.headers import Headers
from sipcli.sip.params import NO_PARAMS, PLAIN, Params
from sipcli.sip.recent import remembering
from sipcli.sip.uri import Uri, parse_uri

_NAME_ADDR: Final = re.compile(
    rf'[ \t]*+(?:({QUOTED})|([^";<>\x00-\x08\x0a-\x1f]*+))[ \t]*+<([^<>]*+)>[ \t]*+({PLAIN})',
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Address:
    """A URI with an optional display name and header parameters."""

    uri: Uri
    display_name: str | None = None
    """Without quotes and quoted pairs; may hold control characters when it came from a peer."""
    params: Params = NO_PARAMS
    """Header parameters; those of the URI are in `uri.params`."""

    @property
    def tag(self) -> str | None:
        """The `tag` of From and To (RFC 3261 §19.3)."""
        return self.params.get("tag")

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Parse a name-addr or addr-spec with its parameters; raises `Malformed`.

        Without angle brackets, everything after the first `;` belongs to the header field, and a
        `?` is not allowed (RFC 3261 §20.10). Unquoted display names may contain anything but
        separators, and also commas: names are letters rather than tokens, and "Bell, Alexander"
        without quotes is a common mistake (RFC 4475 §3.1.2.15).
        """
        return _recent(text)

    def __str__(self) -> str:
        """Return a name-addr; characters of the display name that cannot be sent become spaces."""
        if self.display_name is None:
            return f"<{self.uri}>{self.params}"
        return f"{quote(UNWRITABLE.sub(' ', self.display_name))} <{self.uri}>{self.params}"


def _parse(text: str) -> Address:
    found = _NAME_ADDR.match(text)
    if found is None:
        return _addr_spec(text)
    quoted, words, uri, plain = found.groups()
    name = unquote(quoted) if quoted is not None else words.rstrip(BLANKS) or None
    is_plain = found.end() == len(text)
    params = Params.plain(plain) if is_plain else Params.parse(text, found.start(4))
    return Address(parse_uri(uri), name, params)


_recent: Final = remembering(_parse)


def address_elements(headers: Headers, name: str) -> tuple[str, ...]:
    """Return the elements of a list of addresses, from all fields called `name`.

    A comma in an unquoted display name does not end its element: text without a colon is not an
    address but the start of the next one's display name.
    """
    pieces = headers.values(name)
    if len(pieces) == 1 or all(":" in piece or piece == "*" for piece in pieces):
        return pieces
    elements: list[str] = []
    begun: list[str] = []
    for piece in pieces:
        begun.append(piece)
        if ":" in piece or piece == "*":
            elements.append(", ".join(begun))
            begun = []
    return (*elements, *begun)


def _addr_spec(text: str) -> Address:
    end = text.find(";")
    uri = (text if end < 0 else text[:end]).strip(BLANKS)
    # Not in the parameters: the quoted value of +sip.instance has brackets (RFC 5626 §4.1).
    if '"' in uri or "<" in uri:
        raise Malformed("the display name or the brackets around the URI are malformed")
    if "?" in uri:
        raise Malformed("a URI with header fields is not in angle brackets")
    return Address(parse_uri(uri), None, Params.parse(text, end) if end >= 0 else NO_PARAMS)
