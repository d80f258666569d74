"""Opening a connection to plain `ws:` servers: what is sent, and each phase that can fail."""

import asyncio
import re
import socket
import subprocess
import sys
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request

from sipcli.config.server_settings import WsServer
from sipcli.errors import Phase
from sipcli.net import tcp
from sipcli.net.dial import dial
from sipcli.net.dns import resolve
from sipcli.net.errors import DialError
from tests.net.peers import (
    PATIENCE,
    closed_port,
    dial_port,
    fails,
    failure,
    for_ever,
    nothing,
    options,
    port_of,
    raw_server,
    says,
    sip_server,
    upgrade,
)

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a full queue still answers")


def loopbacks() -> list[str]:
    """The loopback addresses that this machine has."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return ["127.0.0.1", "::1"]
    except OSError:
        return ["127.0.0.1"]


# What is sent, and what is learnt


@pytest.mark.parametrize("host", loopbacks())
async def test_a_server_is_reached_at_its_address(host: str) -> None:
    async with sip_server(nothing, host=host) as port:
        at = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        link = await dial(WsServer(f"ws://{at}"), options())
        assert link.details.peer_address == at
        await link.close()


async def test_the_upgrade_asks_for_sip_and_for_no_extension_and_carries_what_is_configured() -> (
    None
):
    seen: list[Request] = []

    def look(_peer: ServerConnection, request: Request) -> None:
        seen.append(request)

    async with sip_server(nothing, process_request=look) as port:
        link = await dial_port(
            port,
            "/ws?token=abc",
            origin="https://example.org",
            headers=(("X-Tenant", "7"), ("Authorization", "Bearer t")),
        )
        await link.close()
    (path, headers) = seen[0].path, seen[0].headers
    assert path == "/ws?token=abc"
    assert headers.get_all("Sec-WebSocket-Protocol") == ["sip"]
    assert headers.get_all("Sec-WebSocket-Extensions") == []
    assert headers.get_all("Origin") == ["https://example.org"]
    assert headers.get_all("User-Agent") == ["sipcli/0"]
    assert headers["X-Tenant"] == "7"
    assert headers["Authorization"] == "Bearer t"


async def test_values_beyond_ascii_go_out_as_utf8() -> None:
    requests: list[str] = []

    async def script(reader: StreamReader, writer: StreamWriter) -> None:
        requests.append(await upgrade(reader, writer))
        await reader.read()

    async with raw_server(script) as port:
        link = await dial_port(port, headers=(("X-Tenant", "蓝é"),), user_agent="Ünter/1")
        await link.close(timeout=0.01)
    request = requests[0]
    assert "X-Tenant: 蓝é\r\n" in request
    assert "User-Agent: Ünter/1\r\n" in request


async def test_without_an_origin_none_is_sent() -> None:
    requests: list[str] = []

    async def script(reader: StreamReader, writer: StreamWriter) -> None:
        requests.append(await upgrade(reader, writer))
        await reader.read()

    async with raw_server(script) as port:
        link = await dial_port(port)
        await link.close(timeout=0.01)
    (request,) = requests
    assert "origin:" not in request.lower()


async def test_the_details_tell_what_was_learnt() -> None:
    async with sip_server(nothing, server_header="Kamailio") as port:
        link = await dial_port(port, "/?token=secret")
        await link.close()
        details = link.details
        assert details.server == f"ws://127.0.0.1:{port}/?…"
        assert details.peer_address == f"127.0.0.1:{port}"
        assert details.proxy is None
        assert details.subprotocol == "sip"
        assert details.http_server == "Kamailio"
        assert (details.tls_version, details.cipher, details.certificate) == (None, None, None)
        assert details.warnings == ()
        phases = [phase for phase, _ in details.elapsed_ms]
        assert phases == [
            Phase.DNS,
            Phase.TCP,
            Phase.HTTP,
            Phase.SUBPROTOCOL,
        ]
        assert all(0 <= elapsed < PATIENCE * 1000 for _, elapsed in details.elapsed_ms)


# DNS


async def test_a_name_without_an_address_fails_in_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_args: object, **_more: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    failed = await dial_fails(WsServer("ws://pbx.exmaple.org"))
    assert failed.phase is Phase.DNS
    assert "pbx.exmaple.org" in failed.reason
    assert "Name or service not known" in failed.reason


async def test_a_resolver_that_is_out_of_reach_is_told_from_a_wrong_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown(*_args: object, **_more: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    failed = await dial_fails(WsServer("ws://pbx.example.org"))
    assert failed.phase is Phase.DNS
    assert "is this machine online?" in failed.reason


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example"])
async def test_a_host_that_no_resolver_takes_fails_in_dns(host: str) -> None:
    assert (await dial_fails(WsServer(f"ws://{host}"))).phase is Phase.DNS


async def test_a_resolver_that_hangs_holds_up_neither_the_dial_nor_the_end_of_the_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with hanging_resolver(monkeypatch):
        failed = await dial_fails(WsServer("ws://pbx.example.org"), connect_timeout=0.05)
    assert failed.phase is Phase.DNS
    assert failed.reason == "DNS did not resolve pbx.example.org within 0.05 s"


HANGING_PROGRAM = """
import asyncio, socket, threading
from sipcli.config.settings import WsServer
from sipcli.net.dial import dial
from sipcli.net.errors import DialError
from sipcli.net.dns import resolve
from sipcli.net.link_options import LinkOptions
socket.getaddrinfo = lambda *_args, **_more: threading.Event().wait()
try:
    asyncio.run(dial(WsServer("ws://pbx.example.org"), LinkOptions(connect_timeout=0.05)))
