"""Through the proxy that the environment names."""

import asyncio
import socket
import ssl
import sys
from asyncio import StreamReader, StreamWriter
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import pytest
import trustme
from websockets.asyncio.server import ServerConnection

from sipcli.config.server_settings import WsServer
from sipcli.errors import Phase
from sipcli.net.dial import dial
from sipcli.net.errors import DialError
from sipcli.net.tls import client_context
from tests.net.peers import (
    Script,
    closed_port,
    for_ever,
    nothing,
    options,
    raw_server,
    says,
    sip_server,
)


async def pump(reader: StreamReader, writer: StreamWriter) -> None:
    while data := await reader.read(4096):
        writer.write(data)
    writer.close()


def tunnel(requests: list[str]) -> Script:
    """A proxy that does what CONNECT asks for (RFC 9110 §9.3.6)."""

    async def script(reader: StreamReader, writer: StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        requests.append(request)
        port = int(request.split()[1].rpartition(":")[2])
        onward = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(pump(reader, onward[1]))
                pumps.create_task(pump(onward[0], writer))
        finally:
            onward[1].transport.abort()

    return script


RELEASE: Final = int(version("websockets").partition(".")[0])
LEFT_BY_THE_LIBRARY: Final = (EOFError,) if RELEASE > 16 else (EOFError, asyncio.InvalidStateError)
"""What it raises in a callback of its own when it is cut off while a proxy keeps it waiting."""
pytestmark = pytest.mark.tolerates(LEFT_BY_THE_LIBRARY)


def use(monkeypatch: pytest.MonkeyPatch, port: int, scheme: str = "http") -> None:
    monkeypatch.setenv("https_proxy", f"{scheme}://user:s3cr3t@127.0.0.1:{port}")


async def failure(uri: str, **changes: Any) -> DialError:
    with pytest.raises(DialError) as caught:
        await dial(WsServer(uri), options(**changes))
    assert "s3cr3t" not in str(caught.value)
    return caught.value


async def fails_through(
    script: Script, monkeypatch: pytest.MonkeyPatch, **changes: Any
) -> DialError:
    async with raw_server(script) as proxy:
        use(monkeypatch, proxy)
        return await failure("ws://pbx.example", **changes)


@pytest.mark.parametrize("secure", [False, True])
async def test_a_server_is_reached_through_a_proxy(
    secure: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("pbx.example").configure_cert(server)
    requests: list[str] = []

    more: dict[str, Any] = {"ssl": server} if secure else {}
    async with sip_server(nothing, **more) as port, raw_server(tunnel(requests)) as proxy:
        use(monkeypatch, proxy)
        tls = client_context(ca_file=str(tmp_path / "ca.pem"))
        scheme = "wss" if secure else "ws"
        link = await dial(WsServer(f"{scheme}://pbx.example:{port}"), options(tls=tls))
        assert link.details.proxy == f"127.0.0.1:{proxy}"
        assert link.details.peer_address is None
        phases = [phase for phase, _ in link.details.elapsed_ms]
        assert phases == [Phase.TCP, Phase.HTTP, Phase.SUBPROTOCOL]
        assert (link.details.tls_version is not None) is secure
        await link.close()
        assert requests[0].startswith(f"CONNECT pbx.example:{port} HTTP/1.1\r\n")


async def test_a_proxy_over_tls_is_reached_though_no_keys_can_be_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """websockets makes the context for it, which Python would have write keys, too."""
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "missing" / "keys.txt"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(tls)
    async with sip_server(nothing) as port, raw_server(tunnel([]), tls=tls) as proxy:
        use(monkeypatch, proxy, "https")
        link = await dial(WsServer(f"ws://pbx.example:{port}"), options())
        assert link.details.proxy == f"127.0.0.1:{proxy}"
        await link.close()
    assert [each for each in caplog.messages if "no keys are written" in each]


async def test_no_proxy_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with sip_server(nothing) as port:
        use(monkeypatch, closed_port())
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        link = await dial(WsServer(f"ws://127.0.0.1:{port}"), options())
        assert link.details.proxy is None
        await link.close()


async def test_a_redirect_through_a_proxy_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_peer: ServerConnection) -> None:
        raise AssertionError("the redirect was followed")

    async with sip_server(never) as other:
        moved = f"HTTP/1.1 301 No\r\nLocation: ws://127.0.0.1:{other}/\r\n\r\n"
        async with raw_server(says(moved.encode())) as port, raw_server(tunnel([])) as proxy:
            use(monkeypatch, proxy)
            failed = await failure(f"ws://pbx.example:{port}")
    assert (failed.phase, failed.status) == (Phase.HTTP, 301)


async def test_an_untrusted_server_behind_a_proxy_fails_in_tls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("pbx.example").configure_cert(server)

    async with raw_server(for_ever, tls=server) as port, raw_server(tunnel([])) as proxy:
        use(monkeypatch, proxy)
        failed = await failure(f"wss://pbx.example:{port}", tls=client_context())
    assert failed.phase is Phase.TLS
    assert "signed by an unknown CA" in failed.reason


async def test_a_proxy_that_is_not_there_fails_in_tcp(monkeypatch: pytest.MonkeyPatch) -> None:
    port = closed_port()
    use(monkeypatch, port)
    failed = await failure("ws://pbx.example")
    assert failed.phase is Phase.TCP
    assert f"the proxy 127.0.0.1:{port} (from the environment) cannot be" in failed.reason


async def test_a_proxy_without_an_address_fails_in_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_args: object, **_more: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setenv("https_proxy", "http://proxy.invalid:3128")
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    failed = await failure("ws://pbx.example")
    assert failed.phase is Phase.DNS
    assert "proxy.invalid" in failed.reason


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "answered 407 Proxy Auth"),
        (
            b"HTTP/1.0 502 Bad Gateway\r\n\r\n",
            "answered 502 Bad Gateway" if RELEASE > 15 else "gave an invalid answer",
        ),
        (b"SSH-2.0-x\r\n", "gave an invalid answer"),
        (b"", "gave an invalid answer"),  # the library hears of the end twice, and complains
    ],
)
async def test_a_proxy_that_refuses_fails_in_tcp(
    answer: bytes, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = await fails_through(says(answer), monkeypatch)
    assert failed.phase is Phase.TCP
    assert words in failed.reason


async def test_a_proxy_that_is_silent_fails_in_tcp_when_time_is_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failed = await fails_through(for_ever, monkeypatch, connect_timeout=0.05)
    assert failed.phase is Phase.TCP
    assert "no connection through the proxy 127.0.0.1:" in failed.reason


async def test_a_socks_proxy_needs_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "python_socks", None)  # as where it is not installed
    use(monkeypatch, closed_port(), scheme="socks5h")
    failed = await failure("ws://pbx.example")
    assert failed.phase is Phase.TCP
    assert failed.reason.endswith("pip install 'sipcli[socks]'")
    assert "is a SOCKS proxy, which needs the python-socks package: " in failed.reason


@pytest.mark.parametrize(
    "proxy", ["gopher://user:s3cr3t@h", "http://user:s3cr3t@h:port", "http://s3cr3t@h"]
)
async def test_a_proxy_address_that_is_wrong_is_not_repeated(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", proxy)
    failed = await failure("ws://pbx.example")
    assert failed.phase is Phase.TCP
    assert "the proxy set in the environment" in failed.reason
