"""The torture messages of RFC 4475 and RFC 5118 with what their index says of each."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sipcli.sip.message import Request, Response
from sipcli.sip.parser import parse

DATA = Path(__file__).parent.parent / "data"


@dataclass(frozen=True)
class Case:
    """One message: its bytes as on the wire, and its entry in index.json."""

    name: str
    data: bytes
    entry: dict[str, Any]

    @property
    def facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = self.entry["facts"]
        return facts

    @property
    def acceptable(self) -> list[int]:
        """Status codes a user agent may answer with."""
        ua: dict[str, Any] = self.entry["ua"]
        return [*ua.get("preferred", []), *ua.get("acceptable", [])]

    @property
    def message(self) -> Request | Response:
        message = parse(self.data).message
        assert message is not None
        return message


@cache
def cases() -> tuple[Case, ...]:
    found = []
    for corpus in ("rfc4475", "rfc5118"):
        folder = DATA / corpus
        index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        for entry in index["messages"]:
            data = (folder / entry["file"]).read_bytes()
            found.append(Case(f"{corpus}/{entry['name']}", data, entry))
    return tuple(found)


def case(name: str) -> Case:
    return next(one for one in cases() if one.name.endswith(f"/{name}"))
