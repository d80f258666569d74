"""What the parts of one call share: its name, its way to the core, its order, and whom it tells."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TypeAlias, TypeVar

from sipcli.calls.events import Event
from sipcli.core.calls.calls import Calls, NoSuchCall
from sipcli.core.calls.events import CallId
from sipcli.core.calls.offer_answer import OutOfTurn
from sipcli.runner import UserAgentRunner

T = TypeVar("T")

OnEvent: TypeAlias = Callable[[Event], None]

Job: TypeAlias = Callable[[], Coroutine[None, None, None]]
"""Something that waits, and has its place in the order of what happens to a call."""


class CallContext:
    """The thread that holds one call's parts together; the Call-ID is known from the INVITE on."""

    def __init__(
        self, runner: UserAgentRunner, on_event: OnEvent, on_trouble: Callable[[Exception], None]
    ) -> None:
        """`on_trouble` gets what the call cannot go on with."""
        self.call: CallId = ""
        self.tell = on_event
        self._runner = runner
        self._on_trouble = on_trouble
        self._tasks: set[asyncio.Task[None]] = set()
        self._jobs: asyncio.Queue[Job] = asyncio.Queue()
        self._is_cut = False

    def act(self, action: Callable[[Calls, float], T]) -> T | None:
        """Return what `action` returns, given the core's calls and the time in seconds.

        Return None where the core refuses: the call has ended, or it is not our turn to offer
        or answer any more. That is no error here, since the far end may act at any time.
        """
        with self._runner.step() as (agent, now):
            try:
                return action(agent.calls, now)
            except (NoSuchCall, OutOfTurn):
                return None

    async def connected(self) -> None:
        """Wait until the connection to the server has shown that it is alive, or is a new one."""
        await self._runner.proven()

    def hang_up(self, reason: str) -> None:
        """End the call, in whatever state it is."""
        self.act(lambda calls, now: calls.hang_up(self.call, now, reason=reason))

    def queue(self, job: Job) -> None:
        """Have `job` done when all that was queued before is done."""
        self._jobs.put_nowait(job)

    async def work(self, after_each: Job) -> None:
        """Do what is queued, in order; where the call has moved on meanwhile, its events say so."""
        while True:
            job = await self._jobs.get()
            with suppress(NoSuchCall, OutOfTurn):
                await job()
                await after_each()

    def spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None] | None:
        """Run `work` until it is done or the call is over; what it raises goes to `on_trouble`.

        Returns its task; None where the call is over.
        """
        if self._is_cut:
            work.close()
            return None
        task = self._runner.spawn(self._guard(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: work.close())  # where it was cut before it began
        return task

    async def _guard(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - whatever it is, the other calls go on
            self._on_trouble(error)

    def cut(self) -> None:
        """Cancel all that was spawned, and run nothing more."""
        self._is_cut = True
        for task in self._tasks:
            task.cancel()
