"""What `call` and `listen` share: a phone with calls, and staying until they end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

from sipcli.cli.call_options import CallOptions
from sipcli.cli.command_session import CommandSession
from sipcli.cli.context import has_keyboard, has_terminal
from sipcli.cli.evaluator import Evaluator, FindCall
from sipcli.cli.output.call_line import CallLine
from sipcli.cli.person_tones import PersonTones
from sipcli.cli.shared_options import common
from sipcli.expect.evaluation import Verdict
from sipcli.media.codecs.opus import opus_shortcoming
from sipcli.phone.call import Call
from sipcli.phone.call_audio import AudioEndpoints
from sipcli.phone.call_manager import OnCall
from sipcli.phone.digits import Method
from sipcli.phone.events import Calling, Event, Stats
from sipcli.phone.phone import Phone
from sipcli.phone.phone_config import PhoneConfig
from sipcli.phone.waiter import FOREVER

STATS_INTERVAL_S: Final = 5.0
"""Seconds between `stats` events, with `-v`."""
RINGING: Final = 180
"""From this status on the call has reached a phone at the far end."""


@dataclass(frozen=True, slots=True)
class CallSession:
    """A phone with calls, and what a command needs to handle them."""

    session: CommandSession
    phone: Phone
    evaluator: Evaluator
    """Judges the expectations on its calls."""
    dtmf_method: Method
    has_keys: bool
    """True if keys are read from the terminal."""
    call_line: CallLine | None = None
    """It shows the open question."""


@asynccontextmanager
async def open_call_session(
    session: CommandSession,
    options: CallOptions,
    make_sound: Callable[[], AudioEndpoints],
    tones: PersonTones | None,
    *,
    retry_forever: bool,
    evaluator: Evaluator,
    on_event: Callable[[Event, FindCall], None],
    on_incoming: OnCall | None = None,
    ring_timeout: float | None = None,
) -> AsyncIterator[CallSession]:
    """Open a phone that can place calls and, with `on_incoming`, receive them.

    `on_event` gets all events of the phone and its calls, after the screen and the evaluator.
    A call that a transfer places is given up after `ring_timeout` seconds without an answer.
    """
    shortcoming = opus_shortcoming() if "opus" in session.settings.codecs else None
    if shortcoming is not None:
        session.screen.warning(shortcoming)
    reads_stdin = options.stdin or session.settings.audio.input == "-"
    has_keys = has_keyboard(reads_stdin=reads_stdin)
    has_someone = has_keys or options.stdin
    phone = Phone(
        PhoneConfig(
            settings=session.settings if has_someone else session.settings.unattended,
            open_sound=lambda *_taps, **_given: make_sound(),
            on_event=session.screen.event,
            credentials=session.credentials,
            retry_forever=retry_forever,
            takes_calls=on_incoming is not None,
            on_ring=on_incoming,
            journal=session.journal,
        )
    )
    phone.subscribe(lambda event: evaluator.on_event(event, phone.find_call))
    phone.subscribe(lambda event: on_event(event, phone.find_call))
    if ring_timeout is not None:
        phone.subscribe(partial(_limit_transfers, phone, ring_timeout))
    if tones is not None:
        phone.subscribe(lambda event: tones.on_event(event, phone.calls))
    line = CallLine(phone, has_keys=has_keys)
    is_typed = options.stdin and has_terminal()  # typed lines would overwrite the status line
    session.screen.watch(None if is_typed else line, phone.registration)
    async with phone:
        try:
            yield CallSession(session, phone, evaluator, options.dtmf_method, has_keys, line)
        finally:
            if tones is not None:
                tones.stop()


async def attend(
    call_session: CallSession, call: Call, options: CallOptions, *, hang_up_after: float | None
) -> None:
    """Handle a call from its answer until it, and every call that came of it, is over.

    `hang_up_after` seconds after the answer all of these are hung up: the call, those that it
    was transferred to, and those that took its place. It sends the digits of `--dtmf` and, with
    `-v`, reports figures.
    """
    await call.answered_or_over()
    if not call.is_answered:
        return
    phone, timer = call_session.phone, None
    if hang_up_after is not None:
        timer = asyncio.get_running_loop().call_later(hang_up_after, phone.hang_up, call)
    try:
        await call.connected_or_over()
        sending = call.send_dtmf(options.dtmf, options.dtmf_method) if options.dtmf else None
        while not await call.over(timeout=STATS_INTERVAL_S):
            stats = call.stats if common_verbose() else None
            if stats is not None:
                call_session.session.screen.event(Stats(call=call.id, stats=stats))
        if sending is not None and sending.fault is not None:
            call_session.evaluator.report(_unsent(call, options.dtmf or "", sending.fault))
        await phone.wait_for_end(call)
    finally:
        if timer is not None:
            timer.cancel()


def _limit_transfers(phone: Phone, ring_timeout: float, event: Event) -> None:
    """Limit how long a call rings that a transfer has placed: no command waits for it."""
    if isinstance(event, Calling) and event.transfer is not None:
        call = phone.find_call(event.call)
        if call is not None:
            phone.spawn(ring(call, ring_timeout))


async def ring(call: Call, limit: float) -> None:
    """Wait until a call of ours is answered or over; hang up after `limit` seconds."""
    if not await call.answered_or_over(timeout=limit) and call.is_pending:
        await call.hang_up(reason=_unanswered(call, limit), timeout=FOREVER)


def _unanswered(call: Call, limit: float) -> str:
    """Return how far the call got in `limit` seconds."""
    if call.progress is None:
        return f"no response to the INVITE within {limit:g} s"
    if call.progress < RINGING:
        return f"no answer within {limit:g} s, and the far end did not ring"
    return f"no answer within {limit:g} s"


def _unsent(call: Call, digits: str, fault: str) -> Verdict:
    """Return the verdict on digits of `--dtmf` that were not sent: that of a script's line."""
    expected = f"{digits} to be sent and taken"
    return Verdict(name="dtmf", met=False, expected=expected, actual=fault, call=call.id)


def common_verbose() -> bool:
    """True if `-v` was given."""
    return common().verbose > 0
