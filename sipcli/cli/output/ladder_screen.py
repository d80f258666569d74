"""Show a ladder: in colour on a terminal, only with what the stream can take, and as JSON."""

from typing import IO, Final

from rich.text import Text

from sipcli.cli.output.terminal import PlainConsole
from sipcli.cli.output.wording import BAD, BOLD, FAINT, GOOD, PLAIN
from sipcli.evidence.ladder import Ladder, LadderMessage
from sipcli.evidence.ladder_text import ASCII, UNICODE, Strokes, ladder_lines
from sipcli.evidence.ladder_words import MessageKind
from sipcli.text import rfc3339

_ATTENTION: Final = "yellow"
_STYLES: Final = {
    "time": FAINT,
    "line": FAINT,
    "remark": FAINT,
    "party": BOLD,
    MessageKind.REQUEST: BOLD,
    MessageKind.SUCCESS: GOOD,
    MessageKind.REDIRECTION: _ATTENTION,
    MessageKind.CHALLENGE: _ATTENTION,
    MessageKind.FAILURE: BAD,
    MessageKind.MALFORMED: BAD,
}


def show_ladder(ladder: Ladder, stream: IO[str], *, color: bool) -> None:
    """Write a ladder as wide as the terminal; elsewhere it has 80 columns, or $COLUMNS."""
    console = PlainConsole(stream, color=color)
    for line in ladder_lines(ladder, console.width, _strokes(console.encoding)):
        text = Text()
        for piece in line:
            text.append(piece.text, style=_STYLES.get(piece.style, PLAIN))
        console.print(text)


def _strokes(encoding: str) -> Strokes:
    try:
        UNICODE.characters.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE


def message_fields(ladder: Ladder, message: LadderMessage) -> dict[str, object]:
    """Return the fields of the event `sip_message` (contract §4)."""
    return {
        "at": rfc3339(message.entry.at),
        "source": ladder.parties[message.source].name,
        "target": ladder.parties[message.target].name,
        "kind": message.kind,
        "label": message.label,
        "method": message.method or None,
        "status": message.status,
        "call": message.call_id,
        "fork": message.fork,
        "again": message.again,
        "sdp": None if message.sdp is None else str(message.sdp),
        "notes": message.notes,
        "text": message.text,
    }
