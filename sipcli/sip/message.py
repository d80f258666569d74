"""Messages as immutable values, and what can be wrong with one (RFC 3261 §7, §20, §21.4).

Header fields are typed attributes, parsed on first use. Fields that a message must have raise
`Malformed` if they are missing or malformed; `validate.check` finds that out beforehand. All others
are then None or empty, because a malformed header field that is not needed is to be ignored (RFC
3261 §8.2.2).
"""

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from sipcli.sip.address import Address
from sipcli.sip.grammar import Malformed, token
from sipcli.sip.header_values import (
    MAX_DELTA_SECONDS,
    MAX_SEQUENCE_NUMBER,
    ContentDisposition,
    CSeq,
    EventPackage,
    MediaType,
    RAck,
    Reason,
    Replaces,
    RetryAfter,
    SessionExpires,
    SubscriptionState,
    Warning,
)
from sipcli.sip.headers import NO_HEADERS, Headers
from sipcli.sip.lazy import (
    Lazy,
    each,
    each_address,
    every,
    number,
    optional,
    required,
    route_set,
    text_of,
)
from sipcli.sip.uri import Uri, parse_uri
from sipcli.sip.via import Via


class Layer(Enum):
    """The part of a message that a fault is in."""

    FRAMING = "framing"
    """Size, the end of the header section, Content-Length."""
    START_LINE = "start line"
    HEADER = "header"
    """One header field is malformed."""
    VALIDATION = "validation"
    """Each part is well-formed, but parts are missing, doubled, or do not go together."""
    APPLICATION = "application"
    """All is well-formed, but we do not support it: an unknown URI scheme."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a message."""

    layer: Layer
    header: str | None
    """Name of the header field; None if the fault is not in one."""
    offset: int | None
    """In characters, into the start line or the field's value; None if there is no such place."""
    reason: str
    """Short ASCII text without words of the peer, usable as a reason phrase."""
    status: int = 400
    """The status of the response to a request with this fault: 400, 416, 505 or 513."""
    is_tolerable: bool = False
    """True if a message with this fault is used anyway, since its meaning is not in doubt."""


VERSION: Final = "SIP/2.0"
"""The only version there is (RFC 3261 §7.1)."""

_CALL_ID: Final = re.compile(r"[^\x00-\x20\x7f]++")


def _vias(headers: Headers) -> tuple[Via, ...]:
    vias = every(headers, "Via", Via.parse)
    if not vias:
        raise Malformed("Via is missing")
    return vias


def _call_id(text: str) -> str:
    if _CALL_ID.fullmatch(text) is None:
        raise Malformed("it holds a blank or a control character")
    return text


