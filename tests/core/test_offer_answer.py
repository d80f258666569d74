"""Whose turn it is (RFC 3264, RFC 3261 §13.2.1, RFC 3311 §5)."""

import pytest

from sipcli.core.calls.offer_answer import OfferAnswer, OutOfTurn, Turn


@pytest.mark.parametrize("turn", Turn)
def test_we_offer_only_when_nothing_is_outstanding(turn: Turn) -> None:
    machine = OfferAnswer(turn)
    if turn in (Turn.IDLE, Turn.WANTED):
        machine.we_offer()
        assert machine.turn is Turn.OURS
    else:
        with pytest.raises(OutOfTurn):
            machine.we_offer()
        assert machine.turn is turn


@pytest.mark.parametrize(
    ("turn", "after", "agreed"),
    [
        (Turn.IDLE, None, False),
        (Turn.OURS, None, False),
        (Turn.THEIRS, Turn.IDLE, True),
        (Turn.WANTED, Turn.OURS, False),
    ],
)
def test_we_answer_what_was_asked(turn: Turn, after: Turn | None, agreed: bool) -> None:
    machine = OfferAnswer(turn)
    if after is None:
        with pytest.raises(OutOfTurn):
            machine.we_answer()
        assert machine.turn is turn
    else:
        machine.we_answer()
        assert machine.turn is after
    assert machine.agreed is agreed


@pytest.mark.parametrize("wanted", [True, False])
@pytest.mark.parametrize(
    ("turn", "refusal"),
    [(Turn.IDLE, None), (Turn.OURS, 491), (Turn.THEIRS, 500), (Turn.WANTED, 500)],
)
def test_their_offer_is_refused_while_one_is_outstanding(
    turn: Turn, refusal: int | None, wanted: bool
) -> None:
    machine = OfferAnswer(turn)
    assert machine.they_offer(wanted=wanted) == refusal
    fresh = Turn.WANTED if wanted else Turn.THEIRS
    assert machine.turn is (turn if refusal else fresh)


@pytest.mark.parametrize("turn", Turn)
def test_their_answer_counts_only_when_awaited(turn: Turn) -> None:
    machine = OfferAnswer(turn)
    assert machine.they_answer() is (turn is Turn.OURS)
    assert machine.turn is (Turn.IDLE if turn is Turn.OURS else turn)
    assert machine.agreed is (turn is Turn.OURS)


@pytest.mark.parametrize("turn", Turn)
def test_a_roll_back_makes_room(turn: Turn) -> None:
    machine = OfferAnswer(turn)
    machine.roll_back()
    machine.we_offer()


@pytest.mark.parametrize(
    ("name", "value", "is_quiet"),
    [("is_asking", True, True), ("awaits_retry", True, True), ("awaits_ack", True, False)],
)
def test_more_than_an_offer_may_be_in_the_way_of_the_next(
    name: str, value: object, is_quiet: bool
) -> None:
    machine = OfferAnswer(Turn.IDLE)
    assert machine.is_free
    setattr(machine, name, value)
    assert not machine.is_free
    assert machine.is_quiet is is_quiet
    machine.awaits_ack = False
    machine.drop_own()
    assert machine.is_free


def test_a_late_answer_to_what_was_withdrawn_is_forgiven_once() -> None:
    machine = OfferAnswer(Turn.IDLE)
    with pytest.raises(OutOfTurn):
        machine.forgive_answer()
    machine.they_offer(wanted=False)
    machine.withdraw()
    assert machine.turn is Turn.IDLE
    machine.forgive_answer()
    with pytest.raises(OutOfTurn):
        machine.forgive_answer()
    machine.they_offer(wanted=False)
    machine.withdraw()
    machine.they_offer(wanted=True)
    with pytest.raises(OutOfTurn):
        machine.forgive_answer()
