"""Whose turn it is, and which version of whose description: the life of a dialog."""

from collections.abc import Callable

import pytest

from sipcli.sdp.description import Direction, SdpOrigin
from sipcli.sdp.formats import Preferences
from sipcli.sdp.negotiated import NegotiatedMedia
from sipcli.sdp.negotiation import Negotiation, NegotiationState, WrongState
from sipcli.sdp.read import read
from sipcli.sdp.transport import DtlsRole
from sipcli.sdp.validation import Refused
from tests.sdp.ends import (
    DIGEST,
    PEERS,
    answering,
    audio,
    audio_of,
    local,
    negotiation,
    offering,
    sdp,
)

SENDRECV, SENDONLY, RECVONLY, INACTIVE = Direction
OFFER = sdp(audio())
ANSWER = sdp(audio(setup="active"))


def origin(text: str) -> SdpOrigin:
    found = read(text).origin
    assert found is not None
    return found


def versions(*texts: str) -> list[int]:
    return [int(origin(text).version) for text in texts]


def states() -> dict[NegotiationState, Negotiation]:
    """One of each state, from which every call is tried."""
    stable, ours, answered, theirs = (negotiation() for _ in NegotiationState)
    ours.create_offer(local(), SENDRECV)
    answered.create_offer(local(), SENDRECV)
    answered.receive_answer(ANSWER, provisional=True)
    theirs.receive_offer(OFFER)
    return {each.state: each for each in (stable, ours, answered, theirs)}


CALLS: dict[str, tuple[Callable[[Negotiation], object], set[NegotiationState]]] = {
    "create_offer": (lambda each: each.create_offer(local(), SENDRECV), {NegotiationState.STABLE}),
    "receive_offer": (lambda each: each.receive_offer(OFFER), {NegotiationState.STABLE}),
    "create_answer": (
        lambda each: each.create_answer(local(), SENDRECV),
        {NegotiationState.HAVE_REMOTE_OFFER},
    ),
    "receive_answer": (
        lambda each: each.receive_answer(ANSWER),
        {NegotiationState.HAVE_LOCAL_OFFER, NegotiationState.HAVE_REMOTE_PRANSWER},
    ),
    "receive_pranswer": (
        lambda each: each.receive_answer(ANSWER, provisional=True),
        {NegotiationState.HAVE_LOCAL_OFFER, NegotiationState.HAVE_REMOTE_PRANSWER},
    ),
    "rollback": (lambda each: each.rollback(), set(NegotiationState) - {NegotiationState.STABLE}),
}


def test_there_is_one_of_each_state() -> None:
    assert states().keys() == set(NegotiationState)


@pytest.mark.parametrize("state", NegotiationState)
@pytest.mark.parametrize("call", CALLS)
def test_calls_out_of_turn_are_mistakes_of_ours(state: NegotiationState, call: str) -> None:
    make, allowed = CALLS[call]
    us = states()[state]
    if state in allowed:
        make(us)
    else:
        with pytest.raises(WrongState, match=state.name):
            make(us)
        assert us.state is state


@pytest.mark.parametrize("session_id", [-1, 2**63 - 1])
def test_a_session_id_has_63_bits(session_id: int) -> None:
    with pytest.raises(ValueError, match="63 bits"):
        Negotiation(session_id, Preferences())


def test_the_session_id_stays_and_the_version_rises_by_one_when_something_changes() -> None:
    us = negotiation()
    full = PEERS["chromium_answer"]
    first, _ = offering(us, full)
    again, _ = offering(us, full)
    held, _ = offering(us, full, SENDONLY)
    answer, _ = answering(us, OFFER)
    assert versions(first, again, held, answer) == [1, 1, 2, 3]
    assert first == again
    assert {origin(text).session_id for text in (first, again, held, answer)} == {"10"}


def test_the_version_of_an_offer_that_was_rolled_back_is_not_used_again() -> None:
    us = negotiation()
    first, _ = offering(us, ANSWER)
    held = us.create_offer(local(), SENDONLY)
    us.rollback()
    inactive = us.create_offer(local(), INACTIVE)
    assert versions(first, held, inactive) == [1, 2, 3]


