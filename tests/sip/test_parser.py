"""Bytes to messages and back."""

from dataclasses import FrozenInstanceError

import pytest

from sipcli.sip.grammar import Malformed
from sipcli.sip.headers import Headers
from sipcli.sip.message import Layer, Request, Response
from sipcli.sip.parser import Limits, encode, parse
from sipcli.sip.uri import SipUri
from sipcli.sip.validate import check
from tests.sip.corpus import case

HEAD = (
    b"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/WSS c;branch=z9hG4bKd\r\n"
    b"From: <sip:e@f>;tag=g\r\nTo: <sip:a@b>\r\nCall-ID: h\r\nCSeq: 1 OPTIONS\r\n"
)


def request(*lines: bytes, body: bytes = b"") -> Request:
    message = parse(HEAD + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body).message
    assert isinstance(message, Request)
    return message


def reasons(data: bytes, limits: Limits | None = None) -> list[tuple[Layer, str, int]]:
    parsed = parse(data) if limits is None else parse(data, limits)
    return [(fault.layer, fault.reason, fault.status) for fault in parsed.faults]


def test_a_request_is_read() -> None:
    message = request(b"Max-Forwards: 70")
    assert (message.method, str(message.uri), message.version) == ("OPTIONS", "sip:a@b", "SIP/2.0")
    assert check(message) == ()


def test_a_response_is_read() -> None:
    message = parse(b"sip/2.0 180 Ringing there\r\nCall-ID: h\r\n\r\n").message
    assert isinstance(message, Response)
    assert (message.status, message.reason, message.call_id) == (180, "Ringing there", "h")


def test_line_ends_before_the_message_do_not_count() -> None:
    assert parse(b"\r\n\r\n" + HEAD + b"\r\n").message == request()


def test_without_content_length_the_frame_ends_the_body() -> None:
    assert request(body=b"hello").body == b"hello"


@pytest.mark.parametrize(
    "line",
    [
        b"Content-Length: 2",
        b"l:2",
        b"CONTENT-length \t:\t0002 ",
        b"Content-Length:\r\n 2",
        b"Subject: x\r\n y\r\nL: 2",
    ],
)
def test_content_length_cuts_the_body(line: bytes) -> None:
    message = request(line, body=b"hello")
    assert [(f.header, f.reason) for f in message.faults] == [
        ("Content-Length", "More Bytes Than Content-Length Says")
    ]
    assert check(message) == (), "they are left out, and that is all"
    assert message.body == b"he"


def test_line_ends_and_padding_after_the_body_are_left_out_without_a_word() -> None:
    message = request(b"Content-Length: 2", body=b"he\r\n \0\t")
    assert (message.faults, message.body) == ((), b"he")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"Content-Length: 6", "Content-Length Is Greater Than The Body"),
        (b"Content-Length: -1", "Malformed Content-Length"),
        (b"Content-Length: 1_0", "Malformed Content-Length"),
        (b"Content-Length: 2\r\n 3", "Malformed Content-Length"),
        (b"Content-Length: 2\r3", "Malformed Content-Length"),
        (b"Content-Length:", "Malformed Content-Length"),
        (b"Content-Length: ", "Malformed Content-Length"),
        (b"Content-Length: 4294967296", "Malformed Content-Length"),
        (b"l: 5\r\nContent-Length: 5", "More Than One Content-Length"),
        (b"l: 5\r\nSubject: x\r\n y\r\nContent-Length: 5", "More Than One Content-Length"),
    ],
)
def test_a_wrong_content_length_is_a_fault(line: bytes, reason: str) -> None:
    message = request(line, body=b"hello")
    assert [(f.layer, f.reason, f.status) for f in check(message)] == [(Layer.FRAMING, reason, 400)]
    assert message.faults[0].header == "Content-Length"


def test_a_content_length_inside_another_field_does_not_count() -> None:
    message = request(b"Subject: x\r\n Content-Length: 1", b"X: y\nContent-Length: 2", body=b"abc")
    assert message.body == b"abc"
    assert message.content_length is None


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"OPTIONS  sip:a@b SIP/2.0", "Malformed Request-Line"),
        (b"OPTIONS sip:a@b  SIP/2.0", "Malformed Request-Line"),
        (b"OPTIONS sip:a@b SIP/2.0 ", "Malformed Request-Line"),
        (b"OPTIONS sip:a@b SIP/2", "Malformed Request-Line"),
        (b"OPTIONS sip:a@b HTTP/1.1", "Malformed Request-Line"),
        (b"OPTIONS <sip:a@b> SIP/2.0", "Malformed Request-URI"),
        (b"OPTIONS sip:2001:db8::10 SIP/2.0", "Malformed Request-URI"),
        (b"OPTIONS sip:a@b;p=\xff%4 SIP/2.0", "Malformed Request-URI"),
    ],
)
def test_a_request_with_a_faulty_start_line_can_still_be_answered(line: bytes, reason: str) -> None:
    parsed = parse(HEAD.replace(b"OPTIONS sip:a@b SIP/2.0", line) + b"\r\n")
    assert [(f.layer, f.reason, f.status) for f in parsed.faults] == [
        (Layer.START_LINE, reason, 400)
    ]
    assert isinstance(parsed.message, Request)
    assert parsed.message.method == "OPTIONS"
    assert parsed.message.call_id == "h"


