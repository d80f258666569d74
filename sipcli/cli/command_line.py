"""The command line of this invocation, for a report: to run it again, without its secrets."""

import re
import shlex
from collections.abc import Iterator, Sequence
from typing import Final

from sipcli.cli.shared_options import words_of_invocation
from sipcli.config.format import HIDDEN, mask
from sipcli.config.settings import KEYS
from sipcli.sip.masking import line_without_secrets
from sipcli.text import target_without_password

_SECRET_OPTIONS: Final = frozenset(
    ("--user", *(key.option for key in KEYS if key.secret or key.hidden))
)
"""Options with secret values; `--user` of the sandbox has a password, too."""
_HEADER: Final = "--header"
_CREDENTIALS: Final = re.compile(r"\s*((?:proxy-)?authorization)\s*:", re.IGNORECASE)


def repeatable() -> str:
    """Return the command line of this invocation, quoted for a shell; secrets are hidden."""
    return shlex.join(("sipcli", *_without_secrets(words_of_invocation())))


def _without_secrets(words: Sequence[str]) -> Iterator[str]:
    option, are_options_over = "", False
    for word in words:
        name, equals, value = word.partition("=")
        if option in _SECRET_OPTIONS:
            yield HIDDEN
        elif name in _SECRET_OPTIONS and equals and not are_options_over:
            yield f"{name}={HIDDEN}"
        elif name == _HEADER and equals and not are_options_over:
            yield f"{name}={_header(value)}"
        elif option == _HEADER:
            yield _header(word)
        else:
            yield _shown(word)
        are_options_over = are_options_over or (word == "--" and not option)
        takes_value = word in _SECRET_OPTIONS or word == _HEADER
        option = word if takes_value and not option and not are_options_over else ""


def _header(line: str) -> str:
    found = _CREDENTIALS.match(line)
    return line_without_secrets(line) if found is None else f"{found[1]}: {HIDDEN}"


def _shown(word: str) -> str:
    """Return a word without the secrets of an address; what has a blank is none."""
    return word if " " in word else line_without_secrets(mask(target_without_password(word)))
