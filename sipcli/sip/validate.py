"""What a user agent checks before it acts on a message (RFC 3261 §8.2, §8.1.3; RFC 4475).

Only what is needed to go on is checked. All other malformed header fields are ignored, as
RFC 3261 §8.2.2 asks; among them Date (RFC 4475 §3.1.2.12) and Expires (RFC 3261 §20.19: a
malformed one counts as 3600 s).
"""

from collections.abc import Callable, Iterator
from typing import Final

from sipcli.sip.address import Address
from sipcli.sip.cseq import CSeq, RAck
from sipcli.sip.faults import Fault, Layer
from sipcli.sip.grammar import Malformed, integer
from sipcli.sip.media_type import MediaType
from sipcli.sip.message import LIMITS, Limits, Request, Response
from sipcli.sip.replaces import Replaces
from sipcli.sip.subscription import Event, SubscriptionState
from sipcli.sip.timing import SessionExpires
from sipcli.sip.typed import VERSION
from sipcli.sip.uri import OtherUri, SipUri
from sipcli.sip.via import MAGIC_COOKIE, Via

Reader = Callable[[str], object]


def _call_id(text: str) -> str:
    if any(character <= " " or character == "\x7f" for character in text):
        raise Malformed("it holds a blank or a control character")
    return text


_MANDATORY: Final[dict[str, Reader]] = {
    "CSeq": CSeq.parse,
    "Call-ID": _call_id,
    "From": Address.parse,
    "To": Address.parse,
}
"""To be there exactly once (RFC 3261 §8.1.1); Via is the fifth, and a list."""

_AT_MOST_ONCE: Final[dict[str, Reader]] = {
    "Max-Forwards": lambda text: integer(text, 0, 255, "the number"),
    "Content-Type": MediaType.parse,
    "Session-Expires": SessionExpires.parse,
    "Min-SE": SessionExpires.parse,
    "Replaces": Replaces.parse,
    "Refer-To": Address.parse,
    "RAck": RAck.parse,
    "Event": Event.parse,
    "Subscription-State": SubscriptionState.parse,
}
"""Well-formed where a request has them; none of them is needed in a response."""


def check(message: Request | Response, limits: Limits = LIMITS) -> tuple[Fault, ...]:
    """All faults that forbid acting on `message`, those of parsing first.

    A request is to be answered with the first one's status and reason; a response is to be
    dropped. Never raises.
    """
    faults = [*message.faults]
    if message.version.upper() != VERSION:
        faults.append(Fault(Layer.VALIDATION, None, None, "Version Not Supported", 505))
    faults += _mandatory(message)
    faults += _vias(message, limits)
    if isinstance(message, Request):
        faults += _cseq_method(message)
        faults += _optional(message)
        faults += _contacts(message)
        faults += _request_uri(message)
    return tuple(faults)


def _mandatory(message: Request | Response) -> Iterator[Fault]:
    for name, read in _MANDATORY.items():
        values = message.headers.all(name)
        if not values or not values[0]:
            yield Fault(Layer.VALIDATION, name, None, f"Missing {name}")
        yield from _single(name, values, read)


def _optional(request: Request) -> Iterator[Fault]:
    for name, read in _AT_MOST_ONCE.items():
        yield from _single(name, request.headers.all(name), read)


def _single(name: str, values: tuple[str, ...], read: Reader) -> Iterator[Fault]:
    if len(values) > 1:
        yield Fault(Layer.VALIDATION, name, None, f"More Than One {name}")
    elif values and values[0]:
        yield from _malformed(name, values[0], read)


def _malformed(name: str, value: str, read: Reader) -> Iterator[Fault]:
    try:
        read(value)
    except Malformed as fault:
        reason = f"Malformed {name}: {fault.reason}"
        yield Fault(Layer.HEADER, name, fault.offset, reason)


def _vias(message: Request | Response, limits: Limits) -> Iterator[Fault]:
    values = message.headers.values("Via")
    if not values:
        yield Fault(Layer.VALIDATION, "Via", None, "Missing Via")
        return
    if len(values) > limits.via_count:
        yield Fault(Layer.FRAMING, "Via", None, "Too Many Via Elements", 513)
        return
    for value in values:
        yield from _malformed("Via", value, Via.parse)
    try:
        branch = message.via.branch
    except Malformed:
        return
    if branch == MAGIC_COOKIE:
        # RFC 4475 §3.2.1: it promises an id by RFC 3261 and brings none.
        yield Fault(Layer.VALIDATION, "Via", None, "Via Branch Without An Identifier")


def _cseq_method(request: Request) -> Iterator[Fault]:
    try:
        method = request.cseq.method
    except Malformed:
        return
    if method != request.method:
        yield Fault(Layer.VALIDATION, "CSeq", None, "CSeq Method Does Not Match")


def _contacts(request: Request) -> Iterator[Fault]:
    """Where the dialog's next requests go: a Contact or Record-Route that cannot be used."""
    for name in ("Contact", "Record-Route"):
        if name == "Contact" and request.contact_is_star:
            continue
        for value in request.headers.values(name):
            yield from _malformed(name, value, Address.parse)


def _request_uri(request: Request) -> Iterator[Fault]:
    try:
        uri = request.uri
    except Malformed:
        return  # already told by `parse`
    if isinstance(uri, OtherUri):
        yield Fault(Layer.APPLICATION, None, None, "Unsupported URI Scheme", 416)
    elif isinstance(uri, SipUri) and uri.headers:
        # RFC 3261 §19.1.1 forbids them; a Route in them must never take effect.
        yield Fault(Layer.VALIDATION, None, None, "Header Fields In The Request-URI")
