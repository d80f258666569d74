"""Requests through the sandbox's proxy: forking, dialogs, and what must not pass."""

import pytest

from sipcli.core.transactions.transaction import TRANSACTION_TIMEOUT_S
from sipcli.sandbox.fork import TIMER_C
from sipcli.sandbox.locations import MAX_TEMPORARY_GRUUS
from sipcli.sandbox.names import DOMAIN
from sipcli.sip import build
from sipcli.sip.message import Request, Response
from tests.sandbox.world import Client, World

BOB = f"sip:bob@{DOMAIN}"
INSTANCE = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"


def two_phones() -> tuple[World, Client, Client]:
    world = World()
    return world, world.phone("alice"), world.phone("bob")


def call(alice: Client, bob: Client) -> tuple[Request, Response]:
    """A call that bob has answered: the INVITE as bob got it, and the 200 as alice got it."""
    alice.invite(BOB)
    invite = bob.took("INVITE")
    bob.answer(invite, 200)
    return invite, alice.responses.pop()


def within(method: str, end: Client, target: str, route: str, *, cseq: int = 10) -> Request:
    """A request within a dialog, by its remote target and route set."""
    request = end.request(method, target, ("Route", route), cseq=cseq)
    headers = request.headers.replaced("To", f"<{target}>;tag=far")
    return request.replacing(headers=headers)


# What may pass


def test_a_request_without_credentials_is_challenged_and_goes_nowhere() -> None:
    _, alice, bob = two_phones()
    alice.send(alice.request("MESSAGE", BOB, body=b"hello"))
    assert (alice.heard(), bob.requests) == ([407], [])


def test_nobody_sends_in_the_name_of_somebody_else() -> None:
    _, alice, bob = two_phones()
    answer = alice.ask(alice.request("MESSAGE", BOB, sender=f"sip:carol@{DOMAIN}"))
    assert answer is not None
    assert (answer.status, bob.requests) == (403, [])


def test_an_anonymous_sender_passes_with_credentials() -> None:
    _, alice, bob = two_phones()
    alice.ask(alice.request("MESSAGE", BOB, sender="sip:anonymous@anonymous.invalid"))
    bob.took("MESSAGE")


def test_the_record_route_of_a_call_to_a_sips_address_is_sips() -> None:  # RFC 3261 §16.6
    for scheme in ("sip", "sips"):
        _, alice, bob = two_phones()
        alice.invite(f"{scheme}:bob@{DOMAIN}")
        assert str(bob.took("INVITE").record_routes[0].uri).startswith(f"{scheme}:")


def test_a_stranger_within_a_dialog_is_challenged() -> None:
    world, alice, bob = two_phones()
    invite, _ = call(alice, bob)
    mallory = world.connect("mallory")
    mallory.send(within("BYE", mallory, bob.contact, str(invite.record_routes[0])))
    assert (mallory.heard(), bob.requests) == ([407], [])


def test_our_credentials_stay_here() -> None:
    _, alice, bob = two_phones()
    alice.ask(alice.request("MESSAGE", BOB))
    assert "Proxy-Authorization" in alice.latest.headers
    assert "Proxy-Authorization" not in bob.took("MESSAGE").headers


def test_credentials_for_others_behind_us_go_on() -> None:
    _, alice, bob = two_phones()
    theirs = 'Digest username="a", realm="elsewhere", nonce="n", uri="sip:x", response="r"'
    alice.ask(alice.request("MESSAGE", BOB))
    bob.requests.clear()
    ours = alice.authenticator.authorize(alice.request("MESSAGE", BOB))
    headers = ours.headers.prepended("Proxy-Authorization", theirs)
    alice.send(ours.replacing(headers=headers.appended("Proxy-Authorization", "Bearer x")))
    assert bob.took("MESSAGE").headers.all("Proxy-Authorization") == (theirs, "Bearer x")


@pytest.mark.parametrize(
    ("target", "status"),
    [(f"sip:nobody@{DOMAIN}", 404), (f"sip:carol@{DOMAIN}", 480), ("sip:x@example.com", 404)],
)
def test_who_is_not_there_is_told(target: str, status: int) -> None:
    _, alice, _ = two_phones()
    answer = alice.ask(alice.request("MESSAGE", target))
    assert answer is not None
    assert answer.status == status


def test_options_to_the_server_itself_are_answered_by_it() -> None:
    _, alice, _ = two_phones()
    answer = alice.ask(alice.request("OPTIONS", f"sip:{DOMAIN}"))
    assert answer is not None
    assert (answer.status, "INVITE" in answer.allow) == (200, True)


@pytest.mark.parametrize(
    ("header", "status"), [(("Max-Forwards", "0"), 483), (("Proxy-Require", "magic"), 420)]
)
def test_what_cannot_go_on_is_refused(header: tuple[str, str], status: int) -> None:
    _, alice, bob = two_phones()
    answer = alice.ask(alice.request("MESSAGE", BOB, header))
    assert answer is not None
    assert (answer.status, bob.requests) == (status, [])


# How it passes