def test_a_provisional_answer_is_in_force_until_the_final_one() -> None:
    us = negotiation()
    us.create_offer(local(), SENDRECV)
    early = us.receive_answer(sdp(audio("a=sendonly")), provisional=True)
    assert isinstance(early, NegotiatedMedia)
    assert us.agreed == early
    assert early.direction is RECVONLY
    final = us.receive_answer(OFFER)
    assert isinstance(final, NegotiatedMedia)
    assert us.agreed == final
    assert final.direction is SENDRECV
    assert not final.transport.new_association, "the path of the provisional answer goes on"


def test_a_provisional_answer_that_cannot_be_used_leaves_room_for_another() -> None:
    us = negotiation()
    us.create_offer(local(), SENDRECV)
    assert isinstance(us.receive_answer("", provisional=True), Refused)
    assert us.agreed is None
    early = us.receive_answer(ANSWER, provisional=True)
    assert isinstance(us.receive_answer(b"", provisional=True), Refused)
    assert us.agreed == early
    assert us.state is NegotiationState.HAVE_REMOTE_PRANSWER


def test_an_unusable_final_answer_takes_the_provisional_one_with_it() -> None:
    us = negotiation()
    us.create_offer(local(), SENDRECV)
    us.receive_answer(ANSWER, provisional=True)
    assert isinstance(us.receive_answer(b""), Refused)
    assert us.agreed is None


def test_rollback_returns_to_what_was_agreed_before() -> None:
    us = negotiation()
    _, before = offering(us, ANSWER)
    us.create_offer(local(), SENDONLY)
    us.receive_answer(sdp(audio("a=recvonly")), provisional=True)
    assert us.agreed != before
    us.rollback()
    assert us.agreed == before
    us.receive_offer(sdp(audio("a=inactive")))
    us.rollback()
    assert us.agreed == before
    assert us.state is NegotiationState.STABLE


def test_each_fork_has_an_answer_of_its_own() -> None:
    us = negotiation()
    us.create_offer(local(), SENDRECV)
    line = "m=audio 5000 UDP/TLS/RTP/SAVPF 98"
    other = sdp(audio("a=rtpmap:98 opus/48000/2", line=line, ufrag="else", digest=DIGEST))
    early = us.receive_answer(other, provisional=True)
    final = us.receive_answer(ANSWER)
    assert isinstance(early, NegotiatedMedia)
    assert isinstance(final, NegotiatedMedia)
    assert early.transport.remote.ufrag == "else"
    assert final.transport.remote.ufrag == "peer"
    assert final.transport.new_association
    assert not final.transport.ice_restarted, "the first that this far end says"
    _, later = offering(us, ANSWER)
    assert 98 not in {each.payload_type for each in later.receives}


def test_another_fork_may_have_the_credentials_of_the_first_and_another_certificate() -> None:
    us = negotiation()
    us.create_offer(local(), SENDRECV)
    us.receive_answer(ANSWER, provisional=True)
    final = us.receive_answer(sdp(audio(digest=DIGEST)))
    assert isinstance(final, NegotiatedMedia)
    assert final.transport.new_association


def test_a_late_offer_is_answered_in_the_ack() -> None:
    us = negotiation()
    offer, agreed = offering(us, ANSWER)
    assert audio_of(offer).value("setup") == "actpass"
    assert agreed.transport.controlling
    assert agreed.transport.dtls_role is DtlsRole.SERVER


def test_glare_ends_with_a_rollback_and_the_other_s_offer() -> None:
    us = negotiation()
    answering(us, OFFER)
    us.create_offer(local(), SENDONLY)
    us.rollback()
    _, agreed = answering(us, sdp(audio("a=sendonly")))
    assert agreed.direction is RECVONLY


def test_a_refused_offer_of_theirs_leaves_the_session_as_it_was() -> None:
    us = negotiation()
    _, before = answering(us, OFFER)
    assert isinstance(us.receive_offer(sdp(audio(without=["a=rtcp-mux"]))), Refused)
    assert us.agreed == before
    assert us.state is NegotiationState.STABLE