def test_the_place_of_a_fault_in_the_start_line_is_told() -> None:
    assert parse(b"OPTIONS sip:u@h; SIP/2.0\r\n\r\n").faults[0].offset == 15
    assert parse(b"OPTIONS  sip:u@h; lr SIP/2.0\r\n\r\n").faults[1].offset == 16
    assert parse(b"AB B SIP/2.0\r\n\r\n").faults[0].offset == 3


@pytest.mark.parametrize(
    "data", [b"", b"\r\n\r\n", b"hello", b"hello there\r\n\r\n", b"\xff \xff \xff\r\n\r\n", b"a b "]
)
def test_garbage_is_no_message(data: bytes) -> None:
    parsed = parse(data)
    assert parsed.message is None
    assert (Layer.START_LINE, "Malformed Request-Line", 400) in reasons(data)


def test_a_start_line_is_not_folded() -> None:
    data = HEAD.replace(b"SIP/2.0\r\nVia", b"SIP/2.0\r\n x: y\r\nVia", 1) + b"\r\n"
    assert reasons(data) == [(Layer.START_LINE, "Folded Start Line", 400)]


@pytest.mark.parametrize("status", [b"099", b"700", b"20", b"2000", b"-20", b"20x", b"4294967301"])
def test_a_status_is_between_100_and_699(status: bytes) -> None:
    message = parse(b"SIP/2.0 " + status + b" X\r\nCall-ID: h\r\n\r\n").message
    assert isinstance(message, Response)
    assert (message.status, message.call_id) == (0, "h")
    assert check(message)[0].reason == "Malformed Status-Line"


@pytest.mark.parametrize("line", [b"SIP/2.0 100 ", b"SIP/2.0 100"])
def test_a_reason_phrase_may_be_empty(line: bytes) -> None:
    message = parse(line + b"\r\n\r\n").message
    assert isinstance(message, Response)
    assert (message.reason, message.faults) == ("", ())


@pytest.mark.parametrize("head", [HEAD, HEAD.removesuffix(b"\r\n")])
def test_a_header_section_without_an_end_is_told_but_read(head: bytes) -> None:
    message = parse(head).message
    assert isinstance(message, Request)
    assert message.cseq.number == 1
    assert [fault.reason for fault in message.faults] == ["No Blank Line After The Header"]
    assert check(message) == ()


@pytest.mark.parametrize(
    "data",
    [
        (HEAD + b"Subject: x\r\n y\r\nContent-Length: 6\r\n\r\n").replace(b"\r\n", b"\n"),
        (HEAD + b"Subject: x\r\n y\r\nContent-Length: 6\r\n\r\n").replace(b"0\r\n", b"0\n", 1),
        (HEAD + b"Subject: x\r\n y\r\nContent-Length: 6\r\n").replace(b"\r\n", b"\n") + b"\r\n",
    ],
)
def test_lines_that_end_with_lf_are_read_and_told(data: bytes) -> None:
    message = parse(data + b"a\nb\r\nc").message
    assert isinstance(message, Request)
    assert [fault.reason for fault in message.faults] == ["Lines End With LF Instead Of CRLF"]
    assert check(message) == ()
    assert (message.call_id, message.subject, message.cseq.number) == ("h", "x y", 1)
    assert message.body == b"a\nb\r\nc", "the body is nobody's to change"


def test_lf_alone_without_a_blank_line_is_two_faults() -> None:
    message = parse(HEAD.replace(b"\r\n", b"\n")).message
    assert message is not None
    assert [fault.reason for fault in message.faults] == [
        "Lines End With LF Instead Of CRLF",
        "No Blank Line After The Header",
    ]


@pytest.mark.parametrize("line", [b"SIP/2.0  200  OK", b"SIP/2.0\t200 OK", b"SIP/2.0 200\tOK"])
def test_a_status_line_with_wrong_blanks_is_read_and_told(line: bytes) -> None:
    message = parse(line + b"\r\n" + HEAD.split(b"\r\n", 1)[1] + b"\r\n").message
    assert isinstance(message, Response)
    assert (message.status, message.reason) == (200, "OK")
    assert [fault.reason for fault in message.faults] == ["Malformed Status-Line"]
    assert check(message) == ()


def test_what_has_a_via_and_no_start_line_is_an_answer_that_cannot_be_read() -> None:
    message = parse(b"200 OK\r\n" + HEAD.split(b"\r\n", 1)[1] + b"\r\n").message
    assert isinstance(message, Response)
    assert (message.status, message.via.branch) == (0, "z9hG4bKd")


