"""Typed access to what a message says."""

import pytest

from sipcli.sip.address import Address
from sipcli.sip.grammar import Malformed
from sipcli.sip.header_values import (
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
from sipcli.sip.headers import Headers
from sipcli.sip.lazy import MAX_ELEMENTS
from sipcli.sip.message import Message, Request
from sipcli.sip.via import Via


def message(*fields: tuple[str, str]) -> Message:
    return Request(method="OPTIONS", target="sip:a", headers=Headers(fields))


A = Address.parse("<sip:a@b;lr>")
B = Address.parse('"B, b" <sip:b@c;lr>;x=1')

OPTIONAL = [
    ("Contact", "<sip:a@b;lr>", "contacts", (A,)),
    ("Contact", '<sip:a@b;lr>, "B, b" <sip:b@c;lr>;x=1', "contacts", (A, B)),
    ("Contact", "<sip:a@b;lr>, broken", "contacts", (A,)),
    ("Contact", "*", "contacts", ()),
    ("Contact", "*", "contact_is_star", True),
    ("Contact", "<sip:a@b>", "contact_is_star", False),
    ("Contact", "*, <sip:a@b>", "contact_is_star", False),
    ("Route", str(B), "routes", (B,)),
    ("Route", f"{A}, broken", "routes", ()),
    ("Record-Route", f"{A}, {B}", "record_routes", (A, B)),
    ("Path", str(A), "path", (A,)),
    ("Service-Route", str(A), "service_routes", (A,)),
    ("Max-Forwards", "0070", "max_forwards", 70),
    ("Max-Forwards", "256", "max_forwards", None),
    ("Content-Length", "5", "content_length", 5),
    ("Expires", "4294967295", "expires", 2**32 - 1),
    ("Expires", "4294967296", "expires", None),
    ("Expires", "soon", "expires", None),
    ("Min-Expires", "60", "min_expires", 60),
    ("Flow-Timer", "120", "flow_timer", 120),
    ("Retry-After", "5 (busy)", "retry_after", RetryAfter(5, "busy")),
    ("Retry-After", "soon", "retry_after", None),
    ("Session-Expires", "1800", "session_expires", SessionExpires(1800)),
    ("x", "1800", "session_expires", SessionExpires(1800)),
    ("Min-SE", "90;x", "min_se", 90),
    ("RSeq", "7", "rseq", 7),
    ("RAck", "7 8 INVITE", "rack", RAck(7, CSeq(8, "INVITE"))),
    ("c", "Application/SDP", "content_type", MediaType("application", "sdp")),
    ("Content-Type", "sdp", "content_type", None),
    ("Content-Disposition", "session", "content_disposition", ContentDisposition("session")),
    ("e", "gzip, x", "content_encoding", ("gzip", "x")),
    ("Accept", "application/sdp;level=1, text/*", "accept", ("application/sdp;level=1", "text/*")),
    ("Allow", "INVITE,ACK", "allow", ("INVITE", "ACK")),
    ("k", "path, gruu", "supported", ("path", "gruu")),
    ("Require", "100rel", "require", ("100rel",)),
    ("Require", "100rel, \udcff, a b", "require", ("100rel",)),
    ("Proxy-Require", "x", "proxy_require", ("x",)),
    ("Unsupported", "y", "unsupported", ("y",)),
    ("o", "refer;id=1", "event", EventPackage.parse("refer;id=1")),
    ("Subscription-State", "active", "subscription_state", SubscriptionState("active")),
    ("r", str(A), "refer_to", A),
    ("b", str(A), "referred_by", A),
    ("Replaces", "a;to-tag=b;from-tag=c", "replaces", Replaces("a", "b", "c")),
    ("Reason", "SIP;cause=200, ;", "reasons", (Reason.parse("SIP;cause=200"),)),
    ("Warning", '399 a "b, c", x', "warnings", (Warning(399, "a", "b, c"),)),
    ("s", "Lunch, today", "subject", "Lunch, today"),
    ("User-Agent", "x (y)", "user_agent", "x (y)"),
    ("Server", "z", "server", "z"),
]


@pytest.mark.parametrize(("name", "value", "attribute", "expected"), OPTIONAL)
def test_fields_are_typed(name: str, value: str, attribute: str, expected: object) -> None:
    assert getattr(message((name, value)), attribute) == expected


@pytest.mark.parametrize("attribute", sorted({row[2] for row in OPTIONAL}))
def test_what_is_not_there_is_none_or_empty(attribute: str) -> None:
    assert getattr(message(), attribute) in (None, (), False)


def test_lists_go_over_all_lines() -> None:
    assert message(("Route", str(A)), ("Route", str(B))).routes == (A, B)


def test_mandatory_fields_are_typed() -> None:
    full = message(
        ("v", "SIP/2.0/WSS a;branch=1, SIP/2.0/TCP b"),
        ("Via", "SIP/2.0/UDP c"),
        ("f", str(A)),
        ("t", str(B)),
        ("i", "x@y"),
        ("CSeq", "1 OPTIONS"),
    )
    assert [via.host for via in full.vias] == ["a", "b", "c"]
    assert full.via == Via.parse("SIP/2.0/WSS a;branch=1")
    assert (full.from_, full.to, full.call_id) == (A, B, "x@y")
    assert full.cseq == CSeq(1, "OPTIONS")


@pytest.mark.parametrize("attribute", ["vias", "via", "from_", "to", "call_id", "cseq"])
def test_mandatory_fields_raise_when_they_are_not_there(attribute: str) -> None:
    with pytest.raises(Malformed, match="is missing"):
        getattr(message(), attribute)


@pytest.mark.parametrize(
    ("name", "attribute"),
    [("Via", "vias"), ("From", "from_"), ("To", "to"), ("Call-ID", "call_id"), ("CSeq", "cseq")],
)
def test_mandatory_fields_raise_when_they_are_wrong(name: str, attribute: str) -> None:
    with pytest.raises(Malformed):
        getattr(message((name, "a b")), attribute)
    with pytest.raises(Malformed):
        getattr(message((name, "")), attribute)


def test_no_list_is_read_without_end() -> None:
    assert len(message(("Contact", f"{A}," * (MAX_ELEMENTS + 1))).contacts) == MAX_ELEMENTS
    assert message(("Route", f"{A}," * MAX_ELEMENTS)).routes != ()
    assert message(("Route", f"{A}," * (MAX_ELEMENTS + 1))).routes == ()
    with pytest.raises(Malformed, match="too many"):
        _ = message(("Via", "SIP/2.0/UDP a," * (MAX_ELEMENTS + 1))).vias
