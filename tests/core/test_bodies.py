"""Bodies of parts in every message of a call, and what stands in them beside the SDP."""

import pytest

from sipcli.core.calls.events import (
    Acknowledged,
    Answered,
    Ended,
    Incoming,
    InfoReceived,
    OfferAnswered,
    OfferRefused,
    Progress,
    RemoteOffer,
    TransferProgress,
)
from sipcli.core.events import InstantMessage, Warned
from sipcli.sip import build
from sipcli.sip.message import Request, Response
from sipcli.sip.uri import SipUri
from tests.core.call_wire import ANSWER, BOBS_PHONE, OFFER, CallWire
from tests.core.factories import ALICE, ask

PIDF = "Content-Type: application/pidf+xml\r\nContent-ID: <place>\r\n\r\n<presence/>"
ISUP = "Content-Type: application/isup\r\nContent-Disposition: signal;handling=%s\r\n\r\n\x01\x02"
METADATA = (
    "Content-Type: application/rs-metadata+xml\r\nContent-Disposition: recording-session\r\n"
    "\r\n<r/>"
)


def of_parts(sdp: bytes, kind: str, *beside: str) -> tuple[tuple[str, str], bytes]:
    """The Content-Type and the body of a description between other parts."""
    session = f"Content-Type: application/sdp\r\n\r\n{sdp.decode()}"
    order = (*beside[:1], session, *beside[1:])
    text = "".join(f"--a b\r\n{one}\r\n" for one in order)
    return ("Content-Type", f'multipart/{kind};boundary="a b"'), f"{text}--a b--".encode()


SHAPES = pytest.mark.parametrize(
    ("kind", "beside"),
    [
        ("mixed", (PIDF,)),
        ("mixed", (ISUP % "optional", PIDF)),
        ("related", (METADATA, PIDF)),
        ("alternative", ("Content-Type: text/plain\r\n\r\nno SDP here",)),
    ],
)


def answer(
    wire: CallWire, request: Request, status: int, content: tuple[str, str], body: bytes
) -> None:
    """Have Bob answer with a body of parts."""
    fields = [("Contact", BOBS_PHONE), content]
    wire.receive(build.response(request, status, to_tag="bob1", headers=fields, body=body))


@SHAPES
def test_an_invite_and_a_reinvite_may_bring_their_offer_in_parts(
    kind: str, beside: tuple[str, ...]
) -> None:
    wire = CallWire()
    content, body = of_parts(OFFER, kind, *beside)
    request = wire.ring(body=b"")
    wire.step(wire.calls.reject, request.call_id, 486)
    data = request.replacing(
        headers=request.headers.replaced("Call-ID", "in-2")
        .replaced("Via", "SIP/2.0/WSS proxy.example;branch=z9hG4bKparts")
        .appended(*content),
        body=body,
    )
    wire.receive(data)
    assert wire.heard(Incoming)[-1].offer == OFFER
    wire.step(wire.calls.accept, "in-2", ANSWER)
    ok = wire.responses()[-1]
    wire.receive(wire.inside(ok, "ACK", cseq=10))
    for number, method in enumerate(["INVITE", "UPDATE"]):
        content, body = of_parts(b"v=0 again", kind, *beside)
        wire.receive(wire.inside(ok, method, content, cseq=20 + number, body=body))
        assert wire.heard(RemoteOffer)[-1].body == b"v=0 again"
        wire.step(wire.calls.answer, "in-2", ANSWER)
        assert (wire.responses()[-1].status, wire.responses()[-1].body) == (200, ANSWER)
        wire.receive(wire.inside(ok, "ACK", cseq=20 + number))


@SHAPES
def test_18x_and_2xx_may_bring_the_answer_in_parts(kind: str, beside: tuple[str, ...]) -> None:
    wire = CallWire()
    call, invite = wire.invite()
    content, body = of_parts(ANSWER, kind, *beside)
    answer(wire, invite, 183, content, body)
    assert wire.heard(Progress)[-1].body == ANSWER
    answer(wire, invite, 200, content, body)
    assert wire.heard(Answered)[-1].body == ANSWER
    wire.step(wire.calls.offer, call, OFFER)
    answer(wire, wire.requests("INVITE")[-1], 200, content, body)
    assert wire.heard(OfferAnswered)[-1].body == ANSWER
    assert wire.told(Warned) == []


@SHAPES
def test_a_reliable_183_and_the_update_after_it_may_have_parts(
    kind: str, beside: tuple[str, ...]
) -> None:
    wire = CallWire()
    call, invite = wire.invite()
    content, body = of_parts(ANSWER, kind, *beside)
    fields = [("Contact", BOBS_PHONE), content, ("Require", "100rel"), ("RSeq", "1")]
    fields += [("Allow", "INVITE, ACK, BYE, CANCEL, PRACK, UPDATE")]
    wire.receive(build.response(invite, 183, to_tag="bob1", headers=fields, body=body))
    assert wire.heard(Progress)[-1].body == ANSWER
    wire.reply(wire.requests("PRACK")[-1], 200)
    wire.step(wire.calls.offer, call, OFFER)
    answer(wire, wire.requests("UPDATE")[-1], 200, content, body)
    assert wire.heard(OfferAnswered)[-1].body == ANSWER


