"""All calls of one phone: makes them, and gives each what the core tells of it."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from sipcli.calls import journal
from sipcli.calls.audio_endpoints import AudioEndpoints
from sipcli.calls.call import Call
from sipcli.calls.events import Event, TransferFailed
from sipcli.config.settings import Permission
from sipcli.core.calls import events as core
from sipcli.core.calls.events import CallEvent
from sipcli.core.calls.offer_answer import OutOfTurn
from sipcli.errors import RefusedError, SipcliError
from sipcli.media.session.config import MediaConfig
from sipcli.media.session.session import NotAcceptable
from sipcli.runner import UserAgentRunner
from sipcli.sip.grammar import Malformed
from sipcli.sip.uri import Uri

OnCall: TypeAlias = Callable[[Call], None]
MakeSound: TypeAlias = Callable[[], AudioEndpoints]


@dataclass(slots=True, kw_only=True)
class _Placing:
    """A call being placed because the far end of another wants it."""

    first: core.CallId
    """The first call that led to it."""
    sound: AudioEndpoints
    placed: asyncio.Future[Call]
    has_begun: bool = False


class CallManager:
    """The calls of a phone. `on_incoming` gets each call that rings here.

    `make_sound` opens what a call sounds like that the far end had us place (a transfer). What
    the far end may have us place, the settings say; what they leave open waits for
    `accept_transfer` here, or `refuse_transfer` of the call.
    Give `take` to the shell as its `on_call_event`, then `connect` the shell.
    """

    def __init__(
        self,
        media_config: MediaConfig,
        on_event: Callable[[Event], None],
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
        """Make calls by this shell."""
        self._runner = runner
        runner.on_disturbed = self._disturbed
        runner.media_remotes = self._remotes

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls that are not over, the newest last."""
        self._drop_ended()
        return tuple(self._calls.values())

    def _disturbed(self) -> None:
        for call in self.calls:
            call.disturbed()

    def _remotes(self) -> Iterator[str]:
        """The IP addresses that media flow to."""
        for call in self.calls:
            pair = call.media.selected_pair
            if pair is not None:
                yield pair[1].address

    @property
    def current(self) -> Call | None:
        """The call that is talked on, else one on hold, else one that rings; the newest each."""
        return max(reversed(self.calls), key=_rank, default=None)

    @property
    def asking(self) -> Call | None:
        """The call whose far end wants us to call someone else, and waits for our decision."""
        return next((call for call in self.calls if call.questions.open is not None), None)

    @property
    def ringing(self) -> Call | None:
        """The call that has waited longest for somebody to answer or reject it."""
        return next((call for call in self.calls if call.is_ringing), None)

    async def all_over(self) -> None:
        """Wait until there is no call any more, nor one being placed for a transfer."""
        while self._transfers or self.calls:
            if self._transfers:
                await asyncio.wait(self._transfers)
            else:
                await self.calls[0].over.wait()

    async def over(self, call: Call) -> None:
        """Wait until `call` is over, and all that came of it by transfers and replacements."""
        while True:
            tasks, calls = self._placed_for(call), self._related(call)
            if tasks:
                await asyncio.wait(tasks)
            elif calls:
                await calls[0].over.wait()
            else:
                return

    def end(self, call: Call) -> None:
        """Hang up `call` and all that came of it by transfers and replacements, answered or not."""
        for task in self._placed_for(call):
            task.cancel()
        for each in self._related(call):
            each.hang_up()

    def stop(self) -> None:
        """Place nothing more that a far end has asked for."""
        for task in tuple(self._transfers):
            task.cancel()

    async def place(
        self, target: Uri, sound: AudioEndpoints, *, headers: tuple[tuple[str, str], ...] = ()
    ) -> Call:
        """Call `target`; returns once the INVITE is out."""
        call = self._new_call(is_incoming=False, remote=str(target))
        await call.place(target, sound, lambda: self._add(call), headers=headers)
        return call

    def on_event(self, event: CallEvent) -> None:
        """Give an event to the call that it is about."""
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
        """Agree to the transfer that the far end of `call` asks for.

        `sound` is that of the new call, which the future brings once its INVITE is out; it
        raises `RefusedError` where that comes to nothing. Raises `OutOfTurn`
        where nothing is asked (any more), and what `make_sound` does: the question stays open.
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
        # Whoever asked may hang up before the new call is there.
        placing = _Placing(first=_first(call), sound=sound, placed=placed)
        task = self._connected_runner.spawn(self._place_transfer(call, wish.target, placing))
        self._transfers[task] = placing
        task.add_done_callback(self._has_placed)
        return placed

    def _on_event(self, event: Event) -> None:
        journal.log_call_event(event)
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

    def _pass_to_call(self, call: Call, event: CallEvent) -> None:
        """Let a call take an event. What that raises is the end of this call, not of the phone."""
        try:
            call.on_event(event)
        except Exception as error:  # noqa: BLE001
            call.fail(error)

    def _transfer(self, call: Call) -> None:
        """Follow a transfer that the settings accept."""
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
            failed = f"the transfer to {target} came to nothing: {error}"
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
            if not placing.has_begun:  # else who has begun has closed it
                placing.sound.close()

    def _related(self, call: Call) -> tuple[Call, ...]:
        """The calls that came of the same one as `call`, and are not over."""
        return tuple(each for each in self.calls if _first(each) == _first(call))

    def _placed_for(self, call: Call) -> tuple[asyncio.Task[None], ...]:
        """Those that are being placed."""
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
    """The first of the calls that led to this one."""
    return call.came_of if call.came_of is not None else call.id


def _retrieve_error(placed: asyncio.Future[Call]) -> None:
    """Take note of a failure that may interest nobody else: a warning has told it."""
    if not placed.cancelled():
        placed.exception()


def _rank(call: Call) -> int:
    return 2 * call.is_answered + (call.is_answered and not call.is_held)
