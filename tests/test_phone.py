"""The phone on a real loop, against a real WebSocket server on loopback."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from sipcli.config.settings import Settings, WsServer
from sipcli.core import events
from sipcli.core.credentials import Credentials
from sipcli.core.events import Event
from sipcli.core.exchange import Answered, Lost, NotSent
from sipcli.errors import ConnectError, RegistrationError
from sipcli.phone import MissingPassword, Phone
from sipcli.sip.uri import SipUri
from tests.core.factories import settings
from tests.net.peers import closed_port, raw_server, run, upgrade
from tests.sip_server import Behaviour, SipServer

BOB = SipUri.parse("sip:bob@example.com")
ALICE = Credentials("alice", "open sesame")


class Heard:
    """Events and what an observer sees."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.sent: list[bytes] = []
        self.received: list[bytes] = []
        self.notes: list[str] = []
        self._more = asyncio.Event()

    def on_event(self, event: Event) -> None:
        self.events.append(event)
        self._more.set()

    async def event(self, kind: type[Event], count: int = 1) -> Event:
        """The `count`th event of that kind, once it has been told."""
        while len(found := [one for one in self.events if isinstance(one, kind)]) < count:
            self._more.clear()
            await self._more.wait()
        return found[count - 1]


class Observer:
    def __init__(self, heard: Heard) -> None:
        self._heard = heard

    def sent(self, server: str, data: bytes) -> None:
        self._heard.sent.append(data)

    def received(self, server: str, data: bytes) -> None:
        self._heard.received.append(data)

    def noted(self, text: str) -> None:
        self._heard.notes.append(text)


def at(*servers: SipServer | str, **changes: Any) -> Settings:
    uris = [server if isinstance(server, str) else server.uri for server in servers]
    weights = range(len(uris), 0, -1)
    chosen = tuple(WsServer(uri, weight) for uri, weight in zip(uris, weights, strict=True))
    return settings(ws_servers=chosen, **changes)


def phone(given: Settings, heard: Heard, **changes: Any) -> Phone:
    usual: dict[str, Any] = {"patient": False, "observer": Observer(heard)}
    return Phone(given, changes.pop("credentials", ALICE), heard.on_event, **usual | changes)


def kinds(heard: Heard) -> list[str]:
    return [event.name for event in heard.events]


# From the start to being ready


def test_it_registers_and_takes_its_binding_back_on_the_way_out() -> None:
    async def test() -> None:
        heard = Heard()
        async with SipServer(Behaviour(password="open sesame")) as server:
            async with phone(at(server), heard) as one:
                assert isinstance(await one.ready(), events.Registered)
                assert one.was_ready
            assert [r.contacts[0].params.get("expires") for r in server.requests("REGISTER")] == [
                "600",
                "600",
                "0",
            ]
        assert kinds(heard) == ["connecting", "connected", "registered", "unregistered"]

    run(test())


def test_without_registering_it_is_ready_once_connected() -> None:
    async def test() -> None:
        heard = Heard()
        async with SipServer() as server, phone(at(server, register=False), heard) as one:
            assert isinstance(await one.ready(), events.Connected)
        assert server.received == []

    run(test())


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (Behaviour(statuses={"REGISTER": 403}), RegistrationError),
        (Behaviour(password="another"), RegistrationError),
    ],
)
def test_a_refusal_ends_the_waiting(behaviour: Behaviour, error: type[Exception]) -> None:
    async def test() -> None:
        async with SipServer(behaviour) as server:
            with pytest.raises(error) as caught:
                async with phone(at(server), Heard()) as one:
                    await one.ready()
            assert type(caught.value) is error

    run(test())


@pytest.mark.parametrize("patient", [False, True])
def test_a_missing_password_is_told_apart(patient: bool) -> None:
    async def test() -> None:
        async with SipServer(Behaviour(password="secret")) as server:
            with pytest.raises(MissingPassword):
                async with phone(at(server), Heard(), credentials=None, patient=patient) as one:
                    await one.ready()

    run(test())


