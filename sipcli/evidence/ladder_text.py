"""Draw a ladder as text, for a terminal or a file."""

from collections.abc import Iterator
from dataclasses import astuple, dataclass
from typing import Final, TypeAlias

from sipcli.evidence.ladder import Ladder, LadderMessage
from sipcli.evidence.ladder_words import MAX_LABEL
from sipcli.evidence.sip_facts import brief
from sipcli.evidence.text_row import StyledText, TextRow, columns_of, cut, wrapped
from sipcli.text import rfc3339

LadderLine: TypeAlias = tuple[StyledText, ...]
"""A line in pieces. Styles are `time`, `line`, `party`, `remark` and those of `MessageKind`."""

NOTHING: Final = "no SIP message was sent or received"
GAP_S: Final = 0.5
"""Seconds of silence that are marked: T1, after which an unanswered request is sent again where
the transport may lose it (RFC 3261 §17.1.1.1)."""
_TIME: Final = 10
"""Columns of the time."""
_LEAST: Final = 22
"""Columns between two parties, at least: with fewer, messages are listed instead."""
_MOST: Final = 44
_LEAST_LABEL: Final = 16
"""Columns of a label in a list, at least."""
_LONG: Final = 30
"""Messages after which the names of the parties stand at the end, too."""
_MIN_WIDTH: Final = 40
_MAX_WIDTH: Final = 400
_ARROW: Final = len("│─ … ─▶") - 1
"""Columns of an arrow that its label cannot have."""
_REMARK: Final = 2
"""Columns by which a remark is indented."""
_MIN_REMARK: Final = 24
"""Columns that a remark gets, even at the right edge."""


@dataclass(frozen=True, slots=True)
class Strokes:
    """The characters that a ladder is drawn with."""

    line: str
    gap: str
    shaft: str
    again: str
    """The shaft of what has been sent before."""
    left: str
    right: str
    to_itself: str
    mark: str
    """What stands for text that is cut off: one column, like the others."""

    @property
    def characters(self) -> str:
        """All of them, and those in the texts of a ladder."""
        return "".join(astuple(self)) + "…×"


UNICODE: Final = Strokes("│", "┊", "─", "┄", "◀", "▶", "⇄", "…")
ASCII: Final = Strokes("|", ":", "-", ".", "<", ">", "=", "~")


def ladder_lines(ladder: Ladder, width: int, strokes: Strokes = UNICODE) -> Iterator[LadderLine]:
    """Yield the lines of a ladder of at most `width` columns, but not below 40.

    Where the parties do not fit side by side, the messages are listed instead.
    """
    width = max(min(width, _MAX_WIDTH), _MIN_WIDTH)
    if not ladder.messages:
        yield (StyledText(NOTHING, ""),)
        return
    spacing = (width - _TIME - 1) // max(len(ladder.parties) - 1, 1)
    if spacing >= _LEAST:
        yield from _Drawing(ladder, width, min(spacing, _MOST), strokes).lines()
    else:
        yield from _Listing(ladder, width, strokes).lines()


def ladder_text(ladder: Ladder, width: int = 100, strokes: Strokes = UNICODE) -> str:
    """Return a ladder as text without styles; its lines are separated by LF."""
    lines = ladder_lines(ladder, width, strokes)
    return "\n".join("".join(piece.text for piece in line) for line in lines)


class _Lines:
    """What a drawing and a list have in common."""

    _unnamed_calls = 1
    """How many calls can do without a list of Call-IDs at the end."""

    def __init__(self, ladder: Ladder, width: int, strokes: Strokes) -> None:
        self._ladder = ladder
        self._width = width
        self._strokes = strokes

    def lines(self) -> Iterator[LadderLine]:
        """Yield all lines."""
        began = rfc3339(self._ladder.messages[0].entry.at)  # to find it in the log of a server
        yield (StyledText(f"{_seconds(0.0)} is {began}", "time"),)
        yield from self._head()
        for index, message in enumerate(self._ladder.messages):
            if self._ladder.left_out and index == self._ladder.left_out_at:
                yield (StyledText(f"{self._ladder.left_out} messages left out", "remark"),)
            elif message.gap_s >= GAP_S:
                yield from self._gap(message.gap_s)
            yield from self._message(message)
        if len(self._ladder.messages) > _LONG:
            yield from self._head()
        if len(self._ladder.calls) > self._unnamed_calls:
            for number, call in enumerate(self._ladder.calls, 1):
                text = self._ascii(f"[{number}] {brief(call, MAX_LABEL)}")
                yield (StyledText(cut(text, self._width, self._strokes.mark), "remark"),)

    def _head(self) -> Iterator[LadderLine]:
        raise NotImplementedError

    def _gap(self, seconds: float) -> Iterator[LadderLine]:
        raise NotImplementedError

    def _message(self, message: LadderMessage) -> Iterator[LadderLine]:
        raise NotImplementedError

    def _row(self) -> TextRow:
        return TextRow(self._width)

    def _words(self, message: LadderMessage, width: int) -> tuple[str, list[str]]:
        """Return what stands on the arrow, in `width` columns, and the lines below it.

        The marks stand on the arrow where there is room. If there is too little, the method of a
        response is left out.
        """
        is_numbered = message.call is not None and len(self._ladder.calls) > 1
        label = self._ascii(f"[{message.call}] " * is_numbered + message.label)
        brief_label = label if message.status is None else label.rpartition(" (")[0] or label
        remarks = [self._ascii(each) for each in message.remarks]
        short = len(remarks) - (message.sdp is not None and not message.again)
        below = ["; ".join(remarks[:short]), *remarks[short:]]
        marks = len(message.marks)
        others = ["; ".join(remarks[marks:short]), *remarks[short:]]
        for text, lines in (
            (", ".join((label, *remarks[:marks])), others),
            (label, below),
            (", ".join((brief_label, *remarks[:marks])), others),
        ):
            if columns_of(text) <= width:
                return text, lines
        return cut(brief_label, width, self._strokes.mark), below

    def _ascii(self, text: str) -> str:
        """Replace the characters of ours that the strokes do without."""
        return text if self._strokes is UNICODE else text.replace("…", "~").replace("×", "x")


