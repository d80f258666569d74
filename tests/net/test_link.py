"""An open link: frames in and out, and every way it can end."""

import asyncio
import socket
import struct
from asyncio import StreamReader, StreamWriter
from typing import Final, cast

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.frames import Close, Frame, Opcode

from sipcli.net import websocket
from sipcli.net.errors import LinkClosed
from sipcli.net.trim import MAX_MESSAGE
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

NOT_UTF8: Final = b"MESSAGE sip:a@b SIP/2.0\r\n\r\n\xff\xfe"


async def ends(*frames: Frame) -> LinkClosed:
    """How a link ends whose server sends `frames` and then keeps TCP open."""

    async with raw_server(then(*frames)) as port:
        return await end_of(await dial_port(port))


@pytest.fixture
def short_linger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "LINGER", 0.02)


async def test_utf8_goes_out_as_text_and_anything_else_as_binary() -> None:
    received: list[str | bytes] = []

    async def keep(peer: ServerConnection) -> None:
        received.extend([message async for message in peer])

    async with sip_server(keep) as port:
        link = await dial_port(port)
        link.send("OPTIONS sip:é@b SIP/2.0\r\n\r\n".encode())
        link.send(NOT_UTF8)
        link.send(b"\r\n\r\n")
        await link.close()
    result = received
    assert result == ["OPTIONS sip:é@b SIP/2.0\r\n\r\n", NOT_UTF8, "\r\n\r\n"]


async def test_text_binary_fragments_bad_utf8_and_keep_alives_all_come_in_as_bytes() -> None:
    frames = (
        Frame(Opcode.TEXT, "é".encode()),
        Frame(Opcode.BINARY, b"\x00\xff"),
        Frame(Opcode.TEXT, b"SIP/2.0 ", fin=False),
        Frame(Opcode.PING, b"between"),
        Frame(Opcode.CONT, b"200 OK", fin=True),
        Frame(Opcode.TEXT, NOT_UTF8),
        Frame(Opcode.TEXT, b"\r\n\r\n"),
    )

    async with raw_server(then(*frames)) as port:
        link = await dial_port(port)
        received = [await link.receive() for _ in range(5)]
        await link.close(timeout=0.01)
        result = received
    assert result == ["é".encode(), b"\x00\xff", b"SIP/2.0 200 OK", NOT_UTF8, b"\r\n\r\n"]