def test_a_message_reaches_the_contact_with_one_hop_less_and_its_answer_comes_back() -> None:
    _, alice, bob = two_phones()
    alice.ask(alice.request("MESSAGE", BOB, body=b"hello"))
    message = bob.took("MESSAGE")
    assert (message.target, message.body) == (bob.contact, b"hello")
    assert (message.max_forwards, len(message.vias)) == (69, 2)
    bob.send(build.response(message, 202, to_tag="b"))
    assert [(one.status, len(one.vias)) for one in alice.responses] == [(202, 1)]


def test_an_invite_gets_100_at_once_and_later_answers_but_no_second_100() -> None:
    _, alice, bob = two_phones()
    alice.invite(BOB)
    invite = bob.took("INVITE")
    for status in (100, 180, 183, 200):
        bob.answer(invite, status)
    assert alice.heard() == [180, 183, 200]


def test_vias_that_share_a_field_are_told_apart() -> None:
    _, alice, bob = two_phones()
    alice.ask(alice.request("MESSAGE", BOB))
    message = bob.took("MESSAGE")
    response = build.response(message, 200, to_tag="b")
    joined = ", ".join(message.headers.values("Via"))
    headers = response.headers.without("Via").prepended("Via", joined)
    bob.send(Response(status=200, reason="OK", headers=headers))
    assert [one.via.host for one in alice.responses] == ["c1.invalid"]


def test_requests_of_a_dialog_go_by_its_flow_token_both_ways() -> None:
    _, alice, bob = two_phones()
    invite, answer = call(alice, bob)
    route = str(invite.record_routes[0])
    assert route == str(answer.record_routes[0])
    alice.send(within("ACK", alice, bob.contact, route))
    assert bob.took("ACK").routes == ()
    alice.send(within("INFO", alice, "sip:not-registered@nowhere.invalid", route))
    bob.took("INFO")
    bob.send(within("BYE", bob, "sip:not-registered@nowhere.invalid", route))
    alice.took("BYE")


def test_a_forged_flow_token_leads_nowhere() -> None:
    _, alice, bob = two_phones()
    call(alice, bob)
    route = f"<sip:1-2-{'0' * 20}@{DOMAIN};lr>"
    alice.send(within("BYE", alice, "sip:not-registered@nowhere.invalid", route))
    assert (alice.heard(), bob.requests) == ([480], [])


def test_a_flow_token_is_of_no_use_on_a_third_connection() -> None:
    world, alice, bob = two_phones()
    invite, _ = call(alice, bob)
    carol = world.phone("carol")
    route = str(invite.record_routes[0])
    carol.send(within("BYE", carol, "sip:not-registered@nowhere.invalid", route))
    assert (carol.heard(), bob.requests) == ([480], [])


def test_a_gruu_is_followed_to_the_connection_its_owner_has_now() -> None:
    world = World()
    alice = world.phone("alice")
    old = world.phone("bob", instance=INSTANCE)
    invite, _ = call(alice, old)
    old.close()
    new = world.phone("bob", instance=INSTANCE)
    gruu = f"sip:bob@{DOMAIN};gr={INSTANCE}"
    alice.send(within("BYE", alice, gruu, str(invite.record_routes[0])))
    assert new.took("BYE").target == new.contact


def test_a_gruu_reaches_its_instance_alone_and_a_temporary_one_too() -> None:
    world = World()
    alice, other = world.phone("alice"), world.phone("bob")
    bob = world.connect("bob")
    contacts = bob.register(instance=INSTANCE).contacts
    own = next(contact for contact in contacts if contact.params.get("temp-gruu"))
    for gruu in (own.params.get("pub-gruu"), own.params.get("temp-gruu")):
        assert gruu is not None
        alice.ask(alice.request("MESSAGE", gruu))
        bob.took("MESSAGE")
    assert other.requests == []


def test_of_many_temporary_gruus_the_latest_are_good() -> None:
    world = World()
    alice, bob = world.phone("alice"), world.phone("bob")
    given = [
        bob.register(instance=INSTANCE).contacts[-1].params.get("temp-gruu") or ""
        for _ in range(MAX_TEMPORARY_GRUUS + 1)
    ]
    bob.requests.clear()
    for gruu, is_good in ((given[0], False), (given[1], True), (given[-1], True)):
        alice.ask(alice.request("MESSAGE", gruu))
        assert bool(bob.requests) == is_good
        bob.requests.clear()


# Several places


def test_the_first_to_answer_gets_the_call_and_the_others_a_cancel() -> None:
    world, alice, bob = two_phones()
    other = world.phone("bob")
    alice.invite(BOB)
    first, second = bob.took("INVITE"), other.took("INVITE")
    other.answer(second, 180)
    bob.answer(first, 200)
    cancel = other.took("CANCEL")
    assert cancel.via.branch == second.via.branch
    other.answer(cancel, 200)
    other.answer(second, 487)
    other.took("ACK")
    assert alice.heard() == [180, 200]


def test_the_best_refusal_comes_back_once_all_are_in() -> None:
    world, alice, bob = two_phones()
    other = world.phone("bob")
    alice.invite(BOB)
    first, second = bob.took("INVITE"), other.took("INVITE")
    bob.answer(first, 503)
    assert alice.heard() == []
    other.answer(second, 486)
    assert alice.heard() == [486]