@dataclass(frozen=True, init=False, repr=False)
class Message:
    """The common base of requests and responses."""

    headers: Headers
    """All header fields, as received."""
    body: bytes
    """Only as much as Content-Length covers."""
    faults: tuple[Fault, ...] = field(compare=False)
    """The faults in framing and start line, found by the parser."""

    vias = Lazy(_vias)
    """All Via elements, topmost first; raises `Malformed`."""
    from_ = required("From", Address.parse)
    """The sender of the request; raises `Malformed`."""
    to = required("To", Address.parse)
    """The recipient of the request; raises `Malformed`."""
    call_id = required("Call-ID", _call_id)
    """Common to a dialog, or to one client's registrations; raises `Malformed`."""
    cseq = required("CSeq", CSeq.parse)
    """The request's number and method; raises `Malformed`."""

    contacts = each_address("Contact")
    """The well-formed Contact addresses; none for `*`."""
    contact_is_star = Lazy(lambda headers: headers.values("Contact") == ("*",))
    """`Contact: *`, all bindings at once (RFC 3261 §10.2.2)."""
    routes = route_set("Route")
    """Proxies a request is to pass (RFC 3261 §20.34)."""
    record_routes = route_set("Record-Route")
    """Proxies that want to stay in the path, as on the wire (RFC 3261 §20.30)."""
    path = route_set("Path")
    """Proxies between us and the registrar (RFC 3327 §4)."""
    service_routes = route_set("Service-Route")
    """Proxies the registrar wants our requests to pass (RFC 3608 §5)."""

    max_forwards = number("Max-Forwards", 0, 255)
    """Hops left (RFC 3261 §20.22)."""
    content_length = number("Content-Length", 0, MAX_DELTA_SECONDS)
    """Bytes according to the field; `len(body)` is the actual size."""
    expires = number("Expires", 0, MAX_DELTA_SECONDS)
    """Seconds (RFC 3261 §20.19)."""
    min_expires = number("Min-Expires", 0, MAX_DELTA_SECONDS)
    """Seconds, the minimum that the registrar grants (RFC 3261 §20.23)."""
    flow_timer = number("Flow-Timer", 0, MAX_DELTA_SECONDS)
    """Seconds of silence after which the server drops the flow (RFC 5626 §4.4)."""
    retry_after = optional("Retry-After", RetryAfter.parse)
    """When to try again (RFC 3261 §20.33)."""
    session_expires = optional("Session-Expires", SessionExpires.parse)
    """How long the session lasts without a refresh (RFC 4028 §4)."""
    min_se = optional("Min-SE", lambda text: SessionExpires.parse(text).seconds)
    """Seconds, the minimum session interval (RFC 4028 §5)."""
    rseq = number("RSeq", 0, MAX_SEQUENCE_NUMBER)
    """Number of a reliable provisional response (RFC 3262 §7.1)."""
    rack = optional("RAck", RAck.parse)
    """Which one a PRACK acknowledges (RFC 3262 §7.2)."""

    content_type = optional("Content-Type", MediaType.parse)
    """The media type of the body."""
    content_disposition = optional("Content-Disposition", ContentDisposition.parse)
    """What the body is for."""
    content_encoding = each("Content-Encoding", token)
    """The encodings of the body, outermost last."""
    accept = Lazy(lambda headers: headers.values("Accept"))
    """Media types and their parameters, as written."""
    allow = each("Allow", token)
    """Methods."""
    supported = each("Supported", token)
    """Option tags that the sender supports."""
    require = each("Require", token)
    """Option tags that the receiver must support."""
    proxy_require = each("Proxy-Require", token)
    """Option tags that proxies must support."""
    unsupported = each("Unsupported", token)
    """Option tags because of which a request failed with 420."""

    event = optional("Event", EventPackage.parse)
    """The event package (RFC 6665 §8.2.1)."""
    subscription_state = optional("Subscription-State", SubscriptionState.parse)
    """The state of the subscription (RFC 6665 §8.2.3)."""
    refer_to = optional("Refer-To", Address.parse)
    """The target to call instead (RFC 3515 §2.1)."""
    referred_by = optional("Referred-By", Address.parse)
    """Who asked for that (RFC 3892 §3)."""
    replaces = optional("Replaces", Replaces.parse)
    """The dialog to replace (RFC 3891 §6.1)."""
    reasons = each("Reason", Reason.parse)
    """Why a call ended or a request was sent (RFC 3326 §2)."""
    warnings = each("Warning", Warning.parse)
    """Details beyond the status (RFC 3261 §20.43)."""
    subject = text_of("Subject")
    """For people; from the peer, so it may contain control characters."""
    user_agent = text_of("User-Agent")
    """The client's software name."""
    server = text_of("Server")
    """The server's software name."""

    @property
    def via(self) -> Via:
        """The topmost Via; raises `Malformed`."""
        return self.vias[0]


@dataclass(frozen=True, init=False, repr=False)
class Request(Message):
    """A request (RFC 3261 §7.1)."""

    method: str
    """As written; case matters."""
    target: str
    """The Request-URI as written."""
    version: str

    def __init__(
        self,
        *,
        method: str,
        target: str,
        version: str = VERSION,
        headers: Headers = NO_HEADERS,
        body: bytes = b"",
        faults: tuple[Fault, ...] = (),
    ) -> None:
        # The `__init__` of a frozen dataclass would take twice the time of all the rest.
        own = self.__dict__
        own["method"] = method
        own["target"] = target
        own["version"] = version
        own["headers"] = headers
        own["body"] = body
        own["faults"] = faults

    @property
    def uri(self) -> Uri:
        """The Request-URI; raises `Malformed`."""
        known = self.__dict__.get("_uri")
        if known is None:
            known = self.__dict__["_uri"] = parse_uri(self.target)
        return known

    def replacing(
        self, *, headers: Headers | None = None, body: bytes | None = None, uri: Uri | None = None
    ) -> "Request":
        """Return a copy with other parts."""
        return Request(
            method=self.method,
            target=self.target if uri is None else str(uri),
            version=self.version,
            headers=self.headers if headers is None else headers,
            body=self.body if body is None else body,
            faults=self.faults,
        )

    def __repr__(self) -> str:
        # URIs, header values and bodies may contain secrets.
        return f"<Request {self.method} {self.headers!r} {len(self.body)} bytes>"


@dataclass(frozen=True, init=False, repr=False)
class Response(Message):
    """A response (RFC 3261 §7.2)."""

    status: int
    """100 to 699; 0 if it could not be parsed."""
    reason: str
    """For people; from the peer, so it may contain control characters."""
    version: str

    def __init__(
        self,
        *,
        status: int,
        reason: str,
        version: str = VERSION,
        headers: Headers = NO_HEADERS,
        body: bytes = b"",
        faults: tuple[Fault, ...] = (),
    ) -> None:
        own = self.__dict__
        own["status"] = status
        own["reason"] = reason
        own["version"] = version
        own["headers"] = headers
        own["body"] = body
        own["faults"] = faults

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.headers!r} {len(self.body)} bytes>"
