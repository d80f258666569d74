"""Reads settings given as Python arguments: keys and values of the file, also tuples and paths."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from sipcli.config.source import Source
from sipcli.config.sources import PROFILES, Reading, of_table
from sipcli.config.toml_file import TomlFile

PLACE: Final = Path("Phone()")
"""The place that errors name; relative paths start at the working directory."""


def of_arguments(arguments: Mapping[str, object]) -> Reading:
    """Read `arguments`, by the names of the keys."""
    table = {name: _plain(value) for name, value in arguments.items()}
    file = TomlFile(PLACE, table, lines={}, readable_by_others=False)
    reading = of_table(file, table, (), Source.OPTION)
    if PROFILES in table:
        reading.problems.append(f"{PLACE}: {PROFILES}: only a configuration file has profiles")
    return reading


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
