"""Reads each source of settings: options, Python arguments, environment, and the file's tables.

Each reader returns a `Reading`. Problems are collected, not raised, so that users see all of them
at once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeAlias

from sipcli.config.format import HIDDEN, toml_text, wrong_value
from sipcli.config.keys import ENV_PREFIX, Key
from sipcli.config.paths import CONFIG_VARIABLE
from sipcli.config.settings import BY_NAME, KEYS, TABLES
from sipcli.config.toml_file import TomlFile
from sipcli.config.toml_lines import KeyPath
from sipcli.config.types import Unacceptable
from sipcli.text import did_you_mean, one_line


class SettingSource(StrEnum):
    """The sources of settings, highest precedence first."""

    OPTION = "option"
    ENVIRONMENT = "environment"
    PROFILE = "profile"
    FILE = "file"
    STATE = "state"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Origin:
    """The source of a value, and its place there."""

    source: SettingSource
    place: str = ""
    """`--option`, `VARIABLE`, `FILE:LINE`, or empty."""

    def __str__(self) -> str:
        if self.source is SettingSource.PROFILE:
            return f"{self.place} (profile)"
        return self.place or str(self.source)


@dataclass(frozen=True, slots=True)
class Found:
    """A value and its origin."""

    value: object
    origin: Origin


DEFAULT: Final = Origin(SettingSource.DEFAULT)

Given: TypeAlias = bool | str | tuple[str, ...]
"""The raw value of an option from the command line: words, or a boolean for a flag."""

PROFILES: Final = "profiles"
PROFILE_VARIABLE: Final = ENV_PREFIX + "PROFILE"

_HERE: Final = Path()
_ARGUMENTS: Final = Path("Phone()")
"""The place that errors name; relative paths start at the working directory."""


@dataclass(slots=True)
class Reading:
    """The content of one source, by the names of the keys."""

    found: dict[str, Found] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def add(self, key: Key, origin: Origin, folder: Path, read: Callable[[], object]) -> None:
        """Store what `read` returns. Raises `Unacceptable` if it does."""
        value = read()
        if key.kind.rebase is not None:
            value = key.kind.rebase(value, folder)
        self.found[key.name] = Found(value, origin)


def of_options(given: Mapping[str, Given | None]) -> Reading:
    """Read the options of the command line, by identifier of the key; None: not given."""
    reading = Reading()
    for key in KEYS:
        raw = given.get(key.identifier)
        if raw is None or raw == ():
            continue
        option = key.negative_option if raw is False else key.option
        _add_words(reading, key, Origin(SettingSource.OPTION, option), raw)
        if key.name in reading.found and holds_secret(key, reading.found[key.name].value):
            reading.warnings.append(
                f"{key.option}: other users of this machine can see it in the process list; "
                f"safer: {key.variable} or the configuration file"
            )
    return reading


def of_arguments(arguments: Mapping[str, object]) -> Reading:
    """Read `arguments`, by the names of the keys."""
    table = {name: _plain(value) for name, value in arguments.items()}
    file = TomlFile(_ARGUMENTS, table, lines={}, readable_by_others=False)
    reading = of_table(file, table, (), SettingSource.OPTION)
    if PROFILES in table:
        reading.problems.append(f"{_ARGUMENTS}: {PROFILES}: only a configuration file has profiles")
    return reading


def of_environment(environ: Mapping[str, str]) -> Reading:
    """Read the variables that begin with `SIPCLI_`; empty ones count as unset."""
    reading = Reading()
    by_variable = {key.variable: key for key in KEYS}
    for variable, text in environ.items():
        if not variable.startswith(ENV_PREFIX) or not text:
            continue
        key = by_variable.get(variable)
        if key is not None:
            words = tuple(key.kind.split(text))
            if words:
                _add_words(reading, key, Origin(SettingSource.ENVIRONMENT, variable), words)
        elif variable not in (CONFIG_VARIABLE, PROFILE_VARIABLE):
            hint = did_you_mean(variable, by_variable)
            reading.warnings.append(f"{one_line(variable)}: there is no such setting{hint}")
    return reading


def of_table(
    file: TomlFile, table: Mapping[str, object], at: KeyPath, source: SettingSource
) -> Reading:
    """Read the top level (`at` is empty) or a profile, with its tables."""
    reading = Reading()
    for name, value in table.items():
        if name == PROFILES and not at:
            continue
        if name in TABLES:
            _add_subtable(reading, file, name, value, at, source)
        elif name in BY_NAME and not BY_NAME[name].table:
            _add_toml(reading, file, BY_NAME[name], (*at, name), value, source)
        else:
            known = [key.name for key in KEYS if not key.table] + [*TABLES, PROFILES]
            reading.problems.append(_unknown(file, (*at, name), known))
    return reading


def holds_secret(key: Key, value: object) -> bool:
    """Return True if this value contains a secret; TURN servers, for example, may have none."""
    return key.secret and HIDDEN in toml_text(key.plain(value))


def _add_words(reading: Reading, key: Key, origin: Origin, raw: Given) -> None:
    if isinstance(raw, bool):
        reading.add(key, origin, _HERE, lambda: raw)
        return
    words = (raw,) if isinstance(raw, str) else raw
    try:
        reading.add(key, origin, _HERE, lambda: key.kind.from_words(words))
    except Unacceptable as fault:
        reading.problems.append(_refusal(origin.place, key, fault, _word_at(words, fault.at)))


def _word_at(words: Sequence[str], at: KeyPath) -> str:
    if at and isinstance(at[0], int):
        return words[at[0]]
    return " ".join(words)


def _add_subtable(
    reading: Reading, file: TomlFile, table: str, value: object, at: KeyPath, source: SettingSource
) -> None:
    names = [key.name.removeprefix(f"{table}.") for key in KEYS if key.table == table]
    path = (*at, table)
    if not isinstance(value, dict):
        reading.problems.append(
            f"{_subject(file, path)}: {wrong_value(value)} is not accepted: it is not a table; "
            f"expected a table with {', '.join(names)}"
        )
        return
    for name, item in value.items():
        if name in names:
            key = BY_NAME[f"{table}.{name}"]
            _add_toml(reading, file, key, (*path, name), item, source)
        else:
            reading.problems.append(_unknown(file, (*path, name), names))


def _add_toml(
    reading: Reading, file: TomlFile, key: Key, path: KeyPath, value: object, source: SettingSource
) -> None:
    origin = Origin(source, file.place(path))
    try:
        reading.add(key, origin, file.path.parent, lambda: key.kind.from_toml(value))
    except Unacceptable as fault:
        subject = _subject(file, (*path, *fault.at))
        reading.problems.append(_refusal(subject, key, fault, _value_at(value, fault.at)))


def _value_at(value: object, at: KeyPath) -> object:
    for step in at:
        if isinstance(value, dict | list):
            value = value[step]  # type: ignore[index]  # the reader took the same steps
    return value


def _refusal(subject: str, key: Key, fault: Unacceptable, value: object) -> str:
    shown = fault.shown
    if shown is None:
        shown = HIDDEN if key.secret or key.hidden else wrong_value(value)
    pieces = [f"{shown} is not accepted"] if shown else []
    pieces += [fault.reason] if fault.reason else []
    return f"{subject}: {': '.join(pieces)}; expected {fault.accepts or key.kind.accepts}"


def _unknown(file: TomlFile, path: KeyPath, known: Sequence[str]) -> str:
    """Return the text for an unknown key, without its value, which may be a secret."""
    hint = did_you_mean(str(path[-1]), known)
    return f"{_subject(file, path)}: unknown key{hint or '; expected ' + ', '.join(known)}"


def _subject(file: TomlFile, path: KeyPath) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return f"{file.place(path)}: {one_line(text.removeprefix('.'))}"


def _plain(value: object) -> object:
    """Return the value as TOML would have it."""
    match value:
        case Path():
            return str(value)
        case list() | tuple():
            return [_plain(item) for item in value]
        case dict():
            return {name: _plain(item) for name, item in value.items()}
        case _:
            return value
