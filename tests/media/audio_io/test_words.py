"""The words of --audio-in, --audio-out and --record."""

from pathlib import Path

import numpy as np
import pytest

from sipcli.errors import ConfigError, DeviceError
from sipcli.media.audio_io.generators import Noise, NullSink, Silence, ToneSource
from sipcli.media.audio_io.open import parse_sink, parse_source
from sipcli.media.audio_io.wav import parse_record
from tests.media.audio_io.sounds import (
    dominant,
    frames,
    has_ended,
    played,
    read_wave,
    sine,
    write_wave,
)


def fail(text: str) -> None:
    pytest.fail(f"warned: {text}")


@pytest.mark.parametrize(
    ("word", "kind"), [("silence", Silence), ("noise", Noise), ("tone:440", ToneSource)]
)
def test_a_word_names_a_source(word: str, kind: type) -> None:
    spec = parse_source(word)
    spec.check()
    assert isinstance(spec.open(fail), kind)


def test_the_tone_is_the_one_asked_for() -> None:
    assert dominant(frames(parse_source("tone:1234.5").open(fail), 100)) == 1234.5


@pytest.mark.parametrize(
    "word",
    [
        "",
        "mic",
        "null",
        "silence:",
        "noise:pink",
        "-:",
        "tone",
        "tone:",
        "tone:0",
        "tone:-1",
        "tone:24000",
        "tone:1e3",
        "tone:nan",
        "file",
        "file:",
        "file:#loop",
        "device:",
    ],
)
def test_what_is_no_source_is_refused_with_what_would_be_one(word: str) -> None:
    with pytest.raises(ConfigError, match=r"file:PATH.*tone:HZ"):
        parse_source(word)


@pytest.mark.parametrize(
    "word", ["", "silence", "null:", "file:", "file:x", "file:x.mp3", "device:", "tone:440"]
)
def test_what_is_no_sink_is_refused_with_what_would_be_one(word: str) -> None:
    with pytest.raises(ConfigError, match=r"file:PATH\.wav.*null"):
        parse_sink(word)


def test_null_takes_everything() -> None:
    spec = parse_sink("null")
    spec.check()
    assert isinstance(spec.open(fail), NullSink)


def test_a_missing_file_is_found_before_a_call(tmp_path: Path) -> None:
    spec = parse_source(f"file:{tmp_path}/none.wav")
    for step in (spec.check, lambda: spec.open(fail)):
        with pytest.raises(DeviceError, match=r"none\.wav cannot be played: No such file"):
            step()


def test_a_file_that_cannot_be_made_is_found_before_a_call(tmp_path: Path) -> None:
    spec = parse_sink(f"file:{tmp_path}/none/call.wav")
    for step in (spec.check, lambda: spec.open(fail)):
        with pytest.raises(DeviceError, match=r"call\.wav cannot be written"):
            step()


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="Is a directory"):
        parse_source(f"file:{tmp_path}").check()
    with pytest.raises(DeviceError, match="Is a directory"):
        parse_record(str(tmp_path)).check()


def test_a_check_makes_no_file(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    parse_sink(f"file:{path}").check()
    assert not path.exists()


def test_a_second_call_does_not_overwrite_the_file_of_the_first(tmp_path: Path) -> None:
    sink, record = parse_sink(f"file:{tmp_path}/heard.wav"), parse_record(f"{tmp_path}/both")
    for _ in range(3):
        sink.open(fail).close()
        record.open(fail).close()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [
        "both", "both-2", "both-3", "heard-2.wav", "heard-3.wav", "heard.wav",
    ]  # fmt: skip
    assert read_wave(tmp_path / "both").shape == (2, 0)


def test_a_file_plays_once_and_with_loop_again_and_again(tmp_path: Path) -> None:
    tone = sine(1000, 0.13)  # six frames and a half
    path = write_wave(tmp_path / "tone.wav", tone)
    once, forever = (parse_source(f"file:{path}{end}") for end in ("", "#loop"))
    once.check()
    forever.check()
    assert np.array_equal(played(once.open(fail)), np.pad(tone, (0, 480)))
    looped = forever.open(fail)
    assert np.array_equal(played(looped, 130), sine(1000, 130 * 0.02))
    assert not has_ended(looped)
    looped.close()
