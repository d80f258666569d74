"""Raw sound through pipes."""

import os
import threading
from collections.abc import Iterator
from contextlib import suppress

import numpy as np
import pytest

from sipcli.media.pcm import FRAME
from sipcli.media.sound.pipes import MOST, StdoutSink, open_stdin
from tests.media.sound.helpers import cut, played, sine, written_until

Ends = tuple[int, int]


@pytest.fixture
def pipe() -> Iterator[Ends]:
    """Reading end, writing end."""
    ends = os.pipe()
    yield ends
    for end in ends:
        with suppress(OSError):  # the test may have closed it
            os.close(end)


def test_stdin_is_read_as_raw_samples_until_it_ends(pipe: Ends) -> None:
    sound = sine(440, 0.1)[:-100] + np.int16(1)
    source = open_stdin(pytest.fail, pipe[0])
    data = sound.astype("<i2").tobytes()
    for start in range(0, len(data), 999):  # odd pieces: no sample may fall apart
        os.write(pipe[1], data[start : start + 999])
    os.close(pipe[1])
    assert np.array_equal(played(source), np.pad(sound, (0, 100)))
    assert source.ended
    assert not source.read().any()


def test_stdin_that_says_nothing_is_silence_and_not_the_end(pipe: Ends) -> None:
    source = open_stdin(pytest.fail, pipe[0])
    assert not source.read().any()
    assert not source.ended
    os.write(pipe[1], sine(440, 0.02).astype("<i2").tobytes() + b"\0")
    played(source, 1)
    source.close()


def test_a_flood_on_stdin_waits_in_the_pipe(pipe: Ends) -> None:
    source = open_stdin(pytest.fail, pipe[0])
    flood = np.ones(FRAME * 400, np.int16).tobytes()
    writer = threading.Thread(target=os.write, args=(pipe[1], flood))
    writer.start()
    writer.join(0.3)
    assert writer.is_alive()  # backpressure
    played(source, 400)
    writer.join()
    source.close()


def test_stdout_gets_raw_samples_soon(pipe: Ends) -> None:
    sink = StdoutSink(pytest.fail, pipe[1])
    for frame in cut(sine(440, 0.2)):
        sink.write(frame)
    with os.fdopen(os.dup(pipe[0]), "rb") as reader:
        assert reader.read(19_200) == sine(440, 0.2).astype("<i2").tobytes()
    sink.close()


def test_a_reader_that_has_gone_costs_one_warning(pipe: Ends) -> None:
    told: list[str] = []
    sink = StdoutSink(told.append, pipe[1])
    os.close(pipe[0])
    written_until(sink, told)
    sink.close()
    assert told == ["stdout cannot be written any more: Broken pipe"]


def test_a_reader_that_sleeps_does_not_hold_up_the_call(pipe: Ends) -> None:
    told: list[str] = []
    sink = StdoutSink(told.append, pipe[1])
    for _ in range(2 * MOST + 50):  # a pipe holds 64 KiB, 34 frames
        sink.write(np.ones(FRAME, np.int16))
    assert told == ["stdout is too slow: sound is left out"]
    sink.close()  # gives up after half a second
    os.set_blocking(pipe[0], False)
    assert os.read(pipe[0], 4) == b"\1\0\1\0"
