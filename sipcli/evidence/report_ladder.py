"""The ladder of a report: that of the whole run, divided among its calls, and put together."""

from collections.abc import Container, Iterable
from dataclasses import dataclass

from sipcli.evidence.ladder import Ladder, LadderMessage, ladder_of
from sipcli.evidence.report_content import ReportedLadder, ReportedMessage
from sipcli.evidence.sip_record import SipRecord
from sipcli.evidence.step_bars import RunClock


@dataclass(frozen=True, slots=True)
class DividedLadder:
    """The messages of each call, and those of none."""

    ladder: Ladder
    of_calls: dict[str, list[LadderMessage]]
    """By Call-ID."""
    others: list[LadderMessage]
    left_out: int
    """Messages that there is no room for: of no call, or of a call that the report leaves out."""

    def reported(
        self, messages: Iterable[LadderMessage], clock: RunClock, left_out: int = 0
    ) -> ReportedLadder:
        """Return some of its messages as the report has them."""
        shown = tuple(self._reported(each, clock) for each in messages)
        seen = {name for each in shown for name in (each.sender, each.receiver)}
        parties = tuple(party.name for party in self.ladder.parties if party.name in seen)
        return ReportedLadder(parties=parties, messages=shown, left_out=left_out)

    def _reported(self, message: LadderMessage, clock: RunClock) -> ReportedMessage:
        names = [party.name for party in self.ladder.parties]
        return ReportedMessage(
            at_ms=clock.ms(message.entry.at),
            direction=message.entry.direction,
            sender=names[message.source],
            receiver=names[message.target],
            kind=message.kind,
            label=message.label,
            note="; ".join(message.remarks),
            text=message.text.rstrip(),
        )


def divided_ladder(
    messages: SipRecord, calls: Container[str], *, has_all_calls: bool
) -> DividedLadder:
    """Divide the messages of a run: those of `calls`, by their Call-IDs, and all others.

    If `has_all_calls`, a message of another call is of one that passes through us, as in a sandbox.
    """
    ladder = ladder_of(messages)
    of_calls: dict[str, list[LadderMessage]] = {}
    others, dropped = list[LadderMessage](), 0
    for message in ladder.messages:
        if message.call_id is not None and message.call_id in calls:
            of_calls.setdefault(message.call_id, []).append(message)
        elif message.call is None or has_all_calls:
            others.append(message)
        else:
            dropped += 1
    return DividedLadder(ladder, of_calls, others, ladder.left_out + dropped)


def merged_ladder(ladders: Iterable[ReportedLadder]) -> ReportedLadder:
    """Return one ladder with the messages of several, in the order of time."""
    each = tuple(ladders)
    messages = [message for ladder in each for message in ladder.messages]
    return ReportedLadder(
        parties=tuple(dict.fromkeys(party for ladder in each for party in ladder.parties)),
        messages=tuple(sorted(messages, key=lambda message: message.at_ms)),
        left_out=sum(ladder.left_out for ladder in each),
    )
