"""Events and messages as lines of the debug log."""

import pytest

from sipcli.core import events
from sipcli.core.calls.events import Answered, OfferDue, RemoteOffer
from sipcli.core.describe import MAX_TEXT, describe, describe_message
from sipcli.sip.parser import parse
from tests.core.call_wire import BOB, OFFER, CallWire
from tests.core.factories import accept, ask
from tests.core.wire import Wire


def test_an_event_shows_its_name_and_what_its_fields_say() -> None:
    event = events.Connected(server="wss://example.org", elapsed_s=0.0123456789)
    assert describe(event) == "connected: server=wss://example.org elapsed_s=0.0123457"
    assert describe(events.Unregistered()) == "unregistered"
    assert describe(OfferDue(call="c", is_refresh=True)) == "offer due: call=c is_refresh=True"


def test_descriptions_and_what_users_say_are_told_by_their_size() -> None:
    event = Answered(call="c", status=200, elapsed_s=1.0, body=b"v=0", fork="")
    assert describe(event) == "answered: call=c status=200 elapsed_s=1 body=(3 bytes) fork="
    assert describe(RemoteOffer(call="c", body=None)) == "remote offer: call=c"
    message = events.InstantMessage(
        direction="sent", sender="sip:a@b", to="sip:c@d", text="my PIN is 1234", status=200
    )
    assert "1234" not in describe(message)
    assert "text=(14 characters)" in describe(message)


def test_values_within_are_shown_by_their_fields_and_many_by_their_number() -> None:
    binding = events.Binding(contact="sip:x@y", expires_s=5, ours=True)
    registered = events.Registered(
        uri="u",
        registrar="r",
        expires_s=5,
        contact="c",
        bindings=(binding, binding),
        pub_gruu=None,
        temp_gruu=None,
        elapsed_s=1.0,
    )
    assert "bindings=(2 of them)" in describe(registered)


def test_a_message_shows_what_one_looks_for() -> None:
    request = ask("INVITE", "sip:a@b", ("Content-Type", "application/sdp"), body=b"v=0\r\n")
    assert describe_message(request) == (
        "INVITE sip:a@b, CSeq 1 INVITE, Call-ID peer-1, application/sdp (5 bytes)"
    )


@pytest.mark.parametrize("text", ["SIP/2.0 200 OK\r\n\r\n", "BYE ? SIP/2.0\r\nCSeq: x\r\n\r\nbody"])
def test_one_that_lacks_what_it_must_have_is_shown_all_the_same(text: str) -> None:
    message = parse(text.encode()).message
    assert message is not None
    assert "Call-ID none" in describe_message(message)


def test_a_peer_cannot_make_a_line_of_any_length() -> None:
    request = ask("BYE", f"sip:{'a' * 5000}@b", call_id="c" * 5000)
    assert len(describe_message(request)) < 3 * MAX_TEXT


def test_the_core_tells_its_story_to_the_log() -> None:
    wire = CallWire()
    call, invite = wire.invite()
    wire.reply(invite, 180)
    wire.reply(invite, 200, body=OFFER)
    wire.step(wire.calls.hang_up, call)
    wire.reply(wire.last(), 200)
    story = "\n".join(wire.debug_lines)
    branch = invite.via.branch
    dialog = f"dialog {call} {invite.from_.tag} bob1"
    for services in (
        f"client transaction INVITE {branch}: CALLING",
        f"-> INVITE {BOB}, CSeq 1 INVITE, Call-ID {call}, application/sdp ({len(OFFER)} bytes)",
        f"<- 180 Ringing, CSeq 1 INVITE, Call-ID {call}",
        f"client transaction INVITE {branch}: CALLING -> PROCEEDING",
        f"{dialog}: opened, towards sip:bob@192.0.2.7;transport=ws",
        f"{dialog}: offer/answer: OURS -> IDLE (agreed)",
        f"{dialog}: confirmed, towards sip:bob@192.0.2.7;transport=ws",
        f"{dialog}: OPEN -> BYE_OWED",
        f"{dialog}: BYE_SENT -> CLOSED",
    ):
        assert services in story, story


def test_requests_of_others_are_in_it_too() -> None:
    wire = Wire()
    wire.start()
    wire.receive(accept(wire.last(), 600))
    wire.receive(ask("OPTIONS"))
    story = "\n".join(wire.debug_lines)
    assert "<- OPTIONS sip:alice@example.com" in story
    assert "server transaction OPTIONS z9hG4bKb1: TRYING\n" in story
    assert "TRYING -> TERMINATED" in story
    assert "-> 200 OK, CSeq 1 OPTIONS" in story


def test_lines_that_nobody_reads_are_not_made() -> None:
    wire = CallWire()
    wire.agent.debug_log.is_read = False
    wire.debug_lines.clear()
    wire.talk()
    wire.advance(1)
    assert wire.debug_lines == []
    wire.agent.debug_log.is_read = True
    wire.ring()
    assert any(line.startswith("<- INVITE") for line in wire.debug_lines)
