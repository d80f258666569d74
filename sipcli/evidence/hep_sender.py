"""Sends the SIP and RTCP that a journal records to a HEP server, such as Homer, as it happens.

Nothing here delays a call: the listeners fill a bounded queue, and a task of its own empties it.
"""

import asyncio
import logging
import re
import ssl
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from sipcli.config.server_settings import HepServer
from sipcli.evidence.hep import HepMessage, HepProtocol, encode
from sipcli.evidence.hep_connection import HepConnection, connect, explain
from sipcli.evidence.ip_packets import IpProtocol
from sipcli.evidence.rtcp_json import rtcp_json
from sipcli.evidence.sip_facts import is_keep_alive
from sipcli.journal.entries import PacketEntry, SipEntry
from sipcli.journal.journal import Journal
from sipcli.net import tls
from sipcli.phone.waiter import within
from sipcli.sip.masking import without_secrets

MAX_QUEUED: Final = 512
"""Messages that wait for a server that is slow or away, each of at most `hep.MAX_MESSAGE` bytes."""
MIN_WAIT_S: Final = 1.0
MAX_WAIT_S: Final = 30.0
"""Bounds of the wait before the server is tried again; it doubles each time."""
LASTING_S: Final = 60.0
"""After this time the end of a connection, as by an idle timeout, is no failure of the server: it
is dialled again at once. If that fails, it is one."""
FLUSH_S: Final = 0.3
"""How long the end waits for messages to go out."""

_LOGGER: Final = logging.getLogger(__name__)
_CALL_ID: Final = re.compile(
    rb"^(?:Call-ID|i)[ \t]*:[ \t]*([^\r\n]+)", re.IGNORECASE | re.MULTILINE
)


class HepSender:
    """A capture agent: `async with HepSender(…) as sender: sender.attach(journal)`.

    A server that cannot be reached costs a warning. It is tried again, in growing intervals.
    """

    def __init__(
        self,
        server: HepServer,
        *,
        agent_id: int,
        password: str | None,
        tls_ca_file: str | None,
        tls_verify: bool,
        warn: Callable[[str], None],
    ) -> None:
        """The arguments are the settings of these names. Raises `ConfigError` for `tls_ca_file`."""
        self._server = server
        self._agent_id = agent_id
        self._password = password
        self._warn = warn
        self._context: ssl.SSLContext | None = None
        if server.transport == "tls":
            self._context = tls.client_context(ca_file=tls_ca_file, verify=tls_verify)
        self._journals: list[Journal] = []
        self._queue: deque[bytes] = deque()
        self._is_filled = asyncio.Event()
        self._is_settled = asyncio.Event()
        """Set while there is nothing to wait for: nothing is queued, or the server is away."""
        self._is_settled.set()
        self._is_away = False
        self._was_connected = False
        self._has_warned = False
        self.dropped = 0
        """Messages that were not sent: the queue was full, or the end had come."""

    async def __aenter__(self) -> Self:
        """Begin to connect, in the background."""
        self._task = asyncio.create_task(self._run(), name="sipcli-hep")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Listen no more, and give what is queued `FLUSH_S` seconds to go out."""
        for journal in self._journals:
            journal.unsubscribe(self._on_sip)
            journal.unsubscribe(self._on_packet)
        try:
            with suppress(TimeoutError):
                await within(FLUSH_S, self._is_settled.wait())
        finally:
            self._task.cancel()
            await asyncio.wait([self._task])
            self.dropped += len(self._queue)
            self._report_dropped()

    def attach(self, journal: Journal) -> None:
        """Send what this journal records from now on."""
        self._journals.append(journal)
        journal.subscribe(SipEntry, self._on_sip)
        journal.subscribe(PacketEntry, self._on_packet)

    def _on_sip(self, entry: SipEntry) -> None:
        if not is_keep_alive(entry) and self._has_room():
            call = _CALL_ID.search(entry.data)
            call_id = call[1].decode(errors="replace").strip() if call else ""
            payload = without_secrets(entry.data)
            self._add(entry, IpProtocol.TCP, HepProtocol.SIP, payload, call_id)

    def _on_packet(self, entry: PacketEntry) -> None:
        report = rtcp_json(entry.data) if entry.is_rtcp else None
        if report is not None and self._has_room():
            self._add(entry, IpProtocol.UDP, HepProtocol.RTCP_JSON, report, entry.call)

    def _has_room(self) -> bool:
        """Return True if the queue takes one more message; count it as dropped otherwise."""
        has_room = len(self._queue) < MAX_QUEUED
        self.dropped += not has_room
        return has_room

    def _add(
        self,
        entry: SipEntry | PacketEntry,
        ip_protocol: IpProtocol,
        protocol: HepProtocol,
        payload: bytes,
        call_id: str,
    ) -> None:
        is_sent = entry.direction == "sent"
        message = HepMessage(
            at=entry.at,
            source=entry.local if is_sent else entry.remote,
            destination=entry.remote if is_sent else entry.local,
            ip_protocol=ip_protocol,
            protocol=protocol,
            payload=payload,
            correlation_id=call_id,
        )
        self._queue.append(encode(message, agent_id=self._agent_id, password=self._password))
        self._is_filled.set()
        if not self._is_away:
            self._is_settled.clear()

    async def _run(self) -> None:
        try:
            await self._keep_sending()
        except Exception:
            self._is_settled.set()
            _LOGGER.exception("a bug in sipcli: nothing more is sent to the HEP server")

    async def _keep_sending(self) -> None:
        loop = asyncio.get_running_loop()
        wait = MIN_WAIT_S
        while True:
            began = loop.time()
            try:
                connection = await connect(self._server, self._context)
                self._was_connected = True
                try:
                    await self._send_queued(connection)
                finally:
                    await connection.close()
            except OSError as error:
                reason = explain(error, self._server)
                if loop.time() - began > LASTING_S:
                    _LOGGER.info("the HEP server %s is dialled again: %s", self._server, reason)
                    wait = MIN_WAIT_S
                    continue
                self._note_failure(reason)
            await asyncio.sleep(wait)
            wait = min(2 * wait, MAX_WAIT_S)

    async def _send_queued(self, connection: HepConnection) -> None:
        """Send what is queued, for good. Raises `OSError`; the message stays in the queue."""
        while True:
            if not self._queue:
                self._is_settled.set()
                self._is_filled.clear()
                await self._is_filled.wait()
            await connection.send(self._queue[0])
            self._queue.popleft()
            if self._is_away:
                self._is_away = False
                self._is_settled.clear()
                _LOGGER.info("the HEP server %s is back", self._server)

    def _note_failure(self, reason: str) -> None:
        self._is_away = True
        self._is_settled.set()
        text = f"the HEP server {self._server} does not get what happens: {reason}"
        if self._has_warned:
            _LOGGER.info("%s", text)
        else:
            self._has_warned = True
            self._warn(text)

    def _report_dropped(self) -> None:
        text = f"the HEP server {self._server} did not get {self.dropped} messages"
        if self.dropped and not self._has_warned:
            slow = "it takes them too slowly"
            self._warn(f"{text}: {slow if self._was_connected else 'it has not answered yet'}")
        elif self.dropped:
            _LOGGER.info("%s", text)
