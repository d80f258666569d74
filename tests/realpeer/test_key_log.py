"""Wireshark decrypts what others have captured of a call, with the file of SSLKEYLOGFILE."""

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from time import monotonic, sleep
from typing import Final

import pytest

from sipcli import Phone
from sipcli.sandbox.sandbox import Plan, Sandbox
from tests.required import require

INSTALL: Final = "tshark is not installed (apt install tshark)"
PATIENCE_S: Final = 20.0
pytestmark = pytest.mark.usefixtures("own_network")


@contextmanager
def captured(path: Path) -> Iterator[None]:
    """What crosses the loopback device meanwhile is in a file then."""
    command = ("dumpcap", "-q", "-i", "lo", "-w", str(path))
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as dumpcap:
        try:
            deadline = monotonic() + PATIENCE_S
            while not (path.exists() and path.stat().st_size):
                assert dumpcap.poll() is None
                assert monotonic() < deadline
                sleep(0.05)
            yield
        finally:
            dumpcap.terminate()


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
    with captured(capture):
        port = asyncio.run(_call())
        sleep(1)  # until dumpcap has written the last packets
    tls = ("-d", f"tcp.port=={port},tls")
    with_keys = ("-o", f"tls.keylog_file:{keys}")

    methods = (*tls, "-Y", "sip.Method", "-T", "fields", "-e", "sip.Method")
    assert tshark(capture, *methods) == []
    assert {"REGISTER", "INVITE", "ACK", "BYE"} <= set(tshark(capture, *with_keys, *methods))

    # Once SDP has announced RTP there, Wireshark 4.0 leaves the DTLS among it encrypted.
    finished = ("--disable-protocol", "sip", "-Y", "dtls.handshake.type == 20")
    assert tshark(capture, *finished) == []
    assert len(tshark(capture, *with_keys, *finished)) == 2
