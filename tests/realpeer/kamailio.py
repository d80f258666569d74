"""A real Kamailio on loopback: registrar, proxy and WebSocket server for the real-peer tests."""

import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import trustme
from websockets.exceptions import InvalidHandshake
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.realpeer.child_processes import LeashedProcess

TEMPLATE: Final = Path(__file__).with_name("kamailio.cfg")
DOMAIN: Final = "sipcli.test"
INSTALL: Final = (
    "Kamailio is not installed; on Debian: `make peers`, as root or with sudo, or install "
    "kamailio kamailio-websocket-modules kamailio-tls-modules kamailio-outbound-modules"
)
_START_LIMIT: Final = 10.0
_RPC_LIMIT: Final = 3.0


class KamailioError(Exception):
    """Kamailio did not do what a test needs it to; the text has the end of its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a test may want to be different about its Kamailio."""

    algorithm: str = "MD5"
    """Digest algorithm of its challenges: `MD5` or `SHA-256` (5.6 has no SHA-512-256)."""
    nonce_expire: int = 300
    """Seconds until a nonce is stale."""
    min_expires: int = 1
    """Seconds; a shorter registration gets `min_expires`, or 423 with `refuse_brief`."""
    refuse_brief: bool = False
    max_expires: int = 3600
    """Seconds; a longer registration is cut to this."""
    outbound: bool = True
    """Whether GRUUs and outbound flows are supported (RFC 5627, RFC 5626)."""
    flow_timer: int = 30
    """Seconds, for the Flow-Timer header."""
    service_route: bool = False
    """Whether a registration is answered with a Service-Route (RFC 3608)."""
    rtpengine_port: int | None = None
    """Where an rtpengine takes orders, to bridge calls between WebRTC and plain RTP."""


@dataclass(frozen=True, slots=True)
class Binding:
    """One contact of an address of record, as Kamailio's location table has it."""

    contact: str
    expires: int
    """Seconds left."""
    cseq: int
    call_id: str
    user_agent: str
    instance: str
    """Without its angle brackets; `[not set]` where the client gave none."""
    reg_id: int
    """0 where the client gave none."""

    @classmethod
    def from_rpc(cls, contact: Mapping[str, Any]) -> Self:
        """Read one contact of `ul.lookup`."""
        return cls(
            contact=contact["Address"],
            expires=contact["Expires"],
            cseq=contact["CSeq"],
            call_id=contact["Call-ID"],
            user_agent=contact["User-Agent"],
            instance=contact["Instance"].strip("<>"),
            reg_id=contact["Reg-Id"],
        )


def installed() -> bool:
    """Whether Kamailio and all that its configuration needs is there."""
    return _program() is not None and all(
        any(Path("/usr/lib").glob(f"*/kamailio/modules/{module}.so"))
        for module in ("websocket", "tls", "outbound")
    )


def _program() -> str | None:
    """Where Kamailio is; a user's PATH need not name the folder of servers."""
    return shutil.which("kamailio", path=f"{os.environ['PATH']}:/usr/sbin")


def _free_ports() -> Iterator[int]:
    """Ports that nothing listens on, each given out once in this process.

    Not the kernel's own choice (port 0): a port from its range for outgoing connections may be
    taken while a killed server is away, and a client that dials it then may even reach itself.
    Each process has a block of its own, by its id, since test processes run side by side.
    """
    first = 15_000 + os.getpid() % 170 * 100
    for port in itertools.islice(itertools.cycle(range(first, first + 100)), 10_000):
        with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagram:
            try:
                stream.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                stream.bind(("127.0.0.1", port))
                datagram.bind(("127.0.0.1", port))
            except OSError:
                continue
        yield port


_PORTS: Final = _free_ports()


