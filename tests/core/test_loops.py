"""Every loop that a peer can drive has a small bound and a wait (docs/architecture.md)."""

import importlib
import re
from pathlib import Path

import pytest

from tests.core.driving_peers import (
    Loop,
    acknowledged,
    after,
    always,
    burst,
    challenge,
    change,
    elsewhere,
    ever_higher,
    grant,
    hung_up_on,
    in_turn,
    invite,
    keep_alives,
    outside,
    overloaded,
    refresh,
    register,
    unacknowledged,
    unsupported,
    useless,
    within,
)

TESTS = Path(__file__).parents[1]
ARCHITECTURE = TESTS.parent / "docs" / "architecture.md"


LOOPS: dict[str, list[Loop]] = {
    "refuses a REGISTER with 423 and an ever higher Min-Expires": [
        Loop(register(ever_higher("Min-Expires", 423)), 3, 15),
    ],
    "challenges a request again and again (401, 407), in the call too": [
        Loop(register(challenge()), 4, 20),
        Loop(register(challenge(407)), 4, 20),
        Loop(register(challenge(stale=False)), 2, 10),
        Loop(register(challenge(realm=True)), 7, 35),
        Loop(register(in_turn(challenge(realm=True), ever_higher("Min-Expires", 423))), 9, 45),
        Loop(outside("OPTIONS", challenge()), 4, 4),
        Loop(outside("MESSAGE", challenge(407, realm=True)), 7, 7),
        Loop(invite(challenge()), 4, 4),
        Loop(invite(challenge(407, realm=True)), 7, 7),
        Loop(change(challenge(407)), 4, 4),
        Loop(refresh(challenge(407)), 4, 20),
        Loop(within("BYE", challenge()), 4, 4),
        Loop(within("INFO", challenge(407)), 4, 4),
        Loop(within("REFER", challenge(407, realm=True)), 7, 7),
        Loop(within("NOTIFY", challenge(407)), 4, 4),
        Loop(acknowledged, 4, 4),
    ],
    "says again and again that only the nonce was too old (stale)": [
        Loop(register(challenge(stale=True)), 4, 20),
        Loop(invite(challenge(407, stale=True)), 4, 4),
    ],
    "refuses a REGISTER with 439": [Loop(register(always(439)), 2, 40)],
    "refuses a REGISTER for another reason, whatever its Retry-After": [
        Loop(register(after(500, 0)), 1, 40),
        Loop(register(after(503, 0)), 1, 40),
        Loop(register(always(429)), 1, 40),
        Loop(register(elsewhere(302)), 1, 40),
        Loop(register(grant(0)), 1, 40),
        Loop(overloaded, 2, 40),
    ],
    "grants a registration for a moment": [Loop(register(grant(1)), 1, 601)],
    "ends each connection as soon as we are registered": [Loop(hung_up_on, 1, 300)],
    "redirects a call from one place to the next (3xx)": [
        Loop(invite(elsewhere(302)), 6, 6),
        Loop(invite(elsewhere(300)), 6, 6),
    ],
    "names one proxy after the other (305)": [
        Loop(invite(elsewhere(305)), 4, 4),
        Loop(outside("OPTIONS", elsewhere(305)), 4, 4),
        Loop(outside("MESSAGE", elsewhere(305)), 4, 4),
        Loop(outside("MESSAGE", in_turn(elsewhere(305), challenge(realm=True))), 10, 10),
    ],
    "refuses an INVITE or UPDATE with 422 and an ever higher Min-SE": [
        Loop(invite(ever_higher("Min-SE", 422)), 3, 3),
        Loop(change(ever_higher("Min-SE", 422)), 3, 3),
        Loop(refresh(ever_higher("Min-SE", 422)), 3, 10),
    ],
    "does not know what an INVITE supports (420), now this and then that": [
        Loop(invite(always(420, ("Unsupported", "timer"))), 2, 2),
        Loop(invite(unsupported), 8, 8),
    ],
    "does all of that to one call": [
        Loop(
            invite(
                in_turn(
                    elsewhere(302),
                    *[challenge(realm=True)] * 4,
                    ever_higher("Min-SE", 422),
                )
            ),
            26,
            26,
        ),
    ],
    "asks us to change the call later, each time (491, 500 or 503 with Retry-After)": [
        Loop(change(always(491)), 1, 6),
        Loop(change(always(491), we_called=False), 6, 6),  # 0 to 2 s: the draw here is 0
        Loop(change(after(500, 0)), 1, 6),
        Loop(change(after(503, 1)), 1, 6),
    ],
    "refuses each refresh of the session": [
        Loop(refresh(after(500, 0)), 1, 10),
        Loop(refresh(always(491)), 1, 10),
    ],
    "wants a keep-alive every moment (Flow-Timer)": [Loop(keep_alives, 1, 120)],
    "has no use for a request that is made once": [
        Loop(invite(always(491)), 1, 1),
        Loop(invite(always(429)), 1, 1),
        Loop(invite(after(503, 0)), 1, 1),
        Loop(outside("OPTIONS", elsewhere(302)), 1, 1),
        Loop(outside("MESSAGE", after(503, 0)), 1, 1),
        Loop(within("BYE", after(503, 0)), 1, 1),
        Loop(within("INFO", always(491)), 1, 1),
        Loop(within("REFER", elsewhere(302)), 1, 1),
        Loop(within("NOTIFY", after(503, 0)), 1, 1),
    ],
    "never acknowledges our answer (ACK, PRACK)": [
        Loop(unacknowledged(200), 2, 12),
        Loop(unacknowledged(180, ("Require", "100rel")), 2, 12),
    ],
    "sends answers of no use (malformed)": [
        Loop(register(useless), 1, 40),
        Loop(outside("OPTIONS", useless), 1, 1),
        Loop(outside("MESSAGE", useless), 1, 1),
        Loop(invite(useless), 1, 1),
        Loop(change(useless), 1, 1),
        Loop(refresh(useless), 1, 10),
        Loop(within("BYE", useless), 1, 1),
        Loop(within("INFO", useless), 1, 1),
    ],
}
"""What the peer does, in the words of the table in docs/architecture.md -> how that ends."""


