"""The words of `--audio-in`, `--audio-out` and `audio.ring`, and the grammar of them all.

The configuration checks a value with this grammar, and a call opens it by the same. To add a word,
declare it here and write the file in `media/audio_io/` that the declaration names.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sipcli.catalog.codecs import PCM_RATE

MAX_TONE_HZ: Final = PCM_RATE // 2
"""A tone lies below: half of the sampling rate."""
LOOP: Final = "#loop"
"""At the end of a path: play the file again and again."""


@dataclass(frozen=True, slots=True)
class AudioSpec:
    """One parsed word, such as `tone:440`."""

    word: str
    """What stands before the colon."""
    value: str = ""
    """What stands after it; empty where there is none."""


@dataclass(frozen=True, slots=True)
class AudioWord:
    """One word that names a source or a sink."""

    forms: str
    """What users write; where the first form is the bare word, no value is needed."""
    meaning: str
    """What it stands for, as the help says it."""
    module: str
    """The file in `media/audio_io/` that opens it: its `source` or `sink` takes the `AudioSpec`."""
    accepts: Callable[[str], bool] | None = None
    """Return True for a value that may follow the colon; None if no colon may follow."""
    limits: str = ""
    """Which values are accepted, where the forms do not say it."""
    takes_path: bool = False
    """True if the value is a path; the configuration resolves it against its own folder."""

    @property
    def name(self) -> str:
        """The word itself."""
        return self.forms.split(",")[0].partition(":")[0]

    @property
    def is_whole(self) -> bool:
        """True if the word means something without a value."""
        return self.forms.split(",")[0] == self.name

    @property
    def usage(self) -> str:
        """Its forms and limits, for an error."""
        return f"{self.forms} ({self.limits})" if self.limits else self.forms


@dataclass(frozen=True, slots=True)
class AudioGrammar:
    """All words of one option."""

    words: tuple[AudioWord, ...]

    @property
    def usage(self) -> str:
        """All forms, as they follow "expected "."""
        *others, last = [word.usage for word in self.words]
        return f"{', '.join(others)} or {last}"

    @property
    def explained(self) -> tuple[tuple[str, str], ...]:
        """The forms of each word, and what they stand for."""
        return tuple(
            (word.forms, f"{word.meaning}, {word.limits}" if word.limits else word.meaning)
            for word in self.words
        )

    def find(self, text: str) -> AudioWord | None:
        """Return the word that `text` begins with, whatever its value; None if it is none."""
        name = text.partition(":")[0]
        return next((word for word in self.words if word.name == name), None)

    def parse(self, text: str) -> AudioSpec | None:
        """Return what `text` names; None if it is none of the words, or has no valid value."""
        name, colon, value = text.partition(":")
        word = self.find(text)
        if word is None:
            return None
        is_valid = word.accepts and word.accepts(value) if colon else word.is_whole
        return AudioSpec(name, value) if is_valid else None


def split_loop(value: str) -> tuple[str, bool]:
    """Return the path of a `file:` source, and True if it loops."""
    return value.removesuffix(LOOP), value.endswith(LOOP)


def is_path(value: str) -> bool:
    """Return True for text that can be a path: not empty, no NUL."""
    return bool(value) and "\0" not in value


def _is_path_to_play(value: str) -> bool:
    return is_path(split_loop(value)[0])


def _is_path_to_record(value: str) -> bool:
    return is_path(value) and value.lower().endswith(".wav")


def _is_frequency(value: str) -> bool:
    """Return True for up to five digits and three decimals, above 0 and below `MAX_TONE_HZ`."""
    whole, point, decimals = value.partition(".")
    is_number = _are_digits(whole, 5) and (_are_digits(decimals, 3) if point else True)
    return is_number and 0 < float(value) < MAX_TONE_HZ


def _are_digits(text: str, max_length: int) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= max_length


_PCM: Final = f"raw signed 16-bit little-endian mono samples at {PCM_RATE // 1000} kHz"
_DEVICE: Final = AudioWord(
    "device, device:NAME", "the default device, or the one whose name contains NAME", "device", bool
)
_NULL: Final = AudioWord("null", "nowhere", "generators")

SOURCES: Final = AudioGrammar(
    (
        _DEVICE,
        AudioWord(
            f"file:PATH, file:PATH{LOOP}",
            f"a file in any format that FFmpeg reads; {LOOP} repeats it",
            "file_source",
            _is_path_to_play,
            takes_path=True,
        ),
        AudioWord(
            "tone:HZ",
            "a sine tone",
            "generators",
            _is_frequency,
            limits=f"above 0 and below {MAX_TONE_HZ}",
        ),
        AudioWord("noise", "pink noise", "generators"),
        AudioWord("silence", "digital silence", "generators"),
        AudioWord("-", f"stdin: {_PCM}", "pipes"),
    )
)
"""What can be sent: `--audio-in`."""
SINKS: Final = AudioGrammar(
    (
        _DEVICE,
        AudioWord("file:PATH.wav", "a WAV file", "wav", _is_path_to_record, takes_path=True),
        _NULL,
        AudioWord("-", f"stdout: {_PCM}", "pipes"),
    )
)
"""Where received audio can go: `--audio-out`."""
RINGS: Final = AudioGrammar((_DEVICE, _NULL))
"""Where an incoming call can ring: `audio.ring`."""
