"""Parse the lines of a script on stdin (contract §2, `--stdin`)."""

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

import click

from sipcli.cli.call_keys import HELP, KEYS, command_of_key, is_digit
from sipcli.cli.expect_options import read_expectation
from sipcli.cli.script.call_commands import (
    WORDS,
    InvalidCommand,
    TypedCommand,
    command_of_line,
    split,
)
from sipcli.expect.expectations import Expectations
from sipcli.sip.uri import SipUri

EVENTS: Final = (
    "connected",
    "disconnected",
    "registered",
    "calling",
    "incoming",
    "progress",
    "answered",
    "media",
    "dtmf",
    "held",
    "resumed",
    "transfer_requested",
    "transfer",
    "redirect_requested",
    "redirect",
    "message",
    "ended",
)
"""The events of the contract (§4) that `wait` accepts."""
WAIT_TIMEOUT_S: Final = 60.0
"""Seconds that a `wait` without a time lasts."""
MAX_SECONDS: Final = 86_400.0
"""The longest time that a line may give, in seconds."""
SCRIPT_HELP: Final = f"{HELP} · sleep S · wait EVENT [S] · expect … · words work, too"

_MORE: Final = ("sleep", "wait", "expect")
_SECONDS: Final = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Sleep:
    """Pause."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait for an event, at most `seconds`."""

    event: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Expect:
    """Judge the call so far."""

    wanted: Expectations


@dataclass(frozen=True, slots=True)
class Help:
    """List keys and commands."""


ScriptStep: TypeAlias = TypedCommand | Sleep | Wait | Expect | Help


def parse(text: str, own: SipUri) -> ScriptStep | None:
    """Parse a line; return None for an empty one or a comment. Raises `InvalidCommand`.

    `own` is our own URI, whose domain is that of bare names. A line that is only `#` is the key.
    """
    text = text.strip()
    if not text or (text.startswith("#") and text != "#"):
        return None
    word, rest = split(text)
    match word:
        case "?" if not rest:
            return Help()
        case _ if text in KEYS or is_digit(text):
            return command_of_key(text)
        case "sleep":
            return Sleep(_seconds(rest))
        case "wait":
            return _wait(rest)
        case "expect":
            return Expect(_expectation(rest))
        case "t":
            text = f"transfer {rest}"
        case _ if word not in WORDS:
            raise InvalidCommand(
                f"unknown command {word!r}; expected a key or one of {', '.join((*WORDS, *_MORE))}"
            )
    return command_of_line(text, own)


def _expectation(rest: str) -> Expectations:
    try:
        return read_expectation(rest)
    except click.BadParameter as error:
        raise InvalidCommand(f"expect {rest}: {error.message}") from None


def _wait(rest: str) -> Wait:
    event, seconds = split(rest)
    if event not in EVENTS:
        raise InvalidCommand(f"cannot wait for {event!r}; expected one of {', '.join(EVENTS)}")
    return Wait(event, _seconds(seconds) if seconds else WAIT_TIMEOUT_S)


def _seconds(text: str) -> float:
    if not _SECONDS.fullmatch(text) or not 0 <= float(text) <= MAX_SECONDS:
        raise InvalidCommand(f"{text!r} is not a time in seconds (0 to {MAX_SECONDS:.0f})")
    return float(text)
