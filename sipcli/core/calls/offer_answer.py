"""State of the SDP offer/answer exchange (RFC 3264, RFC 3261 §13.2.1, RFC 6337).

    IDLE --we offer--> OURS --their answer--> IDLE        WANTED: they asked for our offer
    IDLE --they offer--> THEIRS --our answer--> IDLE      WANTED --we offer--> OURS

At most one offer is outstanding; a refusal or a withdrawal leads back to IDLE. The next offer also
has to wait for a pending request of ours, for the delay after its refusal, and for the ACK of our
2xx: all of that state is here. local_offers and remote_offers send and answer the requests.
"""

from collections.abc import Callable
from enum import Enum, auto

from sipcli.sip.bodies import SDP, find_body, is_plain
from sipcli.sip.message import Message, Response
from sipcli.sip.validate import check


class OutOfTurn(ValueError):  # noqa: N818 - says what is wrong with the call, as a sentence would
    """The owner offered or answered in the wrong state: a bug in the caller."""


class Turn(Enum):
    """See the figure above."""

    IDLE = auto()
    OURS = auto()
    THEIRS = auto()
    WANTED = auto()


class OfferAnswer:
    """The offers and answers of one dialog; the descriptions themselves are not read."""

    def __init__(self, turn: Turn, log: Callable[[str], None] = lambda _: None) -> None:
        """`log` gets a line for each change."""
        self.turn = turn
        self._log = log
        self.agreed = False
        """True once an offer has been answered."""
        self.is_asking = False
        """True if a re-INVITE or UPDATE of ours, with an offer or without, is not answered yet."""
        self.awaits_retry = False
        """True if an offer of ours was refused for now, and the time to make it again has not come.
        """
        self.awaits_ack = False
        """True if a 2xx of ours to an INVITE is not acknowledged yet: no INVITE of ours (§14.1)."""
        self._was_withdrawn = False

    @property
    def is_quiet(self) -> bool:
        """True if nothing of theirs blocks an offer of ours (RFC 3261 §14.1)."""
        return self.turn is Turn.IDLE and not self.awaits_ack

    @property
    def is_free(self) -> bool:
        """True if nothing blocks an offer of ours."""
        return self.is_quiet and not self.is_asking and not self.awaits_retry

    def we_offer(self) -> None:
        """Record our offer; raises `OutOfTurn` while one is outstanding."""
        if self.turn not in (Turn.IDLE, Turn.WANTED):
            raise OutOfTurn("an offer has not been answered yet")
        self._enter(Turn.OURS)

    def we_answer(self) -> None:
        """Record our answer or, if they asked for it, our offer; raises `OutOfTurn`."""
        match self.turn:
            case Turn.THEIRS:
                self._agree()
            case Turn.WANTED:
                self._enter(Turn.OURS)
            case _:
                raise OutOfTurn("there is no offer to answer")

    def they_offer(self, *, wanted: bool) -> int | None:
        """Record their offer (`wanted`: a request for ours); else return a status to refuse with.

        491 if ours is outstanding, 500 if an earlier one of theirs is (RFC 3311 §5.2).
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
        """Record their answer; False if none was expected."""
        if self.turn is not Turn.OURS:
            return False
        self._agree()
        return True

    def roll_back(self) -> None:
        """The outstanding offer is void."""
        self._enter(Turn.IDLE, " (void)")

    def withdraw(self) -> None:
        """Their offer is void; the owner may still answer it, not knowing that yet."""
        self._enter(Turn.IDLE, " (withdrawn)")
        self._was_withdrawn = True

    def forgive_answer(self) -> None:
        """Accept an answer to a withdrawn offer; raises `OutOfTurn` if none was withdrawn."""
        if not self._was_withdrawn:
            raise OutOfTurn("there is no offer to answer")
        self._was_withdrawn = False

    def drop_own(self) -> None:
        """The dialog is over: forget our pending request and retry."""
        self.is_asking = self.awaits_retry = False

    def _agree(self) -> None:
        self._enter(Turn.IDLE, " (agreed)")
        self.agreed = True

    def _enter(self, turn: Turn, how: str = "") -> None:
        if turn is not self.turn:
            self._log(f"offer/answer: {self.turn.name} -> {turn.name}{how}")
        self.turn = turn


def description(message: Message) -> bytes | None:
    """The session description a message carries; None without one."""
    body = find_body(message, (SDP,))
    return None if body is None else body.content


def why_missing(message: Response) -> str:
    """The end of a sentence that says what an answer has instead of a session description."""
    faults = [fault for fault in message.faults if fault.status == 513]
    faults += [fault for fault in check(message) if fault.header == "Content-Type"]
    if faults:
        return f": {faults[0].reason}"
    if not message.body:
        return ""
    encoding = ", ".join(message.content_encoding)
    what = message.content_type if is_plain(message) else f"Content-Encoding: {encoding}"
    return f", but {what}"
