"""The report as JSON: the keys are the names of the fields of `ReportContent`."""

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Final, TypeAlias

from sipcli.evidence.report_content import ReportContent

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
_DECIMALS: Final = 3


def report_json(content: ReportContent) -> bytes:
    """Return the report as JSON, in UTF-8, with a line feed at its end."""
    text = json.dumps(_plain(content), ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def _plain(value: object) -> Json:
    """Return `value` as JSON has it. Numbers that JSON has not become null."""
    match value:
        case None | bool() | int():
            return value
        case str():
            return str(value)
        case float():
            return round(value, _DECIMALS) if math.isfinite(value) else None
        case bytes():
            return list(value)
        case tuple() | list():
            return [_plain(each) for each in value]
        case Mapping():
            return {str(name): _plain(each) for name, each in value.items()}
        case _ if is_dataclass(value):
            return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
        case _:
            raise TypeError(f"a report has no {type(value).__name__}")
