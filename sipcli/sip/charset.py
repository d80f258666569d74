"""Decode the text of a body by its charset (RFC 2046 §4.1.2, RFC 3428 §7)."""

import codecs
import pkgutil
from encodings import __path__ as _modules
from encodings.aliases import aliases
from typing import Final

_NO_CHARSETS: Final = frozenset(
    {"aliases", "idna", "mbcs", "oem", "punycode", "raw_unicode_escape", "undefined"}
    | {"unicode_escape"}
)
"""Codecs of Python that are not charsets: notations, and platform-specific ones. Some are slow."""
_KNOWN: Final = (
    frozenset(module.name for module in pkgutil.iter_modules(_modules)) | frozenset(aliases)
) - _NO_CHARSETS
"""Checked before the look-up, because Python remembers every unknown name forever."""
_AS_BROWSERS_DO: Final = {"iso8859-1": "cp1252"}
"""Text labelled Latin-1 often uses the Windows characters in place of control characters."""


def decode(body: bytes, charset: str | None) -> str:
    """The text of `body`; UTF-8 where no charset is named.

    What is no text in it comes out as U+FFFD. Where the charset is unknown, all but ASCII comes
    out as escapes (`\\xe9`): nothing is lost, and nothing guessed.
    """
    name = _python_name(charset or "utf-8")
    if name is None:
        return body.decode("ascii", "backslashreplace")
    try:
        return body.decode(name, "replace")
    except (LookupError, UnicodeError):  # no text encoding after all, or one without "replace"
        return body.decode("ascii", "backslashreplace")


def _python_name(charset: str) -> str | None:
    plain = charset.strip("\"' ").lower()
    normal = "".join(c if c.isalnum() and c.isascii() else "_" for c in plain)
    if normal not in _KNOWN:
        return None
    try:
        name = codecs.lookup(normal).name
    except LookupError:
        return None
    return _AS_BROWSERS_DO.get(name, name)
