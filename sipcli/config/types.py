"""Readers: from a TOML value, or from the words of an option or variable, to a typed value.

A `Kind` knows both spellings of one type of setting and says what it accepts. Readers raise
`Unacceptable`; the loader adds the place and the value, so that no reader ever has to
decide whether a value may be shown.
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

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

MAX_TEXT: Final = 4096
"""Characters in one value: far above any real one, far below what would clog a header."""

MAX_SECONDS: Final = 2**32 - 1
"""Largest number of seconds: that of delta-seconds in SIP (RFC 3261 §20.19)."""

_DIGITS: Final = re.compile(r"[0-9]{1,10}")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,10}(?:\.[0-9]{1,10})?")
_UUID: Final = re.compile(
    r"(?:urn:)?(?:uuid:)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.IGNORECASE
)
_HA1: Final = re.compile(r"(?:[0-9a-f]{32}){1,2}", re.IGNORECASE)
_TOKEN: Final = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
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
    """A value that is not of its kind. The reason never repeats the value."""

    def __init__(self, reason: str = "", *, accepts: str = "", at: tuple[str | int, ...] = ()):
        super().__init__(reason)
        self.reason = reason
        """What is wrong with it, where that helps: "its port is 0"."""
        self.accepts = accepts
        """What would be accepted at `at`; empty: what the kind accepts."""
        self.at = at
        """Which part of a list or table is meant."""
        self.shown: str | None = None
        """What an error repeats of the value, where the reader knows better than the loader
        what is safe; empty: nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[T]):
    """One type of setting: how it is written in TOML, as an option and in the environment."""

    accepts: str
    """What is accepted, as it follows "expected "."""
    metavar: str
    """The placeholder in an option's help."""
    from_toml: Callable[[object], T]
    from_words: Callable[[Sequence[str]], T]
    """Reads one word for each time the option was given, or each part of the variable."""
    plain: Callable[[T], object]
    """The value as TOML and JSON can hold it, fit to be shown: secrets are hidden."""
    split: Callable[[str], list[str]] = lambda text: [text]
    """Cuts a variable into words."""
    many: bool = False
    """Whether the option may be repeated."""
    flag: bool = False
    """Whether the option is `--name/--no-name`."""
    rebase: Callable[[T, Path], T] | None = None
    """Resolves a path in the value against the folder it was written in."""
    choices: tuple[str, ...] = ()
    """All that is accepted, where that is a few words; for completion."""


def clean(text: str) -> str:
    """`text` itself, if it is not empty, not endless, UTF-8 and free of control characters."""
    if not text:
        raise Unacceptable("it is empty")
    if len(text) > MAX_TEXT:
        raise Unacceptable(f"it is longer than {MAX_TEXT} characters")
    for character in text:
        category = unicodedata.category(character)
        if category == "Cs":
            raise Unacceptable("it is not valid UTF-8")
        if category == "Cc":
            raise Unacceptable(f"it holds the control character U+{ord(character):04X}")
    return text


def string(value: object) -> str:
    """A TOML value that must be a string."""
    if not isinstance(value, str):
        raise Unacceptable("it is not a string")
    return value


def of_text(
    read: Callable[[str], T],
    *,
    accepts: str,
    metavar: str,
    plain: Callable[[T], object] = str,
    rebase: Callable[[T, Path], T] | None = None,
) -> Kind[T]:
    """A kind that is a string in TOML and one word elsewhere, read by the same function."""
    return Kind(
        accepts=accepts,
        metavar=metavar,
        from_toml=lambda value: read(string(value)),
        from_words=lambda words: read(words[-1]),
        plain=plain,
        rebase=rebase,
    )


def text_kind(accepts: str, metavar: str = "TEXT") -> Kind[str]:
    """Any text that is not empty."""
    return of_text(clean, accepts=accepts, metavar=metavar)


def optional_text(accepts: str) -> Kind[str | None]:
    """Any text; an empty one means none."""

    def read(text: str) -> str | None:
        return clean(text) if text else None

    return of_text(read, accepts=accepts, metavar="TEXT")


def boolean() -> Kind[bool]:
    """Strict in TOML; `true`/`false`, `1`/`0`, `yes`/`no` in the environment."""

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


def whole(accepts: str, metavar: str, *, lowest: int = 1, highest: int = MAX_SECONDS) -> Kind[int]:
    """A whole number from `lowest` to `highest`."""

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


def number_of_toml(value: object) -> float:
    """A TOML integer or float that is a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Unacceptable
    return float(value)


def number_of_text(text: str) -> float:
    """A decimal number such as `10`, `-1` or `0.5`."""
    if not _NUMBER.fullmatch(text):
        raise Unacceptable
    return float(text)


def seconds() -> Kind[float]:
    """A time above 0 that may have a fraction."""

    def checked(value: float) -> float:
        if not 0 < value <= MAX_SECONDS:
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
    """`value` as an integer where nothing is lost by it, as a person would write it."""
    return int(value) if value == int(value) else value


def choice(choices: type[E]) -> Kind[E]:
    """One of a few words, in any letter case."""

    def read(text: str) -> E:
        try:
            return choices(text.lower())
        except ValueError:
            raise Unacceptable from None

    words = tuple(str(word) for word in choices)
    accepts = f"{', '.join(words[:-1])} or {words[-1]}"
    return replace(of_text(read, accepts=accepts, metavar="|".join(words)), choices=words)


def path_kind(accepts: str) -> Kind[str]:
    """A file name; `~` is the home folder, and a relative one starts at the file it stands in."""
    return of_text(clean, accepts=accepts, metavar="PATH", rebase=rebased)


def rebased(path: str, folder: Path) -> str:
    """`path` as seen from the current folder, if it was written in a file in `folder`."""
    return str(folder / os.path.expanduser(path))


def uuid_kind() -> Kind[UUID]:
    """A UUID, bare, as `uuid:…` or as the URN of RFC 9562 §4."""

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
    """The hex digest of `user:realm:password` (RFC 7616 §3.4.2)."""

    def read(text: str) -> str:
        if not _HA1.fullmatch(text):
            raise Unacceptable
        return text.lower()

    return of_text(read, accepts="32 (MD5) or 64 (SHA-256) hexadecimal digits", metavar="HEX")


def token_kind(accepts: str, metavar: str) -> Kind[str]:
    """A token as in RFC 3261 §25.1."""

    def read(text: str) -> str:
        if not _TOKEN.fullmatch(clean(text)):
            raise Unacceptable
        return text

    return of_text(read, accepts=accepts, metavar=metavar)


def origin_kind() -> Kind[str]:
    """A web origin (RFC 6454 §6.1)."""

    def read(text: str) -> str:
        if not _ORIGIN.fullmatch(clean(text)):
            raise Unacceptable
        return text

    return of_text(read, accepts="an origin such as https://phone.example.org", metavar="ORIGIN")