class Kamailio:
    """One server: its ports, users and files stay the same from start to start."""

    domain: Final = DOMAIN
    users: Final = {name: f"{name}-secret" for name in ("alice", "bob", "carol")}
    """Passwords by user name; the realm is `domain`. What others are like: see the template."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.folder = Path(tempfile.mkdtemp(prefix="kamailio-"))
        self.ws_port, self.wss_port, self.sip_port = itertools.islice(_PORTS, 3)
        self.ca_file = self.folder / "ca.pem"
        self._log_file = self.folder / "log"
        self._leashed: LeashedProcess | None = None
        self._make_certificates()

    @property
    def ws_uri(self) -> str:
        """Where it takes WebSockets in the clear."""
        return f"ws://127.0.0.1:{self.ws_port}"

    @property
    def wss_uri(self) -> str:
        """Where it takes WebSockets over TLS, with a certificate that `ca_file` vouches for."""
        return f"wss://localhost:{self.wss_port}"

    @property
    def log(self) -> str:
        """All it has written since `clear_log`."""
        return self._log_file.read_text("utf-8", "replace") if self._log_file.exists() else ""

    def is_running(self) -> bool:
        """Whether it was started and neither stopped, killed nor gone by itself."""
        return self._leashed is not None and self._leashed.is_running()

    # Life and death

    def start(self) -> None:
        """Start it on its ports and wait until it accepts a WebSocket.

        Raises `KamailioError` when it does not within 10 s.
        """
        assert self._leashed is None, "it runs already"
        self._write_configuration()
        command = [_program() or "kamailio", "-DD", "-E", "-m", "64", "-M", "8"]
        command += ["-f", str(self.folder / "kamailio.cfg"), "-Y", str(self.folder)]
        with self._log_file.open("ab") as log:
            self._leashed = LeashedProcess(command, stdout=log, stderr=log)
        deadline = time.monotonic() + _START_LIMIT
        while not self._accepts_websockets():
            if not self._leashed.is_running() or time.monotonic() > deadline:
                self.kill()
                raise KamailioError(f"Kamailio did not start:\n{self.log[-4000:]}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it in good order: SIGTERM, and SIGKILL for what is left after 3 s."""
        if self._leashed is not None:
            self.thaw()
            self._leashed.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._leashed.process.wait(3)
            self.kill()

    def kill(self) -> None:
        """End all its processes at once (SIGKILL), as a crash would."""
        if self._leashed is not None:
            self._leashed.kill()
            self._leashed = None

    def restart(self, settings: Settings | None = None) -> None:
        """Kill it if it runs and start it again on the same ports, with new settings if given."""
        self.kill()
        self.settings = settings or self.settings
        self.start()

    def freeze(self) -> None:
        """Stop all its processes where they are (SIGSTOP): TCP connects, nobody answers."""
        if self._leashed is not None:
            self._leashed.signal_group(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let all its processes go on after `freeze`."""
        if self._leashed is not None:
            self._leashed.signal_group(signal.SIGCONT)

    def close(self) -> None:
        """Stop it and remove its files."""
        self.stop()
        shutil.rmtree(self.folder)

    # Questions and orders

    def bindings(self, user: str) -> list[Binding]:
        """The bindings that the registrar has for this user now."""
        try:
            found = self.rpc("ul.lookup", "location", user)
        except KeyError:
            return []
        return [Binding.from_rpc(entry["Contact"]) for entry in found["Contacts"]]

    def close_websockets(self) -> None:
        """Close every WebSocket from the server's side; the server stays."""
        for connection in self.rpc("ws.dump").get("connections", []):
            with suppress(KeyError):  # it may be gone by now
                self.rpc("ws.close", int(connection.partition(":")[0]))

    def forget(self) -> None:
        """Drop bindings, connections and the log: as good as new for the next test."""
        self.close_websockets()
        for domain in self.rpc("ul.dump", "brief")["Domains"]:
            for entry in domain["Domain"]["AoRs"]:
                self.rpc("ul.rm", "location", entry["AoR"])
        self.clear_log()

    def clear_log(self) -> None:
        """Forget what it has logged, to see what it logs from now on."""
        os.truncate(self._log_file, 0)

    def requests(self, method: str) -> list[str]:
        """Its log's lines about requests of this method since `clear_log`."""
        return [line for line in self.log.splitlines() if f": request {method} " in line]

    def rpc(self, method: str, *params: str | int) -> Any:
        """Call a Kamailio RPC method and return its result.

        Raises `KeyError` with its words when it says no, `TimeoutError` when it says nothing
        for 3 s.
        """
        call = {"jsonrpc": "2.0", "method": method, "params": params, "id": 1}
        with (
            tempfile.TemporaryDirectory(dir=self.folder) as own,
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as control,
        ):
            control.bind(f"{own}/rpc")
            control.settimeout(_RPC_LIMIT)
            control.sendto(json.dumps(call).encode(), str(self.folder / "rpc"))
            answer = json.loads(control.recv(1 << 18))
        if "error" in answer:
            raise KeyError(answer["error"]["message"])
        return answer["result"]

    # Files

    def _make_certificates(self) -> None:
        authority = trustme.CA(organization_name="sipcli tests")
        server = authority.issue_cert("localhost", "127.0.0.1", DOMAIN)
        authority.cert_pem.write_to_path(self.ca_file)
        server.private_key_and_cert_chain_pem.write_to_path(self.folder / "server.pem")
        (self.folder / "tls.cfg").write_text(
            "[server:default]\n"
            "method = TLSv1.2+\n"
            "verify_certificate = no\n"
            "require_certificate = no\n"
            f"private_key = {self.folder}/server.pem\n"
            f"certificate = {self.folder}/server.pem\n"
        )

    def _write_configuration(self) -> None:
        words = {
            "FOLDER": self.folder,
            "DOMAIN": DOMAIN,
            "SIP_PORT": self.sip_port,
            "WS_PORT": self.ws_port,
            "WSS_PORT": self.wss_port,
            "PASSWORDS": "\n".join(
                f'    $sht(password=>{name}) = "{word}";' for name, word in self.users.items()
            ),
            "ALGORITHM": self.settings.algorithm,
            "NONCE_EXPIRE": self.settings.nonce_expire,
            "MIN_EXPIRES": self.settings.min_expires,
            "REFUSE_BRIEF": int(self.settings.refuse_brief),
            "MAX_EXPIRES": self.settings.max_expires,
            "OUTBOUND": int(self.settings.outbound),
            "FLOW_TIMER": self.settings.flow_timer if self.settings.outbound else 0,
            "SERVICE_ROUTE": int(self.settings.service_route),
            "MEDIA_RELAY": ""
            if self.settings.rtpengine_port is None
            else f'#!define MEDIA_RELAY "udp:127.0.0.1:{self.settings.rtpengine_port}"',
        }
        text = TEMPLATE.read_text("utf-8")
        for word, value in words.items():
            text = text.replace(f"@{word}@", str(value))
        (self.folder / "kamailio.cfg").write_text(text, "utf-8")

    def _accepts_websockets(self) -> bool:
        try:
            with connect(
                self.ws_uri, subprotocols=[Subprotocol("sip")], open_timeout=2, proxy=None
            ):
                return True
        except (OSError, InvalidHandshake):
            return False
