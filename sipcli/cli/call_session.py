"""What `call` and `listen` have in common: their options, their phone with calls, their end."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

import click

from sipcli.api.phone import Phone
from sipcli.api.setup import Setup
from sipcli.calls.call import Call
from sipcli.calls.digits import Method
from sipcli.calls.events import Event as CallEvent
from sipcli.calls.events import Stats
from sipcli.calls.figures import figures
from sipcli.calls.sound import Sound
from sipcli.calls.switchboard import OnCall, Switchboard
from sipcli.cli.call_line import CallLine
from sipcli.cli.common import common
from sipcli.cli.expect_options import EXPECT_OPTIONS, read_expectations
from sipcli.cli.keyboard import has_keyboard, has_terminal
from sipcli.cli.person_tones import PersonTones
from sipcli.cli.ringing import ring
from sipcli.cli.screen import Event as AnyEvent
from sipcli.cli.session import Session
from sipcli.config.settings import Permission
from sipcli.core.calls.events import CallId, Calling, RedirectRequested, TransferRequested
from sipcli.expect.expectations import Expectations
from sipcli.expect.judge import Judge
from sipcli.expect.verdict import Verdict
from sipcli.media.codecs.registry import opus_shortcoming
from sipcli.media.dtmf.digits import InvalidDigits, steps
from sipcli.shell import Shell

OnEvent: TypeAlias = Callable[[AnyEvent], None]

STATS_INTERVAL: Final = 5.0
"""Seconds between `stats` events, with `-v`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOptions:
    """The options of a call that `call` and `listen` share (contract §2)."""

    record: str | None
    dtmf: str | None
    dtmf_method: Method
    stdin: bool
    """Whether stdin is a script."""
    expectations: Expectations
    junit: Path | None

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> "CallOptions":
        """The options among a command's parameters, checked by click."""
        return cls(
            record=parameters["record"],
            dtmf=parameters["dtmf"],
            dtmf_method=cast(Method, parameters["dtmf_method"]),
            stdin=parameters["stdin"],
            expectations=read_expectations(parameters),
            junit=parameters["junit"],
        )


def call_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a call to a command; `CallOptions.of` takes them from its parameters."""
    for option in reversed((*_OPTIONS, *EXPECT_OPTIONS)):
        function = option(function)
    return function


def _check_digits(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    if value is not None:
        try:
            steps(value)
        except InvalidDigits as error:
            raise click.BadParameter(str(error)) from None
    return value


_OPTIONS: Final = (
    click.option(
        "--record",
        metavar="PATH",
        type=click.Path(dir_okay=False),
        help="Record both directions: left is sent, right is received.",
    ),
    click.option(
        "--dtmf",
        metavar="DIGITS",
        callback=_check_digits,
        help="Digits to send after the answer; a comma pauses 2 s, w waits 0.5 s.",
    ),
    click.option(
        "--dtmf-method",
        type=click.Choice(["auto", "rtp", "info"]),
        default="auto",
        show_default=True,
        help="How digits go: in RTP (RFC 4733), by INFO, or as the far end likes.",
    ),
    click.option(
        "--stdin",
        is_flag=True,
        help="Obey stdin, a verb a line: answer, reject, hold, resume, mute, unmute, dtmf DIGITS,"
        " transfer URI, stats, hangup, sleep S, wait EVENT [S], expect WHAT [VALUE]; the keys, too."
        " After the last line all ends, unless --duration or --count says when.",
    ),
)


@dataclass(frozen=True, slots=True)
class Desk:
    """A phone that can call, and what happens to its calls."""

    session: Session
    phone: Phone
    judge: Judge
    """What is expected of its calls."""
    dtmf_method: Method
    has_keys: bool
    """Whether a person's keys are to be obeyed."""

    @property
    def shell(self) -> Shell:
        """The phone's signalling."""
        return self.phone.shell

    @property
    def switchboard(self) -> Switchboard:
        """The phone's calls."""
        return self.phone.switchboard


