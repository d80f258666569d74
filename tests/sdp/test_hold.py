"""Who may send: hold and resume from either side, and as it was done of old."""

import pytest

from sipcli.sdp.description import Direction
from tests.sdp.ends import (
    answering,
    audio,
    audio_of,
    local,
    negotiation,
    offered,
    offering,
    sdp,
)

SENDRECV = Direction.SENDRECV
SENDONLY = Direction.SENDONLY
RECVONLY = Direction.RECVONLY
INACTIVE = Direction.INACTIVE
OFFER = sdp(audio())
ANSWER = sdp(audio(setup="active"))


@pytest.mark.parametrize("theirs", Direction)
@pytest.mark.parametrize("ours", Direction)
def test_an_answer_says_as_much_as_both_sides_want(theirs: Direction, ours: Direction) -> None:
    us = negotiation()
    text = sdp(audio(f"a={theirs.value}"))
    assert offered(us, text).direction is theirs.reversed
    answer, agreed = us.create_answer(local(), ours)
    assert agreed.direction is theirs.reversed.within(ours)
    assert audio_of(answer).has(agreed.direction.value)


@pytest.mark.parametrize("theirs", Direction)
@pytest.mark.parametrize("ours", Direction)
def test_an_answer_to_us_cannot_allow_more_than_we_offered(
    theirs: Direction, ours: Direction
) -> None:
    offer, agreed = offering(negotiation(), sdp(audio(f"a={theirs.value}")), ours)
    assert audio_of(offer).has(ours.value)
    assert agreed.direction is theirs.reversed.within(ours)


def test_hold_and_resume_from_both_sides() -> None:
    us = negotiation()
    answering(us, OFFER)
    directions = []
    _, held = offering(us, sdp(audio("a=recvonly")), SENDONLY)
    directions.append(held.direction)
    _, both = answering(us, sdp(audio("a=sendonly")), SENDONLY)
    directions.append(both.direction)
    _, ours_only = answering(us, OFFER, SENDONLY)
    directions.append(ours_only.direction)
    _, resumed = offering(us, ANSWER)
    directions.append(resumed.direction)
    assert directions == [SENDONLY, INACTIVE, SENDONLY, SENDRECV]


HELD_OF_OLD = sdp(audio("c=IN IP4 0.0.0.0", without=["c="]))


def test_a_zero_address_after_a_real_one_is_the_hold_of_old() -> None:
    us = negotiation()
    _, agreed = answering(us, OFFER)
    assert agreed.direction is SENDRECV
    text, agreed = answering(us, HELD_OF_OLD)
    assert agreed.direction is RECVONLY
    assert audio_of(text).has("recvonly")
    _, refreshed = answering(us, HELD_OF_OLD)
    assert refreshed.direction is RECVONLY
    _, resumed = answering(us, OFFER)
    assert resumed.direction is SENDRECV


def test_a_zero_address_in_an_answer_holds_too() -> None:
    us = negotiation()
    offering(us, ANSWER)
    _, agreed = offering(us, HELD_OF_OLD)
    assert agreed.direction is RECVONLY


def test_a_zero_address_from_the_start_is_a_browser_that_knows_none_yet() -> None:
    us = negotiation()
    assert offered(us, HELD_OF_OLD).direction is SENDRECV
    us.rollback()
    answering(us, OFFER)
    waiting = sdp(audio("c=IN IP4 0.0.0.0", line="m=audio 9 UDP/TLS/RTP/SAVPF 111", without=["c="]))
    assert offered(us, waiting).direction is SENDRECV


def test_a_re_offer_while_held_keeps_the_hold() -> None:
    us = negotiation()
    offering(us, sdp(audio("a=recvonly")), SENDONLY)
    text, agreed = answering(us, OFFER, SENDONLY)
    assert agreed.direction is SENDONLY
    assert audio_of(text).has("sendonly")
