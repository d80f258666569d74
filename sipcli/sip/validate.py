"""Check a message before acting on it (RFC 3261 §8.2, §8.1.3; RFC 4475).

Only what is needed to continue is checked. All other malformed header fields are ignored, as
RFC 3261 §8.2.2 asks; among them Date (RFC 4475 §3.1.2.12) and Expires (RFC 3261 §20.19: a
malformed one counts as 3600 s).
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from sipcli.sip.address import Address, address_elements
from sipcli.sip.bodies import body_fault
from sipcli.sip.grammar import Malformed, integer, token
from sipcli.sip.header_values import (
    EventPackage,
    MediaType,
    RAck,
    Replaces,
    SessionExpires,
    SubscriptionState,
)
from sipcli.sip.lazy import MAX_ELEMENTS
from sipcli.sip.message import VERSION, Fault, Layer, Message, Request, Response
from sipcli.sip.parser import LIMITS, Limits
from sipcli.sip.uri import OtherUri
from sipcli.sip.via import MAGIC_COOKIE

_MANDATORY: Final[dict[str, Callable[[Message], object]]] = {
    "CSeq": lambda message: message.cseq,
    "Call-ID": lambda message: message.call_id,
    "From": lambda message: message.from_,
    "To": lambda message: message.to,
}
"""Required exactly once (RFC 3261 §8.1.1); Via is the fifth, and a list."""

_AT_MOST_ONCE: Final[dict[str, Callable[[str], object]]] = {
    "Max-Forwards": lambda text: integer(text, 0, 255, "the number"),
    "Content-Type": MediaType.parse,
    "Session-Expires": SessionExpires.parse,
    "Min-SE": SessionExpires.parse,
    "Replaces": Replaces.parse,
    "Refer-To": Address.parse,
    "RAck": RAck.parse,
    "Event": EventPackage.parse,
    "Subscription-State": SubscriptionState.parse,
}
"""Must be well-formed in requests that have them; in responses, malformed ones are ignored."""

_WITHOUT_BODY: Final = frozenset({"BYE", "CANCEL"})
"""Methods whose body is not needed, so it is not checked."""


def check(message: Request | Response, limits: Limits = LIMITS) -> tuple[Fault, ...]:
    """Return the faults because of which `message` must not be acted on, the worst first.

    A request is answered with the status and reason of the first one. For responses, see `useless`
    as well: many can be used nevertheless. Tolerable faults are left out. Never raises.
    """
    if isinstance(message, Request) and any(fault.status == 513 for fault in message.faults):
        return message.faults  # it is not parsed any further
    faults = [fault for fault in message.faults if not fault.is_tolerable]
    if message.version.upper() != VERSION:
        faults.append(Fault(Layer.VALIDATION, None, None, "Version Not Supported", 505))
    faults += _mandatory(message)
    faults += _vias(message, limits)
    faults += _body(message)
    if isinstance(message, Request):
        faults += _cseq_method(message)
        faults += _optional(message)
        faults += _lists(message)
        faults += _request_uri(message)
    return tuple(faults)


def useless(response: Response, method: str) -> Fault | None:
    """Return why `response` cannot be used for a request of this `method`; None if it can.

    The status alone is enough, but a 1xx or 2xx to INVITE must also identify its dialog (RFC 3261
    §12.1.2): without a To there can be no ACK.
    """
    if response.status == 0:
        unreadable = Fault(Layer.START_LINE, None, None, "Malformed Status-Line")
        return next((one for one in response.faults if one.layer is Layer.START_LINE), unreadable)
    if method != "INVITE" or response.status >= 300:
        return None
    for name in ("To", "CSeq"):
        try:
            _MANDATORY[name](response)
        except Malformed as fault:
            return _malformed(name, fault)
    return None


def is_matchable(request: Request) -> bool:
    """True if its transaction and dialog can be identified (RFC 3261 §17.2.3, §12)."""
    try:
        _ = (request.via, request.uri, *(read(request) for read in _MANDATORY.values()))
    except Malformed:
        return False
    return True


def _mandatory(message: Message) -> Iterator[Fault]:
    for name, read in _MANDATORY.items():
        values = message.headers.all(name)
        if len(values) > 1:
            yield Fault(Layer.VALIDATION, name, None, f"More Than One {name}")
        elif not values or not values[0]:
            yield Fault(Layer.VALIDATION, name, None, f"Missing {name}")
        else:
            try:
                read(message)
            except Malformed as fault:
                yield _malformed(name, fault)


def _malformed(name: str, fault: Malformed) -> Fault:
    return Fault(Layer.HEADER, name, fault.offset, f"Malformed {name}: {fault.reason}")


def _body(message: Message) -> Iterator[Fault]:
    if isinstance(message, Request) and message.method in _WITHOUT_BODY:
        return
    fault = body_fault(message)
    if fault is not None:
        yield fault
    elif isinstance(message, Response) and message.body and message.content_type is None:
        # In a request this leads to a 415 elsewhere.
        text = message.headers.get("Content-Type")
        reason = "Malformed Content-Type" if text else "Missing Content-Type"
        yield Fault(Layer.HEADER, "Content-Type", None, reason)


def _vias(message: Message, limits: Limits) -> Iterator[Fault]:
    count = len(message.headers.values("Via"))
    if count == 0:
        yield Fault(Layer.VALIDATION, "Via", None, "Missing Via")
    elif count > limits.via_count:
        yield Fault(Layer.FRAMING, "Via", None, "Too Many Via Elements", 513)
    else:
        try:
            branch = message.via.branch
        except Malformed as fault:
            yield _malformed("Via", fault)
        else:
            if branch == MAGIC_COOKIE:
                # RFC 4475 §3.2.1: the cookie announces an identifier, and there is none.
                yield Fault(Layer.VALIDATION, "Via", None, "Via Branch Without An Identifier")


def _cseq_method(request: Request) -> Iterator[Fault]:
    try:
        method = request.cseq.method
    except Malformed:
        return  # found by `_mandatory`
    if method != request.method:
        yield Fault(Layer.VALIDATION, "CSeq", None, "CSeq Method Does Not Match")


def _optional(request: Request) -> Iterator[Fault]:
    for name, read in _AT_MOST_ONCE.items():
        values = request.headers.all(name)
        if len(values) > 1:
            yield Fault(Layer.VALIDATION, name, None, f"More Than One {name}")
        elif values:
            try:
                read(values[0])
            except Malformed as fault:
                yield _malformed(name, fault)


def _lists(request: Request) -> Iterator[Fault]:
    """Check Require, and the addresses that later requests of the dialog need."""
    headers = request.headers
    yield from _first_malformed("Require", headers.values("Require"), token)
    for name in ("Contact", "Record-Route"):
        if name != "Contact" or not request.contact_is_star:
            yield from _first_malformed(name, address_elements(headers, name), Address.parse)


def _first_malformed(
    name: str, values: Sequence[str], read: Callable[[str], object]
) -> Iterator[Fault]:
    if len(values) > MAX_ELEMENTS:
        yield Fault(Layer.FRAMING, name, None, f"Too Many {name} Elements", 513)
        return
    for value in values:
        try:
            read(value)
        except Malformed as fault:
            yield _malformed(name, fault)
            return


def _request_uri(request: Request) -> Iterator[Fault]:
    try:
        uri = request.uri
    except Malformed:
        return  # found by `parse`
    if isinstance(uri, OtherUri):
        yield Fault(Layer.APPLICATION, None, None, "Unsupported URI Scheme", 416)
    elif uri.headers:
        # RFC 3261 §19.1.1 forbids them; a Route in them must never take effect.
        yield Fault(Layer.VALIDATION, None, None, "Header Fields In The Request-URI")
