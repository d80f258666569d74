"""The servers of the settings, and TLS to them."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest
import trustme

from sipcli.config.server_settings import TurnServer
from sipcli.config.settings import IceTransportPolicy, Settings
from sipcli.errors import ConfigError
from sipcli.media.transport.ice_servers import IceServer, IceServers
from sipcli.sip.uri import SipUri
from tests.event_loop import now
from tests.media.transport.transport_pair import Party

pytestmark = pytest.mark.virtual_time

URI = SipUri.parse("sip:alice@example.com")
INSTANCE = UUID("00000000-0000-4000-8000-000000000000")


@pytest.mark.parametrize(
    ("uri", "relays", "secure", "host", "port", "stream"),
    [
        ("stun:example.com", False, False, "example.com", 3478, False),
        ("stun:192.0.2.1:19302", False, False, "192.0.2.1", 19302, False),
        ("stun:[2001:db8::1]:1", False, False, "2001:db8::1", 1, False),
        ("stuns:example.com", False, True, "example.com", 5349, False),
        ("turn:example.com", True, False, "example.com", 3478, False),
        ("turn:example.com?transport=tcp", True, False, "example.com", 3478, True),
        ("turns:example.com", True, True, "example.com", 5349, True),
        ("turns:[::1]:443?transport=tcp", True, True, "::1", 443, True),
        ("turns:example.com?transport=udp", True, True, "example.com", 5349, False),
    ],
)
def test_a_uri_says_where_and_how(
    uri: str, relays: bool, secure: bool, host: str, port: int, stream: bool
) -> None:
    server = IceServer.parse(uri)
    assert (server.relays, server.secure, server.stream) == (relays, secure, stream)
    assert (server.host, server.port) == (host, port)
    assert server.uri == uri


@pytest.mark.parametrize("uri", ["", "stun:", "http://example.com", "turn:a?transport=sctp"])
def test_what_is_no_uri_of_a_server_is_refused(uri: str) -> None:
    with pytest.raises(ValueError, match="not a STUN or TURN URI"):
        IceServer.parse(uri)


def test_the_settings_become_servers_in_their_order() -> None:
    settings = Settings(
        uri=URI,
        instance_id=INSTANCE,
        stun_servers=("stun:a.example", "stun:b.example"),
        turn_servers=(
            TurnServer(("turn:c.example", "turn:c.example?transport=tcp"), "alice", "secret"),
            TurnServer(("turn:d.example",)),
        ),
        ice_transport_policy=IceTransportPolicy.RELAY,
        ice_gathering_timeout=0.5,
    )
    options = IceServers.from_settings(settings, include_loopback=True)
    assert [server.host for server in options.servers] == [
        "a.example",
        "b.example",
        "c.example",
        "c.example",
        "d.example",
    ]
    assert [server.username for server in options.servers] == [None, None, "alice", "alice", None]
    assert options.relay_only
    assert options.include_loopback
    assert options.gathering_timeout == 0.5
    assert options.tls is None
    assert "secret" not in repr(options)


def test_the_ca_file_is_read_for_turns_alone() -> None:
    def settings(url: str) -> Settings:
        relay = TurnServer((url,), "alice", "secret")
        return Settings(
            uri=URI, instance_id=INSTANCE, turn_servers=(relay,), tls_ca_file="/nowhere/ca.pem"
        )

    IceServers.from_settings(settings("turn:a.example"))
    with pytest.raises(ConfigError, match="tls_ca_file"):
        IceServers.from_settings(settings("turns:a.example"))


# TLS


@asynccontextmanager
async def tls_server(context: ssl.SSLContext | None) -> AsyncIterator[str]:
    """The URI of a server that hangs up on whoever gets through its TLS."""

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0\r\n" if context is None else b"")
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0, ssl=context) as server:
        yield f"turns:127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def warning_for(uri: str, tls: ssl.SSLContext) -> str:
    """The one warning that this server gives."""
    server = IceServer.parse(uri, "alice", "secret")
    party = Party(options=IceServers(servers=(server,), tls=tls))
    begin = now()
    await party.transport.gather()
    assert now() - begin < 1
    await party.transport.close()
    assert len(party.warnings) == 1
    return party.warnings[0]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def serving(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def trusting(authority: trustme.CA | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if authority is not None:
        authority.configure_trust(context)
    return context


@pytest.mark.parametrize("trusts", [True, False])
@pytest.mark.parametrize("name", ["127.0.0.1", "other.example"])
async def test_a_certificate_must_be_trusted_and_for_that_host(
    authority: trustme.CA, trusts: bool, name: str
) -> None:
    async with tls_server(serving(authority, name)) as uri:
        text = await warning_for(uri, trusting(authority if trusts else None))
        if trusts and name == "127.0.0.1":
            assert "it closed the connection" in text
        elif trusts:
            assert "its certificate has no subjectAltName that matches its name" in text
        else:
            assert "its certificate is not trusted" in text
            assert "tls_ca_file" in text


async def test_a_server_that_does_not_speak_tls_is_named(authority: trustme.CA) -> None:
    async with tls_server(None) as uri:
        text = await warning_for(uri, trusting(authority))
        assert "does it speak TLS at this port?" in text


async def test_without_verification_any_certificate_will_do(
    authority: trustme.CA, tmp_path: Path
) -> None:
    settings = Settings(
        uri=URI,
        instance_id=INSTANCE,
        turn_servers=(TurnServer(("turns:a.example",)),),
        tls_verify=False,
    )
    unverified = IceServers.from_settings(settings).tls
    assert unverified is not None
    context = unverified

    async with tls_server(serving(authority, "other.example")) as uri:
        assert "it closed the connection" in await warning_for(uri, context)
