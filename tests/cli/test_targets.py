"""The TARGET argument of commands."""

import click
import pytest

from sipcli.cli.command_session import resolve_target
from sipcli.config.server_settings import WsServer
from tests.core.factories import settings

PLAIN, SECURE = WsServer("ws://a.example.com"), WsServer("wss://b.example.com")


def test_a_sips_target_over_servers_without_tls_is_a_usage_error() -> None:
    with pytest.raises(
        click.BadParameter, match=r"sips: .*ws://a\.example\.com.* expected a wss: server"
    ):
        resolve_target("sips:bob@example.com", settings(ws_servers=(PLAIN,)))


def test_a_server_with_tls_is_enough_to_try() -> None:
    given = settings(ws_servers=(PLAIN, SECURE))
    assert str(resolve_target("sips:bob@example.com", given)) == "sips:bob@example.com"


@pytest.mark.parametrize("text", ["<sip:bob@h", "sip:bob@h>", "Bob <sip:bob@h"])
def test_half_of_a_pasted_address_is_not_called(text: str) -> None:
    with pytest.raises(click.BadParameter, match="NAME <ADDRESS>"):
        resolve_target(text, settings())
