"""The `--header` option: extra fields on the INVITE."""

import re
from typing import Final

import click

from sipcli.sip.grammar import TOKEN, Malformed
from sipcli.sip.headers import Headers

OURS: Final = re.compile(
    r"accept|allow|(proxy-)?authorization|(proxy-)?require|supported|k|call-id|i|contact|m"
    r"|content-.*|c|e|l|cseq|expires|from|f|max-forwards|min-se|session-expires|x|r(ack|seq)"
    r"|(record-)?route|to|t|user-agent|via|v",
    re.IGNORECASE,
)
"""Fields that sipcli writes itself, in compact form too."""


def read_headers(
    _: click.Context, __: click.Parameter, lines: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    """Split the lines given; raises `click.BadParameter` for what cannot be sent."""
    return tuple(_read(line) for line in lines)


def _read(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    name, value = name.strip(), value.strip()
    if not colon or TOKEN.fullmatch(name) is None:
        raise click.BadParameter(f"{line!r} is not of the form 'Name: value'")
    if any(character < " " or character == "\x7f" for character in value):
        raise click.BadParameter(f"{name}: its value has control characters")
    try:
        Headers([(name, value)])
    except Malformed as fault:
        raise click.BadParameter(fault.reason) from None
    if OURS.fullmatch(name):
        raise click.BadParameter(f"{name} is written by sipcli itself")
    return name, value
