"""A capture may go to a program that reads while it is written, and whatever comes is written."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcli.evidence.capture import CaptureFile
from sipcli.evidence.capture_output import CaptureOutput
from sipcli.evidence.capture_reader import read_packets
from sipcli.journal.entries import PacketEntry
from sipcli.journal.journal import Journal
from tests.sip_entries import sip_entry

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no FIFOs")


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "live.pcapng"
    os.mkfifo(path)
    return path


@POSIX
def test_a_program_can_read_along(fifo: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.pcapng"
    reader = threading.Thread(target=lambda: copy.write_bytes(fifo.read_bytes()))
    reader.start()
    capture = opened_once_read(fifo)
    journal = Journal()
    capture.attach(journal)
    for _ in range(3):
        journal.record(sip_entry("sent", b"BYE sip:x SIP/2.0\r\n\r\n"))
    capture.close()
    reader.join()
    assert len(list(read_packets(copy))) == 3
    assert capture.failure is None


def opened_once_read(fifo: Path) -> CaptureFile:
    """Open the capture as soon as the other end of the FIFO is open."""
    with open(os.open(fifo, os.O_WRONLY), "wb"):  # waits for the reader
        return CaptureFile(fifo, limit_bytes=10**6, has_audio=True, warn=print)


@POSIX
def test_a_program_that_stops_reading_does_not_stop_the_call(fifo: Path) -> None:
    warnings: list[str] = []
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        output = CaptureOutput(fifo, b"begin", limit_bytes=10**9, warn=warnings.append)
        for _ in range(1000):
            output.write(bytes(4096))
        output.close(b"")
    finally:
        os.close(reader)
    assert len(warnings) == 1
    assert "takes nothing" in warnings[0]


@POSIX
def test_a_program_that_has_ended_costs_the_capture_only(fifo: Path) -> None:
    warnings: list[str] = []
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    output = CaptureOutput(fifo, b"begin", limit_bytes=10**9, warn=warnings.append)
    os.close(reader)
    output.write(b"a block")
    output.write(b"a block")
    output.close(b"")
    assert warnings == [f"the capture {fifo} cannot be written any more: Broken pipe"]


@pytest.fixture(scope="module", params=[True, False], ids=["with sound", "without sound"])
def any_capture(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Callable[..., bytes]]:
    """Writes an entry with this data; returns what of the file came of it."""
    path = tmp_path_factory.mktemp("any") / "a.pcapng"
    capture = CaptureFile(path, limit_bytes=10**9, has_audio=request.param, warn=print)
    journal = Journal()
    capture.attach(journal)

    def write(entry: object) -> bytes:
        before = path.stat().st_size
        journal.record(entry)  # type: ignore[arg-type]
        capture.flush()  # packets wait for others
        return path.read_bytes()[before:]

    with closing(capture):
        yield write


PIECES = st.sampled_from(
    [
        b"INVITE sip:a@b SIP/2.0\r\n",
        b"SIP/2.0 200 OK\r\n",
        b"Call-ID: x\r\n",
        b"Content-Type: application/sdp\r\n",
        b"Content-Type: multipart/mixed;boundary=x\r\n",
        b"\r\n",
        b"v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 0 96\r\na=rtpmap:111 opus/48000/2\r\n",
        b"m=audio 1 RTP/AVP 300 \xff\r\na=rtpmap:1 \xff/1\r\n",
        b"--x\r\n",
        b"a=ice-pwd:secret\r\n",
    ]
)


@given(st.lists(PIECES | st.binary(max_size=40), max_size=12).map(b"".join))
def test_any_message_is_written(any_capture: Callable[..., bytes], data: bytes) -> None:
    written = any_capture(sip_entry("received", data))
    assert bool(written) == bool(data.strip(b"\r\n \t\0"))


@given(st.binary(max_size=60), st.booleans(), st.sampled_from(["sent", "received"]))
def test_any_packet_is_written(
    any_capture: Callable[..., bytes], data: bytes, is_rtcp: bool, direction: str
) -> None:
    entry = PacketEntry(
        at=1.8e9,
        call="x",
        direction=direction,  # type: ignore[arg-type]
        local=("192.0.2.1", 1),
        remote=("::1", 65535),
        is_rtcp=is_rtcp,
        data=data,
    )
    assert any_capture(entry)
