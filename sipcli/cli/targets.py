"""The TARGET argument of commands."""

import click

from sipcli.config.settings import Settings
from sipcli.core.calls.target import resolve
from sipcli.sip.grammar import Malformed
from sipcli.sip.uri import Uri


def resolve_target(text: str, settings: Settings) -> Uri:
    """The URI that TARGET means; raises `click.BadParameter` if it means none."""
    if settings.is_anonymous and "@" not in text:
        raise click.BadParameter(
            f"{text!r} needs a domain: give user@domain, or set uri", param_hint="TARGET"
        )
    try:
        return resolve(text, settings.uri)
    except Malformed as fault:
        raise click.BadParameter(f"{text!r}: {fault.reason}", param_hint="TARGET") from fault
