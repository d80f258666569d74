"""What a ladder says of one message, in a label and notes, without anything secret."""

import pytest

from sipcli.evidence.ladder import LadderMessage, ladder_of
from tests.evidence.messages import ALICE, BOB, SERVER, Wire

TO_BOB = "sip:bob@example.com"


def told(start: str, cseq: str, *more: str, body: str = "", to_tag: str = "") -> LadderMessage:
    wire = Wire()
    ends = (SERVER, ALICE) if start[:3].isdigit() else (ALICE, SERVER)
    wire.put(start, cseq, *ends, more=more, body=body, tags=("a1", to_tag))
    return ladder_of(wire.entries).messages[0]


@pytest.mark.parametrize(
    ("start", "cseq", "label", "kind"),
    [
        ("INVITE sip:bob@example.com", "1 INVITE", "INVITE", "request"),
        ("100 Trying", "1 INVITE", "100 Trying (INVITE)", "provisional"),
        ("200 OK", "1 BYE", "200 OK (BYE)", "success"),
        ("200", "1 BYE", "200 (BYE)", "success"),
        ("302 Moved", "1 INVITE", "302 Moved (INVITE)", "redirection"),
        ("407 Proxy", "1 INVITE", "407 Proxy (INVITE)", "challenge"),
        ("603 Decline", "1 INVITE", "603 Decline (INVITE)", "failure"),
        ("999 What", "1 INVITE", "a response whose first line is not readable", "malformed"),
        ("486 Busy\x1b[2J", "1 INVITE", r"486 Busy\x1b[2J (INVITE)", "failure"),
    ],
)
def test_labels_and_kinds(start: str, cseq: str, label: str, kind: str) -> None:
    found = told(start, cseq)
    assert (found.label, found.kind) == (label, kind)


def test_what_is_no_sip_message_is_counted_in_bytes() -> None:
    wire = Wire()
    wire.raw(b"\xff\x00garbage")
    (found,) = ladder_of(wire.entries).messages
    assert (found.label, found.kind, found.status) == (
        "9 bytes that are not SIP",
        "malformed",
        None,
    )


@pytest.mark.parametrize(
    ("start", "cseq", "more", "notes"),
    [
        ("OPTIONS sip:bob:secret@example.com;token=x", "1 OPTIONS", [], (f"to {TO_BOB}",)),
        ("OPTIONS tel:+49301234;phone-context=x", "1 OPTIONS", [], ("to tel:+49301234",)),
        ("OPTIONS sip:", "1 OPTIONS", [], ("to a malformed URI",)),
        ("REGISTER sip:x", "1 REGISTER", ["Expires: 60"], ("expires 60 s",)),
        (
            "REGISTER sip:x",
            "1 REGISTER",
            ["Expires: 60", "Contact: <sip:a@b.invalid>;expires=0"],
            ("expires 0: unregisters",),
        ),
        ("REGISTER sip:x", "1 REGISTER", ["Authorization: Digest a=b"], ("with credentials",)),
        ("ACK sip:x", "1 ACK", ["Authorization: Digest a=b"], ()),
        ("CANCEL sip:x", "1 CANCEL", ["Reason: SIP;cause=200;text=\"there\""],
         ("Reason SIP 200: there",)),
        ("302 Moved", "1 INVITE", ["Contact: <sip:carol:pw@example.com;x=y>"],
         ("Contact sip:carol@example.com",)),
        ("401 X", "1 REGISTER",
         ['WWW-Authenticate: Digest realm="r", nonce="n", algorithm=SHA-256, stale=true'],
         ("Digest SHA-256, realm r, stale",)),
        ("423 X", "1 REGISTER", ["Min-Expires: 120"], ("Min-Expires 120 s",)),
        ("503 X", "1 INVITE", ["Retry-After: 30"], ("Retry-After 30 s",)),
        ("488 X", "1 INVITE", ['Warning: 304 x "no codec"'], ("Warning 304: no codec",)),
        ("183 X", "1 INVITE", ["RSeq: 4"], ("reliable, RSeq 4",)),
    ],
)  # fmt: skip
def test_notes_on_header_fields(
    start: str, cseq: str, more: list[str], notes: tuple[str, ...]
) -> None:
    assert told(start, cseq, *more).notes == notes


def test_the_words_of_a_message_are_not_shown() -> None:
    found = told(f"MESSAGE {TO_BOB}", "1 MESSAGE", "Content-Type: text/plain", body="our secret")
    assert found.notes == (f"to {TO_BOB}", "text/plain, 10 bytes")


def test_a_transfer_names_its_target_and_how_it_goes() -> None:
    refer = told(
        f"REFER {TO_BOB}", "2 REFER", "Refer-To: <sip:carol@example.com?Replaces=1%3Bx>", to_tag="b"
    )
    assert refer.notes == ("Refer-To sip:carol@example.com with Replaces",)
    notify = told(
        "NOTIFY sip:a@b.invalid", "1 NOTIFY", "Event: refer",
        "Subscription-State: terminated;reason=noresource", "Content-Type: message/sipfrag",
        body="SIP/2.0 603 Decline\r\nContact: <sip:x>\r\n", to_tag="b",
    )  # fmt: skip
    assert notify.notes == ("refer", "terminated (noresource)", "SIP/2.0 603 Decline")


def test_where_a_proxy_sends_a_request_is_shown_by_the_arrow() -> None:
    wire = Wire()
    wire.put("INVITE sip:x@bob.invalid", "1 INVITE", SERVER, BOB, vias=2)
    assert ladder_of(wire.entries).messages[0].notes == ()