@asynccontextmanager
async def desk(
    session: Session,
    options: CallOptions,
    make_sound: Callable[[], Sound],
    tones: PersonTones | None,
    *,
    patient: bool,
    judge: Judge,
    on_event: OnEvent,
    on_incoming: OnCall | None = None,
    ring_timeout: float | None = None,
) -> AsyncIterator[Desk]:
    """A phone that can call and, with `on_incoming`, be called.

    `on_event` is told all events of it and its calls, after the screen and the judge. A call to
    which another is transferred is given up after `ring_timeout` seconds without an answer.
    """

    def limit(name: CallId, seconds: float) -> None:
        call = next(one for one in phone.switchboard.calls if one.id == name)
        phone.shell.spawn(ring(call, seconds))

    def take(event: AnyEvent) -> None:
        session.screen.event(event)
        if isinstance(event, CallEvent):
            judge.take(event, phone.switchboard)
        if (
            isinstance(event, TransferRequested | RedirectRequested)
            and event.decision is Permission.ASK
        ):
            session.screen.ring()
        on_event(event)
        if isinstance(event, Calling) and event.transfer is not None and ring_timeout is not None:
            limit(event.call, ring_timeout)
        if tones is not None and isinstance(event, CallEvent):
            tones.take(event)

    shortcoming = opus_shortcoming() if "opus" in session.settings.codecs else None
    if shortcoming is not None:
        session.screen.warning(shortcoming)
    reads_stdin = options.stdin or session.settings.audio.input == "-"
    has_keys = has_keyboard(reads_stdin=reads_stdin)
    has_someone = has_keys or options.stdin
    phone = Phone(
        Setup(
            settings=session.settings if has_someone else session.settings.unattended,
            open_sound=lambda *_taps, **_given: make_sound(),
            on_event=take,
            credentials=session.credentials,
            patient=patient,
            takes_calls=on_incoming is not None,
            on_ring=on_incoming,
            observer=session.observer,
        )
    )
    if not (options.stdin and has_terminal()):  # lines are typed where it would be drawn
        session.screen.watch(registers=session.settings.register)
    async with phone:
        session.screen.watch_calls(CallLine(phone.switchboard, has_keys=has_keys))
        try:
            yield Desk(session, phone, judge, options.dtmf_method, has_keys)
        finally:
            if tones is not None:
                tones.stop()


async def attend(
    here: Desk, call: Call, options: CallOptions, *, hang_up_after: float | None
) -> None:
    """Do what is due once a call is answered, and stay until it is over, and all that it led to.

    After `hang_up_after` seconds from the answer all of that is hung up: the call, or those that
    it was transferred to, or that took its place.
    """
    await call.answered_or_over()
    if not call.is_answered:
        return
    timer = None
    if hang_up_after is not None:
        end = here.switchboard.end
        timer = asyncio.get_running_loop().call_later(hang_up_after, end, call)
    try:
        await call.connected_or_over()
        sending = call.send_dtmf(options.dtmf, options.dtmf_method) if options.dtmf else None
        while not call.over.is_set():
            await _pause_or_end(call)
            now = figures(call.media) if common_verbose() else None
            if now is not None and not call.over.is_set():
                here.session.screen.event(Stats(call=call.id, stats=now))
        if sending is not None and sending.fault is not None:
            here.judge.pronounce(_unsent(options.dtmf or "", sending.fault))
        await here.switchboard.over(call)
    finally:
        if timer is not None:
            timer.cancel()


def _unsent(digits: str, fault: str) -> Verdict:
    """What `--dtmf` means where it came to nothing: as much as a script's line."""
    expected = f"{digits} to be sent and taken"
    return Verdict(name="dtmf", met=False, expected=expected, actual=fault)


async def _pause_or_end(call: Call) -> None:
    try:
        async with asyncio.timeout(STATS_INTERVAL):
            await call.over.wait()
    except TimeoutError:
        pass


def common_verbose() -> bool:
    """Whether `-v` was given."""
    return common().verbose > 0
