"""What goes wrong in one call ends that call, and no other."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

import sipcli
from tests.cli.test_script import PATIENCE, Event, events_of, named, started
from tests.cli.test_transferred import SOUND, listening

if not sys.platform.startswith("linux"):
    pytest.skip("needs /proc and prlimit", allow_module_level=True)
import resource


@contextmanager
def no_more_files(process: "subprocess.Popen[str]") -> Iterator[None]:
    """The process cannot open anything while inside."""
    used = {int(name) for name in os.listdir(f"/proc/{process.pid}/fd")}
    free = next(number for number in range(len(used) + 1) if number not in used)
    before = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (free, before[1]))
    try:
        yield
    finally:
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, before)


def until(stream: IO[str], kind: str) -> Event:
    """The next event of that kind."""
    for line in stream:
        event: Event = json.loads(line)
        if event["event"] == kind:
            return event
    raise AssertionError(f"{kind} never came")


def test_a_phone_out_of_files_refuses_that_call_and_keeps_the_other(tmp_path: Path) -> None:
    with listening(tmp_path, "--auto-answer", "--echo") as (name, callee):
        assert callee.stdout is not None
        command = ("call", name, "--config", "caller.toml", *SOUND)
        with started(*command, folder=tmp_path) as first:
            assert first.stdout is not None
            until(first.stdout, "media")
            with no_more_files(callee):
                with started(*command, folder=tmp_path) as second:
                    out, _ = second.communicate(timeout=PATIENCE)
                ended = named(events_of(out), "ended")[0]
                assert ended["status"] in (480, 503), out
                assert second.returncode in (5, 6)
            with started(*command, "--duration", "2", folder=tmp_path) as third:
                out, _ = third.communicate(timeout=PATIENCE)
                assert third.returncode == 0, out
                assert named(events_of(out), "media")[0]["state"] == "connected"
            assert first.poll() is None
            first.send_signal(signal.SIGINT)
            assert named(events_of(first.stdout.read()), "ended")[0]["by"] == "local"
        callee.send_signal(signal.SIGINT)
        theirs = events_of(callee.stdout.read())
        assert callee.wait(PATIENCE) == 0, theirs
        reasons = [one["reason"] for one in named(theirs, "ended")]
        assert any("Too many open files" in reason for reason in reasons), reasons


def test_a_transfer_that_finds_no_socket_leaves_the_call_that_asked_for_it(tmp_path: Path) -> None:
    script = "wait media\nsleep 1\nwait transfer_requested 20\naccept-transfer\n"
    with listening(tmp_path, "--auto-answer", "--stdin") as (name, callee):
        assert callee.stdout is not None
        assert callee.stdin is not None
        command = ("call", name, "--config", "caller.toml", *SOUND, "--stdin")
        with started(*command, folder=tmp_path) as caller:
            assert caller.stdin is not None
            assert caller.stdout is not None
            caller.stdin.write(script)
            caller.stdin.flush()
            until(caller.stdout, "media")
            with no_more_files(caller):
                callee.stdin.write("transfer tone\n")
                callee.stdin.close()
                events = events_of(caller.stdout.read())
        assert caller.wait(PATIENCE) == 8, events
        verdict = named(events, "expectation")[0]
        assert "Too many open files" in verdict["actual"]
        # Both scripts end with it; whichever hangs up first, the media of the call have not failed.
        assert named(events, "ended")[0]["by"] != "network"
        assert named(events, "media") == []


def test_a_command_that_finds_no_socket_for_its_call_ends_with_7(tmp_path: Path) -> None:
    program = (
        "import os, resource, sys\n"
        "from sipcli.phone import phone\n"
        "from sipcli.cli.main import run\n"
        "from sipcli.core.agent import UserAgent\n"
        "opened = UserAgent.opened\n"
        "def connected(*given):\n"
        "    opened(*given)\n"
        "    UserAgent.opened = opened\n"
        "    free = os.dup(0)\n"  # the lowest number that is free
        "    os.close(free)\n"
        "    resource.setrlimit(resource.RLIMIT_NOFILE, (free, 4096))\n"
        "UserAgent.opened = connected\n"
        "sys.exit(run(sys.argv[1:]))\n"
    )
    with listening(tmp_path, "--auto-answer") as (name, _):
        command = [sys.executable, "-c", program, "call", name, "--config", "caller.toml", *SOUND]
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=tmp_path, timeout=PATIENCE, check=False
        )
    events = events_of(done.stdout)
    assert done.returncode == 7, done.stdout + done.stderr
    assert "Too many open files" in named(events, "error")[0]["text"]
    assert named(events, "finished")[0]["phase"] == "ice"


MODULES = """
import asyncio, sys
from sipcli import Phone

async def main():
    server, codec, *users = sys.argv[1:]
    keys = {"ws_servers": server, "stun_servers": [], "codecs": [codec]}
    (one, its), (other, others) = users[:2], users[2:]
    async with (
        Phone(uri=one, password=its, **keys) as alice,
        Phone(uri=other, password=others, **keys) as bob,
    ):
        await alice.register()
        await bob.register()
        before = set(sys.modules)
        call = await alice.call(bob.uri, audio_in="noise")
        answer = await bob.answer(audio_in="tone:1000")
        await call.wait_for_audio("both")
        call.send_dtmf("1")
        await answer.received_dtmf(1)
        await call.hold()
        await call.hang_up()
        await answer.wait_for_end()
        print(*sorted(set(sys.modules) - before))

asyncio.run(main())
"""


def test_no_module_of_numpy_is_loaded_at_its_first_use() -> None:
    """As numpy does with `np.fft`: that may be in a call, when sound is lost, and takes time."""
    for path in Path(sipcli.__file__).parent.rglob("*.py"):
        assert "np.fft" not in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize("codec", ["opus", "g722", "pcmu"])
def test_a_call_loads_no_module(codec: str, tmp_path: Path) -> None:
    with started("sandbox", "--json", folder=tmp_path) as server:
        assert server.stdout is not None
        call_session = until(server.stdout, "sandbox")
        users = [word for one in call_session["accounts"] for word in (one["uri"], one["password"])]
        done = subprocess.run(
            [sys.executable, "-c", MODULES, call_session["server"], codec, *users],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
        )
    assert done.stdout.split() == []
