"""How a phone ends: in time, whole, and with every bug of its users brought to light."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from sipcli.phone import events
from sipcli.phone.events import Event
from sipcli.phone.runner import UserAgentRunner
from tests.event_loop import now
from tests.net.peers import raw_server, upgrade
from tests.phones import ALICE, BOB, Heard, at, kinds, phone
from tests.sip_server import Behaviour, SipServer

UNCONFIRMED_LINE = "not everything was confirmed in time at the end"

# Leaving


@pytest.mark.virtual_time
async def test_leaving_is_bounded_where_nobody_answers_or_closes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "sipcli.phone.runner")

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgrade(reader, writer)
        await asyncio.Event().wait()

    heard = Heard()
    async with raw_server(deaf) as port:
        one = phone(at(f"ws://127.0.0.1:{port}"), heard)
        await one.__aenter__()
        await heard.event(events.Connected)
        begun = now()
        await one.__aexit__(None, None, None)
        assert now() - begun <= 3
    assert b"expires=0" in heard.sent[-1]
    assert UNCONFIRMED_LINE in caplog.messages


@pytest.mark.parametrize("silent", ["REGISTER", "UNREGISTER"])
@pytest.mark.virtual_time
async def test_leaving_is_bounded_where_the_registrar_is_silent(silent: str) -> None:
    heard = Heard()
    async with SipServer(Behaviour(silent=frozenset({silent}))) as server:
        async with phone(at(server), heard):
            await server.heard("REGISTER")
            begun = now()
        assert now() - begun <= 3


async def test_leaving_while_dialling_is_quick() -> None:
    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    heard = Heard()
    async with raw_server(mute) as port, phone(at(f"ws://127.0.0.1:{port}"), heard):
        await heard.event(events.Connecting)
    assert kinds(heard) == ["connecting"]


@pytest.mark.parametrize("turns", range(40))
async def test_it_can_be_cancelled_at_any_time_and_leaves_nothing(turns: int) -> None:
    async def use(server: SipServer) -> None:
        async with phone(at(server), Heard()) as one:
            await one.ready()
            await one.ping(BOB)

    async with SipServer() as server:
        task = asyncio.ensure_future(use(server))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled() or task.exception() is None


@pytest.mark.virtual_time
async def test_it_can_be_cancelled_while_it_leaves() -> None:
    async def use(server: SipServer) -> None:
        async with phone(at(server), Heard()) as one:
            await one.ready()

    async with SipServer(Behaviour(silent=frozenset({"UNREGISTER"}))) as server:
        task = asyncio.ensure_future(use(server))
        await server.heard("REGISTER", 2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


class OldTimeout(asyncio.Timeout):  # type: ignore[misc]
    """`asyncio.timeout` as it is before Python 3.11.3, on Debian 12 for one (gh-102780).

    In a task that was cancelled before, it ends in `CancelledError` and not in `TimeoutError`.
    """

    async def __aexit__(self, *what: Any) -> None:
        try:
            await super().__aexit__(*what)
        except TimeoutError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise asyncio.CancelledError from None
            raise


@pytest.fixture
def old_timeouts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What we call is old; `asyncio.wait_for`, which is built on it from 3.12 on, stays."""

    def timeout(delay: float | None) -> OldTimeout:
        loop = asyncio.get_running_loop()
        return OldTimeout(None if delay is None else loop.time() + delay)

    monkeypatch.setattr(asyncio, "timeout", timeout)
    monkeypatch.setattr(asyncio, "timeout_at", OldTimeout)


@pytest.mark.usefixtures("old_timeouts")
@pytest.mark.virtual_time
async def test_leaving_is_as_orderly_after_a_cancellation_in_every_python(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "sipcli.phone.runner")
    heard = Heard()

    async def use(server: SipServer) -> None:
        async with phone(at(server), heard):
            await asyncio.Event().wait()

    async with SipServer(Behaviour(silent=frozenset({"UNREGISTER"}))) as server:
        task = asyncio.ensure_future(use(server))
        await heard.event(events.Registered)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert caplog.messages.count(UNCONFIRMED_LINE) == 1


async def test_the_bodys_own_error_comes_out_as_it_is() -> None:
    async with SipServer() as server:
        with pytest.raises(KeyError):  # noqa: PT012
            async with phone(at(server), Heard()) as one:
                await one.ready()
                raise KeyError
        assert server.requests("REGISTER")[-1].contacts[0].params.get("expires") == "0"


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
async def test_a_bug_of_whoever_listens_comes_to_light_as_it_is(kind: type[Event]) -> None:
    async with SipServer() as server:
        with pytest.raises(Bug):
            async with UserAgentRunner(
                at(server), ALICE, raising_at(kind), retry_forever=False
            ) as one:
                await one.ready()


async def test_a_bug_in_what_a_timer_starts_comes_to_light() -> None:
    async with SipServer(Behaviour(expires=1)) as server:
        given, on_event = at(server), raising_at(events.Unregistered)
        with pytest.raises(Bug):  # noqa: PT012
            async with UserAgentRunner(given, ALICE, on_event, retry_forever=False) as one:
                await one.ready()
                server.behaviour.silent = frozenset({"REGISTER"})
                await asyncio.Event().wait()
