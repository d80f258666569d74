"""The options that say what is expected of a call (contract §2)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click

from sipcli.cli.common import Finite, SectionOption
from sipcli.expect.expectations import Expectations
from sipcli.media.dtmf.digits import DIGITS

_SECTION: Final = "Expectations (exit code 8 where one is not met)"


def read_expectations(parameters: Mapping[str, Any]) -> Expectations:
    """What a command's parameters expect, checked by click."""
    return Expectations(
        audio=parameters["expect_audio"],
        tone_hz=parameters["expect_tone"],
        dtmf=parameters["expect_dtmf"],
        status=parameters["expect_status"],
        max_setup_ms=parameters["max_setup_ms"],
        min_mos=parameters["min_mos"],
        max_loss_percent=parameters["max_loss"],
    )


def _read_digits(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    digits = value.upper() if value is not None else None
    if digits is not None and not set(digits) <= set(DIGITS):
        raise click.BadParameter(f"{value!r} are not digits: each is one of {DIGITS}")
    return digits


def _option(name: str, **attributes: Any) -> Any:
    return click.option(name, cls=SectionOption, section=_SECTION, **attributes)


EXPECT_OPTIONS: Final = (
    _option(
        "--expect-audio",
        type=click.Choice(["received", "sent", "both"]),
        help="Half a second of audible sound, this way or both.",
    ),
    _option(
        "--expect-tone",
        type=Finite(min=20, max=20_000),
        metavar="HZ",
        help="This tone, received for a second and 10 dB above all else.",
    ),
    _option(
        "--expect-dtmf",
        metavar="DIGITS",
        callback=_read_digits,
        help="Exactly these digits, received in this order.",
    ),
    _option(
        "--expect-status",
        type=click.IntRange(200, 699),
        metavar="CODE",
        help="This final answer; a refusal that is expected is a success.",
    ),
    _option(
        "--max-setup-ms",
        type=click.IntRange(min=1),
        metavar="N",
        help="From the INVITE until sound can flow.",
    ),
    _option(
        "--min-mos",
        type=Finite(min=1, max=5),
        metavar="X",
        help="How good it sounded here, from 1 to 4.5 (E-model).",
    ),
    _option(
        "--max-loss",
        type=Finite(min=0, max=100),
        metavar="PERCENT",
        help="Packets lost of those that should have come.",
    ),
    _option(
        "--junit",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="PATH",
        help="Write the outcome as JUnit XML, too.",
    ),
)
