"""Whole calls between agents, over a proxy that record-routes and forks.

Where a flow is one of RFC 3665 or RFC 5359, its test says so.
"""

import pytest

from sipcli.core.calls.events import (
    Acknowledged,
    Answered,
    CallEvent,
    Ended,
    Incoming,
    OfferAnswered,
    OfferDue,
    OfferRefused,
    Progress,
    RemoteOffer,
    TransferProgress,
    TransferRequested,
)
from tests.core.call_world import Phone, World


def talking(world: World, caller: str = "alice", callee: str = "bob") -> str:
    """A confirmed call; nothing told so far is left over. Returns the Call-ID."""
    call = world[caller].call(callee)
    world.run()
    world[callee].do(world[callee].calls.accept, call, b"answer")
    world.run()
    world.forget_history()
    return call


def answering(phone: Phone, body: bytes = b"answer") -> None:
    """Have the owner accept each call and each offer at once."""

    def behave(event: CallEvent) -> None:
        if isinstance(event, Incoming):
            phone.do(phone.calls.accept, event.call, body)
        elif isinstance(event, RemoteOffer):
            phone.do(phone.calls.answer, event.call, body)

    phone.behave = behave


def test_a_session_is_established_and_ended_by_the_caller() -> None:  # RFC 3665 §3.2
    world = World()
    alice, bob = world["alice"], world["bob"]
    call = alice.call("bob")
    world.run()
    assert bob.told(Incoming)[0].offer == b"offer"
    bob.do(bob.calls.accept, call, b"answer")
    world.run()
    assert alice.story() == ["Calling", "Progress", "Answered"]
    assert bob.story() == ["Incoming", "Answered", "Acknowledged"]
    alice.do(alice.calls.hang_up, call)
    world.run()
    assert alice.told(Ended)[0].by == "local"
    assert bob.told(Ended)[0].by == "remote"
    assert world.carried == [
        "alice>proxy INVITE",
        "proxy>bob INVITE",
        "bob>proxy 180 INVITE",
        "proxy>alice 180 INVITE",
        "bob>proxy 200 INVITE",
        "proxy>alice 200 INVITE",
        "alice>proxy ACK",
        "proxy>bob ACK",
        "alice>proxy BYE",
        "proxy>bob BYE",
        "bob>proxy 200 BYE",
        "proxy>alice 200 BYE",
    ]
    assert world.is_quiet


def test_the_callee_may_hang_up_too() -> None:
    world = World()
    call = talking(world)
    world["bob"].do(world["bob"].calls.hang_up, call)
    world.run()
    assert world["alice"].told(Ended)[0].by == "remote"
    assert world.is_quiet


def test_a_callee_that_hangs_up_before_the_ack_sends_its_bye_after_it() -> None:  # §15
    world = World()
    alice, bob = world["alice"], world["bob"]
    call = alice.call("bob")
    world.run()
    bob.do(bob.calls.accept, call, b"answer")
    bob.do(bob.calls.hang_up, call)
    assert [packet.word for packet in world.queue] == ["200 INVITE"]
    world.run()
    assert world.carried[-4:] == [
        "bob>proxy BYE",
        "proxy>alice BYE",
        "alice>proxy 200 BYE",
        "proxy>bob 200 BYE",
    ]
    assert world.is_quiet


def test_a_call_is_cancelled_while_it_rings() -> None:  # RFC 3665 §3.8
    world = World()
    alice, bob = world["alice"], world["bob"]
    call = alice.call("bob")
    world.run()
    alice.do(alice.calls.hang_up, call)
    world.run()
    assert alice.told(Ended)[0].status == 487
    ended = bob.told(Ended)[0]
    assert (ended.by, ended.status) == ("remote", 487)
    assert world.is_quiet


def test_a_cancel_at_every_message_boundary_leaves_nothing_behind() -> None:
    for boundary in range(8):
        world = World()
        alice, bob = world["alice"], world["bob"]
        answering(bob)
        call = alice.call("bob")
        for _ in range(boundary):
            world.deliver(world.queue.popleft())
        alice.do(alice.calls.hang_up, call)
        world.run()
        world.advance(70)
        assert world.is_quiet, boundary
        assert len(alice.told(Ended)) == len(bob.told(Ended)) == len(bob.told(Incoming)), boundary


