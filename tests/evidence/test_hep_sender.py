"""What a HEP server gets of a journal, and what it cannot do to a call."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from itertools import pairwise
from typing import Any

import pytest
import trustme

from sipcli.config.server_settings import HepServer, HepTransport
from sipcli.errors import ConfigError
from sipcli.evidence import hep_sender
from sipcli.evidence.hep_sender import FLUSH_S, MAX_QUEUED, MAX_WAIT_S, HepSender
from sipcli.journal.entries import PacketEntry, SipEntry
from sipcli.journal.journal import Journal
from sipcli.media.rtp import rtcp
from tests.event_loop import now, settle
from tests.evidence.hep_reader import Hep, read_hep, read_stream
from tests.sip_entries import sip_entry

HERE, THERE = ("192.0.2.1", 40000), ("192.0.2.2", 443)
REPORT = rtcp.build((rtcp.ReceiverReport(1), rtcp.SourceDescription(1, "x")))


def sip(call: str = "a", **changes: Any) -> SipEntry:
    data = b"BYE sip:b@example.org SIP/2.0\r\nCall-ID: %s\r\n\r\n" % call.encode()
    usual: dict[str, Any] = {
        "at": 5.0,
        "local": HERE,
        "remote": THERE,
        "direction": "sent",
        "data": data,
    }
    return sip_entry(**usual | changes)


def packet(**changes: Any) -> PacketEntry:
    of: dict[str, Any] = {
        "at": 6.0,
        "call": "a",
        "direction": "received",
        "local": HERE,
        "remote": THERE,
        "is_rtcp": True,
        "data": REPORT,
    }
    return PacketEntry(**of | changes)


def sender(
    transport: HepTransport, port: int, warnings: list[str], *, host: str = "127.0.0.1", **more: Any
) -> HepSender:
    given = {"agent_id": 7, "password": None, "tls_ca_file": None, "tls_verify": True} | more
    return HepSender(HepServer(transport, host, port), warn=warnings.append, **given)


class Datagrams(asyncio.DatagramProtocol):
    """A HEP server over UDP."""

    def __init__(self) -> None:
        self.got: asyncio.Queue[Hep] = asyncio.Queue()

    def datagram_received(self, data: bytes, _: object) -> None:
        self.got.put_nowait(read_hep(data))


@asynccontextmanager
async def udp_server(port: int = 0) -> AsyncIterator[tuple[Datagrams, int]]:
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(
        Datagrams, local_addr=("127.0.0.1", port)
    )
    try:
        yield server, transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


@asynccontextmanager
async def tcp_server(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    context: ssl.SSLContext | None = None,
) -> AsyncIterator[int]:
    """`serve` runs for each connection, which is then reset."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_sip_and_reports_arrive_over_udp_with_their_direction_and_call() -> None:
    journal, warnings = Journal(), list[str]()
    async with udp_server() as (server, port):
        async with sender("udp", port, warnings) as agent:
            agent.attach(journal)
            journal.record(sip("a"))
            journal.record(sip("b", direction="received", data=b"SIP/2.0 200 OK\r\ni:b \r\n\r\n"))
            journal.record(packet())
            journal.record(packet(direction="sent"))
        got = [await server.got.get() for _ in range(4)]
    assert [each.call_id for each in got] == ["a", "b", "a", "a"]
    assert [each.ends for each in got] == [
        (HERE, THERE),
        (THERE, HERE),
        (THERE, HERE),
        (HERE, THERE),
    ]
    assert [each.number(2) for each in got] == [6, 6, 17, 17]
    assert [each.number(11) for each in got] == [1, 1, 5, 5]
    assert [each.number(9) for each in got] == [5, 5, 6, 6]
    assert {each.number(12) for each in got} == {7}
    assert got[0].payload == sip("a").data
    assert warnings == []
    assert agent.dropped == 0


async def test_neither_keep_alives_nor_sound_are_sent() -> None:
    journal, warnings = Journal(), list[str]()
    async with udp_server() as (server, port):
        async with sender("udp", port, warnings) as agent:
            agent.attach(journal)
            journal.record(sip(data=b"\r\n\r\n"))
            journal.record(packet(is_rtcp=False))
            journal.record(packet(data=b"\x81\xcb\x00\x01\x00\x00\x00\x01"))  # a BYE
            journal.record(sip("last"))
        assert (await server.got.get()).call_id == "last"
    assert warnings == []