@SHAPES
def test_an_ack_and_a_prack_may_bring_the_answer_in_parts(
    kind: str, beside: tuple[str, ...]
) -> None:
    content, body = of_parts(ANSWER, kind, *beside)
    wire = CallWire()
    wire.ring(body=b"")
    wire.step(wire.calls.accept, "in-1", OFFER)
    wire.receive(wire.inside(wire.responses()[-1], "ACK", content, cseq=10, body=body))
    assert wire.heard(Acknowledged)[-1].body == ANSWER

    wire = CallWire()
    wire.ring(("Require", "100rel"), body=b"")
    wire.step(wire.calls.progress, "in-1", body=OFFER)
    reliable = wire.responses()[-1]
    rack = ("RAck", f"{reliable.rseq} 10 INVITE")
    wire.receive(wire.inside(reliable, "PRACK", rack, content, cseq=11, body=body))
    assert wire.heard(Acknowledged)[-1].body == ANSWER


def test_info_and_notify_may_come_in_parts_too() -> None:
    wire = CallWire()
    call, invite = wire.talk()

    def inside(method: str, kind: str, text: str, cseq: int, *fields: tuple[str, str]) -> None:
        content = ("Content-Type", "multipart/mixed;boundary=b")
        body = f"--b\r\n{PIDF}\r\n--b\r\nContent-Type: {kind}\r\n\r\n{text}\r\n--b--".encode()
        wire.receive(wire.inside(invite, method, content, *fields, cseq=cseq, body=body))
        assert wire.responses()[-1].status == 200

    inside("INFO", "application/dtmf-relay", "Signal=5\r\nDuration=100", 20)
    (info,) = wire.heard(InfoReceived)
    assert (info.content_type, info.body) == (
        "application/dtmf-relay",
        b"Signal=5\r\nDuration=100",
    )
    wire.step(wire.calls.refer, call, target=SipUri.parse("sip:carol@example.com"))
    wire.reply(wire.last(), 202)
    state = (("Event", "refer"), ("Subscription-State", "active"))
    inside("NOTIFY", "message/sipfrag;version=2.0", "SIP/2.0 180 Ringing", 21, *state)
    assert wire.heard(TransferProgress)[-1].status == 180


# What is not taken


@pytest.mark.parametrize("place", ["outside", "inside"])
def test_a_part_that_is_required_and_unknown_is_refused_with_415(place: str) -> None:
    wire = CallWire()
    content, body = of_parts(OFFER, "mixed", ISUP % "required")
    request: Request = ask("INVITE", ALICE, ("Contact", BOBS_PHONE), content, body=body)
    if place == "inside":
        _, invite = wire.talk()
        request = wire.inside(invite, "INVITE", content, body=body)
    wire.receive(request)
    response = wire.responses()[-1]
    assert response.status == 415
    accept = [one.strip() for one in (response.headers.get("Accept") or "").split(",")]
    assert accept[0] == "application/sdp"
    assert "multipart/mixed" in accept
    assert wire.heard(Incoming) == []
    assert wire.heard(RemoteOffer) == []


def test_a_body_that_may_be_passed_over_leaves_an_invite_without_an_offer() -> None:
    wire = CallWire()
    wire.ring(
        ("Content-Type", "application/pidf+xml"),
        ("Content-Disposition", "render;handling=optional"),
        body=b"",
    )
    assert wire.heard(Incoming)[-1].offer is None
    request = ask(
        "INVITE",
        ALICE,
        ("Contact", BOBS_PHONE),
        ("Content-Type", "application/pidf+xml"),
        ("Content-Disposition", "render;handling=optional"),
        body=b"<presence/>",
    )
    wire.step(wire.calls.reject, "in-1", 486)
    wire.receive(request)
    assert [one.offer for one in wire.heard(Incoming)] == [None, None]


