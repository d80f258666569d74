"""The tables of the configuration file: `audio`, `opus` and `log`, with the keys in them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final, Literal

from sipcli.catalog.audio_spec import RINGS, SINKS, SOURCES, AudioGrammar
from sipcli.config.keys import Section, key
from sipcli.config.types import (
    Kind,
    Unacceptable,
    boolean,
    choice,
    clean,
    of_text,
    path_kind,
    rebased,
    whole,
)

_AUTO: Final[Literal["auto"]] = "auto"


class LogLevel(StrEnum):
    """How much is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def _audio_kind(grammar: AudioGrammar, metavar: str) -> Kind[str]:
    def read(text: str) -> str:
        if grammar.parse(clean(text)) is None:
            raise Unacceptable
        return text

    def rebase(text: str, folder: Path) -> str:
        name, colon, value = text.partition(":")
        word = grammar.find(text)
        takes_path = word is not None and word.takes_path and colon
        return f"{name}:{rebased(value, folder)}" if takes_path else text

    kind = of_text(read, accepts=grammar.usage, metavar=metavar, rebase=rebase)
    return replace(kind, forms=grammar.explained)


def boolean_or_auto() -> Kind[bool | Literal["auto"]]:
    """Return the kind of a boolean or "auto", which lets sipcli decide. The option is a flag."""
    flag = boolean()

    def from_words(words: Sequence[str]) -> bool | Literal["auto"]:
        if words[-1].lower() == _AUTO:
            return _AUTO
        try:
            return flag.from_words(words)
        except Unacceptable as fault:
            raise Unacceptable(accepts=f"{fault.accepts}, or auto") from None

    def from_toml(value: object) -> bool | Literal["auto"]:
        return _AUTO if value == _AUTO else flag.from_toml(value)

    return Kind(
        accepts='true, false or "auto"',
        metavar="",
        from_toml=from_toml,
        from_words=from_words,
        plain=lambda value: value,
        flag=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioTable:
    """The `audio` table; the words are those of `--audio-in` and `--audio-out`."""

    input: str = key(
        "device",
        _audio_kind(SOURCES, "SOURCE"),
        Section.AUDIO,
        f"What is sent: a microphone, a file, a tone, noise or silence. Takes {SOURCES.usage}.",
        other_option="--audio-in",
    )
    output: str = key(
        "device",
        _audio_kind(SINKS, "SINK"),
        Section.AUDIO,
        f"Where received audio goes: a loudspeaker, a WAV file or nowhere. Takes {SINKS.usage}.",
        other_option="--audio-out",
    )
    ring: str = key(
        "device",
        _audio_kind(RINGS, "SINK"),
        Section.AUDIO,
        f"Where an incoming call rings. Takes {RINGS.usage}.",
    )
    echo_cancellation: bool | Literal["auto"] = key(
        "auto",
        boolean_or_auto(),
        Section.AUDIO,
        "Remove the loudspeaker's sound from what the microphone picks up. auto: if the "
        "package for it is installed (pip install 'sipcli[aec]'). Files, tones and pipes are never "
        "processed; this is also true for the next two keys.",
        other_option="--echo-cancellation",
    )
    noise_suppression: bool = key(
        False,
        boolean(),
        Section.AUDIO,
        "Remove steady noise, such as a fan's, from what the microphone picks up. It removes "
        "steady tones, too. Needs the same package as echo_cancellation.",
        other_option="--noise-suppression",
        rare=True,
    )
    gain_control: bool = key(
        False,
        boolean(),
        Section.AUDIO,
        "Bring a quiet voice at the microphone to a normal level. It amplifies any remaining "
        "echo as well. Needs the same package as echo_cancellation.",
        other_option="--gain-control",
        rare=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OpusTable:
    """The `opus` table: how we encode, and what we request from the far end."""

    bitrate: int = key(
        32_000,
        whole("bits per second from 6000 to 510000", "N", lowest=6_000, highest=510_000),
        Section.AUDIO,
        "The average bit rate of the Opus we send, in bits per second. A value below the "
        "default is also requested from the far end (maxaveragebitrate). We never exceed what "
        "the far end requests.",
        rare=True,
    )
    complexity: int = key(
        7,
        whole("a whole number from 0 to 10", "N", lowest=0, highest=10),
        Section.AUDIO,
        "The complexity of the Opus encoder, 0 to 10. Lower values use less CPU, and sound a "
        "little worse.",
        rare=True,
    )
    fec: bool = key(
        True,
        boolean(),
        Section.AUDIO,
        "Use Opus in-band FEC once losses are reported: each packet can repair the one before.",
        rare=True,
    )
    red: bool = key(
        True,
        boolean(),
        Section.AUDIO,
        "Use redundancy (RED, RFC 2198) for Opus once losses are reported. Each packet then "
        "repeats the ones before it. This takes two or three times the bit rate while losses last.",
        rare=True,
    )
    dtx: bool = key(
        False,
        boolean(),
        Section.AUDIO,
        "Send almost nothing during silence (DTX), and ask the far end to do the same.",
        rare=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LogTable:
    """The `log` table."""

    level: LogLevel = key(
        LogLevel.WARNING,
        choice(LogLevel),
        Section.LOG,
        "How much is logged. info logs the events of a run, debug also the details: "
        "connections, transactions, dialogs, offers, ICE, DTLS, playout.",
    )
    file: str | None = key(
        None,
        path_kind("the path of a file in a folder that exists"),
        Section.LOG,
        "The file that the log is appended to.",
        example='"sipcli.log"',
        derived="stderr",
    )
