"""Pieces of Markdown as GitHub and GitLab read it (GFM), safe with any text in them."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

_SPECIAL: Final = re.compile(r"[\\`*\[\]<>&|~$^]|(?<![^\W_])_|_(?![^\W_])")
"""What could begin emphasis, code, a link, HTML, an entity, a cell or a formula."""
_LINKED: Final = re.compile(r"@|#|!(?=\d)|(?:https?|ftp):(?=//)|\bwww(?=\.)|\bmailto:")
"""What the sites make a link of: a person, an issue, a merge request, an address."""
_NOTHING: Final = "<!-- -->"
"""Shows nothing, and parts what would be a link."""
_UNSAFE: Final = re.compile(f"(?P<special>{_SPECIAL.pattern})|{_LINKED.pattern}", re.IGNORECASE)


def escaped(text: str) -> str:
    """Return text for a cell or a sentence, where it shows as it is and is nothing but text.

    It must not stand at the beginning of a line.
    """
    return _UNSAFE.sub(_made_safe, " ".join(text.split()))


def bold(text: str) -> str:
    """Return text for a cell or a sentence, in bold type."""
    return f"**{escaped(text) or '–'}**"


def _made_safe(found: re.Match[str]) -> str:
    if found["special"] is not None:
        return f"&#{ord(found.group())};"
    return f"{found.group()}{_NOTHING}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells are Markdown."""
    lines = [_row(head), _row(["---"] * len(head)), *map(_row, rows)]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def fenced(text: str, language: str = "") -> str:
    """Return text as a block of code, which nothing in it can end."""
    longest = max((len(found) for found in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def details(summary: str, content: str) -> str:
    """Return content that is folded; the summary is Markdown without block structure."""
    return f"<details>\n<summary>{summary}</summary>\n\n{content}\n\n</details>"
