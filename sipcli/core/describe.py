"""What happened, in one line for the debug log."""

import re
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, Final

from sipcli.sip.message import Request, Response
from sipcli.sip.uri import OtherUri, SipUri

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_PRIVATE: Final = frozenset({"text", "digit"})
"""Fields of what users say or dial: their size tells enough."""
MAX_TEXT: Final = 200
"""Characters of each of a peer's words."""
_WORD: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


def describe(event: "DataclassInstance") -> str:
    """An event with its fields: `connected: server=wss://example.org elapsed_ms=12`.

    Descriptions of sessions and what users say are told by their size alone.
    """
    name = getattr(event, "name", None) or _WORD.sub(" ", type(event).__name__).lower()
    if name == "warning":
        return f"warning: {getattr(event, 'text', '')}"
    return f"{name}: {describe_fields(event)}".removesuffix(": ")


def describe_fields(value: "DataclassInstance") -> str:
    """The fields of a value that say something: `server=wss://example.org elapsed_ms=12`."""
    shown = ((field.name, getattr(value, field.name)) for field in fields(value))
    return " ".join(
        f"{name}={_shown(name, what)}" for name, what in shown if what not in (None, ())
    )


def describe_message(message: Request | Response) -> str:
    """A SIP message as one looks for it: what it is, of which call, with which body.

    Of any message, well-formed or not: its words are those of the peer.
    """
    if isinstance(message, Request):
        head = f"{message.method} {message.target}"
    else:
        head = f"{message.status} {message.reason}"
    shown = [head[:MAX_TEXT]]
    for name in ("CSeq", "Call-ID"):
        shown.append(f"{name} {(message.headers.get(name) or 'none')[:MAX_TEXT]}")
    if message.body:
        kind = (message.headers.get("Content-Type") or "no type")[:MAX_TEXT]
        shown.append(f"{kind} ({len(message.body)} bytes)")
    return ", ".join(shown)


def _shown(name: str, value: Any) -> str:
    if isinstance(value, bytes):
        return f"({len(value)} bytes)"
    if isinstance(value, tuple):
        return f"({len(value)} of them)"
    if is_dataclass(value) and not isinstance(value, type | SipUri | OtherUri):
        return f"({describe_fields(value)})"
    if name in _PRIVATE and isinstance(value, str):
        return f"({len(value)} characters)"
    return str(value)
