"""What runs beside a phone: its errors end the phone, and the phone never ends without it."""

import asyncio

import pytest

from sipcli.core.agent import UserAgent
from sipcli.core.calls.calls import Calls
from sipcli.core.connection.flow import Flow
from sipcli.core.requests.exchange import FinalResponse
from sipcli.phone.events import Warned
from sipcli.sip.uri import SipUri
from tests.event_loop import now
from tests.phones import Heard, at, phone
from tests.sip_server import SipServer

BOB = SipUri.parse("sip:bob@example.com")


class Fault(Exception):  # noqa: N818
    pass


async def fail() -> None:
    raise Fault


async def test_an_error_ends_the_body_and_what_is_owed_still_goes_out() -> None:
    async with SipServer() as server:
        with pytest.raises(Fault):  # noqa: PT012
            async with phone(at(server), Heard()) as one:
                await one.ready()
                one.spawn(fail())
                await asyncio.Event().wait()
        assert server.requests("REGISTER")[-1].contacts[0].params.get("expires") == "0"


async def test_an_error_comes_to_light_where_the_body_is_over_already() -> None:
    async with SipServer() as server:
        with pytest.raises(Fault):  # noqa: PT012
            async with phone(at(server), Heard()) as one:
                await one.ready()
                one.spawn(fail())


async def test_a_bug_is_told_at_once_and_raised_at_the_end() -> None:
    async with SipServer() as server:
        heard = Heard()
        with pytest.raises(Fault):  # noqa: PT012
            async with phone(at(server), heard) as one:
                await one.ready()
                one.found_bug(Fault("odd"))
                one.found_bug(Fault("odder"))
                await asyncio.sleep(0.1)
                assert one.registration.outage is None
        told = [event.text for event in heard.events if isinstance(event, Warned)]
        assert told == ["a bug in sipcli: Fault: odd"]


async def test_a_message_that_the_core_cannot_take_does_not_cost_us_our_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken = UserAgent.received
    answers = 0
    outcomes: list[object] = []

    def received(agent: UserAgent, flow: Flow, data: bytes, now: float) -> None:
        nonlocal answers
        answers += b"OPTIONS" in data
        if answers == 1:
            raise Fault
        taken(agent, flow, data, now)

    monkeypatch.setattr(UserAgent, "received", received)
    monkeypatch.setattr(Calls, "is_idle", property(lambda calls: not answers or answers > 2))

    async with SipServer() as server:
        with pytest.raises(Fault):  # noqa: PT012
            async with phone(at(server), Heard()) as one:
                await one.ready()
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(one.ping(BOB), 0.3)
                outcomes.append(await one.ping(BOB))
    assert isinstance(outcomes[0], FinalResponse)


async def test_work_may_begin_after_another_has_failed() -> None:
    done: list[str] = []

    async def finish() -> None:
        await asyncio.sleep(0)
        done.append("finished")

    async with SipServer() as server:
        with pytest.raises(Fault):  # noqa: PT012
            async with phone(at(server), Heard()) as one:
                await one.ready()
                failing = one.spawn(fail())
                failing.add_done_callback(lambda _: one.spawn(finish()))
                await asyncio.Event().wait()
    assert done == ["finished"]


@pytest.mark.virtual_time
async def test_work_that_takes_too_long_is_cut_off() -> None:
    cut: list[str] = []

    async def linger() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cut.append("cut")

    async with SipServer() as server:
        async with phone(at(server), Heard()) as one:
            await one.ready()
            one.spawn(linger())
            begun = now()
        assert now() - begun <= 3
    assert cut == ["cut"]


async def test_a_cancellation_from_outside_leaves_the_phone_like_any_other_end() -> None:
    async def use(server: SipServer) -> None:
        async with phone(at(server), Heard()) as one:
            await one.ready()
            one.spawn(asyncio.sleep(0.01))
            await asyncio.Event().wait()

    async with SipServer() as server:
        task = asyncio.ensure_future(use(server))
        await server.heard("REGISTER")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
