"""A real coturn on loopback: STUN and TURN over UDP, TCP, TLS and DTLS for the real-peer tests."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import trustme

from tests.realpeer.child_processes import LeashedProcess, free_port

INSTALL: Final = (
    "coturn is not installed; on Debian: `make peers`, as root or with sudo, or install coturn"
)
REALM: Final = "sipcli.test"
_START_LIMIT: Final = 10.0
_BINDING_REQUEST: Final = b"\x00\x01\x00\x00\x21\x12\xa4\x42" + bytes(12)


class CoturnError(Exception):
    """coturn did not do what a test needs it to; the text has the end of its log."""


def program() -> str | None:
    """Where coturn is; None where it is not installed."""
    return shutil.which("turnserver", path=f"{os.environ['PATH']}:/usr/sbin")


class Coturn:
    """One server with one user, who may have `quota` allocations at a time; 0: any number."""

    username: Final = "alice"
    password: Final = "alice-secret"

    def __init__(self, *, quota: int = 0) -> None:
        self.quota = quota
        self.folder = Path(tempfile.mkdtemp(prefix="coturn-"))
        self.port, self.tls_port = free_port(), free_port()
        self.ca_file = self.folder / "ca.pem"
        self._log_file = self.folder / "log"
        self._leashed: LeashedProcess | None = None
        authority = trustme.CA(organization_name="sipcli tests")
        server = authority.issue_cert("localhost", "127.0.0.1")
        authority.cert_pem.write_to_path(self.ca_file)
        server.private_key_pem.write_to_path(self.folder / "key.pem")
        server.cert_chain_pems[0].write_to_path(self.folder / "cert.pem")

    def uri(self, transport: str) -> str:
        """The TURN URI for `udp`, `tcp` or `tls`."""
        if transport == "tls":
            return f"turns:localhost:{self.tls_port}"
        return f"turn:127.0.0.1:{self.port}?transport={transport}"

    @property
    def stun_uri(self) -> str:
        """Where it answers STUN."""
        return f"stun:127.0.0.1:{self.port}"

    @property
    def stuns_uri(self) -> str:
        """Where it answers STUN over DTLS."""
        return f"stuns:localhost:{self.tls_port}"

    @property
    def log(self) -> str:
        """All it has written."""
        return self._log_file.read_text("utf-8", "replace") if self._log_file.exists() else ""

    def allocations_ended(self) -> int:
        """How many allocations were given back in good order (REFRESH with a lifetime of 0)."""
        return len(re.findall(r"refreshed,.*lifetime=0\b", self.log))

    def start(self) -> None:
        """Start it and wait until it answers; raises `CoturnError` when it does not in 10 s."""
        command = [str(program()), "-n", "--no-cli", "--log-file=stdout", "--simple-log"]
        command += ["--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", "--allow-loopback-peers"]
        command += [f"--listening-port={self.port}", f"--tls-listening-port={self.tls_port}"]
        command += ["--lt-cred-mech", f"--realm={REALM}", f"--user={self.username}:{self.password}"]
        command += [f"--cert={self.folder}/cert.pem", f"--pkey={self.folder}/key.pem"]
        command += [f"--userdb={self.folder}/users", f"--pidfile={self.folder}/pid"]
        command += [f"--user-quota={self.quota}", "--relay-threads=1", "--verbose"]
        with self._log_file.open("ab") as log:
            self._leashed = LeashedProcess(command, stdout=log, stderr=log, cwd=self.folder)
        deadline = time.monotonic() + _START_LIMIT
        while not self._answers():
            if not self._leashed.is_running() or time.monotonic() > deadline:
                self.kill()
                raise CoturnError(f"coturn did not start:\n{self.log[-4000:]}")

    def kill(self) -> None:
        """End it at once (SIGKILL), as a crash would."""
        if self._leashed is not None:
            self._leashed.kill()
            self._leashed = None

    def freeze(self) -> None:
        """Stop it where it is (SIGSTOP): the kernel takes what comes, nobody answers."""
        if self._leashed is not None:
            self._leashed.signal_group(signal.SIGSTOP)

    def close(self) -> None:
        """Stop it and remove its files."""
        if self._leashed is not None:
            self._leashed.signal_group(signal.SIGCONT)
            self._leashed.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._leashed.process.wait(3)
            self.kill()
        shutil.rmtree(self.folder)

    def _answers(self) -> bool:
        with socket.socket(type=socket.SOCK_DGRAM) as asking:
            asking.settimeout(0.1)
            asking.sendto(_BINDING_REQUEST, ("127.0.0.1", self.port))
            try:
                return bool(asking.recv(1500))
            except OSError:
                time.sleep(0.02)
                return False
