"""Reads the configuration file, with a size limit and the line of each value."""

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sipcli.config.toml_lines import KeyPath, find_lines
from sipcli.errors import ConfigError
from sipcli.text import one_line

MAX_BYTES: Final = 256 * 1024
"""Size limit in bytes: enough for hundreds of profiles, and it catches a wrong file early."""

_PLACE: Final = re.compile(r" \(at line ([0-9]+), column ([0-9]+)\)$")


@dataclass(frozen=True, slots=True)
class TomlFile:
    """A configuration file that is valid TOML."""

    path: Path
    table: Mapping[str, object]
    lines: Mapping[KeyPath, int]
    readable_by_others: bool
    """True if its permissions let other users read it; known on POSIX only."""

    def place(self, path: KeyPath) -> str:
        """Return `FILE:LINE` of a key or element, or of the nearest enclosing one with a line."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.lines:
                return f"{name_of(self.path)}:{self.lines[path[:end]]}"
        return name_of(self.path)


def name_of(path: Path) -> str:
    """Return the file name for display."""
    return one_line(str(path))


def read(path: Path) -> TomlFile:
    """Read and parse a file. Raises `ConfigError` with its name and, if known, the line."""
    name = name_of(path)
    try:
        with path.open("rb") as stream:
            status = os.fstat(stream.fileno())
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{name}: cannot be read: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{name}: not a configuration file: it is larger than {MAX_BYTES} bytes")
    table, lines = _parsed(_decoded(data, name), name)
    return TomlFile(path, table, lines, _readable_by_others(status))


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{name}:{line}: not UTF-8 text; save the file as UTF-8") from None


def _parsed(text: str, name: str) -> tuple[dict[str, object], dict[KeyPath, int]]:
    try:
        # For an error at the very end, tomllib gives no line; a final line feed avoids that.
        return tomllib.loads(f"{text}\n"), find_lines(text)
    except RecursionError:
        raise ConfigError(f"{name}: not a configuration file: nested too deeply") from None
    except ValueError as error:  # tomllib also raises the ValueError of int()
        raise ConfigError(_syntax_error(str(error), name)) from None


def _syntax_error(reason: str, name: str) -> str:
    """Return the text of a `tomllib` error with the place first, as compilers have it."""
    found = _PLACE.search(reason)
    if found is None:
        return f"{name}: not valid TOML: {one_line(reason)}"
    reason = one_line(reason[: found.start()])
    hint = '; text needs quotes: key = "text"' if reason == "Invalid value" else ""
    return f"{name}:{found[1]}: not valid TOML: {reason} at column {found[2]}{hint}"


def _readable_by_others(status: os.stat_result) -> bool:
    others = stat.S_IRGRP | stat.S_IROTH
    return os.name == "posix" and stat.S_ISREG(status.st_mode) and bool(status.st_mode & others)
