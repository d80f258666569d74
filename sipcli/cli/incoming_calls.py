"""Wait for the calls of `sipcli listen`, and handle each as its options say."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from sipcli.cli.audio_options import CallAudio
from sipcli.cli.call_options import CallOptions
from sipcli.cli.call_session import CallSession, attend, open_call_session
from sipcli.cli.command_session import CommandSession, run_session
from sipcli.cli.expect_options import check_expectations
from sipcli.cli.expectation_run import ExpectationRun
from sipcli.cli.keyboard import keys
from sipcli.cli.options import Invocation
from sipcli.cli.script.script import open_script
from sipcli.errors import ConfigError, DeviceError, Interrupted
from sipcli.expect.feasible import Terms
from sipcli.media.audio_io.generators import Echo
from sipcli.phone.call import Call
from sipcli.phone.call_audio import AudioEndpoints
from sipcli.phone.waiter import FOREVER
from sipcli.sip.status import BUSY_HERE

_OLD_WORD: Final = (
    "--max-calls no longer sets how many calls are answered in all: use --count; in the next"
    " version --max-calls sets the key max_calls, the number of calls at the same time"
)
BELL_INTERVAL_S: Final = 4.0
"""Seconds between rings of the terminal's bell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How to handle incoming calls."""

    auto_answer: float | None
    """Seconds to ring before answering automatically; None: a person or a script answers."""
    reject: int | None
    count: int | None
    """End after this many answered calls."""
    duration: float | None
    """End after this many seconds."""
    call_duration: float | None
    echo: bool


def take_calls(
    invocation: Invocation, options: CallOptions, policy: Policy, old_count: int | None
) -> None:
    """Wait for calls until the policy or a signal ends it. `old_count` is `count` by its old name.

    Raises `SipcliError` unless it was registered and all expectations were met.
    """
    expectation_run = ExpectationRun("listen", options.expectations, options.junit)

    async def work(session: CommandSession) -> None:
        if old_count is not None:
            session.screen.warning(_OLD_WORD)
        count = policy.count if old_count is None else old_count
        await _listen(session, replace(policy, count=count), options, expectation_run)

    with expectation_run:
        if policy.reject is not None and policy.auto_answer is not None:
            raise ConfigError("--reject and --auto-answer cannot be used together: give one")
        if policy.count is not None and old_count is not None:
            raise ConfigError("--max-calls is the old name of --count: give only --count")
        run_session(
            invocation, "listen", work, reads_stdin=options.stdin, cut_short=expectation_run.abandon
        )


async def _listen(
    session: CommandSession,
    policy: Policy,
    options: CallOptions,
    expectation_run: ExpectationRun,
) -> None:
    expectation_run.watch(session)
    terms = Terms(
        codecs=session.settings.codecs, lasts_s=policy.call_duration, rejects_with=policy.reject
    )
    check_expectations(options.expectations, terms)
    plan = CallAudio.of(options, session)
    evaluator = expectation_run.evaluator()
    script = await open_script(session, evaluator, options, terms)
    incoming: asyncio.Queue[Call] = asyncio.Queue()
    enough = asyncio.Event()
    was_ready = False

    async def finish() -> None:
        if policy.count is None and policy.duration is None:
            enough.set()

    def make_sound() -> AudioEndpoints:
        return plan.open(Echo()) if policy.echo else plan.open()

    try:
        async with open_call_session(
            session,
            options,
            make_sound,
            plan.person_tones(session),
            retry_forever=True,
            evaluator=evaluator,
            on_event=script.on_event,
            on_incoming=incoming.put_nowait,
        ) as call_session:
            try:
                async with keys(call_session), script.running(call_session, finish):
                    with suppress(TimeoutError):
                        async with asyncio.timeout(policy.duration):
                            await call_session.phone.register(timeout=FOREVER)
                            await _serve(call_session, incoming, policy, options, enough)
            finally:
                was_ready = call_session.phone.registration.was_ready
    except asyncio.CancelledError:
        pass
    if not was_ready:
        raise Interrupted("ended before it was registered")


async def _serve(
    call_session: CallSession,
    incoming: "asyncio.Queue[Call]",
    policy: Policy,
    options: CallOptions,
    enough: asyncio.Event,
) -> None:
    """Handle calls until `enough` is set, or until `policy.count` answered ones are over."""
    answered = ended = 0
    unusable: list[DeviceError] = []

    async def serve(call: Call) -> None:
        nonlocal answered, ended
        if call.came_of is not None:  # counted and limited with the call that it came of
            await _answer_or_reject(call_session, call, policy)
            await attend(call_session, call, options, hang_up_after=None)
            return
        if policy.count is not None and answered >= policy.count:
            call.reject(BUSY_HERE)
            return
        await _answer_or_reject(call_session, call, policy)
        answered += call.is_answered
        await attend(call_session, call, options, hang_up_after=policy.call_duration)
        ended += call.is_answered
        if policy.count is not None and ended >= policy.count:
            enough.set()

    async def take_all() -> None:
        while True:
            call = await incoming.get()
            call_session.phone.spawn(_isolated(call, serve(call), unusable))

    taking = asyncio.create_task(take_all())
    try:
        await enough.wait()
    finally:
        taking.cancel()
        if unusable:
            raise unusable[0]


async def _isolated(
    call: Call, work: Coroutine[None, None, None], unusable: list[DeviceError]
) -> None:
    """Handle one call; an exception ends this call only."""
    try:
        await work
    except Exception as error:  # noqa: BLE001
        if isinstance(error, DeviceError):
            unusable.append(error)
        call.fail(error)


async def _answer_or_reject(call_session: CallSession, call: Call, policy: Policy) -> None:
    """Follow the policy, and wait until the call is answered or over."""
    if policy.reject is not None:
        call.reject(policy.reject)
    elif call.replaces_call:
        call.answer()
    elif policy.auto_answer is None:
        while call.is_ringing:
            call_session.session.screen.ring()
            await call.answered_or_over(timeout=BELL_INTERVAL_S)
    elif not await call.answered_or_over(timeout=policy.auto_answer) and call.is_ringing:
        call.answer()
    await call.answered_or_over()
