"""Users that join a sandbox while it runs."""

import asyncio
from dataclasses import fields

import pytest

from sipcli.config.server_settings import TurnServer
from sipcli.config.settings import IceTransportPolicy, Settings
from sipcli.errors import ConfigError, ConnectError
from sipcli.phone.events import Registered
from sipcli.phone.runner import UserAgentRunner
from sipcli.sandbox import sandbox
from sipcli.sandbox.extensions import Extension
from sipcli.sandbox.names import address_of
from sipcli.sandbox.sandbox import REPLACED, Plan, Sandbox
from sipcli.sip.uri import SipUri
from tests.core.factories import settings


async def test_a_user_who_comes_later_can_register() -> None:
    async with Sandbox(Plan()) as here:
        here.add_user("carol", "open sesame")
        account: Settings = here.account("carol", settings())
        assert account.uri == address_of("carol")
        credentials = here.credentials("carol")
        async with UserAgentRunner(
            account, credentials, lambda _: None, retry_forever=False
        ) as runner:
            assert isinstance(await runner.ready(), Registered)


async def test_it_is_known_which_settings_an_account_replaces() -> None:
    own = settings(
        stun_servers=("stun:192.0.2.1:3478",),
        turn_servers=(TurnServer(("turn:192.0.2.1",)),),
        authorization_user="another",
        password=None,
        ha1="0" * 32,
        registrar_server=SipUri.parse("sip:another.invalid"),
        ice_transport_policy=IceTransportPolicy.RELAY,
        tls_ca_file="/ca",
        tls_client_certificate="/certificate",
        tls_client_key="/key",
        tls_verify=False,
    )
    async with Sandbox(Plan()) as here:
        found = here.account("bob", own)
    names = [each.name for each in fields(own)]
    differ = {name for name in names if getattr(own, name) != getattr(found, name)}
    assert differ == set(REPLACED)


async def test_a_sandbox_that_nobody_reaches_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(sandbox, "START_TIMEOUT_S", 0.1)
    monkeypatch.setattr(Extension, "run", never)
    with pytest.raises(ConnectError, match=r"^TCP: .*is its loopback interface up\?"):
        async with Sandbox(Plan()):
            pytest.fail("it is no use")


def test_a_user_who_comes_later_needs_a_name_that_is_free() -> None:
    here = Sandbox(Plan())
    with pytest.raises(ConfigError, match="echo is an extension"):
        here.add_user("echo")
    with pytest.raises(ConfigError, match="needs a name"):
        here.add_user("")
    here.add_user("carol")
    assert len(here.passwords["carol"]) > 10
    assert list(here.passwords) == ["alice", "bob", "carol"]
