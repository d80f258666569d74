"""Phones for tests, and what is heard of them."""

import asyncio
from typing import Any

from sipcli.config.server_settings import WsServer
from sipcli.config.settings import Settings
from sipcli.core.requests.credentials import Credentials
from sipcli.journal.entries import SipEntry
from sipcli.journal.journal import Journal
from sipcli.phone.events import Event
from sipcli.phone.runner import UserAgentRunner
from sipcli.sip.uri import SipUri
from tests.core.factories import settings
from tests.sip_server import SipServer

BOB = SipUri.parse("sip:bob@example.com")
ALICE = Credentials("alice", "open sesame")


class Heard:
    """Events, and the messages in the journal."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.sent: list[bytes] = []
        self.received: list[bytes] = []
        self.journal = Journal()
        self.journal.subscribe(SipEntry, self._on_message)
        self._more = asyncio.Event()

    def _on_message(self, entry: SipEntry) -> None:
        (self.sent if entry.direction == "sent" else self.received).append(entry.data)

    def on_event(self, event: Event) -> None:
        self.events.append(event)
        self._more.set()

    async def event(self, kind: type[Event], count: int = 1) -> Event:
        """The `count`th event of that kind, once it has been told."""
        while len(found := [one for one in self.events if isinstance(one, kind)]) < count:
            self._more.clear()
            await self._more.wait()
        return found[count - 1]


def at(*servers: SipServer | str, **changes: Any) -> Settings:
    uris = [server if isinstance(server, str) else server.uri for server in servers]
    weights = range(len(uris), 0, -1)
    chosen = tuple(WsServer(uri, weight) for uri, weight in zip(uris, weights, strict=True))
    return settings(ws_servers=chosen, **changes)


def phone(given: Settings, heard: Heard, **changes: Any) -> UserAgentRunner:
    usual: dict[str, Any] = {"retry_forever": False, "journal": heard.journal}
    return UserAgentRunner(
        given, changes.pop("credentials", ALICE), heard.on_event, **usual | changes
    )


def kinds(heard: Heard) -> list[str]:
    return [event.name for event in heard.events]