class _Drawing(_Lines):
    """A line for each party, and an arrow for each message."""

    def __init__(self, ladder: Ladder, width: int, spacing: int, strokes: Strokes) -> None:
        super().__init__(ladder, width, strokes)
        self._spacing = spacing
        self._columns = [_TIME + spacing * index for index in range(len(ladder.parties))]

    def _head(self) -> Iterator[LadderLine]:
        row = self._row()
        for column, party in zip(self._columns, self._ladder.parties, strict=True):
            name = cut(self._ascii(party.name), self._spacing - 2, self._strokes.mark)
            size = columns_of(name)
            row.put(min(max(column - size // 2, 0), self._width - size), name, "party")
        yield tuple(row.pieces())

    def _gap(self, seconds: float) -> Iterator[LadderLine]:
        row = self._row()
        row.put(0, f"+{seconds:.1f} s".rjust(_TIME - 2), "time")
        self._lifelines(row, self._strokes.gap)
        yield tuple(row.pieces())

    def _message(self, message: LadderMessage) -> Iterator[LadderLine]:
        row = self._row()
        row.put(0, _time(message), "time")
        self._lifelines(row, self._strokes.line)
        start, end = sorted((self._columns[message.source], self._columns[message.target]))
        if start == end:
            label, remarks = self._words(message, self._width - start - 4)
            row.put(start + 2, f"{self._strokes.to_itself} {label}", message.kind)
        else:
            label, remarks = self._words(message, end - start - _ARROW)
            row.put(start + 1, self._arrow(message, label, end - start - 1), message.kind)
        yield tuple(row.pieces())
        for remark in remarks:
            yield from self._remark(remark, min(start + _REMARK, self._width - _MIN_REMARK))

    def _remark(self, text: str, column: int) -> Iterator[LadderLine]:
        for line in wrapped(text, self._width - column):
            row = self._row()
            self._lifelines(row, self._strokes.line)
            row.put(column, f"{line} ", "remark")
            yield tuple(row.pieces())

    def _arrow(self, message: LadderMessage, label: str, width: int) -> str:
        strokes = self._strokes
        shaft = strokes.again if message.again else strokes.shaft
        free = width - len("▶  ") - columns_of(label)
        line = f"{shaft * (free // 2)} {label} {shaft * (free - free // 2)}"
        is_rightwards = message.source < message.target
        return f"{line}{strokes.right}" if is_rightwards else f"{strokes.left}{line}"

    def _lifelines(self, row: TextRow, stroke: str) -> None:
        for column in self._columns:
            row.put(column, stroke, "line")


class _Listing(_Lines):
    """A line for each message, which names its ends. Call-IDs help to pick what can be drawn."""

    _unnamed_calls = 0

    def _head(self) -> Iterator[LadderLine]:
        return iter(())

    def _gap(self, seconds: float) -> Iterator[LadderLine]:
        row = self._row()
        row.put(0, f"+{seconds:.1f} s".rjust(_TIME - 2), "time")
        yield tuple(row.pieces())

    def _message(self, message: LadderMessage) -> Iterator[LadderLine]:
        row = self._row()
        row.put(0, _time(message), "time")
        strokes = self._strokes
        room = (self._width - _TIME - _LEAST_LABEL - len(" -> ")) // 2
        source, target = (
            cut(self._ascii(self._ladder.parties[index].name), room, strokes.mark)
            for index in (message.source, message.target)
        )
        shaft = strokes.again if message.again else strokes.shaft
        ends = f"{source} {shaft}{strokes.right} {target}"
        row.put(_TIME, ends, "party")
        begin = _TIME + columns_of(ends) + 2
        label, remarks = self._words(message, self._width - begin)
        row.put(begin, label, message.kind)
        yield tuple(row.pieces())
        for remark in remarks:
            for line in wrapped(remark, self._width - _TIME - _REMARK):
                row = self._row()
                row.put(_TIME + _REMARK, line, "remark")
                yield tuple(row.pieces())


def _time(message: LadderMessage) -> str:
    return _seconds(message.since_s)


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}".rjust(_TIME - 2)[: _TIME - 1]
