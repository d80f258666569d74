"""The limits of a command bound the calls that it is transferred to, too."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.cli.test_script import PATIENCE, Event, events_of, named, started
from tests.cli.test_transferred import SOUND, listening

ACCEPT: Final = ("--transfers", "accept")


@contextmanager
def calling(folder: Path, target: str, *options: str) -> Iterator["subprocess.Popen[str]"]:
    """A call to somebody who transfers it to `target` once its media flow, and hangs up."""
    with listening(folder, "--stdin") as (name, callee):
        assert callee.stdin is not None
        callee.stdin.write(f"wait incoming\nanswer\nwait media\nt {target}\nwait ended 20\n")
        callee.stdin.close()
        command = ("call", name, "--config", "caller.toml", *SOUND, *ACCEPT, *options)
        with started(*command, folder=folder) as caller:
            yield caller


def outcome(process: "subprocess.Popen[str]") -> tuple[int, list[Event]]:
    out, _ = process.communicate(timeout=PATIENCE)
    return process.returncode, events_of(out)


def test_the_duration_of_a_call_bounds_the_one_it_is_transferred_to(tmp_path: Path) -> None:
    with calling(tmp_path, "tone", "--duration", "2") as process:
        code, events = outcome(process)
    assert code == 0, events
    first, second = named(events, "calling")
    assert second["transfer"] == first["call"]
    ended = {event["call"]: event for event in named(events, "ended")}
    assert ended[second["call"]]["by"] == "local"
    assert 0.5 < ended[second["call"]]["duration_s"] < 2


@pytest.mark.parametrize("limit", [("--duration", "1.5"), ("--ring-timeout", "1")])
def test_a_transfer_to_somebody_who_never_answers_ends_with_the_limits(
    tmp_path: Path, limit: tuple[str, str]
) -> None:
    with calling(tmp_path, "ring", *limit) as process:
        code, events = outcome(process)
    _, second = named(events, "calling")
    (ended,) = (event for event in named(events, "ended") if event["call"] == second["call"])
    assert (ended["by"], ended["status"]) == ("local", 487)
    assert code == 0  # the call that was placed was answered, and went well


def test_a_script_that_is_done_ends_the_call_it_was_transferred_to(tmp_path: Path) -> None:
    with calling(tmp_path, "tone", "--stdin") as process:
        assert process.stdin is not None
        process.stdin.write("wait ended 20\nwait answered 20\n")
        process.stdin.close()
        process.stdin = None
        code, events = outcome(process)
    assert code == 0, events
    assert len(named(events, "ended")) == 2


@pytest.mark.parametrize("target", ["tone", "ring"])
def test_each_call_of_who_listens_is_bounded_with_what_it_is_transferred_to(
    tmp_path: Path, target: str
) -> None:
    options = ("--auto-answer", "--count", "1", "--call-duration", "2", *ACCEPT)
    with listening(tmp_path, *options) as (name, callee):
        command = ("call", name, "--config", "caller.toml", *SOUND, "--stdin")
        with started(*command, folder=tmp_path) as caller:
            caller.communicate(f"wait media\nt {target}\nwait ended 20\n", timeout=PATIENCE)
        code, events = outcome(callee)
    assert code == 0, events
    (calling,) = named(events, "calling")
    ended = {event["call"]: event for event in named(events, "ended")}
    last = ended[calling["call"]]
    assert last["by"] == "local"
    # It was not cut off when the call ended that it came of, and that one counted.
    assert last["duration_s"] > 0.5 if target == "tone" else last["status"] == 487
