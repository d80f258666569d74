"""Types of settings: read a TOML value, or the words of an option or variable, into a value.

A `Kind` reads both forms of one type of setting, and says what it accepts. Readers raise
`Unacceptable`; the loader adds the place and the value, so that readers need not decide whether a
value may be shown.
"""

import math
import os
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final, Generic, TypeVar
from uuid import UUID

from sipcli.sip.grammar import TOKEN
from sipcli.sip.header_values import MAX_DELTA_SECONDS

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

MAX_TEXT: Final = 4096
"""Maximum characters of a value: far more than real ones have, and still fit for a header."""

_DIGITS: Final = re.compile(r"[0-9]{1,10}")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,10}(?:\.[0-9]{1,10})?")
_UUID: Final = re.compile(
    r"(?:urn:)?(?:uuid:)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.IGNORECASE
)
_HA1: Final = re.compile(r"(?:[0-9a-f]{32}){1,2}", re.IGNORECASE)
_ORIGIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#@\s]+|null")
_WORDS_OF_BOOLEANS: Final = {
    "true": True,
    "1": True,
    "yes": True,
    "false": False,
    "0": False,
    "no": False,
}


class Unacceptable(ValueError):  # noqa: N818 - a fact about a value; the error is made from it
    """A value that its kind does not accept. The reason never contains the value."""

    def __init__(self, reason: str = "", *, accepts: str = "", at: tuple[str | int, ...] = ()):
        super().__init__(reason)
        self.reason = reason
        """What is wrong with it, if that helps: "its port is 0"."""
        self.accepts = accepts
        """What is accepted at `at`; empty: what the kind accepts."""
        self.at = at
        """The part of the list or table that is wrong."""
        self.shown: str | None = None
        """What an error shows of the value; empty: nothing. None lets the loader decide what is
        safe to show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[T]):
    """One type of setting, as written in TOML, in options and in the environment."""

    accepts: str
    """What is accepted, as a text that follows "expected "."""
    metavar: str
    """The placeholder in an option's help."""
    from_toml: Callable[[object], T]
    from_words: Callable[[Sequence[str]], T]
    """Reads the words: one for each use of the option, or for each part of the variable."""
    plain: Callable[[T], object]
    """Returns the value for TOML and JSON, with secrets hidden."""
    split: Callable[[str], list[str]] = lambda text: [text]
    """Splits a variable into words."""
    many: bool = False
    """True if the option may be repeated."""
    flag: bool = False
    """True if the option is `--name/--no-name`."""
    rebase: Callable[[T, Path], T] | None = None
    """Resolves a path in the value against the folder of the file that contains it."""
    choices: tuple[str, ...] = ()
    """The accepted words, if there are only a few; for shell completion."""
    forms: tuple[tuple[str, str], ...] = ()
    """What users can write and what it means, if that needs a list of its own in the help."""


def clean(text: str) -> str:
    """Return `text` if it is not empty, not too long, UTF-8 and free of control characters."""
    if not text:
        raise Unacceptable("it is empty")
    if len(text) > MAX_TEXT:
        raise Unacceptable(f"it is longer than {MAX_TEXT} characters")
    for character in text:
        category = unicodedata.category(character)
        if category == "Cs":
            raise Unacceptable("it is not valid UTF-8")
        if category == "Cc":
            raise Unacceptable(f"it contains the control character U+{ord(character):04X}")
    return text


def string(value: object) -> str:
    """Return a TOML value that must be a string."""
    if not isinstance(value, str):
        raise Unacceptable("it is not a string")
    return value


def of_text(
    read: Callable[[str], T],
    *,
    accepts: str,
    metavar: str,
    rebase: Callable[[T, Path], T] | None = None,
) -> Kind[T]:
    """Return a kind that is a string in TOML and one word elsewhere, both read by `read`."""
    return Kind(
        accepts=accepts,
        metavar=metavar,
        from_toml=lambda value: read(string(value)),
        from_words=lambda words: read(words[-1]),
        plain=str,
        rebase=rebase,
    )


def text_kind(accepts: str, metavar: str = "TEXT") -> Kind[str]:
    """Return the kind of non-empty text."""
    return of_text(clean, accepts=accepts, metavar=metavar)


def optional_text(accepts: str) -> Kind[str | None]:
    """Return the kind of text that may be empty, which means None."""

    def read(text: str) -> str | None:
        return clean(text) if text else None

    return of_text(read, accepts=accepts, metavar="TEXT")