@pytest.mark.parametrize("accept_at", range(7))
@pytest.mark.parametrize("cancel_at", range(9))
def test_cancel_and_answer_in_every_order_leave_nothing_behind(
    accept_at: int, cancel_at: int
) -> None:
    world = World()
    alice, bob = world["alice"], world["bob"]
    call = alice.call("bob")
    for step in range(10):
        if step == cancel_at:
            alice.do(alice.calls.hang_up, call)
        if step == accept_at and bob.told(Incoming) and not bob.told(Ended):
            bob.do(bob.calls.accept, call, b"answer")
        if world.queue:
            world.deliver(world.queue.popleft())
    world.advance(70)
    assert world.is_quiet
    assert len(alice.told(Ended)) == 1
    assert len(bob.told(Ended)) == len(bob.told(Incoming))


def test_a_cancel_that_crosses_the_200_ends_in_ack_and_bye() -> None:
    world = World()
    alice, bob = world["alice"], world["bob"]
    call = alice.call("bob")
    world.run()
    bob.do(bob.calls.accept, call, b"answer")
    alice.do(alice.calls.hang_up, call)
    world.run()
    alice_sent = [services for services in world.carried if services.startswith("alice>")]
    assert alice_sent == [
        "alice>proxy INVITE",
        "alice>proxy CANCEL",
        "alice>proxy ACK",
        "alice>proxy BYE",
    ]
    assert alice.told(Answered) == []
    assert bob.told(Ended)[0].by == "remote"
    assert world.is_quiet


def test_of_two_forks_that_answer_one_is_taken_and_one_gets_ack_and_bye() -> None:
    world = World()
    alice, bob, carol = world["alice"], world["bob"], world["carol"]
    world.behind["team"] = ["bob", "carol"]
    world.behind["bob"] = ["bob"]
    for phone in (bob, carol):
        phone.identity.aor = alice.identity.aor.parse("sip:team@example.com")
    call = alice.call("team")
    world.run()
    assert {event.fork for event in alice.told(Progress)} != {""}
    bob.do(bob.calls.accept, call, b"bob's")
    carol.do(carol.calls.accept, call, b"carol's")
    world.run()
    (answered,) = alice.told(Answered)
    assert answered.body == b"bob's"
    assert carol.told(Ended)[0].by == "remote"
    assert bob.told(Ended) == []
    alice.do(alice.calls.hang_up, call)
    world.run()
    assert world.is_quiet


def test_hold_and_resume_from_both_sides() -> None:  # RFC 5359 §2.1
    world = World()
    call = talking(world)
    for one, other in (("alice", "bob"), ("bob", "alice")):
        answering(world[other], b"held")
        world[one].do(world[one].calls.offer, call, b"hold")
        world.run()
        assert world[other].told(RemoteOffer)[0].body == b"hold"
        assert world[one].told(OfferAnswered)[0].body == b"held"
        assert world[other].told(Acknowledged)
        world.forget_history()


def test_two_offers_that_cross_are_both_refused_and_made_again_at_different_times() -> None:
    world = World()
    alice, bob = world["alice"], world["bob"]
    call = talking(world)
    answering(alice)
    answering(bob)
    alice.do(alice.calls.offer, call, b"from alice")
    bob.do(bob.calls.offer, call, b"from bob")
    world.run()
    for phone in (alice, bob):
        (refused,) = phone.told(OfferRefused)
        assert (refused.status, refused.will_retry) == (491, True)
        assert not phone.calls.can_offer(call)
    world.advance(1.5)
    assert bob.told(OfferDue), "who does not own the Call-ID waits up to 2 s"
    assert not alice.told(OfferDue)
    bob.do(bob.calls.offer, call, b"from bob again")
    world.advance(2)
    assert alice.told(OfferDue), "who owns the Call-ID waits 2.1 to 4 s"
    assert bob.told(OfferAnswered)


def test_a_call_without_an_offer_gets_ours_and_answers_it_in_the_ack() -> None:
    world = World()
    call = talking(world)
    alice, bob = world["alice"], world["bob"]
    alice.do(alice.calls.offer, call, b"x")
    world.run()
    bob.do(bob.calls.refuse_offer, call, warning="no common codec")
    world.run()
    assert alice.told(OfferRefused)[0].status == 488
    bob.do(bob.calls.offer, call, b"y")
    world.run()
    assert alice.told(RemoteOffer)[0].body == b"y"


