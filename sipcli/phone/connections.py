"""The connections of a phone, dialing or open; usually there is one. They are recorded here."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sipcli.core.connection.flow import Flow
from sipcli.journal.entries import SipEntry
from sipcli.journal.journal import Journal
from sipcli.net.link import Link


@dataclass(slots=True)
class Connection:
    """A flow's task, and its link once there is one."""

    task: asyncio.Task[None]
    link: Link | None = None
    closing: bool = False
    probing: asyncio.Task[None] | None = None
    """The latest probe of the connection."""

    @property
    def is_being_probed(self) -> bool:
        """True while a probe waits for its answer."""
        return self.probing is not None and not self.probing.done()


class Connections(dict[Flow, Connection]):
    """All connections by flow. What they carry is recorded in `journal`."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self._journal = journal

    def send(self, flow: Flow, data: bytes) -> None:
        """Send a message, if the link of the flow is open."""
        link = self.link(flow)
        if link is not None:
            self._record("sent", flow, link, data)
            link.send(data)

    async def receive(self, flow: Flow, link: Link) -> bytes:
        """Return the next message of an open link. Raises `LinkClosed`."""
        data = await link.receive()
        self._record("received", flow, link, data)
        return data

    def _record(
        self, direction: Literal["sent", "received"], flow: Flow, link: Link, data: bytes
    ) -> None:
        if self._journal.wants(SipEntry):
            self._journal.record(
                SipEntry(
                    at=self._journal.now(),
                    direction=direction,
                    local=link.local,
                    remote=link.remote,
                    transport="wss" if flow.server.secure else "ws",
                    server=str(flow.server),
                    data=data,
                )
            )

    def link(self, flow: Flow | None) -> Link | None:
        """Return the open link of a flow; None if there is none."""
        connection = self.get(flow) if flow is not None else None
        return connection.link if connection is not None else None

    def remotes(self) -> Iterator[str]:
        """Yield the IP addresses of the servers with an open link."""
        for connection in self.values():
            if connection.link is not None:
                yield connection.link.remote[0]