def boolean() -> Kind[bool]:
    """Return the kind of booleans; the environment also takes `1`/`0` and `yes`/`no`."""

    def from_words(words: Sequence[str]) -> bool:
        value = _WORDS_OF_BOOLEANS.get(words[-1].lower())
        if value is None:
            raise Unacceptable(accepts="true or false, 1 or 0, yes or no")
        return value

    def from_toml(value: object) -> bool:
        if not isinstance(value, bool):
            raise Unacceptable
        return value

    return Kind(
        accepts="true or false",
        metavar="",
        from_toml=from_toml,
        from_words=from_words,
        plain=bool,
        flag=True,
    )


def whole(
    accepts: str, metavar: str, *, lowest: int = 1, highest: int = MAX_DELTA_SECONDS
) -> Kind[int]:
    """Return the kind of whole numbers from `lowest` to `highest`."""

    def checked(value: int) -> int:
        if value < lowest:
            raise Unacceptable
        if value > highest:
            raise Unacceptable(f"it is above {highest}")
        return value

    def from_toml(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise Unacceptable
        return checked(value)

    def from_words(words: Sequence[str]) -> int:
        if not _DIGITS.fullmatch(words[-1]):
            raise Unacceptable
        return checked(int(words[-1]))

    return Kind(
        accepts=accepts, metavar=metavar, from_toml=from_toml, from_words=from_words, plain=int
    )


def whole_seconds() -> Kind[int]:
    """Return the kind of times in whole seconds, above 0."""
    return whole("a whole number of seconds above 0, such as 60", "SECONDS")


def number_of_toml(value: object) -> float:
    """Return a TOML integer or float that must be finite."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Unacceptable
    return float(value)


def number_of_text(text: str) -> float:
    """Parse a decimal number such as `10`, `-1` or `0.5`."""
    if not _NUMBER.fullmatch(text):
        raise Unacceptable
    return float(text)


def seconds() -> Kind[float]:
    """Return the kind of times in seconds, above 0, with an optional fraction."""

    def checked(value: float) -> float:
        if not 0 < value <= MAX_DELTA_SECONDS:
            raise Unacceptable
        return value

    return Kind(
        accepts="a number of seconds above 0, such as 10 or 2.5",
        metavar="SECONDS",
        from_toml=lambda value: checked(number_of_toml(value)),
        from_words=lambda words: checked(number_of_text(words[-1])),
        plain=shortest,
    )


def shortest(value: float) -> int | float:
    """Return `value` as an integer if it is whole, as people write it."""
    return int(value) if value == int(value) else value


def choice(choices: type[E]) -> Kind[E]:
    """Return the kind of an enumeration; its words are not case-sensitive."""

    def read(text: str) -> E:
        try:
            return choices(text.lower())
        except ValueError:
            raise Unacceptable from None

    words = tuple(str(word) for word in choices)
    accepts = f"{', '.join(words[:-1])} or {words[-1]}"
    return replace(of_text(read, accepts=accepts, metavar="|".join(words)), choices=words)


def path_kind(accepts: str) -> Kind[str]:
    """Return the kind of paths; `~` is expanded, relative ones start at the file's folder."""
    return of_text(clean, accepts=accepts, metavar="PATH", rebase=rebased)


def rebased(path: str, folder: Path) -> str:
    """Return `path`, written in a file in `folder`, relative to the current folder."""
    return str(folder / os.path.expanduser(path))


def uuid_kind() -> Kind[UUID]:
    """Return the kind of UUIDs: bare, `uuid:…` or a URN (RFC 9562 §4)."""

    def read(text: str) -> UUID:
        found = _UUID.fullmatch(text)
        if found is None:
            raise Unacceptable
        return UUID(found[1])

    return of_text(
        read,
        accepts="a UUID such as 8f1fa16a-1165-4a96-8341-785b1ef24f12, "
        "with or without uuid: or urn:uuid: before it",
        metavar="UUID",
    )


def ha1_kind() -> Kind[str]:
    """Return the kind of hex digests of `user:realm:password` (RFC 7616 §3.4.2)."""

    def read(text: str) -> str:
        if not _HA1.fullmatch(text):
            raise Unacceptable
        return text.lower()

    return of_text(read, accepts="32 (MD5) or 64 (SHA-256) hexadecimal digits", metavar="HEX")


def token_kind(accepts: str, metavar: str) -> Kind[str]:
    """Return the kind of tokens (RFC 3261 §25.1)."""

    def read(text: str) -> str:
        if not TOKEN.fullmatch(clean(text)):
            raise Unacceptable
        return text

    return of_text(read, accepts=accepts, metavar=metavar)


def origin_kind() -> Kind[str]:
    """Return the kind of web origins (RFC 6454 §6.1)."""

    def read(text: str) -> str:
        if not _ORIGIN.fullmatch(clean(text)):
            raise Unacceptable
        return text

    return of_text(read, accepts="an origin such as https://phone.example.org", metavar="ORIGIN")
