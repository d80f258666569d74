"""Place the call of `sipcli call`, and attend it until it and all that came of it is over."""

import asyncio
from functools import partial

from sipcli.cli.audio_options import CallAudio
from sipcli.cli.call_options import CallOptions
from sipcli.cli.call_session import CallSession, attend, open_call_session, ring
from sipcli.cli.command_session import CommandSession, resolve_target, run_session
from sipcli.cli.expect_options import check_expectations
from sipcli.cli.expectation_run import ExpectationRun
from sipcli.cli.keyboard import keys
from sipcli.cli.options import Invocation
from sipcli.cli.script.script import open_script
from sipcli.errors import Interrupted
from sipcli.expect.feasible import Terms
from sipcli.phone.call import Call
from sipcli.phone.waiter import FOREVER


def place_call(
    invocation: Invocation,
    target: str,
    options: CallOptions,
    *,
    duration: float | None,
    ring_timeout: float,
    headers: tuple[tuple[str, str], ...],
) -> None:
    """Call `target`. Raises `SipcliError` unless the call is a success."""
    expectation_run = ExpectationRun("call", options.expectations, options.junit, target=target)

    async def work(session: CommandSession) -> None:
        expectation_run.watch(session)
        uri = resolve_target(target, session.settings)
        terms = Terms(codecs=session.settings.codecs, lasts_s=duration, takes_calls=False)
        check_expectations(options.expectations, terms)
        plan = CallAudio.of(options, session)
        tones = plan.person_tones(session)
        evaluator = expectation_run.evaluator()
        script = await open_script(session, evaluator, options, terms)
        was_stopped = False
        async with open_call_session(
            session,
            options,
            plan.open,
            tones,
            retry_forever=False,
            evaluator=evaluator,
            on_event=script.on_event,
            ring_timeout=ring_timeout,
        ) as call_session:
            phone = call_session.phone
            await phone.register(timeout=FOREVER)
            script.check()
            one = await phone.call(uri, headers=headers, timeout=FOREVER)
            finish = _hang_up_once_answered if duration is None else _leave_alone
            try:
                async with (
                    keys(call_session),
                    script.running(call_session, partial(finish, call_session, one)),
                ):
                    await ring(one, ring_timeout)
                    await attend(call_session, one, options, hang_up_after=duration)
                    await phone.wait_for_end()
                    if tones is not None:
                        await tones.finish()
            except asyncio.CancelledError:
                if one.is_pending:
                    raise Interrupted("interrupted before the answer") from None
                was_stopped = True
        # An answered call that the user interrupts is a success, even if the server died in it.
        error = one.failure or (None if was_stopped else phone.registration.outage)
        if error is not None:
            raise error

    with expectation_run:
        run_session(
            invocation, "call", work, reads_stdin=options.stdin, cut_short=expectation_run.abandon
        )


async def _hang_up_once_answered(call_session: CallSession, one: Call) -> None:
    """End the call after the script's last line, once it was answered."""
    await one.answered_or_over()
    call_session.phone.hang_up(one)


async def _leave_alone(call_session: CallSession, one: Call) -> None:
    """Do nothing after the script's last line: `--duration` ends the call."""
