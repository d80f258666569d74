"""What others make of the HEP that a call sends: Kamailio's HEP server, and sngrep."""

import os
import re
import shutil
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.realpeer.child_processes import LeashedProcess
from tests.realpeer.kamailio import INSTALL, installed
from tests.realpeer.sipcli_process import SipcliProcess, User
from tests.realpeer.terminal import Terminal
from tests.required import require

HERE = Path(__file__).parent
COLUMNS = (
    "date(int) micro_ts(double) correlation_id(string) source_ip(string) source_port(int)"
    " destination_ip(string) destination_port(int) proto(int) family(int) type(int) node(string)"
    " msg(string)\n"
)
"""Of the table that sipcapture writes RTCP reports to."""
RAW_IP = 101
"""A link type of pcap."""
CALL = ("call", "--sandbox", "echo", "--audio-in", "tone:440", "--audio-out", "null")


@pytest.fixture
def port() -> int:
    """A UDP port that nothing listens on."""
    with socket.socket(type=socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class HepServer:
    """Kamailio as a HEP server."""

    def __init__(self, folder: Path, port: int) -> None:
        self._log = folder / "log"
        self._reports = folder / "rtcp_capture"
        self._reports.write_text(COLUMNS)
        text = (HERE / "sipcapture.cfg").read_text()
        (folder / "kamailio.cfg").write_text(
            text.replace("@PORT@", str(port)).replace("@FOLDER@", str(folder))
        )
        command = [shutil.which("kamailio", path=f"{os.environ['PATH']}:/usr/sbin") or "kamailio"]
        command += ["-DD", "-E", "-m", "64", "-M", "8", "-Y", str(folder)]
        with self._log.open("wb") as log:
            self.leashed = LeashedProcess(
                [*command, "-f", str(folder / "kamailio.cfg")], stdout=log, stderr=log
            )

    def stop(self) -> None:
        """End it, so that it writes the table."""
        self.leashed.process.terminate()
        self.leashed.process.wait(10)

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8", "replace")

    @property
    def messages(self) -> list[str]:
        """A line for each SIP message."""
        return re.findall(r"SIP: (.*)", self.log)

    @property
    def reports(self) -> list[list[str]]:
        """A row for each RTCP report."""
        rows = self._reports.read_text().splitlines()[1:]
        return [[field.replace("\\:", ":") for field in re.split(r"(?<!\\):", row)] for row in rows]


@pytest.fixture
def hep_server(tmp_path: Path, port: int) -> Iterator[HepServer]:
    require(installed(), INSTALL)
    server = HepServer(tmp_path, port)
    try:
        yield server
    finally:
        server.leashed.kill()


def test_kamailio_decodes_all_of_it(hep_server: HepServer, port: int, tmp_path: Path) -> None:
    arguments = (*CALL, "--duration", "4", "--hep-server", f"udp:127.0.0.1:{port}")
    with SipcliProcess(*arguments, "--hep-id", "77", home=tmp_path / "home") as process:
        assert process.wait(30) == 0
        call = process.named("ended")[0]["call"]
    hep_server.stop()
    of_call = [line for line in hep_server.messages if line.endswith(f"call {call}")]
    assert [line.partition(" ")[0] for line in of_call] == [
        *("INVITE", "407", "ACK", "INVITE", "100", "180", "200", "ACK", "BYE", "200")
    ]
    assert all(" by tcp, " in line for line in hep_server.messages)
    assert "ERROR: sipcapture" not in hep_server.log, hep_server.log
    assert "ERROR: <core>" not in hep_server.log, hep_server.log
    row = hep_server.reports[0]
    assert row[2] == call
    assert row[10] == "homer01:77"
    assert '"report_blocks":[{"source_ssrc":' in row[11]


def test_sngrep_shows_the_call(port: int, tmp_path: Path) -> None:
    require(shutil.which("sngrep"), "sngrep is not installed (Debian: apt-get install sngrep)")
    user = User(tmp_path / "home")
    address = f"udp:127.0.0.1:{port}"
    # Given a file, even an empty one, it does not capture the same call from the network, too.
    empty = tmp_path / "empty.pcap"
    empty.write_bytes(struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, RAW_IP))
    viewer = ("sngrep", "-I", str(empty), "-L", address)
    with Terminal(user, program=viewer, columns=120) as screen:
        screen.wait_to_show("[L:")  # the port may be cut off
        with SipcliProcess(
            *CALL, "--duration", "1", "--no-register", "--hep-server", address, home=user.home
        ) as process:
            assert process.wait(30) == 0
            assert process.named("warning") == []
            call = process.named("ended")[0]["call"]
        screen.wait_to_show("INVITE")
        screen.wait_to_show("echo@sandbox.invalid")
        screen.press("\r")
        screen.wait_to_show(f"Call flow for {call}")
        for label in ("INVITE (SDP)", "407 Proxy", "180 Ringing", "200 OK (SDP)", "BYE"):
            screen.wait_to_show(label)
