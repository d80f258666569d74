"""`sipcli call`: place one call."""

from typing import Any

import click

from sipcli.cli.call_options import CallCommand, CallOptions, call_options
from sipcli.cli.command_help import option
from sipcli.cli.options import ALL, Invocation, settings_options
from sipcli.cli.shared_options import Seconds
from sipcli.phone.extra_headers import extra_header
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
    cls=CallCommand,
    module="sipcli.cli.outgoing_call",
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
@settings_options(shown=ALL - {"audio.ring", "no_answer_timeout"}, connects=True)
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
    from sipcli.cli.outgoing_call import place_call  # late: see `module` above

    options = CallOptions.of(parameters)
    place_call(
        invocation, target, options, duration=duration, ring_timeout=ring_timeout, headers=headers
    )
