"""The ladder as text: side by side where there is room, else as a list."""

import pytest

from sipcli.evidence.ladder import ladder_of
from sipcli.evidence.ladder_text import ASCII, NOTHING, UNICODE, Strokes, ladder_lines, ladder_text
from sipcli.evidence.text_row import columns_of
from tests.evidence.messages import ALICE, ANSWER, BOB, OFFER, SERVER, Wire

INVITE = "INVITE sip:bob@example.com"


def call() -> Wire:
    """A call that is challenged, repeated, held, and ends."""
    wire, dialog = Wire(), ("a1", "b1")
    challenge = 'Proxy-Authenticate: Digest realm="example.com", nonce="n", algorithm=SHA-256'
    wire.put(INVITE, "1 INVITE", body=OFFER)
    wire.put("407 Proxy Authentication Required", "1 INVITE", SERVER, ALICE, more=(challenge,))
    wire.put("ACK sip:bob@example.com", "1 ACK")
    wire.put(
        INVITE, "2 INVITE", more=('Proxy-Authorization: Digest response="5ecret"',), body=OFFER
    )
    wire.pause(1.5)
    wire.put("200 OK", "2 INVITE", SERVER, ALICE, tags=dialog, body=ANSWER)
    wire.put("200 OK", "2 INVITE", SERVER, ALICE, tags=dialog, body=ANSWER)
    hold = ANSWER.replace("sendrecv", "sendonly")
    wire.put("INVITE sip:b@bob.invalid", "3 INVITE", tags=dialog, body=hold)
    cause = "Reason: Q.850;cause=16"
    wire.put("BYE sip:a@alice.invalid", "1 BYE", SERVER, ALICE, tags=("b1", "a1"), more=(cause,))
    return wire


SIDE_BY_SIDE = """\
   0.000 is 2027-01-15T08:00:00.000Z
        alice                                  127.0.0.1:5080
   0.000  │───────────────── INVITE ─────────────────▶│
          │ to sip:bob@example.com                    │
          │ offer: audio Opus G722 PCMU PCMA telephone-event, sendrecv,
          │ DTLS-SRTP actpass, candidates: host 2, srflx 1
   0.010  │◀─── 407 Proxy Authentication Required ────│
          │ Digest SHA-256, realm example.com         │
   0.020  │────────────────── ACK ───────────────────▶│
   0.030  │───────────────── INVITE ─────────────────▶│
          │ to sip:bob@example.com; with credentials  │
          │ offer: as before                          │
  +1.5 s  ┊                                           ┊
   1.540  │◀──────────── 200 OK (INVITE) ─────────────│
          │ answer: audio Opus telephone-event, sendrecv, DTLS-SRTP active,
          │ candidates: host 2, srflx 1               │
   1.550  │◀┄┄┄┄┄┄┄┄┄ 200 OK (INVITE), again ┄┄┄┄┄┄┄┄┄│
   1.560  │─────────────── re-INVITE ────────────────▶│
          │ offer: audio Opus telephone-event, sendonly (hold), DTLS-SRTP
          │ active, candidates: host 2, srflx 1       │
   1.570  │◀────────────────── BYE ───────────────────│
          │ Reason Q.850 16                           │\
"""

LISTED = """\
   0.000 is 2027-01-15T08:00:00.000Z
   0.000  alice -> 127.0.0.1~  INVITE
            to sip:bob@example.com
   0.010  127.0.0.1~ -> bob  INVITE
   0.020  bob -> 127.0.0.1~  486 Busy Here
   0.030  127.0.0.1~ -> alice  486 Busy Here
[1] call-1\
"""


def test_a_call_at_80_columns() -> None:
    assert ladder_text(ladder_of(call().entries), 80) == SIDE_BY_SIDE


def test_where_the_parties_do_not_fit_the_messages_are_listed() -> None:
    wire = Wire()
    wire.put(INVITE, "1 INVITE")
    wire.put(INVITE, "1 INVITE", SERVER, BOB, vias=2)
    wire.put("486 Busy Here", "1 INVITE", BOB, SERVER, vias=2)
    wire.put("486 Busy Here", "1 INVITE", SERVER, ALICE)
    assert ladder_text(ladder_of(wire.entries), 50, ASCII) == LISTED


@pytest.mark.parametrize("strokes", [UNICODE, ASCII])
@pytest.mark.parametrize("width", [1, 40, 54, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal(width: int, strokes: Strokes) -> None:
    wire = call()
    for port in range(41_000, 41_005):
        wire.put(INVITE, "1 INVITE", ("127.0.0.1", port), call=str(port), body=OFFER)
    wire.raw("SIP/2.0 486 日本語日本語日本語日本語日本語日本語\r\nCSeq: 1 INVITE\r\n\r\n".encode())
    text = ladder_text(ladder_of(wire.entries), width, strokes)
    assert max(map(columns_of, text.split("\n"))) <= max(width, 40)


def test_an_ascii_ladder_has_no_other_character() -> None:
    wire = call()
    wire.put(f"486 {'x' * 100}", "9 INVITE", SERVER, ALICE)
    for _ in range(3):
        wire.put("BYE sip:b@bob.invalid", "4 BYE", tags=("a1", "b1"))
    text = ladder_text(ladder_of(wire.entries), 80, ASCII)
    assert text.isascii()
    assert "again x2" in text


def test_several_calls_are_numbered_and_listed_at_the_end() -> None:
    wire = Wire()
    wire.put(INVITE, "1 INVITE", call="first@x")
    wire.put(INVITE, "1 INVITE", call="second@x")
    wire.put("OPTIONS sip:example.com", "1 OPTIONS", call="other@x")
    lines = ladder_text(ladder_of(wire.entries), 80).split("\n")
    assert " [1] INVITE " in lines[2]
    assert " [2] INVITE " in lines[4]
    assert " OPTIONS " in lines[6]
    assert lines[-2:] == ["[1] first@x", "[2] second@x"]


def test_a_long_ladder_repeats_the_names_and_tells_what_it_leaves_out() -> None:
    wire = Wire()
    for number in range(60):
        wire.put("ACK sip:x@example.com", f"{number} ACK")
    lines = ladder_text(ladder_of(wire.entries, most=40), 80).split("\n")
    assert lines[1] == lines[-1]
    assert lines.index("20 messages left out") == 22


def test_a_message_from_a_party_to_itself_has_no_arrow_to_go_along() -> None:
    wire = Wire()
    wire.raw(b"OPTIONS sip:x SIP/2.0\r\n\r\n", SERVER, SERVER)
    assert ladder_text(ladder_of(wire.entries), 80).split("\n")[2] == "   0.000  │ ⇄ OPTIONS"


def test_without_a_message_it_says_so() -> None:
    assert ladder_text(ladder_of([])) == NOTHING


def test_each_piece_has_its_style() -> None:
    lines = list(ladder_lines(ladder_of(call().entries), 80))
    assert {piece.style for line in lines for piece in line} == {
        "",
        "challenge",
        "line",
        "party",
        "remark",
        "request",
        "success",
        "time",
    }
