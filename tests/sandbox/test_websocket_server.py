"""The sandbox's sockets, by a client that is not ours."""

import asyncio
import os
import ssl
from contextlib import suppress
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from sipcli.errors import ConfigError
from sipcli.net.websockets_compat import MAX_FRAGMENTS
from sipcli.sandbox.sandbox import Plan, Sandbox
from sipcli.sandbox.temporary_ca import temporary_tls
from sipcli.sandbox.websocket_server import SandboxServer
from sipcli.sip.message import Request, Response
from sipcli.sip.parser import encode, parse
from tests.sandbox.test_registrar import register_request
from tests.sandbox.world import PASSWORDS, World

SIP = [Subprotocol("sip")]


async def ask(client: ClientConnection, request: Request) -> Response:
    await client.send(encode(request).decode())
    answer = parse(await client.recv(decode=False)).message
    assert isinstance(answer, Response)
    return answer


async def test_a_client_with_the_subprotocol_is_served_in_text_and_binary_frames() -> None:
    async with (
        SandboxServer(PASSWORDS) as server,
        connect(server.uri.ws_uri, subprotocols=SIP) as client,
    ):
        assert client.subprotocol == "sip"
        assert (await ask(client, register_request(World()))).status == 401
        await client.send(encode(register_request(World())), text=False)
        assert b"401" in await client.recv(decode=False)


async def test_a_client_without_the_subprotocol_is_refused() -> None:
    async with SandboxServer(PASSWORDS) as server:
        with pytest.raises(InvalidStatus) as refused:
            await connect(server.uri.ws_uri)
        assert refused.value.response.status_code == 400


@pytest.mark.parametrize("size", [70_000, 5_000_000])
async def test_a_message_above_what_is_read_gets_513_and_the_connection_stays(size: int) -> None:
    async with (
        SandboxServer(PASSWORDS) as server,
        connect(server.uri.ws_uri, subprotocols=SIP) as client,
    ):
        large = register_request(World()).replacing(body=b"x" * size)
        assert (await ask(client, large)).status == 513
        assert (await ask(client, register_request(World()))).status == 401


async def test_too_many_fragments_cost_their_sender_the_connection_and_no_other() -> None:
    async with (
        SandboxServer(PASSWORDS) as server,
        connect(server.uri.ws_uri, subprotocols=SIP) as other,
        connect(server.uri.ws_uri, subprotocols=SIP) as client,
    ):
        with suppress(ConnectionClosed):  # the server does not wait for the last of it
            await client.send(["x"] * (MAX_FRAGMENTS + 1))
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009
        assert (await ask(other, register_request(World()))).status == 401


async def test_there_is_a_bound_to_clients() -> None:
    async with (
        SandboxServer(PASSWORDS, max_clients=1) as server,
        connect(server.uri.ws_uri, subprotocols=SIP) as first,
        connect(server.uri.ws_uri, subprotocols=SIP) as second,
    ):
        with pytest.raises(ConnectionClosed) as closed:
            await second.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1013
        assert (await ask(first, register_request(World()))).status == 401


async def flood(writer: asyncio.StreamWriter, frame: bytes) -> None:
    while True:
        writer.write(frame)
        await writer.drain()


async def test_a_client_that_does_not_read_is_cut_off() -> None:
    world = World()
    # Its answer repeats what it says, so that unread answers soon fill what there is of room.
    request = world.connect().request("REGISTER", "sip:x", ("Via", world.clients[0].via()))
    long = request.headers.prepended("Via", f"SIP/2.0/WS x;branch=z9hG4bK1;x={'y' * 8000}")
    data = encode(request.replacing(headers=long))
    frame = b"\x82\xfe" + len(data).to_bytes(2, "big") + b"\0\0\0\0" + data

    async with SandboxServer(PASSWORDS) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.uri.port, limit=1024)
        writer.write(
            b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Protocol: sip\r\n\r\n"
        )
        with pytest.raises(ConnectionError):
            await flood(writer, frame)
        assert not reader.at_eof()
        writer.close()


async def test_a_port_that_is_taken_is_an_error_of_the_user() -> None:
    async with SandboxServer(PASSWORDS) as server:
        with pytest.raises(ConfigError, match=f"port {server.uri.port}: .*in use"):
            await SandboxServer(PASSWORDS, port=server.uri.port).__aenter__()


async def test_its_end_does_not_wait_for_clients() -> None:
    async with SandboxServer(PASSWORDS) as server:
        client = await connect(server.uri.ws_uri, subprotocols=SIP)
    with pytest.raises(ConnectionClosed):
        await client.recv()


async def test_tls_is_by_an_authority_that_is_gone_afterwards() -> None:
    async with Sandbox(Plan(tls=True)) as here:
        assert here.ca_file is not None
        folder = Path(here.ca_file).parent
        assert os.listdir(folder) == ["ca.pem"]
        assert here.server.secure
        context = ssl.create_default_context(cafile=here.ca_file)
        async with connect(here.server.ws_uri, subprotocols=SIP, ssl=context) as client:
            assert (await ask(client, register_request(World()))).status == 401
        with pytest.raises(ssl.SSLCertVerificationError):
            await connect(here.server.ws_uri, subprotocols=SIP)
    assert not folder.exists()


@pytest.mark.parametrize("host", ["192.0.2.7", "sandbox.example", "localhost"])
async def test_the_certificate_names_the_host_that_is_listened_on(host: str) -> None:
    with temporary_tls(host) as tls:
        async with SandboxServer(PASSWORDS, tls=tls.context) as server:
            context = ssl.create_default_context(cafile=tls.ca_file)
            uri = server.uri.ws_uri
            async with connect(uri, subprotocols=SIP, ssl=context, server_hostname=host):
                pass


def test_a_user_cannot_have_the_name_of_an_extension() -> None:
    with pytest.raises(ConfigError, match="echo is an extension"):
        Sandbox(Plan(passwords={"echo": "x"}))


def test_passwords_are_in_no_repr() -> None:
    assert "s3cret" not in repr(Plan(passwords={"alice": "s3cret"}))
