"""The connections of a phone, dialing or open; usually there is one."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from sipcli.core.connection.flow import Flow
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
    """All connections by flow."""

    def link(self, flow: Flow | None) -> Link | None:
        """Return the open link of a flow; None if there is none."""
        connection = self.get(flow) if flow is not None else None
        return connection.link if connection is not None else None

    def remotes(self) -> Iterator[str]:
        """Yield the IP addresses of the servers with an open link."""
        for connection in self.values():
            address = connection.link.remote_address if connection.link is not None else None
            if address is not None:
                yield address