def transferring(phone: Phone) -> None:
    """Have the owner agree to transfers and answer its calls."""

    def behave(event: CallEvent) -> None:
        if isinstance(event, TransferRequested):
            phone.do(phone.calls.accept_transfer, event.call)
            phone.do(phone.calls.invite, event.target, b"offer", transfer=event.call)

    phone.behave = behave


def test_blind_transfer() -> None:  # RFC 5359 §2.4
    world = World()
    alice, bob, carol = (world[name] for name in world.names)
    call = talking(world)
    transferring(bob)
    answering(carol)
    target = carol.identity.aor
    alice.do(alice.calls.refer, call, target=target)
    world.run()
    assert [event.status for event in alice.told(TransferProgress)] == [202, 100, 180, 200]
    assert [event.is_final for event in alice.told(TransferProgress)][-1]
    alice.do(alice.calls.hang_up, call)
    world.run()
    assert bob.told(Answered)
    assert carol.told(Answered)
    assert alice.calls.is_idle


def test_a_transfer_that_fails_says_so() -> None:
    world = World()
    alice, bob, carol = (world[name] for name in world.names)
    call = talking(world)
    transferring(bob)
    alice.do(alice.calls.refer, call, target=carol.identity.aor)
    world.run()
    (incoming,) = carol.told(Incoming)
    carol.do(carol.calls.reject, incoming.call, 486)
    world.run()
    last = alice.told(TransferProgress)[-1]
    assert (last.status, last.is_final) == (486, True)
    assert alice.calls.can_offer(call), "the call goes on"


def test_attended_transfer() -> None:  # RFC 5359 §2.5
    world = World()
    alice, bob, carol = (world[name] for name in world.names)
    first = talking(world)
    second = talking(world, "alice", "carol")
    transferring(bob)

    def behave(event: CallEvent) -> None:
        if isinstance(event, Incoming):
            assert event.replaces == second
            carol.do(carol.calls.accept, event.call, b"answer")

    carol.behave = behave
    alice.do(alice.calls.refer, first, replaces=second)
    world.run()
    assert alice.told(TransferProgress)[-1].status == 200
    assert [event.call for event in alice.told(Ended)] == [second], "carol's BYE"
    alice.do(alice.calls.hang_up, first)
    world.run()
    assert bob.told(Ended)[0].call == first
    assert alice.calls.is_idle
    assert not bob.calls.is_idle
    assert not carol.calls.is_idle


def test_a_call_outlives_the_loss_of_its_connection() -> None:
    world = World()
    call = talking(world)
    alice, bob = world["alice"], world["bob"]
    alice.disconnect()
    world.advance(0.1)
    assert alice.story() == []
    alice.connect()
    answering(bob)
    alice.do(alice.calls.offer, call, b"after")
    world.run()
    assert alice.told(OfferAnswered)
    alice.disconnect()
    alice.do(alice.calls.hang_up, call)
    assert not alice.calls.is_idle, "the BYE waits for a connection"
    alice.connect()
    world.run()
    assert bob.told(Ended)[0].by == "remote"
    assert world.is_quiet


def test_a_connection_lost_at_any_step_of_a_call_leaves_nothing_behind() -> None:
    for step in range(16):
        for who in ("alice", "bob"):
            world = World()
            alice, bob = world["alice"], world["bob"]
            answering(bob)
            call = alice.call("bob")
            for _ in range(step):
                if world.queue:
                    world.deliver(world.queue.popleft())
                elif not alice.told(Ended):
                    alice.do(alice.calls.hang_up, call)
            world[who].disconnect()
            world.run()
            world[who].connect()
            world.advance(70)
            for phone in (alice, bob):
                phone.do(phone.calls.hang_up, call)
            world.advance(70)
            assert world.is_quiet, (step, who)
            assert len(alice.told(Ended)) == 1, (step, who)
            assert len(bob.told(Ended)) == len(bob.told(Incoming)), (step, who)


def test_no_more_calls_than_max_calls_are_let_in() -> None:
    world = World(changes={"max_calls": 1})
    alice, bob, carol = (world[name] for name in world.names)
    alice.call("bob")
    carol.call("bob")
    world.run()
    assert len(bob.told(Incoming)) == 1
    assert carol.told(Ended)[0].status == 486


def test_a_call_to_oneself_is_a_loop() -> None:
    world = World()
    alice = world["alice"]
    alice.call("alice")
    world.run()
    assert alice.told(Ended)[0].status == 482
    assert alice.told(Incoming) == []
