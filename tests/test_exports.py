"""What programs can import from `sipcli` itself."""

import inspect
import re
from pathlib import Path
from typing import Any, Final, get_args, get_origin

import pytest

import sipcli

TYPES: Final = Path(sipcli.__file__).with_name("__init__.pyi").read_text(encoding="utf-8")
EXPORTS: Final = set(re.findall(r" as (\w+)$", TYPES, re.MULTILINE))


def parts(annotation: Any) -> set[Any]:
    """Return the classes of ours in an annotation."""
    found = set().union(*map(parts, get_args(annotation)))
    kind = get_origin(annotation) or annotation
    return found | ({kind} if getattr(kind, "__module__", "").startswith("sipcli.") else set())


def returned(kind: type) -> set[Any]:
    """Return the classes of ours that the public methods and properties of `kind` return."""
    found: set[Any] = set()
    for name, member in inspect.getmembers(kind):
        function = member.fget if isinstance(member, property) else member
        if name.startswith("_") or not inspect.isfunction(function):
            continue
        answer = function.__annotations__.get("return")
        if isinstance(answer, str):  # not imported where it stands
            answer = eval(answer, {"Call": sipcli.Call} | function.__globals__)
        found |= parts(answer)
    return {one for one in found if one.__module__ != "sipcli.errors"}


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
