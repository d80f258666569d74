"""The reference of the Python API, docs/api.md, from the docstrings of what `sipcli` exports.

`python -m scripts.api_reference > docs/api.md`; a test checks that it is up to date.
"""

import ast
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from textwrap import dedent, indent
from types import ModuleType

from sipcli import Call, Phone, errors, events
from sipcli.phone.audio_meters import Measured
from sipcli.phone.digits import Sending
from sipcli.phone.registration_status import RegistrationStatus
from sipcli.phone.waiter import CallAction

_INTRODUCTION = """# API reference

Generated from the docstrings by `make example`; [python.md](python.md) is the introduction. Times
are in seconds unless a name ends in `_ms`, levels in dBFS, frequencies in Hz.
"""
_CALLED_BY_ASYNCIO = "(called by asyncio)."
"""Ends the docstring of what a program does not call."""
_CLASSES: dict[str, tuple[type, ...]] = {
    "Phone and Call": (Phone, Call),
    "What they return": (CallAction, Sending, Measured, RegistrationStatus),
}


@dataclass(frozen=True, slots=True)
class Member:
    """A public attribute or method of a class."""

    name: str
    signature: str
    """In a line, as it would be written: `hold(*, timeout=10.0) -> CallAction[None]`."""
    text: str


def reference() -> str:
    """Return the page."""
    parts = [_INTRODUCTION]
    for title, classes in _CLASSES.items():
        parts.append(f"## {title}\n")
        parts += [_section(each) for each in classes]
    parts.append("## Events\n")
    parts.append(f"{_cleaned(inspect.getdoc(events) or '')}\n")
    parts += [_section(each) for each in _public(events)]
    parts.append("## Errors\n")
    parts += [_section(each) for each in _public(errors) if issubclass(each, Exception)]
    return "\n".join(parts)


def _public(module: ModuleType) -> list[type]:
    """Return the public classes of a module, in its order."""
    layer = module.__name__.rpartition(".")[0]
    found = [one for one in vars(module).values() if isinstance(one, type)]
    return [one for one in found if one.__module__.rpartition(".")[0] == layer]


def _section(kind: type) -> str:
    parts = [f"### {kind.__name__}\n", f"{_cleaned(inspect.getdoc(kind) or '')}\n"]
    for member in sorted(_members(kind), key=lambda one: one.name):
        text = indent(_cleaned(member.text), "  ")
        parts.append(f"- `{member.signature}`" + (f"\n\n{text}" if text else ""))
    return "\n".join(parts) + "\n"


def _members(kind: type) -> Iterator[Member]:
    """Yield the members of a class; those of a base class of ours belong to it, too."""
    seen: set[str] = set()
    # All errors have the members of the first one, which are told there.
    bases = [kind] if issubclass(kind, errors.SipcliError) else kind.__mro__
    for each in bases:
        for member in own_members(each) if each.__module__.startswith("sipcli.") else ():
            if member.name not in seen and not member.text.endswith(_CALLED_BY_ASYNCIO):
                seen.add(member.name)
                yield member


def own_members(kind: type) -> Iterator[Member]:
    """Yield the members that a class itself declares."""
    tree = ast.parse(dedent(inspect.getsource(kind))).body[0]
    assert isinstance(tree, ast.ClassDef)
    yield from _attributes(tree.body)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            yield from _attributes(node.body)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name[0] != "_":
            yield _function(node, vars(sys.modules[kind.__module__]))


def _attributes(body: list[ast.stmt]) -> Iterator[Member]:
    """Yield the attributes that are declared with a type, or assigned with a docstring below."""
    for node, after in zip(body, [*body[1:], None], strict=True):
        text = _docstring(after)
        match node:
            case ast.AnnAssign(
                target=ast.Name(id=name) | ast.Attribute(attr=name), annotation=kind
            ):
                is_told = bool(text) or isinstance(node.target, ast.Name)
                if is_told and name[0] != "_":
                    yield Member(name, f"{name}: {ast.unparse(kind)}", text)
            case ast.Assign(targets=[ast.Attribute(attr=name)]) if text and name[0] != "_":
                yield Member(name, name, text)


def _docstring(node: ast.stmt | None) -> str:
    match node:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return text
    return ""


def _function(
    node: ast.FunctionDef | ast.AsyncFunctionDef, constants: Mapping[str, object]
) -> Member:
    """Return a method; a default that is one of the module's `constants` is told by its value."""
    text = ast.get_docstring(node) or ""
    decorators = {ast.unparse(one) for one in node.decorator_list}
    returned = ast.unparse(node.returns).strip("'") if node.returns is not None else "None"
    if "property" in decorators:
        return Member(node.name, f"{node.name}: {returned}", text)
    arguments = re.sub(r"^(self|cls)(, )?", "", ast.unparse(node.args))
    arguments = re.sub(r": '([^']*)'", r": \1", arguments)  # a type that is imported late
    arguments = re.sub(r"=([A-Z_]+)\b", lambda name: f"={constants[name[1]]}", arguments)
    told = f"{node.name}({arguments}) -> {returned}"
    if "asynccontextmanager" in decorators:
        told = f"async with {told}"
    elif isinstance(node, ast.AsyncFunctionDef):
        told = f"await {told}"
    return Member(node.name, told, text)


def _cleaned(text: str) -> str:
    return inspect.cleandoc(text)


if __name__ == "__main__":
    sys.stdout.write(reference())
