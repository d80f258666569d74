"""The commands of a script: each waits for its result, so that the next line can rely on it."""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from sipcli.cli.call_session import CallSession
from sipcli.cli.script.call_commands import CallCommands, InvalidCommand, split
from sipcli.cli.script.event_log import EventLog, in_words
from sipcli.errors import Phase
from sipcli.media.dtmf.dtmf_digits import InvalidDigits, Pause, parse_digits
from sipcli.phone.events import (
    Calling,
    ChangeRefused,
    Event,
    Held,
    Resumed,
    TransferFailed,
    TransferProgress,
)
from sipcli.phone.managed_call import Call

ACTION_TIMEOUT_S: Final = 40.0
"""Seconds for a command to succeed: SIP's own timers end within 32 s."""
DIGIT_TIMEOUT_S: Final = 6.0
"""More seconds for each digit: an INFO waits for its answer."""


_DECISIONS: Final = {
    f"{decision}-{what}": Phase.ANSWER
    for decision in ("accept", "refuse")
    for what in ("transfer", "redirect")
}
"""Commands that answer a request of the far end, not the step that the call has reached."""


class CommandFailed(Exception):  # noqa: N818 - a fact about how it came out
    """A command or a `wait` failed; the text says what happened instead.

    `phase` is the step that failed; None: the one that the call had reached.
    """

    def __init__(self, text: str, phase: Phase | None = None) -> None:
        super().__init__(text)
        self.phase = phase


