"""Fixtures for pytest: `sip_sandbox`, a SIP server, and `sip_phone`, phones registered with it.

sipcli is imported late, so that pytest runs that do not use the fixtures start no slower.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, TypeAlias, TypeVar

import pytest
import pytest_asyncio

from sipcli.pytest_plugin import WATCH, PhoneWatch

T = TypeVar("T")
MakePhone: TypeAlias = Callable[..., Awaitable[Any]]


class LazySandbox:
    """A sandbox that is started when it is first asked for. Use it with `async with`."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._sandbox: asyncio.Task[Any] | None = None

    async def __aenter__(self) -> "LazySandbox":
        """Start nothing yet."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop the sandbox, if there is one."""
        await self._stack.aclose()

    async def get(self) -> Any:
        """Return the sandbox; the first call starts it."""
        if self._sandbox is None:
            self._sandbox = asyncio.create_task(self._start())
        return await self._sandbox

    async def _start(self) -> Any:
        from sipcli.sandbox.sandbox import Plan, Sandbox

        return await self._stack.enter_async_context(_in_own_task(Sandbox(Plan())))


@asynccontextmanager
async def sip_phones(sandbox: LazySandbox, watch: PhoneWatch) -> AsyncIterator[MakePhone]:
    """Yield what `sip_phone` is; in the end, all its phones hang up and unregister."""
    from sipcli.evidence.hep_agent import hep_agent
    from sipcli.log import LOGGER
    from sipcli.phone.phone import Phone

    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:

        async def make(name: str | None = None, /, **arguments: Any) -> Phone:
            if asyncio.get_running_loop() is not loop:
                raise pytest.UsageError(
                    "sip_phone and the test run in different event loops: give both the same"
                    " loop_scope, the fixtures by asyncio_default_fixture_loop_scope"
                )
            if name is not None:
                server = await sandbox.get()
                if name not in server.passwords:
                    server.add_user(name)
                arguments = server.keys(name) | arguments
            phone = Phone(**arguments)
            await stack.enter_async_context(watch.over(phone))
            await stack.enter_async_context(
                _in_own_task(hep_agent(phone.settings, phone.journal, LOGGER.warning))
            )
            await stack.enter_async_context(_in_own_task(phone))
            await phone.register()
            return phone

        yield make


@pytest_asyncio.fixture
async def sip_lazy_sandbox() -> AsyncIterator[LazySandbox]:
    """The sandbox of this test, which not every test needs. Not for users."""
    async with LazySandbox() as sandbox:
        yield sandbox


@pytest_asyncio.fixture
async def sip_sandbox(sip_lazy_sandbox: LazySandbox) -> Any:
    """Run a SIP server with extensions on loopback (`sipcli.sandbox.sandbox.Sandbox`).

    It has the users `alice` and `bob`; `add_user` adds more, `passwords` has their passwords.
    """
    return await sip_lazy_sandbox.get()


@pytest_asyncio.fixture
async def sip_phone(
    sip_lazy_sandbox: LazySandbox, pytestconfig: pytest.Config
) -> AsyncIterator[MakePhone]:
    """Create registered phones: `alice = await sip_phone("alice", audio_in="tone:440")`.

    The name is that of a user of the sandbox; one that does not exist is added. Without a name,
    the phone is one of your own server: `await sip_phone(uri=…, ws_servers=…, password=…)`. The
    keyword arguments are those of `sipcli.Phone`. At the end of the test, all phones hang up and
    unregister.
    """
    async with sip_phones(sip_lazy_sandbox, pytestconfig.stash[WATCH]) as make:
        yield make


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sip_lazy_sandbox_session() -> AsyncIterator[LazySandbox]:
    """The sandbox of all tests that share one. Not for users."""
    async with LazySandbox() as sandbox:
        yield sandbox


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sip_sandbox_session(sip_lazy_sandbox_session: LazySandbox) -> Any:
    """Like `sip_sandbox`, one for all tests. They run in the event loop of the session."""
    return await sip_lazy_sandbox_session.get()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sip_phone_session(
    sip_lazy_sandbox_session: LazySandbox, pytestconfig: pytest.Config
) -> AsyncIterator[MakePhone]:
    """Like `sip_phone`, for phones that stay registered until the last test has ended."""
    async with sip_phones(sip_lazy_sandbox_session, pytestconfig.stash[WATCH]) as make:
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
