"""Messages of our own."""

import pytest

from sipcli.sip import build
from sipcli.sip.grammar import Malformed
from sipcli.sip.headers import Headers
from sipcli.sip.message import Request
from sipcli.sip.parser import encode, parse
from sipcli.sip.uri import OtherUri, SipUri, parse_uri
from sipcli.sip.validate import check

FIELDS = [
    ("Via", "SIP/2.0/WSS c.invalid;branch=z9hG4bKd"),
    ("Max-Forwards", "68"),
    ("Route", "<sip:p1;lr>"),
    ("Route", "<sip:p2;lr>, <sip:p3;lr>"),
    ("From", '"E" <sip:e@f>;tag=g'),
    ("To", "<sip:a@b>"),
    ("Call-ID", "h"),
    ("CSeq", "77 INVITE"),
    ("Contact", "<sip:e@c.invalid;transport=ws>"),
    ("Require", "100rel"),
    ("Timestamp", "54"),
]
INVITE = build.request("INVITE", parse_uri("sip:a@b;x=%41"), FIELDS, b"v=0")


def read(text: str) -> Request:
    message = parse(text.replace("\n", "\r\n").encode("utf-8", "surrogateescape")).message
    assert isinstance(message, Request)
    return message


def test_a_request_is_what_was_asked_for() -> None:
    assert (INVITE.method, str(INVITE.uri), INVITE.body) == ("INVITE", "sip:a@b;x=%41", b"v=0")
    assert list(INVITE.headers) == FIELDS
    assert check(INVITE) == ()
    assert parse(encode(INVITE)).message == INVITE.replacing(
        headers=INVITE.headers.appended("Content-Length", "3")
    )


@pytest.mark.parametrize("method", ["", "IN VITE", "INVITE\r\n", "é"])
def test_a_method_is_a_token(method: str) -> None:
    with pytest.raises(Malformed, match="method"):
        build.request(method, SipUri(host="b"), ())


@pytest.mark.parametrize("uri", [SipUri(host="b c"), SipUri(host=""), OtherUri("tel", "1\r\n")])
def test_a_uri_that_cannot_be_read_is_not_written(uri: SipUri) -> None:
    with pytest.raises(Malformed):
        build.request("OPTIONS", uri, ())


def test_a_response_copies_what_identifies_the_request() -> None:
    response = build.response(INVITE, 180, to_tag="t1", headers=[("Contact", "<sip:me>")])
    assert (response.status, response.reason) == (180, "Ringing")
    assert list(response.headers) == [
        ("Via", "SIP/2.0/WSS c.invalid;branch=z9hG4bKd"),
        ("From", '"E" <sip:e@f>;tag=g'),
        ("To", "<sip:a@b>;tag=t1"),
        ("Call-ID", "h"),
        ("CSeq", "77 INVITE"),
        ("Contact", "<sip:me>"),
    ]


def test_all_vias_are_copied_in_their_order() -> None:
    request = read(
        "OPTIONS sip:a SIP/2.0\n"
        "v: SIP/2.0/TCP a\n ;branch=1, SIP/2.0/TCP b\n"
        "VIA : SIP/2.0/UDP c\n\n"
    )
    response = build.response(request, 200)
    assert response.headers.lines == (
        "Via: SIP/2.0/TCP a ;branch=1, SIP/2.0/TCP b",
        "Via: SIP/2.0/UDP c",
    )


def test_a_reason_of_ones_own() -> None:
    assert build.response(INVITE, 400, "Malformed To").reason == "Malformed To"
    assert build.response(INVITE, 400, "").reason == ""


def test_only_a_100_takes_the_timestamp_back() -> None:
    assert build.response(INVITE, 100).headers.get("Timestamp") == "54"
    assert "Timestamp" not in build.response(INVITE, 200, to_tag="t").headers