class ScriptActions:
    """Runs commands on the calls of a session and waits for their results."""

    def __init__(self, call_session: CallSession, event_log: EventLog) -> None:
        self._call_session = call_session
        self._call_manager = call_session.call_manager
        self._commands = CallCommands(call_session)
        self._event_log = event_log

    def line_of(self, key: str) -> str:
        """Return the line that a key stands for now. Raises `CommandFailed`."""
        try:
            return self._commands.line_of(key)
        except InvalidCommand as error:
            phase = Phase.ANSWER if key in ("y", "n") else None
            raise CommandFailed(str(error), phase) from None

    async def do(self, line: str) -> None:
        """Run a line. Raises `CommandFailed` if it fails."""
        word, rest = split(line)
        ringing, current = self._call_manager.ringing, self._call_manager.current
        with self._event_log.listening() as heard:
            match word:
                case "answer" if ringing is not None:
                    await self._answer(line, ringing)
                case "reject" if ringing is not None:
                    await self._end(line, ringing)
                case "hangup" if current is not None:
                    await self._end(line, current)
                case "hangup":
                    pass  # the far end hung up first
                case "hold" | "resume" if current is not None:
                    await self._hold(line, current, heard, on=word == "hold")
                case "transfer" if current is not None:
                    await self._transfer(line, current, heard)
                case "accept-transfer" if (asking := self._call_manager.asking) is not None:
                    await self._accept_transfer(line, asking, heard)
                case "dtmf" if current is not None:
                    await self._dtmf(rest, current)
                case _:
                    self._begin(line)

    def _begin(self, line: str) -> None:
        try:
            self._commands.do(line)
        except InvalidCommand as error:
            raise CommandFailed(str(error), _DECISIONS.get(split(line)[0])) from None

    async def _answer(self, line: str, call: Call) -> None:
        self._begin(line)
        await self._see(call, lambda: call.is_answered, ACTION_TIMEOUT_S)

    async def _end(self, line: str, call: Call) -> None:
        self._begin(line)
        await self._see(call, call.over.is_set, ACTION_TIMEOUT_S)

    async def _hold(self, line: str, call: Call, heard: deque[Event], *, on: bool) -> None:
        was_held = call.is_held
        self._begin(line)
        if was_held == on:
            return
        kind = Held if on else Resumed

        def agreed() -> bool:
            return any(
                isinstance(one, kind) and one.by == "local" and one.call == call.id for one in heard
            )

        def refusal() -> str | None:
            return _first_text(heard, ChangeRefused, call)

        try:
            await self._see(call, lambda: agreed() or refusal() is not None, ACTION_TIMEOUT_S)
        except CommandFailed as fault:
            if _ended_elsewhere(call):
                raise
            raise CommandFailed(str(fault), Phase.OFFER_ANSWER) from None
        if not agreed():
            raise CommandFailed(refusal() or "", Phase.OFFER_ANSWER)

    async def _transfer(self, line: str, call: Call, heard: deque[Event]) -> None:
        self._begin(line)

        def progress() -> list[TransferProgress]:
            return [
                one for one in heard if isinstance(one, TransferProgress) and one.call == call.id
            ]

        def is_decided() -> bool:
            return call.over.is_set() or any(one.is_final for one in progress())

        if not await self._event_log.until(is_decided, ACTION_TIMEOUT_S):
            raise CommandFailed(f"no result within {ACTION_TIMEOUT_S:g} s; {self._event_log.last}")
        # A far end may hang up after it accepted the REFER, without a NOTIFY of the result.
        if not progress():
            raise CommandFailed(_end_of(call))
        status = progress()[-1].status
        if status is None or status >= 300:
            raise CommandFailed(in_words(progress()[-1]), Phase.ANSWER)

    async def _accept_transfer(self, line: str, call: Call, heard: deque[Event]) -> None:
        """Return once the new call is placed; its result is left to a `wait`."""
        self._begin(line)

        def is_placed() -> bool:
            return any(isinstance(one, Calling) and one.transfer == call.id for one in heard)

        def failure() -> str | None:
            failures = (one for one in heard if isinstance(one, TransferFailed))
            return next((one.text for one in failures if one.call == call.id), None)

        await self._event_log.until(lambda: is_placed() or failure() is not None, ACTION_TIMEOUT_S)
        if not is_placed():
            raise CommandFailed(failure() or self._event_log.last, Phase.ANSWER)

    async def _dtmf(self, digits: str, call: Call) -> None:
        if call.is_answered:  # only connected media tell how digits are sent
            await self._see(call, lambda: call.media.is_connected, ACTION_TIMEOUT_S)
        elif call.media.agreed is None:
            raise CommandFailed("the call is not answered yet, and has no early media")
        try:
            sending = call.send_dtmf(digits, self._call_session.dtmf_method)
        except InvalidDigits as error:  # too many are waiting already
            raise CommandFailed(str(error)) from None
        sending.over.add_done_callback(lambda _: self._event_log.wake())
        wanted = parse_digits(digits)
        count = sum(not isinstance(step, Pause) for step in wanted)
        pauses = sum(step.seconds for step in wanted if isinstance(step, Pause))
        seconds = ACTION_TIMEOUT_S + pauses + DIGIT_TIMEOUT_S * count
        await self._see(call, sending.over.done, seconds)
        if sending.fault is not None:
            raise CommandFailed(sending.fault)

    async def _see(self, call: Call, holds: Callable[[], bool], seconds: float) -> None:
        """Wait until `holds()`. Raises `CommandFailed` after `seconds`, or once `call` is over."""
        await self._event_log.until(lambda: holds() or call.over.is_set(), seconds)
        if holds():
            return
        if call.over.is_set():
            raise CommandFailed(_end_of(call))
        raise CommandFailed(f"no result within {seconds:g} s; {self._event_log.last}")


def _first_text(heard: Iterable[Event], kind: type[ChangeRefused], call: Call) -> str | None:
    """Return the text of the first event of `kind` on `call`; None if there is none."""
    of_call = (one for one in heard if isinstance(one, kind) and one.call == call.id)
    return next((one.text for one in of_call), None)


def _ended_elsewhere(call: Call) -> bool:
    """Return True if a call ended by a BYE, or for want of media: not by an answer to a request."""
    return call.ended is not None and (call.ended.by != "network" or call.media_failure is not None)


def _end_of(call: Call) -> str:
    """Return how a call ended, in words."""
    return in_words(call.ended) if call.ended is not None else "the call is over"