@pytest.mark.parametrize("encoding", ["identity", "IDENTITY", "gzip", "identity, deflate"])
def test_identity_is_the_one_content_encoding(encoding: str) -> None:
    wire = CallWire()
    wire.ring(("Content-Encoding", encoding))
    response = wire.responses()[-1]
    if encoding.lower() == "identity":
        assert wire.heard(Incoming)[-1].offer == OFFER
    else:
        assert response.status == 415
        assert response.headers.get("Accept-Encoding") == "identity"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            ("Content-Type", "multipart/mixed"),
            "Malformed Body: a multipart body has no boundary",
        ),
        (("Content-Type", "application"), "Malformed Content-Type"),
        (("Subject", "none"), "Missing Content-Type"),
    ],
)
def test_an_answer_with_a_malformed_body_says_why(content: tuple[str, str], reason: str) -> None:
    wire = CallWire()
    call, invite = wire.invite()
    wire.fresh()
    answer(wire, invite, 200, content, b"v=0 answer")
    assert wire.words() == ["ACK", "BYE"]
    (ended,) = wire.heard(Ended)
    assert (ended.by, ended.status) == ("local", 488)
    assert ended.reason == f"the answer brings no session description: {reason}"
    assert reason in wire.told(Warned)[-1].text
    call, invite = wire.talk()
    wire.step(wire.calls.offer, call, OFFER)
    answer(wire, wire.requests("INVITE")[-1], 200, content, b"v=0 answer")
    assert wire.heard(OfferRefused)[-1].reason == f"the answer is missing: {reason}"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ([("Content-Type", "text/html")], ", but text/html"),
        ([("Content-Type", "application/sdp"), ("e", "gzip")], ", but Content-Encoding: gzip"),
        ([], ""),
    ],
)
def test_an_answer_with_another_body_says_which(fields: list[tuple[str, str]], words: str) -> None:
    wire = CallWire()
    _, invite = wire.invite()
    body = b"x" if fields else b""
    headers = [("Contact", BOBS_PHONE), *fields]
    wire.receive(build.response(invite, 200, to_tag="bob1", headers=headers, body=body))
    assert wire.heard(Ended)[0].reason == f"the answer brings no session description{words}"


def test_a_malformed_multipart_is_refused_and_told_but_where_nothing_is_read_of_it() -> None:
    wire = CallWire()
    content = ("Content-Type", "multipart/mixed;boundary=c")
    wire.receive(ask("INVITE", ALICE, ("Contact", BOBS_PHONE), content, body=b"--b--"))
    assert wire.responses()[-1].status == 400
    assert wire.told(Warned)[-1].text == (
        "an INVITE was refused with 400: "
        "Malformed Body: the boundary is not in the multipart body (Content-Type)"
    )
    _, invite = wire.talk()
    wire.receive(wire.inside(invite, "BYE", content, body=b"--b--"))
    assert wire.responses()[-1].status == 200


# MESSAGE


def sent(wire: CallWire, kind: str, body: bytes) -> int:
    wire.receive(ask("MESSAGE", ALICE, ("Content-Type", kind), body=body))
    response = wire.responses()[-1]
    assert isinstance(response, Response)
    return response.status


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        ("text/plain;charset=koi8-r", "привет".encode("koi8-r"), "привет"),
        ("text/plain;charset=x-mine", b"gr\xfc\xdf", "gr\\xfc\\xdf"),
        (
            "message/cpim",
            b"From: <im:bob@example.com>\r\nTo: <im:alice@example.com>\r\n"
            b"DateTime: 2026-03-03T10:15:30Z\r\n\r\n"
            b"Content-Type: text/plain; charset=utf-8\r\n\r\nHi \xe2\x82\xac",
            "Hi €",
        ),
        ("Message/CPIM", b"From: x\n\nContent-Type: text/plain\n\nHi", "Hi"),
        (
            "message/cpim",
            b"From: x\r\n\r\nContent-Type: text/plain; charset=iso-8859-2\r\n"
            b"Content-Transfer-Encoding: base64\r\n\r\nsQ==",
            "ą",
        ),
        (
            "multipart/alternative;boundary=b",
            b"--b\r\nContent-Type: text/plain\r\n\r\nHi\r\n--b\r\nContent-Type: text/html\r\n\r\n"
            b"<b>Hi</b>\r\n--b--",
            "Hi",
        ),
        (
            "multipart/mixed;boundary=b",
            b"--b\r\n\r\nHi\r\n--b\r\nContent-Type: text/plain;charset=latin1\r\n\r\ngr\xfc\xdf"
            b"\r\n--b--",
            "Hi\ngrüß",
        ),
        (
            "multipart/mixed;boundary=b",
            b"--b\r\n\r\nHi\r\n--b\r\nContent-Type: image/png\r\n"
            b"Content-Disposition: icon;handling=optional\r\n\r\n\x89PNG\r\n--b--",
            "Hi",
        ),
    ],
)
def test_the_text_of_a_message_is_found(kind: str, body: bytes, text: str) -> None:
    wire = CallWire()
    assert sent(wire, kind, body) == 200
    assert [one.text for one in wire.told(InstantMessage)] == [text]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("message/cpim", b"From: x\r\n\r\nContent-Type: message/imdn+xml\r\n\r\n<imdn/>"),
        ("message/cpim", b"From: x\r\nRequire: y.Z\r\n\r\nContent-Type: text/plain\r\n\r\nHi"),
        (
            "multipart/mixed;boundary=b",
            b"--b\r\n\r\nHi\r\n--b\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n--b--",
        ),
        ("text/html", b"<b>Hi</b>"),
    ],
)
def test_what_a_person_would_miss_of_a_message_is_refused(kind: str, body: bytes) -> None:
    wire = CallWire()
    assert sent(wire, kind, body) in (400, 415)
    assert wire.told(InstantMessage) == []
