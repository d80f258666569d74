"""Calls between two phones through a real proxy: signalling alone, with made-up descriptions.

The proxy record-routes, challenges INVITEs and rewrites what it must for WebSockets.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeVar
from uuid import uuid4

from sipcli.config.server_settings import WsServer
from sipcli.config.settings import Settings
from sipcli.core.calls.events import (
    Acknowledged,
    Answered,
    Ended,
    Incoming,
    InfoReceived,
    OfferAnswered,
    Progress,
    RemoteOffer,
    TransferProgress,
    TransferRequested,
)
from sipcli.core.requests.credentials import Credentials
from sipcli.phone.events import Disconnected, Registered
from sipcli.phone.runner import UserAgentRunner
from sipcli.sip.uri import SipUri
from tests.realpeer.kamailio import Kamailio

AnyEvent = TypeVar("AnyEvent")


class Talker:
    """A phone and all that it was told."""

    def __init__(self, kamailio: Kamailio, name: str) -> None:
        self.uri = SipUri.parse(f"sip:{name}@{kamailio.domain}")
        self.told: list[object] = []
        self._news = asyncio.Event()
        password = kamailio.users[name]
        settings = Settings(
            uri=self.uri,
            instance_id=uuid4(),
            ws_servers=(WsServer(kamailio.ws_uri),),
            password=password,
            connection_recovery_min_interval=1,
        )
        self.phone = UserAgentRunner(
            settings,
            Credentials(name, password),
            self._note,
            takes_calls=True,
            retry_forever=True,
        )
        self.phone.on_call_event = self._note

    async def hear(self, kind: type[AnyEvent]) -> AnyEvent:
        """Wait for the next event of one kind; those before it are forgotten."""
        async with asyncio.timeout(10):
            while True:
                while self.told:
                    event = self.told.pop(0)
                    if isinstance(event, kind):
                        return event
                self._news.clear()
                await self._news.wait()

    def do(self, verb: str, *args: Any, **named: Any) -> Any:
        """Use a verb of the calls'."""
        with self.phone.step() as (agent, now):
            return getattr(agent.calls, verb)(*args, now=now, **named)

    def _note(self, event: object) -> None:
        self.told.append(event)
        self._news.set()


@asynccontextmanager
async def talkers(kamailio: Kamailio, *names: str) -> AsyncIterator[list[Talker]]:
    async with AsyncExitStack() as stack:
        made = [Talker(kamailio, name) for name in names]
        for one in made:
            await stack.enter_async_context(one.phone)
            await one.phone.ready()
        yield made


async def talk(one: Talker, other: Talker) -> str:
    """Have one call the other; the call is up when this returns."""
    call = str(one.do("invite", other.uri, b"v=0 offer"))
    incoming = await other.hear(Incoming)
    assert (incoming.call, incoming.offer) == (call, b"v=0 offer")
    assert (await one.hear(Progress)).status == 180
    other.do("accept", call, b"v=0 answer")
    assert (await one.hear(Answered)).body == b"v=0 answer"
    await other.hear(Acknowledged)
    return call


async def test_a_call_with_changes_from_both_sides(kamailio: Kamailio) -> None:
    async with talkers(kamailio, "alice", "bob") as (alice, bob):
        call = await talk(alice, bob)
        for one, other in ((alice, bob), (bob, alice)):
            one.do("offer", call, b"v=0 hold")
            assert (await other.hear(RemoteOffer)).body == b"v=0 hold"
            other.do("answer", call, b"v=0 held")
            assert (await one.hear(OfferAnswered)).body == b"v=0 held"
            await other.hear(Acknowledged)
            one.do("info", call, "application/dtmf-relay", b"Signal=5")
            assert (await other.hear(InfoReceived)).body == b"Signal=5"
        bob.do("hang_up", call)
        assert (await alice.hear(Ended)).by == "remote"


async def test_a_call_is_cancelled(kamailio: Kamailio) -> None:
    async with talkers(kamailio, "alice", "bob") as (alice, bob):
        call = alice.do("invite", bob.uri, b"v=0 offer")
        await bob.hear(Incoming)
        await alice.hear(Progress)
        alice.do("hang_up", call)
        assert (await bob.hear(Ended)).by == "remote"
        assert (await alice.hear(Ended)).status == 487


async def test_a_call_is_refused(kamailio: Kamailio) -> None:
    async with talkers(kamailio, "alice", "bob") as (alice, bob):
        alice.do("invite", bob.uri, b"v=0 offer")
        bob.do("reject", (await bob.hear(Incoming)).call, 486)
        ended = await alice.hear(Ended)
        assert (ended.by, ended.status) == ("remote", 486)


async def test_a_call_outlives_its_connections(kamailio: Kamailio) -> None:
    async with talkers(kamailio, "alice", "bob") as (alice, bob):
        call = await talk(alice, bob)
        kamailio.close_websockets()
        for one in (alice, bob):
            await one.hear(Disconnected)
            await one.hear(Registered)
        alice.do("hang_up", call)
        assert (await alice.hear(Ended)).by == "local"
        assert (await bob.hear(Ended)).by == "remote"


async def test_a_blind_transfer_to_ones_other_phone(kamailio: Kamailio) -> None:
    async with talkers(kamailio, "alice", "bob", "alice") as (alice, bob, other):
        call = await talk(alice, bob)
        alice.do("refer", call, target=alice.uri)
        asked = await bob.hear(TransferRequested)
        bob.do("accept_transfer", call)
        bob.do("invite", asked.target, b"v=0 offer", transfer=call)
        other.do("accept", (await other.hear(Incoming)).call, b"v=0 answer")
        await bob.hear(Answered)
        statuses: list[int | None] = []
        while not statuses or statuses[-1] != 200:
            statuses.append((await alice.hear(TransferProgress)).status)
        assert statuses[0] == 202