def test_no_server_at_all_ends_the_waiting_with_where_it_failed() -> None:
    async def test() -> None:
        heard = Heard()
        gone = f"ws://127.0.0.1:{closed_port()}"
        with pytest.raises(ConnectError, match="tcp"):
            async with phone(at(gone), heard) as one:
                await one.ready()
        assert kinds(heard) == ["connecting", "connect_failed"]

    run(test())


def test_the_next_server_is_tried_where_the_heaviest_is_gone() -> None:
    async def test() -> None:
        heard = Heard()
        async with SipServer() as server:
            gone = f"ws://127.0.0.1:{closed_port()}"
            async with phone(at(gone, server), heard) as one:
                await one.ready()
        assert kinds(heard)[:4] == ["connecting", "connect_failed", "connecting", "connected"]

    run(test())


# Asking


def test_a_ping_and_a_message_have_their_outcome() -> None:
    async def test() -> None:
        async with SipServer(Behaviour(statuses={"MESSAGE": 404})) as server:
            async with phone(at(server), Heard()) as one:
                await one.ready()
                ponged, answered = await asyncio.gather(one.ping(BOB), one.send_message(BOB, "hi"))
            assert isinstance(ponged, Answered)
            assert isinstance(answered, Answered)
            assert (ponged.response.status, answered.response.status) == (200, 404)
            assert server.requests("MESSAGE")[0].body == b"hi"

    run(test())


def test_what_is_asked_before_there_is_a_connection_was_not_sent() -> None:
    async def test() -> None:
        async with SipServer() as server, phone(at(server), Heard()) as one:
            assert await one.ping(BOB) == NotSent()

    run(test())


def test_what_was_in_the_air_when_the_connection_broke_is_lost() -> None:
    async def test() -> None:
        quiet = Behaviour(silent=frozenset({"OPTIONS"}))
        async with SipServer(quiet) as server, phone(at(server), Heard()) as one:
            await one.ready()
            asking = asyncio.ensure_future(one.ping(BOB))
            await server.heard("OPTIONS")
            await server.break_connections()
            assert await asking == Lost()

    run(test())


def test_who_gives_up_waiting_for_an_outcome_disturbs_nobody() -> None:
    async def test() -> None:
        quiet = Behaviour(silent=frozenset({"OPTIONS"}))
        async with SipServer(quiet) as server, phone(at(server), Heard()) as one:
            await one.ready()
            asking = asyncio.ensure_future(one.ping(BOB))
            await server.heard("OPTIONS")
            asking.cancel()
            await server.break_connections()

    run(test())


# Losing and finding servers


def test_a_server_that_goes_and_comes_back_has_us_registered_again() -> None:
    async def test() -> None:
        heard = Heard()
        quick = {"connection_recovery_min_interval": 0.05, "connection_recovery_max_interval": 0.1}
        async with SipServer() as server:
            one = phone(at(server, **quick), heard, patient=True)
            await one.__aenter__()
            await one.ready()
            port = server.port
        await heard.event(events.ConnectFailed)
        async with SipServer(port=port) as server:
            await heard.event(events.Registered, 2)
            await one.__aexit__(None, None, None)
            first, last = server.requests("REGISTER")
            assert first.cseq.number == 2
            assert last.contacts[0].params.get("expires") == "0"

    run(test())


def test_an_impatient_phone_is_not_ready_any_more_after_a_loss() -> None:
    async def test() -> None:
        heard = Heard()
        async with SipServer() as server, phone(at(server), heard) as one:
            await one.ready()
            await server.break_connections()
            await heard.event(events.Disconnected)
            with pytest.raises(ConnectError):
                await one.ready()
            assert one.was_ready

    run(test())


# Leaving


def test_leaving_is_bounded_where_nobody_answers_or_closes() -> None:
    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgrade(reader, writer)
        await asyncio.Event().wait()

    async def test() -> None:
        heard = Heard()
        async with raw_server(deaf) as port:
            one = phone(at(f"ws://127.0.0.1:{port}"), heard)
            await one.__aenter__()
            await heard.event(events.Connected)
            begun = asyncio.get_running_loop().time()
            await one.__aexit__(None, None, None)
            assert asyncio.get_running_loop().time() - begun < 3
        assert b"expires=0" in heard.sent[-1]
        assert heard.notes

    run(test())


