"""The TARGET argument of commands."""

import click

from sipcli.config.settings import Settings
from sipcli.core.calls.target import resolve
from sipcli.core.requests.route import lack_of_secure_servers
from sipcli.sip.grammar import Malformed
from sipcli.sip.uri import Uri
from sipcli.text import target_without_password


def resolve_target(text: str, settings: Settings) -> Uri:
    """Return the URI of TARGET. Raises `click.BadParameter` if it is invalid."""
    shown = target_without_password(text)
    try:
        uri = resolve(text, settings.uri)
    except Malformed as fault:
        raise click.BadParameter(f"{shown!r}: {fault.reason}", param_hint="TARGET") from fault
    lack = lack_of_secure_servers(uri, settings.ws_servers)
    if lack is not None:
        raise click.BadParameter(f"{shown!r}: {lack}", param_hint="TARGET")
    return uri
