"""Show a ladder: in colour on a terminal, and only with characters that the stream can take."""

from typing import IO, Final

from rich.text import Text

from sipcli.cli.output.terminal import PlainConsole
from sipcli.cli.output.wording import BAD, BOLD, FAINT, GOOD, PLAIN
from sipcli.evidence.ladder import Ladder
from sipcli.evidence.ladder_text import ASCII, UNICODE, Strokes, ladder_lines
from sipcli.evidence.ladder_words import MessageKind

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
