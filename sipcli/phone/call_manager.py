"""The calls of one phone: which there are, and what led to what."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from sipcli.config.policies import Permission
from sipcli.core.calls import events as core
from sipcli.core.calls.offer_answer import OutOfTurn
from sipcli.errors import RefusedError, SipcliError
from sipcli.log import LOGGER
from sipcli.media.session.media_config import MediaConfig
from sipcli.media.session.media_session import NotAcceptable
from sipcli.phone.call import Call, CallHost
from sipcli.phone.call_audio import AudioEndpoints, AudioIn, AudioOut, OpenCallSound
from sipcli.phone.call_context import OnCallEvent
from sipcli.phone.events import TransferFailed
from sipcli.phone.runner import UserAgentRunner
from sipcli.phone.waiter import Waiter
from sipcli.sip.grammar import Malformed
from sipcli.sip.status import NOT_ACCEPTABLE_HERE, TEMPORARILY_UNAVAILABLE
from sipcli.sip.uri import Uri

OnCall: TypeAlias = Callable[[Call], None]


@dataclass(slots=True, kw_only=True)
class _Placing:
    """A call that is being placed for a transfer."""

    first: core.CallId
    """The first call of the chain that led to it."""
    sound: AudioEndpoints
    placed: asyncio.Future[Call]
    has_begun: bool = False


class CallManager:
    """Creates the calls of a phone, and passes each of them the events of the core.

    The settings decide which transfers are accepted; one that they leave open waits for
    `accept_transfer` or `refuse_transfer` of its call. `Phone` is the public face of this.
    """

    def __init__(
        self,
        runner: UserAgentRunner,
        media_config: MediaConfig,
        waiter: Waiter,
        on_event: OnCallEvent,
        *,
        open_sound: OpenCallSound,
        resolve: Callable[[str | Uri], Uri],
        on_incoming: OnCall | None,
    ) -> None:
        """Place and receive calls through `runner`.

        `on_incoming` is called with each call that rings here; without it, those that replace a
        call of ours are answered, and the others wait for `take_ringing`.
        """
        self.missed: Call | None = None
        """The last call that waited to be taken until its caller gave up; None if none did."""
        self._waiting: list[Call] = []
        """The calls that ring and were not taken yet."""
        self._runner = runner
        self._waiter = waiter
        self._on_incoming = on_incoming or self._wait
        self._calls: dict[core.CallId, Call] = {}
        self._transfers: dict[asyncio.Task[None], _Placing] = {}
        self._host = CallHost(
            runner=runner,
            media_config=media_config,
            waiter=waiter,
            tell=on_event,
            open_sound=open_sound,
            resolve=resolve,
            place_transfer=self._begin_transfer,
        )
        runner.on_call_event = self.on_event
        runner.on_disturbed = self._disturbed
        runner.media_remotes = self._remotes

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls that have not ended, oldest first."""
        self._drop_ended()
        return tuple(self._calls.values())

    def _disturbed(self) -> None:
        for call in self.calls:
            call._disturbed()

    def _remotes(self) -> Iterator[str]:
        """Yield the IP addresses that media are sent to."""
        for call in self.calls:
            pair = call.media.selected_pair
            if pair is not None:
                yield pair[1].address

    @property
    def current(self) -> Call | None:
        """The newest active call, else the newest on hold, else the newest that rings."""
        return max(reversed(self.calls), key=_rank, default=None)

    @property
    def asking(self) -> Call | None:
        """The oldest call with a transfer or redirect that waits for our decision."""
        return next((call for call in self.calls if call.question is not None), None)

    @property
    def ringing(self) -> Call | None:
        """The incoming call that has rung longest and is neither answered nor rejected."""
        return next((call for call in self.calls if call.is_ringing), None)

    @property
    def is_ringing(self) -> bool:
        """True if a call rings that was not taken yet."""
        return any(call.is_ringing for call in self._waiting)

    def take_ringing(self) -> Call | None:
        """Take the call that has rung longest of those not taken yet; None if there is none."""
        self._drop_missed()
        return self._waiting.pop(0) if self._waiting else None

    async def all_over(self) -> None:
        """Wait until no call is left, and none is being placed for a transfer."""
        await self._over(lambda: (tuple(self._transfers), self.calls))

    async def over(self, call: Call) -> None:
        """Wait until `call` and all that it led to by transfers and replacements have ended."""
        await self._over(lambda: (self._placed_for(call), self._related(call)))

    def end(self, call: Call) -> None:
        """Hang up `call` and all that followed from it by transfers and replacements."""
        for task in self._placed_for(call):
            task.cancel()
        for each in self._related(call):
            each.hang_up()

    def stop(self) -> None:
        """Cancel the transfers that are being placed."""
        for task in tuple(self._transfers):
            task.cancel()

    async def place(
        self,
        target: Uri,
        audio_in: AudioIn | None = None,
        audio_out: AudioOut | None = None,
        *,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> Call:
        """Call `target`; return once the INVITE is sent.

        Raises `ConfigError` and `DeviceError` for the audio, and as `Call._place` does.
        """
        sound = self._host.open_sound(audio_in, audio_out)
        call = Call(self._host, is_incoming=False, remote=str(target))
        await call._place(target, sound, lambda: self._add(call), headers=headers)
        return call

    def on_event(self, event: core.CallEvent) -> None:
        """Pass an event of the core to its call."""
        if isinstance(event, core.Incoming):
            self._ring(event)
            return
        call = self._calls.get(event.call)
        if call is not None:
            call._on_event(event)
            if isinstance(event, core.TransferRequested) and event.decision is Permission.ACCEPT:
                self._transfer(call)

    def _begin_transfer(
        self, call: Call, target: Uri, sound: AudioEndpoints
    ) -> asyncio.Future[Call]:
        """Place the call that the far end of `call` asks for, which was accepted.

        The future has that call once its INVITE is sent, or `RefusedError` if it could not be
        placed.
        """
        placed: asyncio.Future[Call] = asyncio.get_running_loop().create_future()
        placed.add_done_callback(_retrieve_error)
        # The far end may hang up before the new call exists: remember where that one belongs.
        placing = _Placing(first=_first(call), sound=sound, placed=placed)
        task = self._runner.spawn(self._place_transfer(call, target, placing))
        self._transfers[task] = placing
        task.add_done_callback(self._has_placed)
        return placed

    def _ring(self, event: core.Incoming) -> None:
        call = Call(self._host, is_incoming=True, remote=event.sender)
        replaced = self._calls.get(event.replaces) if event.replaces is not None else None
        call.came_of = _first(replaced) if replaced is not None else None
        self._drop_ended()
        self._calls[event.call] = call
        call._on_event(event)
        try:
            call._present(event)
        except NotAcceptable as refused:
            call._reject(NOT_ACCEPTABLE_HERE, warning=refused.text)
            return
        except Exception as error:  # noqa: BLE001 - it ends this call, not the phone
            call.fail(error)
            return
        self._on_incoming(call)

    def _wait(self, call: Call) -> None:
        if call.replaces_call:  # it need not ring
            asyncio.get_running_loop().call_soon(self._answer_replacement, call)
        else:
            self._drop_missed()  # for phones that never take any
            self._waiting.append(call)
            self._waiter.change()

    def _answer_replacement(self, call: Call) -> None:
        try:
            call.answer()
        except SipcliError as error:
            LOGGER.warning("a call that takes another's place was refused: %s", error)
            call.reject(TEMPORARILY_UNAVAILABLE)
        except Exception as error:  # noqa: BLE001 - it ends this call, not the phone
            call.fail(error)

    def _drop_missed(self) -> None:
        gone = [call for call in self._waiting if not call.is_ringing]
        if gone:
            self.missed = gone[-1]
            self._waiting = [call for call in self._waiting if call.is_ringing]

    def _transfer(self, call: Call) -> None:
        """Accept a transfer that the settings allow."""
        try:
            call.accept_transfer()
        except (SipcliError, OSError) as error:
            call.refuse_transfer(TEMPORARILY_UNAVAILABLE)
            call._tell(TransferFailed(call=call.id, text=f"the transfer was refused: {error}"))

    async def _place_transfer(self, call: Call, target: Uri, placing: _Placing) -> None:
        placing.has_begun, placed = True, placing.placed
        new = Call(self._host, is_incoming=False, remote=str(target))
        new.came_of = placing.first
        try:
            await new._place(target, placing.sound, lambda: self._add(new), transfer=call.id)
        except (Malformed, OutOfTurn, SipcliError) as error:
            call._abandon_transfer(503, str(error))
            failed = f"the transfer to {target} failed: {error}"
            call._tell(TransferFailed(call=call.id, text=failed))
            if not placed.done():
                placed.set_exception(RefusedError(failed))
        else:
            if not placed.done():
                placed.set_result(new)

    def _has_placed(self, task: asyncio.Task[None]) -> None:
        placing = self._transfers.pop(task)
        if task.cancelled():
            if not placing.placed.done():
                placing.placed.set_exception(RefusedError("the transfer was given up"))
            if not placing.has_begun:  # otherwise `Call._place` has closed it
                placing.sound.close()

    def _related(self, call: Call) -> tuple[Call, ...]:
        """The calls of the same chain as `call` that have not ended."""
        return tuple(each for each in self.calls if _first(each) == _first(call))

    def _placed_for(self, call: Call) -> tuple[asyncio.Task[None], ...]:
        """The tasks that place calls of the same chain as `call`."""
        return tuple(task for task, one in self._transfers.items() if one.first == _first(call))

    def _add(self, call: Call) -> None:
        self._drop_ended()
        self._calls[call.id] = call

    def _drop_ended(self) -> None:
        self._calls = {name: call for name, call in self._calls.items() if not call.is_over}

    async def _over(
        self, left: Callable[[], tuple[tuple[asyncio.Task[None], ...], tuple[Call, ...]]]
    ) -> None:
        """Wait until there are no more tasks that place calls, and no calls."""
        while True:
            tasks, calls = left()
            if tasks:
                await asyncio.wait(tasks)
            elif calls:
                await calls[0].over()
            else:
                return


def _first(call: Call) -> core.CallId:
    """The first call of the chain that `call` belongs to."""
    return call.came_of if call.came_of is not None else call.id


def _retrieve_error(placed: asyncio.Future[Call]) -> None:
    """Retrieve the exception, so that asyncio does not log it: a warning has reported it."""
    if not placed.cancelled():
        placed.exception()


def _rank(call: Call) -> int:
    return 2 * call.is_answered + (call.is_answered and not call.wants_hold)
