"""The `--header` option: extra fields on the INVITE."""

import click

from sipcli.phone.extra_headers import extra_header
from sipcli.sip.grammar import TOKEN, Malformed


def read_headers(
    _: click.Context, __: click.Parameter, lines: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    """Split lines into names and values. Raises `click.BadParameter` for invalid ones."""
    return tuple(_read(line) for line in lines)


def _read(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or TOKEN.fullmatch(name.strip()) is None:
        raise click.BadParameter(f"{line!r} is not of the form 'Name: value'")
    try:
        return extra_header(name, value)
    except Malformed as fault:
        raise click.BadParameter(fault.reason) from None
