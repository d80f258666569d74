"""The keys during a call, and the command of each (contract §2)."""

from collections.abc import Mapping
from typing import Final

from sipcli.cli.script.call_commands import Begin, CallCommands, InvalidCommand, TypedCommand

HELP: Final = (
    "a answer · r reject · h hold/resume · m mute · 0-9*# digits · t transfer"
    " · s statistics · y/n accept or refuse a transfer · q hang up"
)

KEYS: Final[Mapping[str, Begin]] = {
    "a": CallCommands.answer,
    "r": CallCommands.reject,
    "h": CallCommands.toggle_hold,
    "m": CallCommands.toggle_mute,
    "s": CallCommands.stats,
    "y": CallCommands.accept,
    "n": CallCommands.refuse,
    "q": CallCommands.hang_up,
}
"""Key -> its command; digits have theirs, and `t` asks for the target first."""


def command_of_key(key: str) -> TypedCommand:
    """Return the command of a key. Raises `InvalidCommand`."""
    if is_digit(key):
        return TypedCommand(key, lambda commands: commands.dtmf(key))
    if key not in KEYS:
        raise InvalidCommand(f"no such key: {key!r}; ? shows the keys")
    return TypedCommand(key, KEYS[key])


def is_digit(key: str) -> bool:
    """True for the keys of a telephone: digits, `*` and `#`."""
    return len(key) == 1 and key in "0123456789*#"
