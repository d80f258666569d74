"""The connections that a phone dials and has: most of the time one."""

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
    proof: asyncio.Task[None] | None = None
    """The latest look whether it is alive."""

    @property
    def is_being_proved(self) -> bool:
        """Whether it has been asked for a sign of life, and may still give it."""
        return self.proof is not None and not self.proof.done()


class Connections(dict[Flow, Connection]):
    """All of them, by their flows."""

    def link(self, flow: Flow | None) -> Link | None:
        """The open link of a flow; None where there is none."""
        connection = self.get(flow) if flow is not None else None
        return connection.link if connection is not None else None

    def remotes(self) -> Iterator[str]:
        """The IP addresses that open links go to."""
        for connection in self.values():
            address = connection.link.remote_address if connection.link is not None else None
            if address is not None:
                yield address
