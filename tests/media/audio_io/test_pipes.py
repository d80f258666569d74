"""Raw sound through pipes."""

import os
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from sipcli.media.audio_io.pipes import MAX_WAITING, StdoutSink, open_stdin
from sipcli.media.pcm import FRAME
from tests.media.audio_io.sounds import cut, played, sine, written_until
from tests.waiting import until


class Pipe:
    """A pipe; a thread of ours ends when the other end closes, and its own may close after it."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()
        self._open = {self.reader, self.writer}

    def close(self, end: int) -> None:
        """Close one end; again does no harm, even if its number stands for another file."""
        if end in self._open:
            self._open.remove(end)
            os.close(end)


def wait_for_thread(name: str) -> None:
    until(lambda: not any(name in thread.name for thread in threading.enumerate()))


@pytest.fixture
def stdin() -> Iterator[Pipe]:
    """A pipe that sipcli reads."""
    pipe = Pipe()
    yield pipe
    pipe.close(pipe.writer)
    wait_for_thread("read stdin")
    pipe.close(pipe.reader)


@pytest.fixture
def stdout() -> Iterator[Pipe]:
    """A pipe that sipcli writes."""
    pipe = Pipe()
    yield pipe
    pipe.close(pipe.reader)
    wait_for_thread("write stdout")
    pipe.close(pipe.writer)


def test_stdin_is_read_as_raw_samples_until_it_ends(stdin: Pipe) -> None:
    sound = sine(440, 0.1)[:-100] + np.int16(1)
    source = open_stdin(pytest.fail, stdin.reader)
    data = sound.astype("<i2").tobytes()
    for start in range(0, len(data), 999):  # odd pieces: no sample may fall apart
        os.write(stdin.writer, data[start : start + 999])
    stdin.close(stdin.writer)
    assert np.array_equal(played(source), np.pad(sound, (0, 100)))
    assert source.ended
    assert not source.read().any()


def test_stdin_that_says_nothing_is_silence_and_not_the_end(stdin: Pipe) -> None:
    source = open_stdin(pytest.fail, stdin.reader)
    assert not source.read().any()
    assert not source.ended
    os.write(stdin.writer, sine(440, 0.02).astype("<i2").tobytes() + b"\0")
    played(source, 1)
    source.close()


def test_a_flood_on_stdin_waits_in_the_pipe(stdin: Pipe) -> None:
    source = open_stdin(pytest.fail, stdin.reader)
    flood = np.ones(FRAME * 400, np.int16).tobytes()
    writer = threading.Thread(target=os.write, args=(stdin.writer, flood))
    writer.start()
    writer.join(0.3)
    assert writer.is_alive()  # backpressure
    played(source, 400)
    writer.join()
    source.close()


def test_stdout_gets_raw_samples_soon(stdout: Pipe) -> None:
    sink = StdoutSink(pytest.fail, stdout.writer)
    for frame in cut(sine(440, 0.2)):
        sink.write(frame)
    with os.fdopen(os.dup(stdout.reader), "rb") as reader:
        assert reader.read(19_200) == sine(440, 0.2).astype("<i2").tobytes()
    sink.close()


def test_a_reader_that_has_gone_costs_one_warning(stdout: Pipe) -> None:
    told: list[str] = []
    sink = StdoutSink(told.append, stdout.writer)
    stdout.close(stdout.reader)
    written_until(sink, told)
    sink.close()
    assert told == ["stdout cannot be written any more: Broken pipe"]


def test_a_reader_that_sleeps_does_not_hold_up_the_call(stdout: Pipe) -> None:
    told: list[str] = []
    sink = StdoutSink(told.append, stdout.writer)
    for _ in range(2 * MAX_WAITING + 50):  # a pipe holds 64 KiB, 34 frames
        sink.write(np.ones(FRAME, np.int16))
    assert told == ["stdout is too slow: audio is dropped"]
    sink.close()  # gives up after half a second
    os.set_blocking(stdout.reader, False)
    assert os.read(stdout.reader, 4) == b"\1\0\1\0"