def table() -> dict[str, str]:
    """The rows of the table: what the peer does -> what bounds it."""
    text = ARCHITECTURE.read_text(encoding="utf-8")
    section = text.partition("## Loops that a peer can drive")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| (.+) \|$", section, re.MULTILINE)
    return {does: bound for does, bound in rows if does != "the peer …"}


ELSEWHERE = {
    "asks us to call others (REFER)": (
        "core.test_transfer_policy",
        "test_a_dialog_starts_one_call_at_a_time_however_it_is_told",
    ),
    "loses the media as soon as an ICE restart has won them back": (
        "phone.test_lost",
        "test_media_that_are_lost_again_and_again_are_given_up",
    ),
    "refuses each offer of an ICE restart with 491": (
        "phone.test_lost",
        "test_a_far_end_that_always_has_an_offer_out_itself_is_not_asked_for_ever",
    ),
    "moves the media to another dead end before ICE has failed at the last (re-INVITE)": (
        "phone.test_begin_anew",
        "test_a_call_that_is_led_to_dead_ends_for_ever_is_given_up",
    ),
    "answers each ICE check with a role conflict (487)": (
        "media.transport.test_ice_failure",
        "test_a_peer_that_quarrels_over_roles_for_ever_is_asked_a_bounded_number_of_times",
    ),
    "as a TURN server grants 0 s, or a moment": (
        "media.transport.test_relay",
        "test_refreshes_are_few_however_short_a_time_is_granted",
    ),
    "as a TURN server calls each nonce stale (438)": (
        "media.transport.test_relay",
        "test_a_server_whose_nonce_is_always_stale_is_asked_twice",
    ),
    "as a TURN server never binds a channel": (
        "media.transport.test_relay",
        "test_a_channel_that_is_never_bound_is_asked_for_a_bounded_number_of_times",
    ),
    "sends one datagram of a DTLS handshake again and again": (
        "media.transport.test_dtls",
        "test_a_peer_that_repeats_itself_gets_no_flood_for_it",
    ),
    "takes each SSRC that we have": (
        "media.session.test_sources",
        "test_a_far_end_that_takes_each_ssrc_of_ours_moves_us_a_few_times_only",
    ),
}
"""The same for peers that are played in another place: the test that does it."""


@pytest.mark.parametrize("name", LOOPS)
def test_no_peer_drives_us_round_and_round(name: str) -> None:
    for loop in LOOPS[name]:
        times = loop.drive()
        assert len(times) > 1 or loop.in_all == 1, "it has driven nothing"
        assert burst(times) <= loop.at_once
        assert len(times) <= loop.in_all


def test_each_loop_is_in_the_table_and_each_row_of_it_is_tried() -> None:
    assert list(table()) == [*LOOPS, *ELSEWHERE]
    for module, name in ELSEWHERE.values():
        source = (TESTS / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
        assert f"def {name}(" in source


def test_the_table_tells_the_bounds_that_there_are() -> None:
    named = re.findall(r"`([\w/]+)\.py`: `([A-Z_]+)` = ([\d.]+)", " ".join(table().values()))
    assert len(named) > len(table()) / 2
    for path, name, value in named:
        module = importlib.import_module(f"sipcli.{path.replace('/', '.')}")
        assert getattr(module, name) == float(value), f"{path}.py: {name}"
