"""The words of --audio-in, --audio-out and audio.ring: settings and calls read them alike."""

from collections.abc import Callable

import pytest

from sipcli.catalog.audio_spec import MAX_TONE_HZ, RINGS, SINKS, SOURCES
from sipcli.config.settings import BY_NAME
from sipcli.config.types import Kind, Unacceptable
from sipcli.errors import ConfigError
from sipcli.media.audio_io.open import parse_sink, parse_source
from sipcli.media.audio_io.wav import parse_record
from sipcli.media.pcm import RATE

WORDS = (
    "device", "device:", "device:Mic", "device:file:x.wav", "file", "file:", "file:a", "file:a.wav",
    "file:A.WAV", "file:.wav", "file:#loop", "file:a#loop", "file:a.wav#loop", "file:#loop#loop",
    "file:#loop.wav", "file:a\0b.wav", "file:\0#loop", "tone", "tone:", "tone:0", "tone:0.000",
    "tone:0.001", "tone:440", "tone:23999.999", "tone:24000", "tone:1e3", "tone:-1", "tone:٤٤٠",
    "noise", "noise:", "noise:pink", "silence", "silence:", "null", "null:", "-", "-:", "-x", "x",
    "Device", " device", "",
)  # fmt: skip


def accepts(read: Callable[[str], object], word: str) -> bool:
    try:
        read(word)
    except (ConfigError, Unacceptable):
        return False
    return True


@pytest.mark.parametrize(
    ("kind", "parse"),
    [(BY_NAME["audio.input"].kind, parse_source), (BY_NAME["audio.output"].kind, parse_sink)],
)
@pytest.mark.parametrize("word", WORDS)
def test_config_check_accepts_what_a_call_accepts(
    kind: Kind[str], parse: Callable[[str], object], word: str
) -> None:
    assert accepts(lambda text: kind.from_words([text]), word) == accepts(parse, word)


@pytest.mark.parametrize("word", ["file:#loop", "file:a\0b", "file:\0#loop"])
def test_a_path_that_cannot_be_one_is_not_an_audio_source(word: str) -> None:
    assert not accepts(parse_source, word)


def test_a_recording_needs_a_path_that_can_be_one() -> None:
    for path in ("", "a\0b"):
        with pytest.raises(ConfigError, match="--record"):
            parse_record(path)


def test_every_declared_word_can_be_opened() -> None:
    for grammar, parse in ((SOURCES, parse_source), (SINKS, parse_sink), (RINGS, parse_sink)):
        for word in grammar.words:
            forms = (word.name, *(f"{word.name}:{value}" for value in ("440", "a.wav")))
            accepted = [form for form in forms if grammar.parse(form) is not None]
            assert accepted, word
            for form in accepted:
                assert callable(parse(form).open)


def test_a_tone_lies_below_half_of_the_sampling_rate() -> None:
    assert MAX_TONE_HZ == RATE / 2
