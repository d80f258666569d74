"""Formats values for display: as TOML, printable and without secrets."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

from sipcli.text import one_line

HIDDEN: Final = "(hidden)"
"""Shown instead of a secret."""

MAX_SHOWN: Final = 200
"""Characters of a refused value that an error shows; more would hide the reason."""

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_SIP_SCHEME: Final = re.compile(r"(?:sips?:)?", re.IGNORECASE)


def toml_text(value: object) -> str:
    """Format a plain value (text, number, boolean, list, mapping) as TOML, on one line."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return one_line(json.dumps(value, ensure_ascii=False))
        case Mapping():
            pairs = (f"{_key_text(key)} = {toml_text(item)}" for key, item in value.items())
            return "{ " + ", ".join(pairs) + " }" if value else "{}"
        case Sequence():
            return "[" + ", ".join(toml_text(item) for item in value) + "]"
        case _:
            return one_line(str(value))


def wrong_value(value: object) -> str:
    """Format a refused value for an error: credentials in addresses masked, cut if long.

    A list or table could contain a secret anywhere, so only its type is named.
    """
    match value:
        case str():
            text = toml_text(mask(value))
        case Mapping():
            return "a table"
        case list() | tuple():
            return "a list"
        case _:
            text = toml_text(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}… ({len(text)} characters)"


def mask(address: str) -> str:
    """Return `address` without password, user information and query.

    It need not be a valid address: this is for values that were refused.
    """
    url = _URL.match(address)
    start = url.end() if url else _after_user(address)
    if start is not None:
        at = address.rfind("@")
        if at >= start:
            address = address[:start] + HIDDEN + address[at:]
    if url and "?" in address:
        address = address.partition("?")[0] + "?…"
    return address


def _after_user(address: str) -> int | None:
    """Return the index after the colon in `user:password@host`; None if there is none."""
    scheme = _SIP_SCHEME.match(address)
    colon = address.find(":", scheme.end() if scheme else 0)
    return colon + 1 if colon >= 0 else None


def _key_text(key: object) -> str:
    text = str(key)
    return text if _BARE_KEY.fullmatch(text) else toml_text(text)
