"""The model of a ladder: who sent what to whom, and what messages have to do with one another."""

from dataclasses import replace

from sipcli.evidence.ladder import Ladder, ladder_of
from sipcli.evidence.ladder_words import MessageKind
from tests.evidence.messages import ALICE, ANSWER, BOB, OFFER, SERVER, Wire
from tests.sip_entries import sip_entry

INVITE = "INVITE sip:bob@example.com"
FORWARDED = "INVITE sip:xyz@bob.invalid"


def ladder(wire: Wire) -> Ladder:
    return ladder_of(wire.entries)


def arrows(found: Ladder) -> list[tuple[str, str, str]]:
    names = [party.name for party in found.parties]
    return [(names[one.source], names[one.target], one.label) for one in found.messages]


def two_phones() -> Wire:
    """Alice and Bob have registered, each over a connection of their own."""
    wire = Wire()
    for phone, user in ((ALICE, "alice"), (BOB, "bob")):
        to = f"To: <sip:{user}@example.com>"
        data = (
            "REGISTER sip:example.com SIP/2.0\r\n"
            f"Via: SIP/2.0/WS {user}.invalid;branch=z9hG4bKr\r\n"
            f"From: <sip:{user}@example.com>;tag=1\r\n{to}\r\nCall-ID: r-{user}\r\n"
            "CSeq: 1 REGISTER\r\nContact: <sip:x@y.invalid>;expires=600\r\n\r\n"
        )
        wire.raw(data.encode(), phone)
        answer = data.replace("REGISTER sip:example.com SIP/2.0", "SIP/2.0 200 OK")
        wire.raw(answer.encode(), SERVER, phone)
    return wire


def test_the_parties_stand_in_order_of_appearance_by_the_name_that_is_known() -> None:
    wire = two_phones()
    wire.put(INVITE, "1 INVITE")
    wire.put(FORWARDED, "1 INVITE", SERVER, BOB, vias=2)
    found = ladder(wire)
    assert [(one.name, one.is_server) for one in found.parties] == [
        ("alice", False),
        ("127.0.0.1:5080", True),
        ("bob", False),
    ]
    assert arrows(found)[-2:] == [
        ("alice", "127.0.0.1:5080", "INVITE"),
        ("127.0.0.1:5080", "bob", "INVITE"),
    ]
    assert found.messages[0].notes == ("expires 600 s",)


def test_a_phone_that_connects_again_is_the_same_party() -> None:
    wire = two_phones()
    again = ("127.0.0.1", 40009)
    wire.put(INVITE, "1 INVITE", again)
    entry = wire.entries[-1]
    assert b"40009" in entry.data  # its Via is another one: so it is another party
    assert len(ladder(wire).parties) == 4
    data = entry.data.replace(b"40009.invalid", b"alice.invalid")
    wire.raw(data, again)
    del wire.entries[-2]
    assert [one.name for one in ladder(wire).parties] == ["alice", "127.0.0.1:5080", "bob"]


def test_phones_that_write_the_same_host_into_via_are_two_parties() -> None:
    wire = two_phones()
    for index, entry in enumerate(wire.entries):
        data = entry.data.replace(b"bob.invalid", b"alice.invalid")
        wire.entries[index] = replace(entry, data=data)
    assert [one.name for one in ladder(wire).parties] == ["alice", "127.0.0.1:5080", "bob"]


def test_servers_are_told_apart_by_their_uris_even_behind_one_proxy() -> None:
    entries = [
        sip_entry("sent", b"OPTIONS sip:x SIP/2.0\r\n\r\n", uri, remote=("192.0.2.9", 3128))
        for uri in ("wss://one.example.com/ws?token=5ecret", "ws://two.example.com:8080")
    ]
    names = [one.name for one in ladder_of(entries).parties]
    assert names == ["192.0.2.1:40000", "one.example.com:443", "two.example.com:8080"]


def test_without_a_server_s_uri_it_is_known_by_what_it_does() -> None:
    wire = two_phones()
    wire.entries[:] = [replace(entry, server="") for entry in wire.entries]
    assert [(one.name, one.is_server) for one in ladder(wire).parties] == [
        ("alice", False),
        ("127.0.0.1:5080", True),
        ("bob", False),
    ]


def test_two_users_of_one_name_are_told_apart() -> None:
    wire = Wire()
    for port in (40001, 40002):
        wire.put("OPTIONS sip:x@example.com", "1 OPTIONS", ("127.0.0.1", port), call=str(port))
    assert [one.name for one in ladder(wire).parties] == [
        "alice",
        "127.0.0.1:5080",
        "alice 40002",
    ]


def test_times_count_from_the_first_message() -> None:
    wire = Wire()
    wire.raw(b"\r\n\r\n")
    wire.put(INVITE, "1 INVITE")
    wire.pause(1.5)
    wire.put("180 Ringing", "1 INVITE", SERVER, ALICE)
    first, second = ladder(wire).messages  # and no keep-alive
    assert (first.since_s, first.gap_s) == (0.0, 0.0)
    assert abs(second.since_s - 1.51) < 1e-3
    assert second.gap_s == second.since_s


def test_a_message_that_is_sent_again_is_counted() -> None:
    wire = Wire()
    for _ in range(3):
        wire.put("200 OK", "1 INVITE", SERVER, ALICE, tags=("a1", "b1"))
    wire.put("200 OK", "1 INVITE", SERVER, ALICE, tags=("a1", "b2"))
    wire.put("200 OK", "1 INVITE", SERVER, BOB, tags=("a1", "b1"))
    wire.put("200 OK", "2 INVITE", SERVER, ALICE, tags=("a1", "b1"))
    assert [one.again for one in ladder(wire).messages] == [0, 1, 2, 0, 0, 0]


