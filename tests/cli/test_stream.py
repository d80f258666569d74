"""stdout that is full, closed or in no hurry: none of that is a bug of ours, nor ends a call."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from io import FileIO

import pytest

from sipcli.cli.output.stream import Outlet
from tests.cli.program import account
from tests.sip_server import Behaviour, SipServer, in_a_thread

PROGRAM = f"{sys.executable} -m sipcli"
FULL = "/dev/full"
TOLD = "error: stdout cannot be written any more: No space left on device\n"

pytestmark = pytest.mark.skipif(not os.path.exists(FULL), reason="the system has no full device")


@pytest.fixture
def server() -> Iterator[SipServer]:
    with in_a_thread(Behaviour(statuses={"MESSAGE": 404})) as server:
        yield server


def runner(line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", f"{PROGRAM} {line}"], capture_output=True, text=True, timeout=20, check=False
    )


@pytest.mark.parametrize("line", ["config example", "config path --json", "--help", "--version"])
def test_what_was_asked_for_and_cannot_be_written_is_exit_2(line: str) -> None:
    ended = runner(f"{line} >{FULL}")
    assert (ended.returncode, ended.stderr) == (2, TOLD)


@pytest.mark.parametrize("flags", ["", "--json"])
def test_a_full_disk_ends_nothing(server: SipServer, flags: str) -> None:
    words = " ".join(account(server, flags))
    ended = runner(f"ping bob --count 3 --interval 0 {words} >{FULL}")
    assert (ended.returncode, ended.stderr) == (2, TOLD)
    assert len(server.requests("OPTIONS")) == 3
    assert server.requests("REGISTER")[-1].contacts[0].params.get("expires") == "0"


def test_what_failed_keeps_its_code(server: SipServer) -> None:
    ended = runner(f"message bob hello {' '.join(account(server))} >{FULL}")
    assert ended.returncode == 5
    assert ended.stderr.startswith(TOLD)


def test_a_trace_that_finds_no_room_ends_nothing(server: SipServer) -> None:
    ended = runner(f"ping bob --trace-sip {' '.join(account(server))} 2>{FULL}")
    assert ended.returncode == 0
    assert "200" in ended.stdout


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("flags", ["", "--json"])
def test_a_stream_that_was_closed_is_one_that_nobody_reads(
    server: SipServer, flags: str, closed: str
) -> None:
    ended = runner(f"ping bob --trace-sip {' '.join(account(server, flags))} {closed}")
    assert ended.returncode == 0
    if ">&- 2>&-" in closed:
        assert ended.stdout + ended.stderr == ""
    assert len(server.requests("OPTIONS")) == 1


def test_an_outlet_waits_for_a_reader_that_takes_its_time() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    data = bytes(range(256)) * 4096
    read = bytearray()

    def read_all() -> None:
        while part := os.read(reading, 65536):
            read.extend(part)

    thread = threading.Thread(target=read_all)
    with FileIO(writing, "wb") as raw:
        thread.start()
        assert Outlet(raw, lambda error: pytest.fail(str(error))).write(data) == len(data)
    thread.join(10)
    os.close(reading)
    assert read == data
