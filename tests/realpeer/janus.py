"""A real Janus on loopback, and its WebSocket API (janus.conf.meetecho.com/docs/rest)."""

import itertools
import json
import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.realpeer.child_processes import LeashedProcess, free_port
from tests.waiting import until

INSTALL: Final = (
    "Janus is not installed: `make peers` does it, as root or with sudo (Debian: janus)"
)
ROOM: Final = 1
"""The one room of the AudioBridge; it mixes at 48 kHz."""
_LIMIT: Final = 10.0
_PROGRAM: Final = Path("/usr/bin/janus")
_CONFIGURATION: Final = {
    "janus.jcfg": """
general: {{ session_timeout = 0, debug_level = 4 }}
plugins: {{ disable = "{others}" }}
transports: {{ disable = "libjanus_http.so,libjanus_mqtt.so,libjanus_nanomsg.so,libjanus_pfunix.so,\
libjanus_rabbitmq.so" }}
""",
    "janus.transport.websockets.jcfg": """
general: {{ json = "compact", ws = true, ws_port = {port}, ws_ip = "127.0.0.1", wss = false }}
""",
    "janus.plugin.audiobridge.jcfg": """
room-{room}: {{ description = "a room", sampling_rate = "48000", record = false }}
""",
}
_USED: Final = {"echotest", "audiobridge"}


def installed() -> bool:
    """Whether Janus is there."""
    return _PROGRAM.exists()


class JanusError(AssertionError):
    """Janus did not do what a test needs it to; the text has its words."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a plugin says."""

    data: dict[str, Any]
    sdp: str | None
    """The offer or the answer that came with it."""


class Handle:
    """One attachment to a plugin: one WebRTC connection."""

    def __init__(self, janus: "Janus", plugin: str) -> None:
        self._janus = janus
        made = janus.order("attach", plugin=f"janus.plugin.{plugin}")
        self.number: int = made["data"]["id"]

    def ask(self, kind: str | None = None, sdp: str | None = None, **body: object) -> Answer:
        """Send the plugin a message, with an `offer` or an `answer` if given; its own answer."""
        # All candidates stand in the description, since SIP carries no others.
        jsep = {} if kind is None else {"jsep": {"type": kind, "sdp": sdp, "trickle": False}}
        said = self._janus.order("message", handle_id=self.number, body=body, **jsep)
        data = said["plugindata"]["data"]
        if "error" in data:
            raise JanusError(data["error"])
        return Answer(data, said.get("jsep", {}).get("sdp"))

    def detach(self) -> None:
        """Hang up."""
        self._janus.order("detach", handle_id=self.number)


class Janus:
    """One session with a Janus that runs."""

    def __init__(self, connection: ClientConnection, log_file: Path) -> None:
        self._connection = connection
        self._log_file = log_file
        self._numbers = itertools.count(1)
        self._answers: dict[str, queue.SimpleQueue[dict[str, Any]]] = {}
        self._session: dict[str, object] = {}
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self._session = {"session_id": self.order("create")["data"]["id"]}

    @property
    def log(self) -> str:
        """All it has written."""
        return self._log_file.read_text("utf-8", "replace")

    def attach(self, plugin: str) -> Handle:
        """A new handle of `echotest` or `audiobridge`."""
        return Handle(self, plugin)

    def order(self, what: str, **fields: object) -> dict[str, Any]:
        """Give an order; the answer to it, or the event that follows an acknowledgement."""
        transaction = f"t{next(self._numbers)}"
        answers = self._answers[transaction] = queue.SimpleQueue()
        order = {"janus": what, "transaction": transaction, **self._session, **fields}
        self._connection.send(json.dumps(order))
        while True:
            try:
                answer = answers.get(timeout=_LIMIT)
            except queue.Empty:
                raise JanusError(f"no answer to {what}:\n{self.log[-4000:]}") from None
            if answer["janus"] == "error":
                raise JanusError(answer["error"]["reason"])
            if answer["janus"] != "ack":
                return answer

    def _read(self) -> None:
        with suppress(ConnectionClosed):
            for text in self._connection:
                message = json.loads(text)
                if (waiting := self._answers.get(message.get("transaction", ""))) is not None:
                    waiting.put(message)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._reader.join()


@contextmanager
def running() -> Iterator[Janus]:
    """Run a Janus; it gathers no candidate where there is loopback only."""
    port = free_port()
    plugins = Path("/usr/lib").glob("*/janus/plugins/libjanus_*.so")
    others = [each.name for each in plugins if each.stem.removeprefix("libjanus_") not in _USED]
    with TemporaryDirectory(prefix="janus-") as made:
        folder = Path(made)
        for name, text in _CONFIGURATION.items():
            words = {"others": ",".join(others), "port": port, "room": ROOM}
            (folder / name).write_text(text.format(**words))
        log_file = folder / "log"
        with log_file.open("wb") as log:
            command = [str(_PROGRAM), "--disable-colors", f"--configs-folder={folder}"]
            leashed = LeashedProcess(
                [*command, f"--config={folder}/janus.jcfg"], stdout=log, stderr=log
            )

        def listens() -> bool:
            if not leashed.is_running():
                raise JanusError(f"Janus did not start:\n{log_file.read_text()}")
            with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                return True
            return False

        try:
            until(listens)
            uri, subprotocols = f"ws://127.0.0.1:{port}", [Subprotocol("janus-protocol")]
            with (
                connect(uri, subprotocols=subprotocols, proxy=None) as connection,
                Janus(connection, log_file) as janus,
            ):
                yield janus
        finally:
            leashed.kill()
