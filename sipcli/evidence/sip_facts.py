"""What a ladder needs to know of a SIP message, read leniently: a fault costs one fact, not all."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from sipcli.journal.entries import SipEntry
from sipcli.sip.address import Address
from sipcli.sip.grammar import Malformed
from sipcli.sip.message import Message, Request, Response
from sipcli.sip.parser import parse
from sipcli.sip.uri import SipUri, Uri
from sipcli.text import one_line

MAX_NAME: Final = 60
"""Characters of what a peer has named: a user, an address, a realm."""
_MASKABLE: Final = 2_100
"""Further characters that are looked at, so that a password is masked before its URI is cut off."""
KEEP_ALIVE: Final = b"\r\n \t\0"
"""A message of these bytes alone is a keep-alive (RFC 5626 §3.5.1)."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class SipFacts:
    """A recorded message and what could be read of it."""

    entry: SipEntry
    message: Request | Response | None
    """None if it is neither a request nor a response."""
    call_id: str | None
    method: str
    """That of the request, or the one that a response names in CSeq; empty if unknown."""
    number: int | None
    """The number in CSeq."""
    from_tag: str | None
    to_tag: str | None
    from_user: str | None
    to_user: str | None
    branch: str | None
    """Of the topmost Via."""
    only_via: str | None
    """Host and port of the Via, if there is only one: then the sender has made the message."""

    @property
    def is_request(self) -> bool:
        """True for a request."""
        return isinstance(self.message, Request)

    @property
    def status(self) -> int | None:
        """The status of a response; 0 if it could not be read, None for all else."""
        return self.message.status if isinstance(self.message, Response) else None


def sip_facts(entry: SipEntry) -> SipFacts:
    """Return the facts of a recorded message."""
    message = parse(entry.data).message
    sender = _read(message, lambda found: found.from_)
    recipient = _read(message, lambda found: found.to)
    cseq = _read(message, lambda found: found.cseq)
    vias = _read(message, lambda found: found.vias) or ()
    return SipFacts(
        entry=entry,
        message=message,
        call_id=_read(message, lambda found: found.call_id),
        method=message.method if isinstance(message, Request) else cseq.method if cseq else "",
        number=cseq.number if cseq else None,
        from_tag=sender.tag if sender else None,
        to_tag=recipient.tag if recipient else None,
        from_user=_user(sender),
        to_user=_user(recipient),
        branch=vias[0].branch if vias else None,
        only_via=f"{vias[0].host}:{vias[0].port or ''}" if len(vias) == 1 else None,
    )


def is_keep_alive(entry: SipEntry) -> bool:
    """True for a keep-alive, which is no SIP message (RFC 7118 §6, RFC 5626 §3.5.1)."""
    return not entry.data.strip(KEEP_ALIVE)


def brief(text: str, most: int = MAX_NAME) -> str:
    """Return words of a peer on one line of at most `most` characters, safe for a terminal."""
    shown = one_line(text[: most + _MASKABLE])
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def brief_uri(uri: Uri) -> str:
    """Return scheme, user and host: parameters and headers of a URI may hold secrets."""
    if not isinstance(uri, SipUri):
        return brief(re.split("[?;]", str(uri), maxsplit=1)[0])
    user = f"{uri.user}@" if uri.user is not None else ""
    return brief(f"{uri.scheme}:{user}{uri.host}")


def _read(message: Message | None, read: Callable[[Message], T]) -> T | None:
    try:
        return None if message is None else read(message)
    except Malformed:
        return None


def _user(address: Address | None) -> str | None:
    if address is None or not isinstance(address.uri, SipUri):
        return None
    return address.uri.user
