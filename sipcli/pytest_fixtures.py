"""Fixtures for pytest: `sip_sandbox`, a SIP server, and `sip_phone`, phones registered with it.

sipcli is imported late, so that pytest runs that do not use the fixtures start no slower.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, TypeVar

import pytest
import pytest_asyncio

T = TypeVar("T")


@pytest_asyncio.fixture
async def sip_sandbox() -> AsyncIterator[Any]:
    """Run a SIP server with extensions on loopback (`sipcli.sandbox.sandbox.Sandbox`).

    It has the users `alice` and `bob`; `add_user` adds more, `passwords` has their passwords.
    """
    from sipcli.sandbox.sandbox import Plan, Sandbox

    async with _in_own_task(Sandbox(Plan())) as sandbox:
        yield sandbox


@pytest_asyncio.fixture
async def sip_phone(sip_sandbox: Any) -> AsyncIterator[Callable[..., Awaitable[Any]]]:
    """Create registered phones: `alice = await sip_phone("alice", audio_in="tone:440")`.

    The keyword arguments are those of `sipcli.Phone`. A user that does not exist is added. At
    the end of the test, all phones hang up and unregister.
    """
    from sipcli.phone.phone import Phone

    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:

        async def make(name: str, **arguments: Any) -> Phone:
            if asyncio.get_running_loop() is not loop:
                raise pytest.UsageError(
                    "sip_phone and the test run in different event loops: give both the same"
                    " loop_scope, the fixtures by asyncio_default_fixture_loop_scope"
                )
            if name not in sip_sandbox.passwords:
                sip_sandbox.add_user(name)
            phone = Phone(**sip_sandbox.keys(name) | arguments)
            await stack.enter_async_context(_in_own_task(phone))
            await phone.register()
            return phone

        yield make


@asynccontextmanager
async def _in_own_task(what: AbstractAsyncContextManager[T]) -> AsyncIterator[T]:
    """Enter and exit `what` in one task, as task groups require.

    pytest-asyncio runs both halves of a fixture, and the test between them, in separate tasks.
    """
    entered: asyncio.Queue[T] = asyncio.Queue()
    over = asyncio.Event()

    async def stay() -> None:
        async with what as value:
            entered.put_nowait(value)
            await over.wait()

    entering = asyncio.create_task(entered.get())
    staying = asyncio.create_task(stay())
    await asyncio.wait([entering, staying], return_when=asyncio.FIRST_COMPLETED)
    entering.cancel()  # without effect if it is done
    try:
        if entering.done():
            yield entering.result()
    finally:
        over.set()
        await staying
