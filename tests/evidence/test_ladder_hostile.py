"""Ladders of what a peer may send: nothing raises, acts on the terminal, or is slow."""

from collections.abc import Callable
from functools import partial
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcli.evidence.ladder import Ladder, ladder_of
from sipcli.evidence.ladder_text import ASCII, UNICODE, ladder_text
from sipcli.evidence.sip_record import MAX_MESSAGE_BYTES, SipRecord
from sipcli.evidence.text_row import columns_of
from sipcli.text import UNSAFE
from tests.evidence.messages import ALICE, ANSWER, BOB, OFFER, SERVER, Wire
from tests.growth import assert_grows_linearly
from tests.sip.corpus import cases

SECRET: Final = "5ecret"
BLOCKS: Final = (
    "INVITE sip:bob@example.com SIP/2.0",
    "SIP/2.0 180 Ringing",
    "SIP/2.0 999 \x1b[2J\u202eabc",
    "SIP/2.0 0",
    f"REFER sip:bob:{SECRET}@example.com;token={SECRET} SIP/2.0",
    "Via: SIP/2.0/WS a.invalid;branch=z9hG4bK1",
    "Via: SIP/2.0/WS b.invalid;branch=z9hG4bK2",
    "Via: ,",
    "From: <sip:alice@example.com>;tag=a",
    "From: \x07",
    "To: <sip:bob@example.com>;tag=b",
    "To: <sip:\u202ebob@example.com>;tag=c",
    "Call-ID: one",
    "Call-ID: \x1b]0;title\x07",
    "CSeq: 1 INVITE",
    "CSeq: 99999999999999 X",
    "RAck: 1 1 INVITE",
    "RSeq: 1",
    f"Refer-To: <sip:carol:{SECRET}@example.com?Replaces={SECRET}>",
    f'Authorization: Digest username="a", response="{SECRET}"',
    f"Contact: <http://example.com/?token={SECRET}>",
    'WWW-Authenticate: Digest realm="\x1b[31m", nonce="n"',
    'Warning: 399 x "\x9b31m"',
    "Reason: Q.850;cause=16;text=\"\x1b[0m\"",
    "Content-Type: application/sdp",
    "Content-Type: multipart/mixed;boundary=x",
    "",
    f"a=ice-pwd:{SECRET}",
    "m=audio 0 RTP/AVP \x1b",
    *OFFER.split("\r\n"),
    *ANSWER.split("\r\n"),
)  # fmt: skip
PLACES: Final = (ALICE, BOB, SERVER, ("2001:db8::1", 5060))


@st.composite
def messages(draw: st.DrawFn) -> Wire:
    """Messages that are put together from pieces, or of any bytes."""
    wire = Wire()
    pieces = st.tuples(st.sampled_from(BLOCKS[:5]), st.lists(st.sampled_from(BLOCKS), max_size=40))
    messages = pieces.map(lambda found: "\r\n".join((found[0], *found[1])).encode())
    for data in draw(st.lists(messages | st.binary(max_size=60), max_size=12)):
        wire.raw(data, draw(st.sampled_from(PLACES)), draw(st.sampled_from(PLACES)))
        wire.pause(draw(st.sampled_from((0.0, -5.0, 3.0, 1e6))))
    return wire


def check(found: Ladder, width: int = 80) -> None:
    """Draw it in each way, and look at all that it says."""
    for strokes in (UNICODE, ASCII):
        text = ladder_text(found, width, strokes)
        assert not UNSAFE.search(text)
        assert SECRET not in text
        assert max(map(columns_of, text.split("\n"))) <= width
    assert len({party.name for party in found.parties}) == len(found.parties)
    for one in found.messages:
        said = "\n".join((one.label, *one.remarks, one.text))
        assert not UNSAFE.search(said)
        assert SECRET not in "\n".join((one.label, *one.remarks))
        assert "\n" not in "".join((one.label, *one.remarks))


@given(messages(), st.sampled_from((40, 54, 80, 200)))
def test_whatever_comes_is_drawn_and_nothing_of_it_acts_on_the_terminal(
    wire: Wire, width: int
) -> None:
    check(ladder_of(wire.entries), width)


def test_the_torture_messages_are_drawn() -> None:
    wire = Wire()
    for case in cases():
        wire.raw(case.data)
    check(ladder_of(wire.entries))


def many_messages(count: int) -> Callable[[], object]:
    wire = Wire()
    for number in range(count // 64):
        tags = ("a1", f"b{number % 50}")
        wire.put("183 X", f"{number} INVITE", SERVER, ("127.0.0.1", number), tags=tags, body=OFFER)
    return lambda: ladder_text(ladder_of(wire.entries, most=count))


def one_message(start: str, size: int) -> Callable[[], object]:
    wire = Wire()
    wire.raw(("SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n" + start * (size // len(start))).encode())
    return lambda: ladder_text(ladder_of(wire.entries))


def one_description(line: str, size: int) -> Callable[[], object]:
    wire = Wire()
    wire.put("200 OK", "1 INVITE", body=OFFER + line * (size // len(line)))
    return lambda: ladder_text(ladder_of(wire.entries))


@pytest.mark.parametrize(
    "work",
    [
        many_messages,
        partial(one_message, "Via: SIP/2.0/WS a;branch=z9hG4bK1\r\n"),
        partial(one_message, 'WWW-Authenticate: Digest realm="x"\r\n'),
        partial(one_message, "Warning: 399 a "),
        partial(one_message, "sip:a:"),
        partial(one_message, "Reason: sip:a:b"),
        partial(one_description, "a=candidate:1 1 udp 1 192.0.2.1 4000 typ host\r\n"),
        partial(one_description, "a=rtpmap:1 a/8000\r\n"),
        partial(one_description, "m=audio 9 RTP/AVP 0\r\n"),
    ],
)
def test_the_time_grows_with_the_size_and_no_faster(
    work: Callable[[int], Callable[[], object]],
) -> None:
    assert_grows_linearly(work)


def test_large_messages_take_no_more_memory_than_there_is_room_for() -> None:
    wire = Wire()
    for _ in range(400):
        wire.raw(b"OPTIONS sip:x SIP/2.0\r\n\r\n" + bytes(65_000))
    record = SipRecord.of(wire.entries)
    assert sum(len(entry.data) for entry in record) <= MAX_MESSAGE_BYTES
    assert len(record) + record.left_out == 400
    assert next(iter(record)) is wire.entries[0]
    assert list(record)[-1] is wire.entries[-1]


def test_of_many_parties_some_are_the_others() -> None:
    wire = Wire()
    for port in range(1, 100):
        wire.put("OPTIONS sip:x@example.com", "1 OPTIONS", ("127.0.0.1", port), call=str(port))
    found = ladder_of(wire.entries)
    assert len(found.parties) == 31
    assert found.parties[-1].name == "others"
    assert found.messages[-1].source == 30
    check(found)
