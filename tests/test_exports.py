"""What programs can import from `sipcli` itself."""

import inspect
import re
from pathlib import Path
from types import UnionType
from typing import Any, Final, get_args, get_type_hints

import pytest

import sipcli

TYPES: Final = Path(sipcli.__file__).with_name("__init__.pyi").read_text(encoding="utf-8")
EXPORTS: Final = set(re.findall(r" as (\w+)$", TYPES, re.MULTILINE))


def returned(kind: type) -> set[Any]:
    """Return the classes of ours that the public methods and properties of `kind` return."""
    found: set[Any] = set()
    for name, member in inspect.getmembers(kind):
        function = member.fget if isinstance(member, property) else member
        if name.startswith("_") or not inspect.isfunction(function):
            continue
        answer = get_type_hints(function).get("return")
        parts = get_args(answer) if isinstance(answer, UnionType) or get_args(answer) else (answer,)
        found |= {one for one in parts if getattr(one, "__module__", "").startswith("sipcli.")}
    return found


@pytest.mark.parametrize("kind", [sipcli.Phone, sipcli.Call])
def test_what_a_phone_and_a_call_return_can_be_annotated(kind: type) -> None:
    assert returned(kind)
    assert {one.__name__ for one in returned(kind)} <= EXPORTS


def test_each_export_is_there_and_has_its_type() -> None:
    for name in EXPORTS:
        assert getattr(sipcli, name) is not None
    assert {name for name in dir(sipcli) if name[0].isupper()} == EXPORTS - {"events"}
    assert "events" in dir(sipcli)


def test_a_program_can_match_on_events() -> None:
    heard: sipcli.Event = sipcli.events.Answered(call="1", status=200, elapsed_ms=12.5)
    match heard:
        case sipcli.events.Answered(elapsed_ms=elapsed):
            assert elapsed == 12.5
        case _:
            pytest.fail("it was answered")
