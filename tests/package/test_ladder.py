"""The ladder that `make demo` draws: the sender and the receiver of each message."""

from scripts.demo import LABEL_WIDTH, Ladder
from sipcli.cli.output.sip_ladder import label
from sipcli.sandbox.names import DOMAIN
from sipcli.sandbox.proxy import Hop
from tests.sandbox.world import World


def drawn() -> tuple[World, list[str]]:
    world = World()
    alice, bob = world.phone("alice"), world.phone("bob")
    carol = world.phone("carol")
    alice.ask(alice.request("MESSAGE", f"sip:bob@{DOMAIN}"))
    bob.answer(bob.took("MESSAGE"), 200)
    carol.ask(carol.request("MESSAGE", f"sip:nobody@{DOMAIN}"))
    ladder = Ladder("alice", "bob")
    for hop in world.hops:
        ladder.put(hop)
    return world, ladder.lines()


def test_arrows_lead_from_who_sent_to_who_got_it() -> None:
    _, lines = drawn()
    *_, sent, passed_on, answered, passed_back = lines
    assert sent.startswith(" ─")
    assert sent.endswith("▶")
    assert passed_on.startswith(" " * LABEL_WIDTH)
    assert passed_on.endswith("▶")
    assert answered.strip().startswith("◀")
    assert passed_back.startswith(" ◀")
    assert all("MESSAGE" in line for line in (sent, passed_on, answered, passed_back))


def test_what_came_before_its_sender_was_known_is_shown_and_others_are_not() -> None:
    world, lines = drawn()
    assert len([line for line in lines if "REGISTER" in line]) == 8
    assert len(lines) < 1 + len(world.hops)


def test_no_line_is_wider_than_the_head_and_what_is_too_long_is_cut() -> None:
    _, lines = drawn()
    assert any("407 Proxy Authentication R…" in line for line in lines)
    assert max(map(len, lines)) <= len(lines[0])


def test_what_a_peer_says_has_its_control_characters_spelt_out() -> None:
    world = World()
    alice = world.connect()
    alice.send(b"SIP/2.0 200 \x1b[2J\r\nCSeq: 1 X\r\n\r\n")
    (hop,) = world.hops
    assert isinstance(hop, Hop)
    assert "\x1b" not in label(hop.message)