@pytest.mark.parametrize("size", [2**16, 2**16 + 1, 2**20, 5 * 2**20])
async def test_a_message_that_is_too_large_is_cut_and_the_link_stays(size: int) -> None:
    frames = (
        Frame(Opcode.TEXT, b"x" * size),
        Frame(Opcode.PING, b"between"),
        Frame(Opcode.TEXT, b"y" * (size // 2), fin=False),
        Frame(Opcode.PING, b"between"),
        Frame(Opcode.CONT, b"z" * size, fin=True),
        Frame(Opcode.TEXT, b"the next"),
    )

    async with raw_server(then(*frames)) as port:
        link = await dial_port(port)
        messages = [await link.receive() for _ in range(3)]
        await link.close()
        (first, second, third) = messages
    assert first == b"x" * min(size, MAX_MESSAGE)
    assert second == (b"y" * (size // 2) + b"z" * size)[:MAX_MESSAGE]
    assert third == b"the next"


class Kept:
    """A writer that keeps what it is given."""

    data = b""

    def write(self, data: bytes) -> None:
        self.data += data


async def test_frames_that_come_with_the_answer_to_the_upgrade_are_cut_too() -> None:
    async def at_once(reader: StreamReader, writer: StreamWriter) -> None:
        kept = Kept()
        await upgrade(reader, cast(StreamWriter, kept))
        answer = kept.data
        large = Frame(Opcode.TEXT, b"x" * (2**16 + 50)).serialize(mask=False)
        small = Frame(Opcode.TEXT, b"small").serialize(mask=False)
        for at in range(0, len(answer) - 2, 7):
            writer.write(answer[at : min(at + 7, len(answer) - 2)])
            await writer.drain()
            await asyncio.sleep(0)
        writer.write(answer[-2:] + large + small)
        await asyncio.Event().wait()

    async with raw_server(at_once) as port:
        link = await dial_port(port)
        messages = await link.receive(), await link.receive()
        await link.close()
        (large, small) = messages
    assert (len(large), small) == (MAX_MESSAGE, b"small")


def fragments(number: int) -> bytes:
    """A message in so many frames, all but the first of them empty."""
    more = Frame(Opcode.CONT, b"", fin=False).serialize(mask=False) * (number - 2)
    first = Frame(Opcode.TEXT, b"whole", fin=False).serialize(mask=False)
    return first + more + Frame(Opcode.CONT, b"").serialize(mask=False)


async def test_a_message_comes_in_up_to_1024_fragments_and_one_more_ends_the_link(
    short_linger: None,
) -> None:
    async def send(reader: StreamReader, writer: StreamWriter) -> None:
        await upgrade(reader, writer)
        writer.write(fragments(1024) * 2 + fragments(1025) + fragments(3))
        await asyncio.Event().wait()

    async with raw_server(send) as port:
        link = await dial_port(port)
        (messages, closed) = [await link.receive() for _ in range(2)], await end_of(link)
    assert messages == [b"whole"] * 2
    assert (closed.code, closed.reason) == (1009, "closed by us: too many fragments")


async def test_fragments_without_end_end_the_link_before_they_fill_the_memory(
    short_linger: None,
) -> None:
    async def flood(reader: StreamReader, writer: StreamWriter) -> None:
        await upgrade(reader, writer)
        writer.write(Frame(Opcode.TEXT, b"", fin=False).serialize(mask=False))
        writer.write(Frame(Opcode.CONT, b"", fin=False).serialize(mask=False) * 5000)
        await asyncio.Event().wait()

    async with raw_server(flood) as port:
        closed = await end_of(await dial_port(port))
    assert closed.code == 1009


async def test_bytes_that_are_no_frame_end_the_link(short_linger: None) -> None:
    closed = await ends(Frame(Opcode.CONT, b"of nothing"))
    assert closed.code == 1002
    assert "closed by us" in closed.reason


async def test_a_ping_is_answered_with_its_own_payload() -> None:
    answered: asyncio.Future[tuple[Opcode, bytes]] = asyncio.Future()

    async def ping(reader: StreamReader, writer: StreamWriter) -> None:
        await upgrade(reader, writer)
        writer.write(Frame(Opcode.PING, b"are you there").serialize(mask=False))
        answered.set_result(await read_frame(reader))
        await asyncio.Event().wait()

    async with raw_server(ping) as port:
        link = await dial_port(port)
        answer = await answered
        await link.close(timeout=0.01)
        result = answer
    assert result == (Opcode.PONG, b"are you there")


@pytest.mark.parametrize(
    ("close", "code", "words"),
    [
        (Close(1001, "rebooting").serialize(), 1001, "rebooting"),
        (Close(1012, "").serialize(), 1012, "service restart"),
        (Close(4321, "").serialize(), 4321, "no reason given"),
        (Close(1000, "x" * 123).serialize(), 1000, "x" * 120 + "…"),
        (Close(4000, "bye\nerror: all is lost").serialize(), 4000, "bye error: all is lost"),
        (b"", None, "no status rcvd"),
    ],
)
async def test_the_end_has_the_servers_code_and_words_even_if_it_keeps_tcp_open(
    close: bytes, code: int | None, words: str, short_linger: None
) -> None:
    closed = await ends(Frame(Opcode.CLOSE, close))
    assert closed.code == code
    assert closed.reason == f"closed by the server: {words}"


async def test_what_came_before_the_end_is_still_received(short_linger: None) -> None:
    last = (Frame(Opcode.TEXT, b"BYE"), Frame(Opcode.CLOSE, Close(1000, "").serialize()))
    async with raw_server(then(*last)) as port:
        link = await dial_port(port)
        await link._connection.wait_closed()  # noqa: SLF001 - both frames are in
        message = await link.receive()
        assert (await end_of(link)).code == 1000
        result = message
    assert result == b"BYE"


@pytest.mark.parametrize(
    ("rudely", "words"),
    [
        (False, "the server closed the connection without a Close frame"),
        (True, "the connection broke: "),
    ],
)
async def test_a_connection_that_breaks_ends_without_a_code(rudely: bool, words: str) -> None:
    async def hang_up(reader: StreamReader, writer: StreamWriter) -> None:
        await upgrade(reader, writer)
        await writer.drain()
        await read_frame(reader)
        if rudely:
            no_linger = struct.pack("ii", 1, 0)  # the end is a reset then
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
            writer.transport.abort()
        else:
            writer.write_eof()
            await reader.read()

    async with raw_server(hang_up) as port:
        link = await dial_port(port)
        link.send(b"OPTIONS")
        closed = await end_of(link)
    assert closed.code is None
    assert closed.reason.startswith(words)


async def test_sending_on_a_closed_link_does_nothing() -> None:
    async with sip_server(nothing) as port:
        link = await dial_port(port)
        await link.close(1000, "bye")
        link.send(b"OPTIONS")
        link.send(NOT_UTF8)
        closed = await end_of(link)
    assert (closed.code, closed.reason) == (1000, "closed by us: bye")


async def test_a_server_that_does_not_read_is_cut_off() -> None:
    async with raw_server(then()) as port:
        link = await dial_port(port)
        sent = 0
        while link._connection.fault is None:  # noqa: SLF001 - no other sign before receive
            link.send(b"x" * 10_000)
            sent += 10_000
            await asyncio.sleep(0)
        (sent, closed) = sent, await end_of(link)
    assert sent > websocket.MAX_UNSENT
    assert closed.code is None
    assert closed.reason == "the server does not read what we send"


async def test_a_server_that_sends_pings_and_reads_no_pongs_is_cut_off() -> None:
    async def flood(reader: StreamReader, writer: StreamWriter) -> None:
        await upgrade(reader, writer)
        while True:
            writer.write(Frame(Opcode.PING, b"x" * 125).serialize(mask=False) * 100)
            await writer.drain()

    async with raw_server(flood) as port:
        closed = await end_of(await dial_port(port))
    assert closed.reason == "the server does not read what we send"


async def test_a_cancelled_receive_loses_nothing() -> None:
    go_on = asyncio.Event()

    async def late(peer: ServerConnection) -> None:
        await go_on.wait()
        await peer.send("OPTIONS")
        await peer.wait_closed()

    async with sip_server(late) as port:
        link = await dial_port(port)
        waiting = asyncio.create_task(link.receive())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        go_on.set()
        message = await link.receive()
        await link.close()
        result = message
    assert result == b"OPTIONS"


async def test_closing_takes_its_timeout_at_most_though_the_server_never_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(websocket, "LINGER", PATIENCE * 10)

    async with raw_server(then()) as port:
        link = await dial_port(port)
        await link.close(timeout=0.05)
        await link.close(timeout=0.05)
        assert (await end_of(link)).code == 1000


async def test_a_cancelled_close_leaves_nothing_behind() -> None:
    async with raw_server(then()) as port:
        link = await dial_port(port)
        closing = asyncio.create_task(link.close(timeout=PATIENCE * 10))
        await asyncio.sleep(0)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        await end_of(link)
