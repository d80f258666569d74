"""A link notices that its server is gone: by pings, and when proof of life is asked for."""

import asyncio
import signal
import sys
from asyncio import StreamReader, StreamWriter

import pytest
from websockets.frames import Frame, Opcode

from sipcli.net import websocket
from sipcli.net.errors import LinkClosed
from tests.net.peers import (
    PATIENCE,
    dial_port,
    end_of,
    nothing,
    raw_server,
    read_frame,
    sip_server,
    then,
    upgrade,
)


async def test_a_server_that_answers_pings_keeps_its_link() -> None:
    async def pong(reader: StreamReader, writer: StreamWriter) -> None:
        await upgrade(reader, writer)
        for _ in range(3):
            opcode, data = await read_frame(reader)
            assert opcode is Opcode.PING
            writer.write(Frame(Opcode.PONG, data).serialize(mask=False))
        writer.write(Frame(Opcode.TEXT, b"still here").serialize(mask=False))
        await asyncio.Event().wait()

    async with raw_server(pong) as port:
        link = await dial_port(port, ping_interval=0.01, ping_timeout=PATIENCE)
        assert link.latency == 0.0
        message = await link.receive()
        latency = link.latency
        await link.close(timeout=0.01)
        (message, latency) = message, latency
    assert message == b"still here"
    assert 0 < latency < PATIENCE


async def test_a_server_that_falls_silent_is_gone_after_interval_and_timeout_and_no_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No closing handshake is waited for: with this LINGER the test would not end in time."""
    monkeypatch.setattr(websocket, "LINGER", PATIENCE * 10)

    async with raw_server(then()) as port:
        closed = await end_of(await dial_port(port, ping_interval=0.02, ping_timeout=0.05))
    assert closed.code is None
    assert closed.reason == "the server is gone: no pong within 0.05 s"


SERVER_PROGRAM = """
import asyncio
from websockets.asyncio.server import serve
async def main():
    wait = lambda peer: peer.wait_closed()
    async with serve(wait, "127.0.0.1", 0, subprotocols=["sip"]) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await asyncio.get_running_loop().create_future()
asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGSTOP")
async def test_a_frozen_server_is_noticed() -> None:
    async def test() -> LinkClosed:
        server = await asyncio.create_subprocess_exec(
            sys.executable, "-c", SERVER_PROGRAM, stdout=asyncio.subprocess.PIPE
        )
        try:
            assert server.stdout is not None
            port = int(await server.stdout.readline())
            link = await dial_port(port, ping_interval=0.02, ping_timeout=0.2)
            server.send_signal(signal.SIGSTOP)
            return await end_of(link)
        finally:
            server.kill()
            await server.communicate()

    assert (await test()).reason == "the server is gone: no pong within 0.2 s"


async def test_a_server_that_answers_is_alive() -> None:
    async with sip_server(nothing) as port:
        link = await dial_port(port)
        is_alive = await link.check_alive(PATIENCE)
        assert link.remote == ("127.0.0.1", port)
        await link.close()
        is_so = is_alive
    assert is_so


async def test_a_server_that_does_not_answer_in_time_is_cut_off() -> None:
    async with raw_server(then()) as port:
        link = await dial_port(port)
        assert not await link.check_alive(0.05)
        assert not await link.check_alive(0.05)
        closed = await end_of(link)
    assert closed.reason == "the server is gone: no pong within 0.05 s"


async def test_a_connection_from_an_address_that_this_machine_has_lost_is_cut_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with sip_server(nothing) as port:
        link = await dial_port(port)
        monkeypatch.setattr(websocket, "is_ours", lambda _: False)
        assert not await link.check_alive(PATIENCE)
        closed = await end_of(link)
    assert closed.reason == "this machine no longer has the address 127.0.0.1"