def test_a_decline_everywhere_stops_the_others() -> None:
    world, alice, bob = two_phones()
    other = world.phone("bob")
    alice.invite(BOB)
    first, second = bob.took("INVITE"), other.took("INVITE")
    other.answer(second, 180)
    bob.answer(first, 603)
    other.answer(other.took("CANCEL"), 200)
    other.answer(second, 487)
    assert alice.heard() == [180, 603]


def test_two_flows_of_one_instance_ring_once_on_the_newest() -> None:
    world = World()
    alice, old = world.phone("alice"), world.phone("bob", instance=INSTANCE)
    new = world.phone("bob", instance=INSTANCE, reg_id=2)
    alice.invite(BOB)
    new.took("INVITE")
    assert old.requests == []


# Ends


def test_a_cancel_is_answered_and_passed_on_and_the_call_ends_with_487() -> None:
    _, alice, bob = two_phones()
    invite = alice.invite(BOB)
    got = bob.took("INVITE")
    bob.answer(got, 180)
    alice.send(build.cancel_for(invite))
    bob.answer(bob.took("CANCEL"), 200)
    bob.answer(got, 487)
    assert alice.heard() == [180, 200, 487]
    bob.took("ACK")


def test_a_cancel_waits_for_the_first_sign_of_life() -> None:
    _, alice, bob = two_phones()
    invite = alice.invite(BOB)
    got = bob.took("INVITE")
    alice.send(build.cancel_for(invite))
    assert bob.requests == []
    bob.answer(got, 180)
    bob.took("CANCEL")


def test_a_cancel_without_its_invite_gets_481() -> None:
    _, alice, _ = two_phones()
    alice.send(alice.request("CANCEL", BOB))
    assert alice.heard() == [481]


def test_a_caller_who_is_gone_is_not_waited_for() -> None:
    _, alice, bob = two_phones()
    alice.invite(BOB)
    bob.answer(bob.took("INVITE"), 180)
    alice.close()
    bob.took("CANCEL")


def test_a_callee_who_is_gone_is_told_as_480() -> None:
    _, alice, bob = two_phones()
    alice.invite(BOB)
    bob.took("INVITE")
    bob.close()
    assert alice.heard() == [480]


def test_an_invite_that_nobody_answers_ends_with_408() -> None:
    world, alice, bob = two_phones()
    alice.invite(BOB)
    bob.took("INVITE")
    world.wait(TRANSACTION_TIMEOUT_S)
    assert alice.heard() == [408]
    assert world.proxy.deadline() is not None  # Timer H, for the ACK


def test_a_phone_that_rings_for_ever_is_stopped_by_timer_c() -> None:
    world, alice, bob = two_phones()
    alice.invite(BOB)
    bob.answer(bob.took("INVITE"), 180)
    world.wait(TIMER_C - 1)
    assert bob.requests == []
    world.wait(1)
    bob.took("CANCEL")
    world.wait(TRANSACTION_TIMEOUT_S)
    assert alice.heard() == [180, 487]


def test_nothing_is_remembered_of_calls_that_are_over() -> None:
    world, alice, bob = two_phones()
    for _ in range(3):
        call(alice, bob)
    world.wait(TRANSACTION_TIMEOUT_S)
    assert world.proxy.deadline() is None


# Peers that do not behave


def test_requests_beyond_the_bound_get_503() -> None:
    world = World(most_requests=1)
    alice, bob = world.phone("alice"), world.phone("bob")
    alice.invite(BOB)
    alice.send(alice.request("MESSAGE", BOB))
    assert alice.heard() == [503]
    assert [request.method for request in bob.requests] == ["INVITE"]


def test_keep_alives_are_answered() -> None:
    world, alice, _ = two_phones()
    alice.send(b"\r\n\r\n")
    assert alice.other == [b"\r\n"]
    assert world.proxy.deadline() is None


@pytest.mark.parametrize(
    "data", [b"", b"\r\n", b"\xff\xfe", b"nonsense", b"SIP/2.0 200 OK\r\n\r\n"]
)
def test_garbage_is_passed_over(data: bytes) -> None:
    _, alice, bob = two_phones()
    alice.send(data)
    assert (alice.heard(), alice.other, bob.requests) == ([], [], [])


def test_a_malformed_request_is_refused_here() -> None:
    _, alice, bob = two_phones()
    request = alice.request("MESSAGE", BOB, ("CSeq", "nonsense"))
    alice.send(request)
    assert (alice.heard(), bob.requests) == ([400], [])


def test_an_answer_to_nothing_is_dropped() -> None:
    _, alice, bob = two_phones()
    request = alice.request("MESSAGE", BOB)
    bob.send(build.response(request, 200, to_tag="x"))
    assert alice.heard() == []


def test_who_calls_a_uri_that_is_not_sip_is_refused() -> None:
    _, alice, _ = two_phones()
    answer = alice.ask(alice.request("MESSAGE", "tel:+15551234"))
    assert answer is not None
    assert answer.status == 416
