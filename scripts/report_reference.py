"""The reference of the JSON report, docs/report-json.md, from the docstrings of its model.

`python -m scripts.report_reference > docs/report-json.md`; a test checks that it is up to date.
"""

import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

from scripts.api_reference import own_members
from sipcli.evidence import report_content
from sipcli.evidence.report_content import SCHEMA, ReportContent

_INTRODUCTION: Final = f"""# The JSON report

Generated from the docstrings by `make example`. `--report PATH.json` writes one JSON object, UTF-8,
on one line: [`ReportContent`](#reportcontent). Its `schema` is {SCHEMA}. It rises only if a key is
renamed or removed, or means something else; keys may be added at any time.

```console
$ jq -r '.verdict.sentence' report.json
$ jq -r '.calls[] | select(.result == "failed") | [.remote, .phase, .sentence] | @tsv' report.json
$ jq '.calls[0].waterfall.bars[] | select(.state == "slow")' report.json
```
"""
_SIMPLE: Final = {str: "text", bool: "true or false", int: "number", float: "number"}


def reference() -> str:
    """Return the page."""
    parts = [_INTRODUCTION, *_paragraphs(inspect.getdoc(report_content) or "")[2:]]
    parts += [_section(kind) for kind in _reachable(ReportContent)]
    return "\n".join(parts)


def _paragraphs(text: str) -> list[str]:
    return [f"{each}\n" for each in text.split("\n\n")]


def _reachable(kind: type[Any], seen: frozenset[type[Any]] = frozenset()) -> list[type[Any]]:
    """Return a dataclass and those in its fields, each once, in the order of the fields."""
    found = [kind]
    for hint in get_type_hints(kind).values():
        for inner in _dataclasses(hint):
            if inner not in seen.union(found):
                found += _reachable(inner, seen.union(found))
    return list(dict.fromkeys(found))


def _dataclasses(hint: Any) -> Iterator[type[Any]]:
    if isinstance(hint, type) and is_dataclass(hint):
        yield hint
    for part in get_args(hint):
        yield from _dataclasses(part)


def _section(kind: type[Any]) -> str:
    hints, told = get_type_hints(kind), {each.name: each.text for each in own_members(kind)}
    rows = [
        f"| `{each.name}` | {_words(hints[each.name])} | {_cell(told[each.name])} |"
        for each in fields(kind)
    ]
    head = [
        f"## {kind.__name__}\n",
        f"{inspect.getdoc(kind)}\n",
        "| key | value | |",
        "|---|---|---|",
    ]
    return "\n".join([*head, *rows]) + "\n"


def _cell(text: str) -> str:
    return re.sub(r"\bNone\b", "null", " ".join(text.split())).replace("|", "\\|")


def _words(hint: Any) -> str:
    """Return a type in words."""
    arguments = get_args(hint)
    if get_origin(hint) is Literal:
        return ", ".join(f"`{word}`" for word in arguments)
    if isinstance(hint, UnionType):
        return f"{_words(next(part for part in arguments if part is not NoneType))}, or null"
    if get_origin(hint) is tuple:
        return f"list of {_words(arguments[0])}"
    if hint is bytes:
        return "list of numbers"
    if issubclass(hint, Enum):
        return ", ".join(f"`{one.value}`" for one in hint)
    return _SIMPLE.get(hint) or f"[{hint.__name__}](#{hint.__name__.lower()})"


if __name__ == "__main__":
    sys.stdout.write(reference())
