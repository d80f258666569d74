"""A message ladder as a sequence diagram of Mermaid, which GitHub and GitLab draw."""

import re
from collections.abc import Iterator
from typing import Final

from sipcli.evidence.ladder_words import MessageKind
from sipcli.evidence.report_content import ReportedLadder, ReportedMessage

MAX_ARROWS: Final = 150
"""A diagram with more of them cannot be read."""
MAX_CHARACTERS: Final = 40_000
"""Mermaid refuses a text of more than 50 000 (`maxTextSize`)."""
MAX_SHOWN: Final = 120
"""Characters of a label or a remark."""
_PLAIN: Final = re.compile(r"[^\w .,/()=+×-]")


def sequence_diagram(ladder: ReportedLadder) -> str:
    """Return the text of the diagram. It is short enough to be drawn: the rest is left out."""
    names = {party: f"p{number}" for number, party in enumerate(ladder.parties)}
    lines = ["sequenceDiagram"]
    lines += [f"    participant {names[party]} as {_shown(party)}" for party in ladder.parties]
    room = MAX_CHARACTERS - sum(map(len, lines))
    shown = 0
    for message in ladder.messages[:MAX_ARROWS]:
        arrow = "\n".join(_arrow(message, names))
        room -= len(arrow) + 1
        if room < 0:
            break
        lines.append(arrow)
        shown += 1
    left_out = ladder.left_out + len(ladder.messages) - shown
    if left_out:
        lines.append(f"    Note over p0: {left_out} more messages are left out")
    return "\n".join(lines)


def _arrow(message: ReportedMessage, names: dict[str, str]) -> Iterator[str]:
    line = "->>" if message.kind is MessageKind.REQUEST else "-->>"
    if message.kind in (MessageKind.FAILURE, MessageKind.MALFORMED):
        line = "--x"
    note = f"<br/>{_shown(message.note)}" if message.note else ""
    label = f"{_shown(message.label)}{note}<br/>{message.at_ms / 1000:.3f} s"
    yield f"    {names[message.sender]}{line}{names[message.receiver]}: {label}"


def _shown(text: str) -> str:
    """Return text for Mermaid: what may have a meaning there is written by its number."""
    text = " ".join(text.split())
    text = text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"
    return _PLAIN.sub(lambda found: f"#{ord(found.group())};", text) or "-"