def test_a_body_comes_with_its_length() -> None:
    response = build.response(INVITE, 200, to_tag="t", body=b"v=0")
    assert encode(response).endswith(b"\r\nContent-Length: 3\r\n\r\nv=0")


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("<sip:a@b>", "<sip:a@b>;tag=t"),
        ("sip:a@b", "sip:a@b;tag=t"),
        ("<sip:a@b>;tag=was", "<sip:a@b>;tag=was"),
        ("<sip:a@b>;x=1", "<sip:a@b>;x=1;tag=t"),
        ('"a <sip:a@b>', '"a <sip:a@b>'),
    ],
)
def test_a_tag_is_added_where_there_is_none(to: str, expected: str) -> None:
    request = INVITE.replacing(headers=INVITE.headers.replaced("To", to))
    assert build.response(request, 200, to_tag="t").headers.all("To") == (expected,)
    assert build.response(request, 100).headers.all("To") == (to,)


def test_a_broken_request_is_echoed_as_far_as_it_goes() -> None:
    request = read("FOO x SIP/9\nTo: a\0b\nTo: c\nCall-ID:\r y\nCSeq: \udcff\nnonsense\n\n")
    response = build.response(request, 400, to_tag="t")
    assert response.headers.lines == ("To: a\0b", "Call-ID: y", "CSeq: \udcff")
    assert encode(response)


@pytest.mark.parametrize(
    "arguments",
    [
        {"reason": "OK\r\nEvil: 1"},
        {"reason": "\0"},
        {"to_tag": "a\r\nb"},
        {"to_tag": "a;b=c"},
        {"to_tag": ""},
        {"headers": [("X", "a\nb")]},
        {"headers": [("X:", "a")]},
    ],
)
def test_what_is_ours_is_strictly_checked(arguments: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        build.response(INVITE, 200, **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("status", [0, 99, 700])
def test_a_status_is_between_100_and_699(status: int) -> None:
    with pytest.raises(Malformed, match="between 100 and 699"):
        build.response(INVITE, status)


def test_the_ack_of_a_refusal_belongs_to_the_invite() -> None:
    refusal = build.response(INVITE, 486, to_tag="t1")
    ack = build.ack_for(INVITE, refusal)
    assert (ack.method, ack.target, ack.body) == ("ACK", "sip:a@b;x=%41", b"")
    assert list(ack.headers) == [
        ("Via", "SIP/2.0/WSS c.invalid;branch=z9hG4bKd"),
        ("Route", "<sip:p1;lr>"),
        ("Route", "<sip:p2;lr>, <sip:p3;lr>"),
        ("Max-Forwards", "70"),
        ("From", '"E" <sip:e@f>;tag=g'),
        ("To", "<sip:a@b>;tag=t1"),
        ("Call-ID", "h"),
        ("CSeq", "77 ACK"),
    ]
    assert check(ack) == ()


def test_a_cancel_belongs_to_the_invite() -> None:
    cancel = build.cancel_for(INVITE)
    assert (cancel.method, cancel.target) == ("CANCEL", "sip:a@b;x=%41")
    assert list(cancel.headers)[3:] == [
        ("Max-Forwards", "70"),
        ("From", '"E" <sip:e@f>;tag=g'),
        ("To", "<sip:a@b>"),
        ("Call-ID", "h"),
        ("CSeq", "77 CANCEL"),
    ]
    assert check(cancel) == ()


def test_only_the_topmost_via_goes_into_a_cancel() -> None:
    two = INVITE.headers.replaced("Via", "SIP/2.0/WS a;branch=1, SIP/2.0/WS b;branch=2")
    cancel = build.cancel_for(INVITE.replacing(headers=two))
    assert cancel.headers.all("Via") == ("SIP/2.0/WS a;branch=1",)


def test_an_answer_with_odd_bytes_can_still_be_acknowledged() -> None:
    lines = ['To: "nul\\\0" <sip:a@b>;tag=\udcff', "Via: x"]
    refusal = build.response(INVITE.replacing(headers=Headers.from_lines(lines)), 486)
    ack = build.ack_for(INVITE, refusal)
    assert ack.headers.get("To") == '"nul\\\0" <sip:a@b>;tag=\udcff'
    assert encode(ack)
