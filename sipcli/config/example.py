"""Generates `config.example.toml`: every key, commented out, with documentation and default."""

import textwrap
from collections.abc import Iterator
from typing import Final

from sipcli.config.format import toml_text
from sipcli.config.keys import Key, Section
from sipcli.config.settings import KEYS

_WIDTH: Final = 90
_HEAD: Final = """\
# Configuration of sipcli. `sipcli config path` shows where this file belongs.
#
# Every key is here, commented out, with its default or, if it has none, with an example.
# These override this file: the selected profile (below), the environment
# (SIPCLI_<KEY IN CAPITALS>, lists separated by spaces) and the command line.
"""
_TAIL: Final = """\

# Profiles
# --------

# A profile can set any of the keys above, and overrides them.
# Select it with --profile work, or SIPCLI_PROFILE=work.
#[profiles.work]
#uri = "sip:alice@work.example.org"
#ws_servers = "wss://sip.work.example.org"
#log = { level = "info" }
"""


def example() -> str:
    """Return the text of the example file."""
    sections = (_section(section) for section in Section)
    return _HEAD + "".join(sections) + _TAIL


def _section(section: Section) -> str:
    entries = [_entry(key) for key in KEYS if key.section is section]
    return f"\n# {section}\n# {'-' * len(section)}\n\n" + "\n".join(entries)


def _entry(key: Key) -> str:
    return "".join(f"{line}\n" for line in _lines(key))


def _lines(key: Key) -> Iterator[str]:
    for line in textwrap.wrap(key.doc, _WIDTH - 2):
        yield f"# {line}"
    if key.derived:
        yield f"# Default: {key.derived}."
    elif key.example:
        yield "# No default."
    value = key.example or toml_text(key.default)
    yield f"#{key.name} = {value}"
