"""The pages for people, and the blocks of code in them."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / f"{name}.md" for name in ("README", "CHANGELOG", "CONTRIBUTING", "SECURITY")),
    *sorted((ROOT / "docs").glob("*.md")),
]


def blocks(language: str) -> list[tuple[Path, str]]:
    """Every block of that language, with its page."""
    fenced = re.compile(rf"^```{language}\n(.*?)^```$", re.DOTALL | re.MULTILINE)
    return [
        (page, block)
        for page in PAGES
        for block in fenced.findall(page.read_text(encoding="utf-8"))
    ]
