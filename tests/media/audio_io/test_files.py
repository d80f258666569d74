"""Files that are played, and files that are written, even by somebody who is killed."""

import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from sipcli.errors import DeviceError
from sipcli.media.audio_io import wav
from sipcli.media.audio_io.background import AHEAD
from sipcli.media.audio_io.open import parse_sink, parse_source
from sipcli.media.audio_io.wav import WavFile, parse_record
from sipcli.media.pcm import FRAME, RATE, Pcm
from tests.media.audio_io.sounds import (
    cut,
    dominant,
    has_ended,
    played,
    read_wave,
    sine,
    write_wave,
    written_until,
)
from tests.waiting import until


def encode(path: Path, codec: str, rate: int, pcm: Pcm) -> Path:
    """A file of another format, in stereo, made by FFmpeg."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=rate)
        stream.layout = "stereo"
        resampler = av.AudioResampler(format=stream.format.name, layout="stereo", rate=rate)
        frame = av.AudioFrame.from_ndarray(
            np.repeat(pcm, 2).reshape(1, -1), format="s16", layout="stereo"
        )
        frame.sample_rate = RATE
        for part in (frame, None):
            for converted in resampler.resample(part):
                container.mux(stream.encode(converted))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [("t.flac", "flac", 44_100), ("t.mp2", "mp2", 32_000), ("t.ogg", "libopus", 48_000)],
)
def test_any_format_is_played_at_our_rate(tmp_path: Path, name: str, codec: str, rate: int) -> None:
    path = encode(tmp_path / name, codec, rate, sine(500, 1.0))
    source = parse_source(f"file:{path}").open(pytest.fail)
    pcm = played(source)
    source.close()
    assert len(pcm) == pytest.approx(RATE, abs=3 * FRAME)
    middle = pcm[RATE // 4 : RATE * 3 // 4]
    assert dominant(middle) == pytest.approx(500, abs=2)
    assert np.abs(middle.astype(int)).max() == pytest.approx(8000, rel=0.05)


def test_a_long_file_is_read_ahead_by_two_seconds_only(tmp_path: Path) -> None:
    path = write_wave(tmp_path / "long.wav", sine(100, 20.0))
    source = parse_source(f"file:{path}").open(pytest.fail)
    ready = source._ready  # type: ignore[attr-defined]  # noqa: SLF001 - its bound
    until(lambda: len(ready) == AHEAD)
    assert np.array_equal(played(source), sine(100, 20.0))
    assert len(ready) <= AHEAD
    source.close()


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "cannot be played"), (b"this is no sound\n" * 9, "cannot be played")],
)
def test_what_is_no_sound_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(DeviceError, match=reason):
        parse_source(f"file:{path}").open(pytest.fail)


def test_an_empty_recording_in_a_loop_ends_with_a_warning(tmp_path: Path) -> None:
    path = write_wave(tmp_path / "empty.wav", np.zeros(0, np.int16))
    told: list[str] = []
    source = parse_source(f"file:{path}#loop").open(told.append)
    until(lambda: has_ended(source))
    assert not source.read().any()
    assert told == [f"{path} ended early: it has no audio stream"]


def test_a_closed_source_leaves_no_thread(tmp_path: Path) -> None:
    path = write_wave(tmp_path / "long.wav", sine(100, 20.0))
    source = parse_source(f"file:{path}#loop").open(pytest.fail)
    played(source, 10)
    source.close()
    until(lambda: not any("long.wav" in t.name for t in threading.enumerate()))


def test_a_sink_writes_what_it_is_given(tmp_path: Path) -> None:
    path = tmp_path / "heard.wav"
    sink = parse_sink(f"file:{path}").open(pytest.fail)
    for frame in cut(sine(440, 1.0)):
        sink.write(frame)
    sink.close()
    assert np.array_equal(read_wave(path), sine(440, 1.0)[np.newaxis])


def test_a_recording_has_what_is_sent_on_the_left_and_what_is_heard_on_the_right(
    tmp_path: Path,
) -> None:
    path = tmp_path / "both.wav"
    recorder = parse_record(str(path)).open(pytest.fail)
    for sent, received in zip(cut(sine(300, 1.0)), cut(sine(700, 1.0)), strict=True):
        recorder.write(sent, received)
    recorder.close()
    assert np.array_equal(read_wave(path), np.stack((sine(300, 1.0), sine(700, 1.0))))


def test_a_recording_is_valid_after_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "both.wav"
    script = (
        "import sys, time\n"
        "from sipcli.media.pcm import FRAME\n"
        "from sipcli.media.audio_io.wav import parse_record\n"
        "import numpy as np\n"
        "recorder = parse_record(sys.argv[1]).open(print)\n"
        "while True:\n"
        "    recorder.write(np.full(FRAME, 7, np.int16), np.full(FRAME, -7, np.int16))\n"
        "    time.sleep(0.001)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(path)])
    try:
        until(lambda: path.exists() and path.stat().st_size > 200_000, timeout=30)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    left, right = read_wave(path)
    assert len(left) >= 200_000 // 4 - 11
    assert set(left) == {7}
    assert set(right) == {-7}


def test_a_full_disk_costs_one_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_file: WavFile, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(WavFile, "write", full)
    told: list[str] = []
    sink = parse_sink(f"file:{tmp_path}/x.wav").open(told.append)
    written_until(sink, told)
    sink.close()
    assert len(told) == 1
    assert told[0].endswith("x.wav cannot be written any more: No space left on device")


def test_a_slow_disk_does_not_eat_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()
    monkeypatch.setattr(WavFile, "write", lambda _file, _data: go.wait())
    monkeypatch.setattr(wav, "MAX_WAITING", 20)
    told: list[str] = []
    sink = parse_sink(f"file:{tmp_path}/x.wav").open(told.append)
    for _ in range(100):
        sink.write(np.ones(FRAME, np.int16))
    writer = sink._writer  # type: ignore[attr-defined]  # noqa: SLF001 - its bound
    assert len(writer._waiting) <= 20  # noqa: SLF001
    assert writer.dropped >= 60
    assert [text.endswith("is too slow: audio is dropped") for text in told] == [True]
    go.set()
    sink.close()


def test_a_file_that_would_grow_beyond_its_sizes_ends_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wav, "_LARGEST", 4 * FRAME)
    file = WavFile(tmp_path / "x.wav", 1)
    file.write(bytes(4 * FRAME))
    with pytest.raises(OSError, match="File too large"):
        file.write(b"\0\0")
    file.close()
    assert read_wave(tmp_path / "x.wav").shape == (1, 2 * FRAME)


@pytest.mark.parametrize("parse", [parse_source, parse_sink, parse_record])
def test_a_name_that_no_file_can_have_is_told_as_such(
    parse: Callable[[str], Any], tmp_path: Path
) -> None:
    value = f"{tmp_path / ('long' * 100)}.wav"
    with pytest.raises(DeviceError, match="File name too long"):
        parse(value if parse is parse_record else f"file:{value}").check()


@pytest.mark.parametrize("parse", [parse_source, parse_sink, parse_record])
@pytest.mark.parametrize("inside", ["", "/call.wav"], ids=["file", "folder"])
def test_what_cannot_be_looked_at_is_not_taken_for_nothing(
    parse: Callable[[str], Any], inside: str, tmp_path: Path
) -> None:
    (tmp_path / "loop.wav").symlink_to("loop.wav")
    value = f"{tmp_path}/loop.wav{inside}"
    with pytest.raises(DeviceError, match="Too many levels of symbolic links"):
        parse(value if parse is parse_record else f"file:{value}").check()


@pytest.mark.parametrize("words", ["record", "audio-out"])
def test_what_is_recorded_is_its_owners_alone(tmp_path: Path, words: str) -> None:
    path = tmp_path / "call.wav"
    spec = parse_record(str(path)) if words == "record" else parse_sink(f"file:{path}")
    spec.open(pytest.fail).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_recording_into_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    """Opening it would wait for a reader, and its head is written again and again."""
    pipe = tmp_path / "call.wav"
    os.mkfifo(pipe)
    with pytest.raises(DeviceError, match="it is a pipe"):
        parse_record(str(pipe)).check()
