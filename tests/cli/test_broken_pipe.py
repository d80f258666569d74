"""Whoever reads our output may stop at any time (`| head`): that is no failure."""

import os
import subprocess
import sys
from collections.abc import Iterator
from io import TextIOWrapper

import pytest

from sipcli.cli.output.json_screen import JsonScreen
from sipcli.cli.output.screen import Screen
from sipcli.cli.output.stream import guarded
from sipcli.cli.output.terminal import TerminalScreen
from sipcli.phone.events import Connected, Warned


@pytest.fixture
def unread() -> Iterator[TextIOWrapper]:
    """A stream that nobody reads any more."""
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w", encoding="utf-8") as stream:
        yield guarded(stream, lambda error: pytest.fail(str(error)))


@pytest.mark.parametrize("kind", ["terminal", "json"])
def test_a_screen_goes_on_in_silence(kind: str, unread: TextIOWrapper) -> None:
    screen: Screen = JsonScreen(unread, unread)
    if kind == "terminal":
        screen = TerminalScreen(unread, unread, verbose=0, quiet=False, color=False)
    for _ in range(2):
        screen.event(Connected(server="ws://h", elapsed_ms=1))
        screen.event(Warned(text="careful"))
        screen.say("result")
        screen.note("log")
    screen.error("wrong")
    screen.finished(0, "done")
    assert os.fstat(unread.fileno()).st_rdev == os.stat(os.devnull).st_rdev


@pytest.mark.parametrize("command", ["show", "check", "path", "example"])
def test_a_command_ends_as_it_would_have(command: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "sipcli", "config", command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0
