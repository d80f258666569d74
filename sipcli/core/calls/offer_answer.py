"""Whose turn it is in the exchange of session descriptions (RFC 3264, RFC 3261 §13.2.1, RFC 6337).

    IDLE --we offer--> OURS --their answer--> IDLE        WANTED: they asked for our offer
    IDLE --they offer--> THEIRS --our answer--> IDLE      WANTED --we offer--> OURS

One offer is outstanding at most; a refusal or a withdrawal leads back to IDLE. Besides an offer,
a request of ours, the wait after its refusal, or a 2xx of ours without its ACK is in the way of the
next one: all of that is here, and nowhere else. The requests themselves are local_offers' and
remote_offers'.
"""

from collections.abc import Callable
from enum import Enum, auto


class OutOfTurn(ValueError):  # noqa: N818 - says what is wrong with the call, as a sentence would
    """The owner offers or answers when it is not its turn: a mistake in the program."""


class Turn(Enum):
    """See the figure above."""

    IDLE = auto()
    OURS = auto()
    THEIRS = auto()
    WANTED = auto()


class OfferAnswer:
    """The offers and answers of one dialog; the descriptions themselves are not looked at."""

    def __init__(self, turn: Turn, log: Callable[[str], None] = lambda _: None) -> None:
        """`log` gets a line for each change."""
        self.turn = turn
        self._log = log
        self.agreed = False
        """Whether an offer has ever been answered."""
        self.is_asking = False
        """Whether a re-INVITE or UPDATE of ours, with an offer or without, is not answered yet."""
        self.retry_at: float | None = None
        """When an offer of ours, refused for now, is due again."""
        self.awaits_ack = False
        """Whether a 2xx of ours to an INVITE is not acknowledged yet: no INVITE of ours (§14.1)."""
        self._was_withdrawn = False

    @property
    def is_quiet(self) -> bool:
        """Whether nothing of theirs is in the way of an offer of ours (RFC 3261 §14.1)."""
        return self.turn is Turn.IDLE and not self.awaits_ack

    @property
    def is_free(self) -> bool:
        """Whether nothing at all is in the way of one."""
        return self.is_quiet and not self.is_asking and self.retry_at is None

    def we_offer(self) -> None:
        """Raises `OutOfTurn` while an offer is outstanding."""
        if self.turn not in (Turn.IDLE, Turn.WANTED):
            raise OutOfTurn("an offer has not been answered yet")
        self._enter(Turn.OURS)

    def we_answer(self) -> None:
        """Answer their offer or, where they asked for it, make ours; raises `OutOfTurn`."""
        match self.turn:
            case Turn.THEIRS:
                self._agree()
            case Turn.WANTED:
                self._enter(Turn.OURS)
            case _:
                raise OutOfTurn("there is no offer to answer")

    def they_offer(self, *, wanted: bool) -> int | None:
        """Take their offer (`wanted`: their request for ours); else the status to refuse it with.

        491 where ours is outstanding, 500 where an earlier one of theirs is (RFC 3311 §5.2).
        """
        match self.turn:
            case Turn.IDLE:
                self._enter(Turn.WANTED if wanted else Turn.THEIRS)
                self._was_withdrawn = False
                return None
            case Turn.OURS:
                return 491
            case _:
                return 500

    def they_answer(self) -> bool:
        """Take an answer; False where none was awaited."""
        if self.turn is not Turn.OURS:
            return False
        self._agree()
        return True

    def roll_back(self) -> None:
        """The outstanding offer is void."""
        self._enter(Turn.IDLE, " (void)")

    def withdraw(self) -> None:
        """Theirs is void; the owner may answer all the same, not knowing it yet."""
        self._enter(Turn.IDLE, " (withdrawn)")
        self._was_withdrawn = True

    def forgive_answer(self) -> None:
        """An answer came where there is nothing to answer; raises `OutOfTurn` unless it is late."""
        if not self._was_withdrawn:
            raise OutOfTurn("there is no offer to answer")
        self._was_withdrawn = False

    def drop_own(self) -> None:
        """The dialog is over: nothing of ours is asked or waited for."""
        self.is_asking, self.retry_at = False, None

    def _agree(self) -> None:
        self._enter(Turn.IDLE, " (agreed)")
        self.agreed = True

    def _enter(self, turn: Turn, how: str = "") -> None:
        if turn is not self.turn:
            self._log(f"offer/answer: {self.turn.name} -> {turn.name}{how}")
        self.turn = turn
