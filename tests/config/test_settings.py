"""Values that are derived from others."""

from dataclasses import replace
from uuid import UUID

import pytest

from sipcli.config.server_settings import WsServer
from sipcli.config.settings import Settings
from sipcli.sip.uri import SipUri


def settings(uri: str = "sip:Alice%20B@example.org:5070;transport=tcp") -> Settings:
    return Settings(uri=SipUri.parse(uri), instance_id=UUID(int=0))


def test_the_user_name_of_credentials_is_the_decoded_user_of_uri() -> None:
    assert settings().username == "Alice B"
    assert Settings(
        uri=SipUri.parse("sip:a@b"), instance_id=UUID(int=0), authorization_user="x"
    ).username == ("x")


def test_the_registrar_is_uri_without_its_user() -> None:
    assert str(settings().registrar) == "sip:example.org:5070;transport=tcp"
    registrar = SipUri.parse("sip:r.example.org")
    changed = Settings(
        uri=SipUri.parse("sip:a@b"), instance_id=UUID(int=0), registrar_server=registrar
    )
    assert changed.registrar is registrar


def test_only_the_stand_in_is_anonymous() -> None:
    assert not settings().is_anonymous
    assert settings("sip:anonymous.x@anonymous.invalid").is_anonymous


@pytest.mark.parametrize(
    ("uris", "local"),
    [
        (["ws://127.0.0.1:8080"], True),
        (["ws://[::1]"], True),
        (["wss://sip.example.org", "wss://localhost"], True),
        (["wss://sip.example.org"], False),
        ([], False),
    ],
)
def test_a_server_on_this_machine_is_known(uris: list[str], local: bool) -> None:
    assert replace(settings(), ws_servers=tuple(map(WsServer, uris))).is_local is local
