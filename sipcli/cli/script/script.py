"""Run a script on stdin (contract §2, `--stdin`), line by line as it comes."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, TypeAlias

from sipcli.cli.call_options import CallOptions
from sipcli.cli.call_session import CallSession, common_verbose
from sipcli.cli.command_session import CommandSession
from sipcli.cli.context import has_terminal
from sipcli.cli.evaluator import Evaluator, FindCall
from sipcli.cli.output import wording
from sipcli.cli.output.screen import Screen
from sipcli.cli.script.call_commands import (
    Begin,
    CallCommands,
    InvalidCommand,
    TypedCommand,
    split,
)
from sipcli.cli.script.event_log import EventLog
from sipcli.cli.script.script_parser import (
    SCRIPT_HELP,
    Expect,
    Help,
    ScriptStep,
    Sleep,
    Wait,
    parse,
)
from sipcli.cli.script.stdin_lines import MAX_LINES, StdinLines, is_file
from sipcli.errors import (
    ConfigError,
    ExpectationError,
    Interrupted,
    Phase,
    SipcliError,
)
from sipcli.expect.evaluation import Verdict
from sipcli.expect.expectations import never_met
from sipcli.expect.feasible import Terms
from sipcli.phone.events import Event
from sipcli.phone.waiter import FOREVER
from sipcli.text import one_line

LATE_LINES_S: Final = 0.2
"""Seconds to wait for further lines once the calls are over."""

AtEnd: TypeAlias = Callable[[], Awaitable[None]]


class NoScript:
    """Stands in for a script without `--stdin`."""

    def on_event(self, event: Event, find_call: FindCall) -> None:
        """Do nothing."""

    def check(self) -> None:
        """Do nothing."""

    @asynccontextmanager
    async def running(self, call_session: CallSession, at_end: AtEnd) -> AsyncIterator[None]:
        """Do nothing."""
        yield


async def open_script(
    session: CommandSession, evaluator: Evaluator, options: CallOptions, terms: Terms
) -> "Script | NoScript":
    """Start the script that the options select. Raises `ConfigError` for mistakes found so far."""
    if not options.stdin:
        return NoScript()
    script = Script(session, evaluator, terms, tells_lines=common_verbose())
    await script.begin()
    return script


class CommandFailed(Exception):  # noqa: N818 - a fact about how it came out
    """A command or a `wait` failed; the text says what happened instead.

    `phase` is the step that failed; None: the one that the call had reached.
    """

    def __init__(self, text: str, phase: Phase | None = None) -> None:
        super().__init__(text)
        self.phase = phase


@dataclass(frozen=True, slots=True)
class ScriptLine:
    """A line that waits for its turn."""

    number: int
    text: str
    """As it may be shown."""
    step: ScriptStep


class Script:
    """Runs the lines of stdin while `running`. Pass all events of the phone to `on_event`.

    On a terminal a mistake is only a warning. Elsewhere no one can correct it, so it ends the
    command: `ConfigError` for an invalid line, `ExpectationError` for one that failed. A line
    that failed only because the calls ended is reported as not met and raises nothing: that end
    may have its own exit code.
    """

    def __init__(
        self, session: CommandSession, evaluator: Evaluator, terms: Terms, *, tells_lines: bool
    ) -> None:
        """`terms` are those of the calls; with `tells_lines` each line is logged when it runs.

        Raises `ConfigError` if stdin is already used for audio.
        """
        if session.settings.audio.input == "-":
            raise ConfigError(
                "--stdin: stdin already carries the sound (--audio-in -): use only one of them"
            )
        self._own = session.settings.uri
        self._registers = session.settings.register
        self._screen: Screen = session.screen
        self._evaluator = evaluator
        self._terms = terms
        self._tells_lines = tells_lines
        self._is_interactive = has_terminal()
        self._event_log = EventLog()
        self._waiting: deque[ScriptLine] = deque()
        self._is_read = False
        self._is_busy = False
        self._turn_begun = 0.0
        """When the current line started, on the monotonic clock."""
        self._fault: ConfigError | None = None
        self._has_fault = asyncio.Event()
        self._lines = StdinLines(self._read, self._read_all)

    def on_event(self, event: Event, find_call: FindCall) -> None:
        """Log an event."""
        self._event_log.on_event(event, find_call(getattr(event, "call", "")))

    async def begin(self) -> None:
        """Start to read. Up to `MAX_LINES` lines of a file are read at once: a mistake there
        raises `ConfigError` before a call is placed.
        """
        self._lines.start()
        if is_file():
            await self._event_log.until(
                lambda: self._is_read or self._fault is not None or len(self._waiting) >= MAX_LINES,
                None,
            )
        self.check()

    def check(self) -> None:
        """Raise `ConfigError` for a mistake found so far."""
        if self._fault is not None:
            raise self._fault

    @asynccontextmanager
    async def running(self, call_session: CallSession, at_end: AtEnd) -> AsyncIterator[None]:
        """Run lines while inside; leave it when the calls are over.

        `at_end` is called after the last line.
        """
        try:
            async with asyncio.TaskGroup() as group:
                guard = group.create_task(self._raise_fault())
                work = group.create_task(self._do_lines(call_session, at_end))
                yield
                self._event_log.end()
                await asyncio.wait([work])
                guard.cancel()
        except asyncio.CancelledError:
            if self._is_busy or self._waiting:
                raise Interrupted("interrupted before the last line of stdin was done") from None
            raise
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None

    # Reading

    def _read(self, number: int, text: str) -> None:
        """Parse a line as soon as it comes, so that a mistake is found before its turn."""
        try:
            step = parse(text, self._own)
            self._check_met(step, text)
        except InvalidCommand as error:
            self._lines.done()
            self._wrong(f"stdin, line {number}: {error}")
            return
        if step is None:
            self._lines.done()
        else:
            shown = step.text if isinstance(step, TypedCommand) else text.strip()
            self._waiting.append(ScriptLine(number, shown, step))
        self._event_log.wake()

    def _check_met(self, step: ScriptStep | None, text: str) -> None:
        """Raise `InvalidCommand` for an `expect` or a `wait` that can never be met."""
        whys: list[str] = []
        if isinstance(step, Expect):
            whys += [why for _, why in never_met(step.wanted, self._terms)]
        elif isinstance(step, Wait) and step.event == "incoming" and not self._terms.takes_calls:
            whys.append("only `listen` takes calls")
        elif isinstance(step, Wait) and step.event == "registered" and not self._registers:
            whys.append("register is off (--no-register)")
        if whys:
            raise InvalidCommand(f"{text.strip()} can never be met: {whys[0]}")

    def _read_all(self, fault: str | None) -> None:
        self._is_read = True
        if fault is not None:
            self._found(fault)
        self._event_log.wake()

    def _wrong(self, text: str) -> None:
        if self._is_interactive:
            self._screen.warning(text)
        else:
            self._found(text)

    def _found(self, fault: str) -> None:
        if self._fault is None:
            self._fault = ConfigError(one_line(fault))
            self._has_fault.set()
            self._event_log.wake()

    async def _raise_fault(self) -> None:
        """Raise the first mistake at once, even while another line runs."""
        await self._has_fault.wait()
        self.check()

    # Running

    async def _do_lines(self, call_session: CallSession, at_end: AtEnd) -> None:
        await call_session.phone.register(timeout=FOREVER)
        commands = CallCommands(call_session)
        while (line := await self._next()) is not None:
            if self._tells_lines:
                self._screen.note(one_line(f"stdin, line {line.number}: {line.text}"))
            self._is_busy, self._turn_begun = True, time.monotonic()
            try:
                await self._take_turn(line.step, line.number, commands, call_session)
            except CommandFailed as fault:
                if not self._goes_on_after(line, fault):
                    return
            self._is_busy = False
        if not self._event_log.is_over:
            await at_end()

    async def _next(self) -> ScriptLine | None:
        """Return the next line; None after the last one."""

        def is_there() -> bool:
            return bool(self._waiting) or self._is_read

        if not await self._event_log.until(is_there, None):
            await asyncio.sleep(LATE_LINES_S)
        if not self._waiting:
            return None
        self._lines.done()
        return self._waiting.popleft()

    async def _take_turn(
        self, step: ScriptStep, number: int, commands: CallCommands, call_session: CallSession
    ) -> None:
        phone = call_session.phone
        match step:
            case Help():
                self._screen.say(wording.Line("?", SCRIPT_HELP, wording.PLAIN))
            case Sleep(seconds):
                await self._event_log.until(lambda: False, seconds)
            case Expect(wanted):
                self._evaluator.so_far(wanted, phone.current, number)
            case Wait(name, seconds):
                if not await self._event_log.until(lambda: self._event_log.has(name), seconds):
                    raise CommandFailed(self._event_log.last)
                self._event_log.use(name)
            case TypedCommand(begin=CallCommands.hang_up) if phone.current is None:
                pass  # the far end hung up first
            case TypedCommand(begin=begin):
                await self._run(begin, commands)

    async def _run(self, begin: Begin, commands: CallCommands) -> None:
        """Run a command and wait for its result. Raises `CommandFailed`, `DeviceError`."""
        try:
            result = begin(commands)
        except InvalidCommand as error:
            raise CommandFailed(str(error), error.phase) from None
        if result is None:
            return
        try:
            await result
        except InvalidCommand as error:
            raise CommandFailed(str(error), error.phase) from None
        except SipcliError as error:
            is_of_offer = error.phase is Phase.OFFER_ANSWER
            raise CommandFailed(error.text, error.phase if is_of_offer else None) from None
        except TimeoutError:
            raise CommandFailed(f"no result in time; {self._event_log.last}") from None

    def _goes_on_after(self, line: ScriptLine, fault: CommandFailed) -> bool:
        """Report a line that failed; return True if the next one may run.

        Raises `ExpectationError` if this ends the calls.
        """
        if self._is_interactive and not isinstance(line.step, Wait):
            self._screen.warning(f"{line.text}: {fault}")
            return True
        phase = fault.phase or self._event_log.phase
        expected = f"{line.text!r} to succeed"
        if isinstance(line.step, Wait):
            expected = f"{line.step.event} within {line.step.seconds:g} s"
        self._evaluator.report(
            Verdict(
                name=split(line.text)[0],
                met=False,
                expected=expected,
                actual=str(fault),
                phase=phase,
                line=line.number,
                seconds=time.monotonic() - self._turn_begun,
            )
        )
        if self._event_log.is_over or self._is_interactive:
            return self._is_interactive
        raise ExpectationError(str(fault), phase)
