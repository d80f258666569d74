"""Wireshark decrypts what others have captured of a call, with the file of SSLKEYLOGFILE."""

import asyncio
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from time import monotonic, sleep
from typing import Final

import pytest

from sipcli import Phone
from sipcli.media.transport import gathering
from sipcli.sandbox.sandbox import Plan, Sandbox
from tests.required import require

INSTALL: Final = "tshark is not installed (apt install tshark)"
PATIENCE_S: Final = 20.0
pytestmark = pytest.mark.usefixtures("own_network")


@contextmanager
def captured(path: Path) -> Iterator[None]:
    """What crosses the loopback device meanwhile is in a file then, all of it."""
    command = ("dumpcap", "-q", "-i", "lo", "-w", str(path))
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as dumpcap:
        try:
            _see(path, b"the capture has begun")
            yield
            _see(path, b"the capture may end")
        finally:
            dumpcap.terminate()


def _see(path: Path, mark: bytes) -> None:
    """Send a datagram until the capture has it."""
    deadline = monotonic() + PATIENCE_S
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        while not (path.exists() and mark in path.read_bytes()):
            assert monotonic() < deadline, f"dumpcap has not written: {mark!r}"
            sender.sendto(mark, ("127.0.0.1", 9))
            sleep(0.05)


def tshark(path: Path, *words: str) -> list[str]:
    """The lines that it writes of a capture."""
    command = ("tshark", "-r", str(path), *words)
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.splitlines()


async def _call() -> int:
    """Call the echo over wss: and hang up; returns the port of the server."""
    async with Sandbox(Plan(tls=True)) as sandbox, Phone(**sandbox.keys("alice")) as alice:
        call = await alice.call("echo", audio_in="tone:440", audio_out="null")
        await call.wait_for_audio()
        await call.hang_up()
        return int(sandbox.server.ws_uri.rpartition(":")[2])


def test_wireshark_decrypts_sip_and_dtls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require(which("tshark") and which("dumpcap"), INSTALL)
    capture, keys = tmp_path / "capture.pcapng", tmp_path / "keys.txt"
    monkeypatch.setenv("SSLKEYLOGFILE", str(keys))
    # With one pair alone: Wireshark loses a handshake that moves to a better one on the way.
    monkeypatch.setattr(gathering, "choose_addresses", lambda *_, **__: ["127.0.0.1"])
    with captured(capture):
        port = asyncio.run(_call())
    tls = ("-d", f"tcp.port=={port},tls")
    with_keys = ("-o", f"tls.keylog_file:{keys}")

    methods = (*tls, "-Y", "sip.Method", "-T", "fields", "-e", "sip.Method")
    assert tshark(capture, *methods) == []
    assert {"REGISTER", "INVITE", "ACK", "BYE"} <= set(tshark(capture, *with_keys, *methods))

    # Once SDP has announced RTP there, Wireshark 4.0 leaves the DTLS among it encrypted.
    finished = ("--disable-protocol", "sip", "-Y", "dtls.handshake.type == 20")
    assert tshark(capture, *finished) == []
    assert len(tshark(capture, *with_keys, *finished)) == 2
