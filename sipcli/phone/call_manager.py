"""Manages the calls of one phone: creates them, and passes each the events of the core."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from sipcli.config.policies import Permission
from sipcli.core.calls import events as core
from sipcli.core.calls.offer_answer import OutOfTurn
from sipcli.errors import RefusedError, SipcliError
from sipcli.media.session.media_config import MediaConfig
from sipcli.media.session.media_session import NotAcceptable
from sipcli.phone import journal
from sipcli.phone.audio_endpoints import AudioEndpoints
from sipcli.phone.events import CallEvent, TransferFailed
from sipcli.phone.log_event import log_event
from sipcli.phone.managed_call import Call
from sipcli.phone.runner import UserAgentRunner
from sipcli.sip.grammar import Malformed
from sipcli.sip.uri import Uri

OnCall: TypeAlias = Callable[[Call], None]
MakeSound: TypeAlias = Callable[[], AudioEndpoints]


@dataclass(slots=True, kw_only=True)
class _Placing:
    """A call that is being placed for a transfer."""

    first: core.CallId
    """The first call of the chain that led to it."""
    sound: AudioEndpoints
    placed: asyncio.Future[Call]
    has_begun: bool = False


class CallManager:
    """The calls of a phone. `on_incoming` is called with each call that rings here.

    `make_sound` opens the audio of a call that is placed for a transfer. The settings decide
    which transfers are accepted; one that they leave open waits for `accept_transfer` here, or
    `refuse_transfer` of the call.
    Give `take` to the runner as its `on_call_event`, then call `connect`.
    """

    def __init__(
        self,
        media_config: MediaConfig,
        on_event: Callable[[CallEvent], None],
        *,
        make_sound: MakeSound,
        on_incoming: OnCall | None = None,
    ) -> None:
        self._media_config = media_config
        self._tell_user = on_event
        self.make_sound = make_sound
        self._on_incoming = on_incoming
        self._calls: dict[core.CallId, Call] = {}
        self._transfers: dict[asyncio.Task[None], _Placing] = {}
        self._runner: UserAgentRunner | None = None

    def connect(self, runner: UserAgentRunner) -> None:
        """Place and receive calls through this runner."""
        self._runner = runner
        runner.on_disturbed = self._disturbed
        runner.media_remotes = self._remotes

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls that have not ended, oldest first."""
        self._drop_ended()
        return tuple(self._calls.values())

    def _disturbed(self) -> None:
        for call in self.calls:
            call.disturbed()

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
        return next((call for call in self.calls if call.questions.open is not None), None)

    @property
    def ringing(self) -> Call | None:
        """The incoming call that has rung longest and is neither answered nor rejected."""
        return next((call for call in self.calls if call.is_ringing), None)

    async def all_over(self) -> None:
        """Wait until no call is left, and none is being placed for a transfer."""
        while self._transfers or self.calls:
            if self._transfers:
                await asyncio.wait(self._transfers)
            else:
                await self.calls[0].over.wait()

    async def over(self, call: Call) -> None:
        """Wait until `call` and all that it led to by transfers and replacements have ended."""
        while True:
            tasks, calls = self._placed_for(call), self._related(call)
            if tasks:
                await asyncio.wait(tasks)
            elif calls:
                await calls[0].over.wait()
            else:
                return

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
        self, target: Uri, sound: AudioEndpoints, *, headers: tuple[tuple[str, str], ...] = ()
    ) -> Call:
        """Call `target`; return once the INVITE is sent. Raises as `Call.place` does."""
        call = self._new_call(is_incoming=False, remote=str(target))
        await call.place(target, sound, lambda: self._add(call), headers=headers)
        return call

    def on_event(self, event: core.CallEvent) -> None:
        """Pass an event of the core to its call."""
        if isinstance(event, core.Incoming):
            self._ring(event)
            return
        call = self._calls.get(event.call)
        if call is None:
            return
        self._pass_to_call(call, event)
        if isinstance(event, core.Answered):
            self._connected_runner.spawn(journal.log_stats(call))
        if isinstance(event, core.TransferRequested) and event.decision is Permission.ACCEPT:
            self._transfer(call)

    def accept_transfer(
        self, call: Call, sound: AudioEndpoints | None = None
    ) -> asyncio.Future[Call]:
        """Accept the transfer that the far end of `call` asks for.

        `sound` is the audio of the new call. The future has that call once its INVITE is sent,
        or `RefusedError` if it could not be placed. Raises `OutOfTurn` if no transfer is asked
        for (any more), and what `make_sound` raises; the question then stays open.
        """
        wish = call.questions.transfer
        if sound is None and wish is not None:
            sound = self.make_sound()
        if wish is None or sound is None or not call.accept_transfer():
            if sound is not None:
                sound.close()
            raise OutOfTurn("no transfer is waiting for a decision")
        placed: asyncio.Future[Call] = asyncio.get_running_loop().create_future()
        placed.add_done_callback(_retrieve_error)
        # The far end may hang up before the new call exists: remember where that one belongs.
        placing = _Placing(first=_first(call), sound=sound, placed=placed)
        task = self._connected_runner.spawn(self._place_transfer(call, wish.target, placing))
        self._transfers[task] = placing
        task.add_done_callback(self._has_placed)
        return placed

    def _on_event(self, event: CallEvent) -> None:
        log_event(event)
        self._tell_user(event)

    def _ring(self, event: core.Incoming) -> None:
        call = self._new_call(is_incoming=True, remote=event.sender)
        replaced = self._calls.get(event.replaces) if event.replaces is not None else None
        call.came_of = _first(replaced) if replaced is not None else None
        self._drop_ended()
        self._calls[event.call] = call
        journal.log_media_name(event.call, call)
        self._pass_to_call(call, event)
        try:
            call.present(event)
        except NotAcceptable as refused:
            call.reject(488, warning=refused.text)
            return
        except Exception as error:  # noqa: BLE001 - as in `_pass_to_call`
            call.fail(error)
            return
        if self._on_incoming is not None:
            self._on_incoming(call)

    def _pass_to_call(self, call: Call, event: core.CallEvent) -> None:
        """Pass an event to a call. An error there ends this call, not the phone."""
        try:
            call.on_event(event)
        except Exception as error:  # noqa: BLE001
            call.fail(error)

    def _transfer(self, call: Call) -> None:
        """Accept a transfer that the settings allow."""
        try:
            self.accept_transfer(call)
        except (SipcliError, OSError) as error:
            call.refuse_transfer(480)
            self._on_event(TransferFailed(call=call.id, text=f"the transfer was refused: {error}"))

    async def _place_transfer(self, call: Call, target: Uri, placing: _Placing) -> None:
        placing.has_begun, placed = True, placing.placed
        new = self._new_call(is_incoming=False, remote=str(target))
        new.came_of = placing.first
        try:
            await new.place(target, placing.sound, lambda: self._add(new), transfer=call.id)
        except (Malformed, OutOfTurn, SipcliError) as error:
            call.abandon_transfer(503, str(error))
            failed = f"the transfer to {target} failed: {error}"
            self._on_event(TransferFailed(call=call.id, text=failed))
            if not placed.done():
                placed.set_exception(RefusedError(failed))
        else:
            if not placed.done():
                placed.set_result(new)

    def _has_placed(self, task: asyncio.Task[None]) -> None:
        placing = self._transfers.pop(task)
        if task.cancelled():
            placing.placed.cancel()
            if not placing.has_begun:  # otherwise `Call.place` has closed it
                placing.sound.close()

    def _related(self, call: Call) -> tuple[Call, ...]:
        """The calls of the same chain as `call` that have not ended."""
        return tuple(each for each in self.calls if _first(each) == _first(call))

    def _placed_for(self, call: Call) -> tuple[asyncio.Task[None], ...]:
        """The tasks that place calls of the same chain as `call`."""
        return tuple(task for task, one in self._transfers.items() if one.first == _first(call))

    def _new_call(self, *, is_incoming: bool, remote: str) -> Call:
        return Call(
            self._connected_runner,
            self._media_config,
            self._on_event,
            is_incoming=is_incoming,
            remote=remote,
        )

    def _add(self, call: Call) -> None:
        self._drop_ended()
        self._calls[call.id] = call
        journal.log_media_name(call.id, call)

    def _drop_ended(self) -> None:
        self._calls = {name: call for name, call in self._calls.items() if not call.over.is_set()}

    @property
    def _connected_runner(self) -> UserAgentRunner:
        if self._runner is None:
            raise RuntimeError("connect() comes first")
        return self._runner


def _first(call: Call) -> core.CallId:
    """The first call of the chain that `call` belongs to."""
    return call.came_of if call.came_of is not None else call.id


def _retrieve_error(placed: asyncio.Future[Call]) -> None:
    """Retrieve the exception, so that asyncio does not log it: a warning has reported it."""
    if not placed.cancelled():
        placed.exception()


def _rank(call: Call) -> int:
    return 2 * call.is_answered + (call.is_answered and not call.is_held)