except DialError as failed:
    print(failed.phase)
"""


def test_a_program_ends_though_its_resolver_never_does() -> None:
    program = [sys.executable, "-c", HANGING_PROGRAM]
    ended = subprocess.run(program, capture_output=True, text=True, timeout=30, check=True)
    assert ended.stdout == "DNS\n"


@contextmanager
def hanging_resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    go_on = threading.Event()

    def hang(*_args: object, **_more: object) -> list[object]:
        go_on.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    try:
        yield
    finally:
        go_on.set()


async def dial_fails(server: WsServer, **changes: Any) -> DialError:
    with pytest.raises(DialError) as caught:
        await dial(server, options(**changes))
    return caught.value


# TCP


async def test_a_port_where_nothing_listens_fails_in_tcp() -> None:
    port = closed_port()
    failed = await failure(port)
    assert failed.phase is Phase.TCP
    assert failed.server == f"ws://127.0.0.1:{port}"
    assert failed.reason == (
        f"127.0.0.1:{port} refused the connection: is the server running there?"
    )


def resolve_to(monkeypatch: pytest.MonkeyPatch, *hosts: str) -> None:
    """Let the resolver give these addresses for every name."""

    def resolver(_host: str, port: int, **_more: object) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in hosts]

    monkeypatch.setattr(socket, "getaddrinfo", resolver)


async def test_every_address_is_tried_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, "127.0.0.2", "127.0.0.3")
    port = closed_port()
    failed = await dial_fails(WsServer(f"ws://pbx.example.org:{port}"))
    assert failed.phase is Phase.TCP
    assert f"127.0.0.2:{port} and 127.0.0.3:{port} refused" in failed.reason


async def test_a_name_without_a_usable_address_fails_in_tcp(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolve_to(monkeypatch)
    failed = await dial_fails(WsServer("ws://pbx.example.org"))
    assert (failed.phase, failed.reason) == (
        Phase.TCP,
        "the host has no IPv4 or IPv6 address",
    )


async def test_a_dead_address_does_not_keep_us_from_a_live_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolve_to(monkeypatch, "127.0.0.2", "127.0.0.1")

    async with sip_server(nothing) as port:
        link = await dial(WsServer(f"ws://pbx.example.org:{port}"), options())
        assert link.details.peer_address == f"127.0.0.1:{port}"
        await link.close()


@contextmanager
def full_backlog(host: str, port: int = 0) -> Iterator[int]:
    """A port that answers no connection attempt: its queue is full and nobody accepts."""
    with socket.socket() as server, socket.socket() as first, socket.socket() as second:
        server.bind((host, port))
        server.listen(0)
        for client in (first, second):
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield port_of(server)


@LINUX
async def test_an_address_that_is_silent_is_overtaken_by_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tcp, "ATTEMPT_DELAY", 0.01)
    resolve_to(monkeypatch, "127.0.0.2", "127.0.0.1")

    async with sip_server(nothing) as port:
        with full_backlog("127.0.0.2", port):
            link = await dial(WsServer(f"ws://pbx.example.org:{port}"), options())
            assert link.details.peer_address == f"127.0.0.1:{port}"
            await link.close()


@LINUX
async def test_an_address_that_is_silent_fails_in_tcp_when_time_is_up() -> None:
    with full_backlog("127.0.0.1") as port:
        failed = await failure(port, connect_timeout=0.5)
    assert failed.phase is Phase.TCP
    assert failed.reason.startswith(f"no answer from 127.0.0.1:{port} within 0.5 s")


# Secrets and cancellation


async def test_neither_failures_nor_options_show_secrets() -> None:
    secret = "s3cr3t"
    headers = (("Authorization", f"Bearer {secret}"),)
    failed = await fails(says(b"HTTP/1.1 403 No\r\n\r\n"), f"/?key={secret}", headers=headers)
    assert failed.status == 403
    for text in (str(failed), repr(failed), failed.server, repr(options(headers=headers))):
        assert secret not in text


async def test_the_librarys_own_log_is_silent(caplog: pytest.LogCaptureFixture) -> None:
    """It would show headers and messages as they are."""

    async def test() -> None:
        async with sip_server(nothing) as port:
            link = await dial_port(port, headers=(("Authorization", "s3cr3t"),))
            link.send(b"REGISTER")
            await link.close()

    with caplog.at_level("DEBUG"):
        await test()
    ours = [record for record in caplog.records if record.name != "websockets.server"]
    assert not [record for record in ours if re.search("s3cr3t|REGISTER", record.getMessage())]


@pytest.mark.parametrize("stuck_in", ["dns", "tcp", "http"])
async def test_a_cancelled_dial_leaves_nothing_behind(
    stuck_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(port: int) -> None:
        dialling = asyncio.create_task(dial_port(port))
        done, _ = await asyncio.wait([dialling], timeout=0.05)
        assert not done
        dialling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await dialling

    async def test_http() -> None:
        async with raw_server(for_ever) as port:
            await test(port)

    if stuck_in == "dns":
        with hanging_resolver(monkeypatch):
            await test(1)
    elif stuck_in == "tcp":
        with full_backlog("127.0.0.1") as port:
            await test(port)
    else:
        await test_http()


async def test_whatever_a_look_up_raises_is_heard_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would end with its thread, and the dial would wait until its time is up."""

    def broken(*_: object, **__: object) -> None:
        raise ValueError("odd")

    monkeypatch.setattr(socket, "getaddrinfo", broken)

    with pytest.raises(ValueError, match="odd"):
        await asyncio.wait_for(resolve("pbx.example", 80), 5)
