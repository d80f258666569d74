"""The ladder as rows: between which columns each arrow goes, and the message that it stands for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sipcli.evidence.ladder_words import MessageKind
from sipcli.evidence.report_content import ReportedLadder, ReportedMessage

_FAULTS: Final = {MessageKind.FAILURE, MessageKind.MALFORMED}
_MARGIN: Final = 5.0
"""Percent of the ladder's width that lie beyond the first and the last party."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLine:
    """A line of a message, in parts that are told apart by their looks."""

    name: str
    """Of a header field or an SDP line, with what separates it from its value; may be empty."""
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderRow:
    """A message."""

    message: ReportedMessage
    at: str
    """Seconds since the begin of the run."""
    left: float
    """Percent of the ladder's width, where the arrow's left end is; so is the next one."""
    width: float
    goes_right: bool
    is_fault: bool
    """It refuses something, or is no SIP message."""
    lines: tuple[MessageLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderRows:
    """All messages of one ladder."""

    parties: tuple[str, ...]
    places: tuple[float, ...]
    """Where the parties' lines are, in percent of the ladder's width."""
    rows: tuple[LadderRow, ...]
    left_out: int


def ladder_rows(ladder: ReportedLadder) -> LadderRows:
    """Return the rows of a ladder."""
    gaps = max(1, len(ladder.parties) - 1)
    places = tuple(
        round(_MARGIN + (100 - 2 * _MARGIN) * each / gaps, 3) for each in range(gaps + 1)
    )
    where = dict(zip(ladder.parties, places, strict=False))
    return LadderRows(
        parties=ladder.parties,
        places=places,
        rows=tuple(
            _row(message, where.get(message.sender, 0.0), where.get(message.receiver, 100.0))
            for message in ladder.messages
        ),
        left_out=ladder.left_out,
    )


def _row(message: ReportedMessage, sender: float, receiver: float) -> LadderRow:
    return LadderRow(
        message=message,
        at=f"{message.at_ms / 1000:.3f}",
        left=min(sender, receiver),
        width=round(abs(receiver - sender), 3),
        goes_right=receiver > sender,
        is_fault=message.kind in _FAULTS,
        lines=tuple(_lines(message.text)),
    )


def _lines(text: str) -> Iterator[MessageLine]:
    separator = ":"
    for number, line in enumerate(text.rstrip().split("\n")):
        if not line.strip():
            separator = "="  # behind the header is the SDP
        name, found, value = line.partition(separator)
        if number == 0 or not found or " " in name.strip():
            yield MessageLine(name="", value=line)
        else:
            yield MessageLine(name=name + separator, value=value)