async def test_secrets_are_masked_and_the_password_is_where_it_belongs() -> None:
    journal, warnings = Journal(), list[str]()
    body = b"v=0\r\na=ice-pwd:geheim-ice\r\na=crypto:1 X inline:geheim-sdes\r\n"
    register = (
        b"REGISTER sip:example.org SIP/2.0\r\nCall-ID: r\r\n"
        b'Authorization: Digest username="alice", response="geheim-response"\r\n'
        b"Contact: <sip:alice:geheim-uri@example.org>\r\n"
        b"Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n" % len(body)
    ) + body
    async with udp_server() as (server, port):
        async with sender("udp", port, warnings, password="hep-password") as agent:
            agent.attach(journal)
            journal.record(sip(data=register))
        got = await server.got.get()
    assert got.chunks[14] == b"hep-password"
    assert b"geheim" not in got.payload
    assert b'username="alice"' in got.payload
    head, _, body = got.payload.partition(b"\r\n\r\n")
    assert head.endswith(b"Content-Length: %d" % len(body))


async def test_nobody_listens_to_the_journal_afterwards() -> None:
    journal = Journal()
    async with udp_server() as (_, port), sender("udp", port, []) as agent:
        agent.attach(journal)
        assert journal.wants(SipEntry)
        assert journal.wants(PacketEntry)
    assert not journal.wants(SipEntry)
    assert not journal.wants(PacketEntry)


@pytest.mark.parametrize("transport", ["tcp", "tls"])
async def test_messages_arrive_whole_over_a_stream(
    transport: HepTransport, tmp_path_factory: pytest.TempPathFactory
) -> None:
    journal, warnings = Journal(), list[str]()
    authority = trustme.CA()
    ca_file = tmp_path_factory.mktemp("hep") / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    context = None
    if transport == "tls":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
    received = bytearray()

    async def serve(reader: asyncio.StreamReader, _: object) -> None:
        while data := await reader.read(9999):
            received.extend(data)

    async with (
        tcp_server(serve, context) as port,
        sender(transport, port, warnings, host="localhost", tls_ca_file=str(ca_file)) as agent,
    ):
        agent.attach(journal)
        for number in range(100):
            journal.record(sip(str(number)))
        await _until(lambda: len(read_stream(bytes(received))) == 100)
    got = read_stream(bytes(received))
    assert [each.call_id for each in got] == [str(number) for number in range(100)]
    assert warnings == []


async def test_a_certificate_that_is_not_trusted_gets_nothing() -> None:
    journal, warnings = Journal(), list[str]()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)

    async def serve(reader: asyncio.StreamReader, _: object) -> None:
        pytest.fail(f"it got {await reader.read(1)!r}")

    async with (
        tcp_server(serve, context) as port,
        sender("tls", port, warnings, host="localhost") as agent,
    ):
        agent.attach(journal)
        journal.record(sip())
        await _until(lambda: bool(warnings))
    assert len(warnings) == 1
    assert "tls_ca_file" in warnings[0]
    assert f"tls:localhost:{port}" in warnings[0]


def test_a_ca_file_without_certificates_is_an_error_before_anything_connects() -> None:
    with pytest.raises(ConfigError, match="tls_ca_file"):
        sender("tls", 1, [], tls_ca_file=__file__)


@pytest.mark.virtual_time
@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_server_that_does_not_listen_is_one_warning(transport: HepTransport) -> None:
    journal, warnings = Journal(), list[str]()
    async with udp_server() as (_, port):
        pass  # now nobody listens there
    async with sender(transport, port, warnings) as agent:
        agent.attach(journal)
        for second in range(600):
            journal.record(sip(str(second)))
            await asyncio.sleep(1)
        began = now()
    assert now() == began, "it waited for a server that is away"
    assert len(warnings) == 1
    assert f"{transport}:127.0.0.1:{port}" in warnings[0]
    assert "refused" in warnings[0]
    assert agent.dropped == 600


