"""`sipcli call`: place one call."""

import asyncio
from functools import partial
from typing import Any

import click

from sipcli.cli.audio_options import AudioOptions
from sipcli.cli.call_options import CallOptions, call_options
from sipcli.cli.call_session import CallSession, attend, open_call_session, ring
from sipcli.cli.command_help import option
from sipcli.cli.expect_options import check_expectations
from sipcli.cli.expectation_run import ExpectationRun, TrialCommand
from sipcli.cli.keys import keys
from sipcli.cli.options import ALL, Invocation, settings_options
from sipcli.cli.script.script import open_script
from sipcli.cli.session import Session, run_session
from sipcli.cli.shared_options import Seconds
from sipcli.cli.targets import resolve_target
from sipcli.errors import Interrupted
from sipcli.expect.feasible import Terms
from sipcli.phone.call import Call
from sipcli.phone.extra_headers import extra_header
from sipcli.phone.waiter import FOREVER
from sipcli.sip.grammar import TOKEN, Malformed


def read_headers(
    _: click.Context, __: click.Parameter, lines: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    """Split the lines of `--header` into names and values, or raise `click.BadParameter`."""
    return tuple(_read_header(line) for line in lines)


def _read_header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or TOKEN.fullmatch(name.strip()) is None:
        raise click.BadParameter(f"{line!r} is not of the form 'Name: value'")
    try:
        return extra_header(name, value)
    except Malformed as fault:
        raise click.BadParameter(fault.reason) from None


@click.command(
    cls=TrialCommand,
    examples=(
        ("sipcli call bob", "Talk to bob at the domain of your own uri:"),
        (
            "sipcli call --sandbox echo --audio-in noise --expect-audio both --duration 2",
            "Try it without a server, an account or a sound card:",
        ),
        (
            "sipcli call echo --audio-in noise --expect-audio both --duration 3",
            "A smoke test of your server: does an echo of it send back audio?",
        ),
        ("sipcli call sip:busy@example.com --expect-status 486", "Expect a refusal:"),
        (
            "sipcli call ivr --audio-in silence --dtmf ,1 --record call.wav --duration 9",
            "Send a digit 2 s after the answer, and record both directions:",
        ),
    ),
)
@click.argument("target")
@option(
    "--duration",
    type=Seconds(min=0, min_open=True),
    metavar="SECONDS",
    help="Hang up this long after the answer.",
)
@option(
    "--ring-timeout",
    type=Seconds(min=0, min_open=True),
    default=60,
    show_default=True,
    metavar="SECONDS",
    help="Give up after this long without an answer.",
)
@option(
    "--header",
    "headers",
    multiple=True,
    callback=read_headers,
    metavar="'NAME: VALUE'",
    help="An extra header field for the INVITE; repeatable.",
)
@call_options
@settings_options(shown=ALL - {"audio.ring", "no_answer_timeout"}, sandbox=True)
def call(
    invocation: Invocation,
    target: str,
    duration: float | None,
    ring_timeout: float,
    headers: tuple[tuple[str, str], ...],
    **parameters: Any,
) -> None:
    """Call TARGET and talk, or send and record audio as the options say.

    TARGET is a SIP URI, user@host, a user or number at your own domain, or a tel: URI. The
    call ends when either side hangs up; on a terminal, ? shows the keys.
    """
    options = CallOptions.of(parameters)
    expectation_run = ExpectationRun("call", options.expectations, options.junit, target=target)

    async def work(session: Session) -> None:
        session = expectation_run.watched(session)
        uri = resolve_target(target, session.settings)
        terms = Terms(codecs=session.settings.codecs, lasts_s=duration, takes_calls=False)
        check_expectations(options.expectations, terms)
        plan = AudioOptions.of(options, session)
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
