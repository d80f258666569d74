"""Format events and messages as one line each for the debug log."""

import re
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, Final

from sipcli.sip.message import Request, Response
from sipcli.sip.uri import OtherUri, SipUri

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_PRIVATE: Final = frozenset({"text", "digit"})
"""Fields with what users say or dial: only their size is logged."""
MAX_TEXT: Final = 200
"""Characters logged of each text from a peer."""
_WORD: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


def describe(event: "DataclassInstance") -> str:
    """An event with its fields: `offer refused: call=1a2b status=491 will_retry=True`."""
    name = _WORD.sub(" ", type(event).__name__).lower()
    return f"{name}: {describe_fields(event)}".removesuffix(": ")


def describe_fields(value: "DataclassInstance") -> str:
    """The fields of a value that are set: `server=wss://example.org elapsed_ms=12.3`.

    Of session descriptions and what users say, only the size is given.
    """
    shown = ((field.name, getattr(value, field.name)) for field in fields(value))
    return " ".join(
        f"{name}={_shown(name, what)}" for name, what in shown if what not in (None, ())
    )


def describe_message(message: Request | Response) -> str:
    """A SIP message in one line: start line, CSeq, Call-ID, and type and size of the body.

    Works for malformed messages too. The words are the peer's: escape them before display.
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
    return f"{value:.6g}" if isinstance(value, float) else str(value)
