"""`sipcli listen`: wait for calls."""

from typing import Any

import click

from sipcli.cli.call_options import CallCommand, CallOptions, call_options
from sipcli.cli.command_help import option
from sipcli.cli.options import ALL, Invocation, settings_options
from sipcli.cli.shared_options import Seconds, Whole


@click.command(
    cls=CallCommand,
    module="sipcli.cli.incoming_calls",
    examples=(
        ("sipcli listen", "Wait for calls, ring and ask:"),
        ("sipcli listen --auto-answer --echo", "Be an echo for others to call:"),
        (
            "sipcli listen --auto-answer --count 1 --audio-in noise --expect-audio both",
            "Answer one call and judge it:",
        ),
        ("sipcli listen --reject 486", "Reject every call as busy:"),
    ),
)
@option(
    "--auto-answer",
    is_flag=False,
    flag_value=0.0,
    type=Seconds(min=0),
    metavar="[SECONDS]",
    help="Answer automatically, at once or after ringing this long (--auto-answer=2).",
)
@option(
    "--reject",
    type=Whole(300, 699),
    metavar="STATUS",
    help="Reject every call with this status.",
)
@option(
    "--count",
    type=Whole(min=1),
    metavar="N",
    help="End after this many answered calls.",
)
@option("--max-calls", "old_count", type=Whole(min=1), hidden=True)
@option(
    "--duration",
    type=Seconds(min=0, min_open=True),
    metavar="SECONDS",
    help="End after this time.",
)
@option(
    "--call-duration",
    type=Seconds(min=0, min_open=True),
    metavar="SECONDS",
    help="Hang up each call this long after its answer.",
)
@option("--echo", is_flag=True, help="Send back the audio received.")
@call_options
@settings_options(shown=ALL, without={"max_calls"}, connects=True)
def listen(
    invocation: Invocation,
    auto_answer: float | None,
    reject: int | None,
    count: int | None,
    old_count: int | None,
    duration: float | None,
    call_duration: float | None,
    echo: bool,
    **parameters: Any,
) -> None:
    """Wait for calls: ring and ask, answer automatically, or reject.

    Without --auto-answer a call rings until you answer it with a key. A call that is not
    answered within no_answer_timeout is rejected with 408. Messages are shown, too.
    """
    from sipcli.cli.incoming_calls import Policy, take_calls  # late: see `module` above

    policy = Policy(
        auto_answer=auto_answer,
        reject=reject,
        count=count,
        duration=duration,
        call_duration=call_duration,
        echo=echo,
    )
    take_calls(invocation, CallOptions.of(parameters), policy, old_count)