def test_bad_bytes_survive() -> None:
    data = HEAD + b"Subject: caf\xe9 \xff\xfe\r\nContent-Length: 2\r\n\r\n\xff\0"
    message = parse(data).message
    assert isinstance(message, Request)
    assert message.subject == "caf\udce9 \udcff\udcfe"
    assert encode(message) == data


def test_a_message_above_the_size_limit_is_read_as_far_as_it_goes() -> None:
    data = HEAD + b"\r\n" + b"x" * 100
    limits = Limits(message_size=len(HEAD) + 50)
    message = parse(data, limits).message
    assert isinstance(message, Request)
    assert (message.call_id, message.body) == ("h", b"")
    assert [(fault.reason, fault.status) for fault in check(message)] == [
        ("Message Too Large", 513)
    ]
    assert parse(data, Limits(message_size=len(data))).faults == ()


def test_a_request_that_is_too_large_is_not_checked_further() -> None:
    data = b"OPTIONS sip:a@b SIP/7.0\r\nX: y\r\n\r\n"
    message = parse(data, Limits(message_size=len(data) - 1)).message
    assert isinstance(message, Request)
    assert [fault.status for fault in check(message)] == [513]


def test_the_line_in_which_a_message_was_cut_off_does_not_count() -> None:
    data = HEAD + b"Contact: <sip:one@h>\r\nExpires: 3600\r\n\r\n"
    for size in range(data.index(b"Expires"), data.index(b"3600") + 4):
        message = parse(data, Limits(message_size=size)).message
        assert message is not None
        assert [fault.reason for fault in message.faults] == ["Message Too Large"]
        assert (message.expires, len(message.contacts)) == (None, 1)


@pytest.mark.parametrize("shape", ["one line", "many lines", "many elements"])
def test_no_bound_is_below_that_of_the_message(shape: str) -> None:
    value = {
        "one line": "X-A: " + "x" * 64000,
        "many lines": "\r\n".join(["X-A:y"] * 9000),
        "many elements": "Contact: " + ", ".join(["<sip:a@b>"] * 4000),
    }[shape]
    message = request(value.encode(), b"Expires: 3600")
    assert message.faults == check(message) == ()
    assert message.expires == 3600


def test_too_many_vias_are_told() -> None:
    message = request(b"Via: " + b", ".join([b"SIP/2.0/UDP a;branch=b"] * 4))
    assert check(message, Limits(via_count=5)) == ()
    assert [(fault.reason, fault.status) for fault in check(message, Limits(via_count=4))] == [
        ("Too Many Via Elements", 513)
    ]


def test_what_we_write_has_one_right_content_length() -> None:
    message = Request(method="MESSAGE", target="sip:a", headers=Headers([("To", "x")]), body=b"hi")
    assert encode(message) == b"MESSAGE sip:a SIP/2.0\r\nTo: x\r\nContent-Length: 2\r\n\r\nhi"
    wrong = Headers([("l", "7"), ("To", "x"), ("Content-Length", "2")])
    assert encode(message.replacing(headers=wrong)) == encode(message)
    assert encode(message.replacing(headers=Headers([("To", "x"), ("l", "7")]))) == encode(message)
    right = Headers([("l", "0002"), ("To", "x")])
    assert encode(message.replacing(headers=right)).startswith(
        b"MESSAGE sip:a SIP/2.0\r\nl: 0002\r\nTo: x\r\n\r\n"
    )


def test_a_response_is_written() -> None:
    message = Response(status=200, reason="OK", headers=Headers([("To", "x")]))
    assert encode(message) == b"SIP/2.0 200 OK\r\nTo: x\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("bad", ["OK\r\nVia: evil", "O\nK", "O\rK", "\ud800"])
def test_a_start_line_cannot_smuggle_anything_in(bad: str) -> None:
    with pytest.raises(Malformed):
        encode(Response(status=200, reason=bad))
    with pytest.raises(Malformed):
        encode(Request(method="OPTIONS", target=bad))


def test_messages_do_not_change() -> None:
    message = request()
    with pytest.raises(FrozenInstanceError):
        message.body = b"x"  # type: ignore[misc]
    assert message.replacing(body=b"x") != message
    assert message.replacing() == message
    assert str(message.replacing(uri=SipUri(host="x")).uri) == "sip:x"
    assert str(message.uri) == "sip:a@b"
    assert hash(message) == hash(request())


def test_typed_values_are_read_once() -> None:
    message = request(b"Contact: <sip:a@b>")
    assert message.vias is message.vias
    assert message.contacts is message.contacts
    assert message.uri is message.uri


def test_nothing_secret_is_shown() -> None:
    message = request(b"Authorization: Digest secret", body=b"a=ice-pwd:secret").replacing(
        uri=SipUri.parse("sip:a:secret@b")
    )
    assert "secret" not in repr(message)
    assert "OPTIONS" in repr(message)
    assert repr(case("noreason").message).startswith("<Response 100 Headers(Via, ")
