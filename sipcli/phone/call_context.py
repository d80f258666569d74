"""What the parts of one call share: its Call-ID, access to the core, a queue of work, events."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TypeAlias

from sipcli.core.calls.calls import Calls, NoSuchCall
from sipcli.core.calls.offer_answer import OutOfTurn
from sipcli.phone.events import CallEvent, CallId
from sipcli.phone.runner import UserAgentRunner

OnCallEvent: TypeAlias = Callable[[CallEvent], None]

Job: TypeAlias = Callable[[], Coroutine[None, None, None]]
"""Asynchronous work that runs in order with the other work of a call."""


class CallContext:
    """Shared by the parts of one call."""

    def __init__(
        self,
        runner: UserAgentRunner,
        on_event: OnCallEvent,
        on_trouble: Callable[[Exception], None],
        call_id: Callable[[], CallId],
    ) -> None:
        """`on_trouble` is called with an error that ends the call; `call_id` returns its Call-ID,
        which is empty until the INVITE is sent or received.
        """
        self.tell = on_event
        self._call_id = call_id
        self._runner = runner
        self._on_trouble = on_trouble
        self._tasks: set[asyncio.Task[None]] = set()
        self._jobs: asyncio.Queue[Job] = asyncio.Queue()
        self._is_cut = False

    @property
    def call(self) -> CallId:
        """The Call-ID; empty before the INVITE."""
        return self._call_id()

    def act(self, action: Callable[[Calls, float], object]) -> bool:
        """Do `action`, given the core's calls and the time in seconds; return True if it was done.

        Return False where the core refuses: the call has ended, or it is not our turn to offer
        or answer any more. That is no error here, since the far end may act at any time.
        """
        is_done = False
        with self._runner.step() as (agent, now), suppress(NoSuchCall, OutOfTurn):
            action(agent.calls, now)
            is_done = True
        return is_done

    @property
    def can_offer(self) -> bool:
        """True if it is our turn to make an offer."""
        with self._runner.step() as (agent, _):
            return agent.calls.can_offer(self.call)

    async def connected(self) -> None:
        """Wait until the connection to the server has answered a probe, or is a new one."""
        await self._runner.probed()

    def hang_up(self, reason: str) -> None:
        """End the call, whatever its state."""
        self.act(lambda calls, now: calls.hang_up(self.call, now, reason=reason))

    def queue(self, job: Job) -> None:
        """Run `job` after everything queued before it."""
        self._jobs.put_nowait(job)

    async def work(self, after_each: Job) -> None:
        """Run queued jobs in order, for ever, and `after_each` after each of them.

        A job that comes too late (the call has ended, or it is not our turn) is dropped: the
        events that made it late have been told already.
        """
        while True:
            job = await self._jobs.get()
            with suppress(NoSuchCall, OutOfTurn):
                await job()
                await after_each()

    def spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None] | None:
        """Run `work` until it finishes or the call ends; its error goes to `on_trouble`.

        Return its task, or None if the call has ended.
        """
        if self._is_cut:
            work.close()
            return None
        task = self._runner.spawn(self._guard(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: work.close())  # if it was cancelled before it began
        return task

    async def _guard(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - one call must not end the others
            self._on_trouble(error)

    def cut(self) -> None:
        """Cancel all spawned tasks and start no more."""
        self._is_cut = True
        for task in self._tasks:
            task.cancel()
