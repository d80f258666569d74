"""The text of `sipcli help settings`: every key, from the table of keys."""

from typing import Final

import click

from sipcli.config.format import toml_text
from sipcli.config.keys import Key, Section
from sipcli.config.settings import KEYS

INTRODUCTION: Final = (
    "Each setting is a key of the configuration file, an environment variable and an option. An "
    "option overrides the variable, the variable the selected profile, and the profile the file. "
    "`sipcli config path` shows where the file belongs, `sipcli config show` which settings are in "
    "force."
)


def settings_help(formatter: click.HelpFormatter) -> None:
    """Write every key with its default, variable, option and documentation."""
    formatter.write_text(INTRODUCTION)
    for section in Section:
        formatter.write_paragraph()
        formatter.write(f"{section}\n")
        for key in KEYS:
            if key.section is section:
                formatter.write_paragraph()
                _write(key, formatter)


def _write(key: Key, formatter: click.HelpFormatter) -> None:
    """Write one key. Its first three lines are not wrapped: users search and copy them."""
    with formatter.indentation():
        _write_line(formatter, f"{key.name} = {default_of(key)}")
        with formatter.indentation():
            _write_line(formatter, key.variable)
            _write_line(formatter, usage_of(key))
            formatter.write_text(key.doc)


def _write_line(formatter: click.HelpFormatter, line: str) -> None:
    formatter.write(f"{'':{formatter.current_indent}}{line}\n")


def default_of(key: Key) -> str:
    """Return the default of a key as the file would have it, or in words in brackets."""
    if key.derived:
        return f"({key.derived})"
    return toml_text(key.default) if key.default is not None else "(not set)"


def usage_of(key: Key) -> str:
    """Return the option of a key, with what it takes."""
    if key.kind.flag:
        return f"{key.option}, {key.negative_option}"
    return f"{key.option} {key.kind.metavar}"
