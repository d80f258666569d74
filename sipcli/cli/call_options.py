"""The options that `call` and `listen` share (contract §2)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import click

from sipcli import interrupts
from sipcli.cli.command_help import Command, Group, option
from sipcli.cli.expect_options import EXPECT_OPTIONS, read_expectations
from sipcli.cli.output.report_file import junit_path
from sipcli.expect.expectations import Expectations
from sipcli.media.dtmf.dtmf_digits import InvalidDigits, parse_digits

if TYPE_CHECKING:
    from sipcli.phone.digits import Method


class CallCommand(Command):
    """A command with `--junit`; it writes the report even if its options are invalid."""

    has_exit_codes = True

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words after the command's name (called by click)."""
        path = junit_path(args)
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            if path is not None:
                with interrupts.held():
                    from sipcli.cli.expectation_run import ExpectationRun  # late: it is large
                ExpectationRun(str(self.name), Expectations(), path).abandon(error)
            raise


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOptions:
    """The options of a call that `call` and `listen` share (contract §2)."""

    record: str | None
    dtmf: str | None
    dtmf_method: "Method"
    stdin: bool
    """True if stdin is a script."""
    expectations: Expectations
    junit: Path | None

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> "CallOptions":
        """Take the options from a command's parameters, which click has checked."""
        return cls(
            record=parameters["record"],
            dtmf=parameters["dtmf"],
            dtmf_method=cast("Method", parameters["dtmf_method"]),
            stdin=parameters["stdin"],
            expectations=read_expectations(parameters),
            junit=parameters["junit"],
        )


def call_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a call to a command; `CallOptions.of` reads them."""
    for one in reversed((*_OPTIONS, *EXPECT_OPTIONS)):
        function = one(function)
    return function


def _check_digits(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    if value is not None:
        try:
            parse_digits(value)
        except InvalidDigits as error:
            raise click.BadParameter(str(error)) from None
    return value


_OPTIONS: Final = (
    option(
        "--record",
        group=Group.AUDIO,
        metavar="PATH",
        type=click.Path(dir_okay=False),
        help="Record both directions: sent on the left channel, received on the right.",
    ),
    option(
        "--dtmf",
        metavar="DIGITS",
        callback=_check_digits,
        help="Send these digits after the answer; a comma pauses 2 s, a w 0.5 s.",
    ),
    option(
        "--dtmf-method",
        type=click.Choice(["auto", "rtp", "info"]),
        default="auto",
        show_default=True,
        help="How to send digits: in RTP (RFC 4733), by INFO, or as the far end supports (auto).",
    ),
    option(
        "--stdin",
        is_flag=True,
        help="Read commands from stdin, one per line: answer, reject [STATUS], hold, resume, mute,"
        " unmute, dtmf DIGITS, transfer URI, accept-transfer, refuse-transfer, accept-redirect,"
        " refuse-redirect, stats, hangup, sleep S, wait EVENT [S], expect WHAT VALUE, or a key."
        " sipcli ends after the last line unless --duration or --count is given.",
    ),
)