def test_the_branches_of_a_forked_invite_are_numbered() -> None:
    wire = Wire()
    wire.put(INVITE, "1 INVITE")
    wire.put("401 Unauthorized", "1 INVITE", SERVER, ALICE, tags=("a1", "proxy"))
    wire.put(INVITE, "2 INVITE")
    wire.put("100 Trying", "2 INVITE", SERVER, ALICE, tags=("a1", "never mind"))
    wire.put("180 Ringing", "2 INVITE", SERVER, ALICE, tags=("a1", "b1"))
    wire.put("180 Ringing", "2 INVITE", SERVER, ALICE, tags=("a1", "b2"))
    wire.put("200 OK", "2 INVITE", SERVER, ALICE, tags=("a1", "b2"))
    wire.put("BYE sip:alice@x.invalid", "9 BYE", SERVER, ALICE, tags=("b2", "a1"))
    found = ladder(wire)
    assert [one.fork for one in found.messages] == [None] * 4 + [1, 2, 2, 2]
    assert found.messages[1].kind is MessageKind.CHALLENGE


def test_one_answer_after_another_is_no_fork() -> None:
    wire = Wire()
    wire.put("180 Ringing", "1 INVITE", SERVER, ALICE, tags=("a1", "b1"))
    wire.put("180 Ringing", "2 INVITE", SERVER, ALICE, tags=("a1", "b2"))
    assert {one.fork for one in ladder(wire).messages} == {None}


def test_calls_are_numbered_and_what_is_no_call_has_no_number() -> None:
    wire = two_phones()
    wire.put(INVITE, "1 INVITE", call="one")
    wire.put(INVITE, "1 INVITE", call="two")
    wire.put("BYE sip:bob@example.com", "2 BYE", call="one", tags=("a1", "b1"))
    found = ladder(wire)
    assert found.calls == ("one", "two")
    assert [one.call for one in found.messages] == [None] * 4 + [1, 2, 1]


def test_offer_and_answer_are_told_apart() -> None:
    wire = Wire()
    wire.put(INVITE, "1 INVITE", body=OFFER)
    wire.put("183 Progress", "1 INVITE", SERVER, ALICE, tags=("a1", "b1"), body=ANSWER)
    wire.put("ACK sip:bob@example.com", "1 ACK", tags=("a1", "b1"))
    # Without an offer in the INVITE it is in the response, and the ACK answers it.
    wire.put(INVITE, "2 INVITE", tags=("a1", "b1"))
    wire.put("200 OK", "2 INVITE", SERVER, ALICE, tags=("a1", "b1"), body=OFFER)
    wire.put("ACK sip:bob@example.com", "2 ACK", tags=("a1", "b1"), body=ANSWER)
    wire.put("UPDATE sip:bob@example.com", "3 UPDATE", tags=("a1", "b1"), body=OFFER)
    wire.put("200 OK", "3 UPDATE", SERVER, ALICE, tags=("a1", "b1"), body=ANSWER)
    # Of a request that is not there nothing is known.
    wire.put("200 OK", "7 INVITE", SERVER, ALICE, tags=("a1", "b1"), body=ANSWER)
    found = ladder(wire)
    roles = [one.sdp.role if one.sdp is not None else "-" for one in found.messages]
    assert roles == ["offer", "answer", "-", "-", "offer", "answer", "offer", "answer", None]
    assert found.messages[3].label == "re-INVITE"


def test_a_prack_answers_the_offer_of_a_reliable_response() -> None:
    wire = Wire()
    tags = ("a1", "b1")
    wire.put(INVITE, "1 INVITE")
    wire.put("183 P", "1 INVITE", SERVER, ALICE, tags=tags, more=("RSeq: 7",), body=OFFER)
    rack = ("RAck: 7 1 INVITE",)
    wire.put("PRACK sip:bob@example.com", "2 PRACK", tags=tags, more=rack, body=ANSWER)
    _, progress, prack = ladder(wire).messages
    assert progress.sdp is not None
    assert prack.sdp is not None
    assert (progress.sdp.role, prack.sdp.role) == ("offer", "answer")
    assert progress.notes == ("reliable, RSeq 7",)
    assert prack.notes == ("RAck 7",)


def test_an_offer_with_new_credentials_is_an_ice_restart() -> None:
    wire, dialog = Wire(), ("a1", "b1")
    wire.put(INVITE, "1 INVITE", body=OFFER)
    wire.put("200 OK", "1 INVITE", SERVER, ALICE, tags=dialog, body=ANSWER.replace("abcd", "efgh"))
    wire.put(INVITE, "2 INVITE", tags=dialog, body=OFFER)
    wire.put(INVITE, "3 INVITE", tags=dialog, body=OFFER.replace("abcd", "ijkl"))
    found = [one.notes for one in ladder(wire).messages]
    assert [("ICE restart" in notes) for notes in found] == [False, False, False, True]


def test_of_too_many_messages_those_in_the_middle_are_left_out() -> None:
    wire = Wire()
    for number in range(1, 12):
        wire.put("OPTIONS sip:x@example.com", f"{number} OPTIONS")
    found = ladder_of(wire.entries, most=6)
    numbers = [one.entry.data.split(b"CSeq: ")[1].split()[0] for one in found.messages]
    assert numbers == [b"1", b"2", b"3", b"9", b"10", b"11"]
    assert (found.left_out, found.left_out_at) == (5, 3)


def test_a_ladder_without_messages_is_empty() -> None:
    found = ladder_of([])
    assert (found.parties, found.messages, found.left_out) == ((), (), 0)