@pytest.mark.parametrize("silent", ["REGISTER", "UNREGISTER"])
def test_leaving_is_bounded_where_the_registrar_is_silent(silent: str) -> None:
    async def test() -> None:
        heard = Heard()
        async with SipServer(Behaviour(silent=frozenset({silent}))) as server:
            async with phone(at(server), heard):
                await server.heard("REGISTER")
                begun = asyncio.get_running_loop().time()
            assert asyncio.get_running_loop().time() - begun < 3

    run(test())


def test_leaving_while_dialling_is_quick() -> None:
    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async def test() -> None:
        heard = Heard()
        async with raw_server(mute) as port, phone(at(f"ws://127.0.0.1:{port}"), heard):
            await heard.event(events.Connecting)
        assert kinds(heard) == ["connecting"]

    run(test())


@pytest.mark.parametrize("turns", range(40))
def test_it_can_be_cancelled_at_any_time_and_leaves_nothing(turns: int) -> None:
    async def use(server: SipServer) -> None:
        async with phone(at(server), Heard()) as one:
            await one.ready()
            await one.ping(BOB)

    async def test() -> None:
        async with SipServer() as server:
            task = asyncio.ensure_future(use(server))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled() or task.exception() is None

    run(test())


def test_it_can_be_cancelled_while_it_leaves() -> None:
    async def use(server: SipServer) -> None:
        async with phone(at(server), Heard()) as one:
            await one.ready()

    async def test() -> None:
        async with SipServer(Behaviour(silent=frozenset({"UNREGISTER"}))) as server:
            task = asyncio.ensure_future(use(server))
            await server.heard("REGISTER", 2)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    run(test())


def test_the_bodys_own_error_comes_out_as_it_is() -> None:
    async def test() -> None:
        async with SipServer() as server:
            with pytest.raises(KeyError):  # noqa: PT012
                async with phone(at(server), Heard()) as one:
                    await one.ready()
                    raise KeyError
            assert server.requests("REGISTER")[-1].contacts[0].params.get("expires") == "0"

    run(test())


# Bugs


class Bug(Exception):  # noqa: N818
    pass


def raising_at(kind: type[Event]) -> Callable[[Event], None]:
    def on_event(event: Event) -> None:
        if isinstance(event, kind):
            raise Bug

    return on_event


@pytest.mark.parametrize(
    "kind", [events.Connecting, events.Connected, events.Registered, events.Unregistered]
)
def test_a_bug_of_whoever_listens_comes_to_light_as_it_is(kind: type[Event]) -> None:
    async def test() -> None:
        async with SipServer() as server:
            with pytest.raises(Bug):
                async with Phone(at(server), ALICE, raising_at(kind), patient=False) as one:
                    await one.ready()

    run(test())


def test_a_bug_in_what_a_timer_starts_comes_to_light() -> None:
    async def test() -> None:
        async with SipServer(Behaviour(expires=1)) as server:
            given, on_event = at(server), raising_at(events.Unregistered)
            with pytest.raises(Bug):  # noqa: PT012
                async with Phone(given, ALICE, on_event, patient=False) as one:
                    await one.ready()
                    server.behaviour.silent = frozenset({"REGISTER"})
                    await asyncio.Event().wait()

    run(test())


# Watching


def test_an_observer_sees_all_that_was_sent_and_received() -> None:
    async def test() -> None:
        heard = Heard()
        ping, garbage = b"\r\n\r\n", b"\x00\x01"
        chatty = Behaviour(greeting=(ping, garbage))
        async with SipServer(chatty) as server, phone(at(server), heard) as one:
            await one.ready()
            await one.ping(BOB)
        assert [data[:8] for data in heard.sent[:3]] == [b"REGISTER", b"\r\n", b"OPTIONS "]
        assert [data[:7] for data in heard.received[:4]] == [
            b"SIP/2.0",
            ping,
            garbage,
            b"SIP/2.0",
        ]
        assert heard.notes

    run(test())