@pytest.mark.virtual_time
async def test_a_server_that_comes_back_gets_what_was_kept() -> None:
    journal, warnings = Journal(), list[str]()
    async with udp_server() as (_, port):
        pass
    async with sender("udp", port, warnings) as agent:
        agent.attach(journal)
        journal.record(sip("early"))
        await asyncio.sleep(20)
        async with udp_server(port) as (server, _):
            await asyncio.sleep(MAX_WAIT_S)
            assert (await server.got.get()).call_id == "early"
            journal.record(sip("late"))
            assert (await server.got.get()).call_id == "late"
    assert len(warnings) == 1
    assert agent.dropped == 0


@pytest.mark.virtual_time
async def test_a_server_that_takes_nothing_fills_a_bounded_queue_and_delays_nobody() -> None:
    journal, warnings = Journal(), list[str]()
    reached = asyncio.Event()
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        reached.set()
        await over.wait()

    async with tcp_server(serve) as port:
        async with sender("tcp", port, warnings) as agent:
            agent.attach(journal)
            await reached.wait()
            began = now()
            large = sip(data=b"NOTIFY sip:b SIP/2.0\r\nCall-ID: n\r\n\r\n" + b"x" * 8_000)
            for _ in range(3000):
                journal.record(large)
                await asyncio.sleep(0)
            assert now() == began
            assert agent.dropped > 0
            ended = now()
        assert now() - ended <= FLUSH_S + 0.3
        over.set()
    assert agent.dropped >= MAX_QUEUED
    assert len(warnings) == 1
    assert "did not get" in warnings[0]


@pytest.mark.virtual_time
async def test_a_server_that_resets_each_connection_is_dialled_ever_more_seldom() -> None:
    journal, warnings = Journal(), list[str]()
    dialled = list[float]()

    async def serve(reader: asyncio.StreamReader, _: object) -> None:
        dialled.append(now())
        await reader.readexactly(6)

    async with tcp_server(serve) as port, sender("tcp", port, warnings) as agent:
        agent.attach(journal)
        for second in range(600):
            journal.record(sip(str(second)))
            await asyncio.sleep(1)
    waits = [after - before for before, after in pairwise(dialled)]
    assert waits[:4] == pytest.approx([1, 2, 4, 8], abs=1.1)
    assert len(dialled) < 30
    assert len(warnings) == 1


@pytest.mark.virtual_time
async def test_the_end_of_an_idle_connection_is_no_failure() -> None:
    journal, warnings = Journal(), list[str]()
    received = bytearray()

    async def serve(reader: asyncio.StreamReader, _: object) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(100):
                while data := await reader.read(9999):
                    received.extend(data)

    async with tcp_server(serve) as port, sender("tcp", port, warnings) as agent:
        agent.attach(journal)
        for call in ("before", "after", "later"):
            journal.record(sip(call))
            await asyncio.sleep(0.5)
            assert [each.call_id for each in read_stream(bytes(received))][-1] == call
            await asyncio.sleep(150)
    assert warnings == []
    assert agent.dropped == 0


@pytest.mark.virtual_time
async def test_a_server_that_does_not_answer_before_the_end_is_said_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    journal, warnings = Journal(), list[str]()

    async def connect(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(hep_sender, "connect", connect)
    async with sender("tcp", 9060, warnings) as agent:
        agent.attach(journal)
        journal.record(sip())
        await settle()
        began = now()
    assert now() - began == pytest.approx(FLUSH_S)
    (warning,) = warnings
    assert warning.endswith("127.0.0.1:9060 did not get 1 messages: it has not answered yet")


@pytest.mark.virtual_time
async def test_a_name_is_looked_up_again_after_each_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    journal, warnings, asked = Journal(), list[str](), list[str]()

    async def resolve(host: str, _port: int) -> tuple[()]:
        asked.append(host)
        return ()

    monkeypatch.setattr("sipcli.net.dns.resolve", resolve)
    async with sender("udp", 9060, warnings, host="homer.example.com") as agent:
        agent.attach(journal)
        await asyncio.sleep(120)
    assert asked == ["homer.example.com"] * 8
    assert len(warnings) == 1


async def test_a_bug_in_it_ends_nothing_but_itself(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    journal = Journal()

    async def connect(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(hep_sender, "connect", connect)
    async with sender("udp", 9060, []) as agent:
        agent.attach(journal)
        await settle()
        journal.record(sip())
    assert agent.dropped == 1
    assert "a bug in sipcli" in caplog.text


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - what it waits for has no event
        await asyncio.sleep(0.01)
