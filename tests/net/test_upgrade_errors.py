"""The upgrade request and its answer: refusals, other protocols, and no SIP."""

import asyncio
import contextlib
from asyncio import StreamReader, StreamWriter

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.http11 import Response

from sipcli.errors import Phase
from tests.net.peers import (
    PATIENCE,
    fails,
    failure,
    for_ever,
    raw_server,
    says,
    says_and_stays,
    sip_server,
    upgrade,
)


@pytest.mark.parametrize(
    ("status", "headers", "words"),
    [
        (400, {}, "400 Bad Request: check address and path in ws_servers"),
        (401, {"WWW-Authenticate": 'Basic realm="x"'}, 'Basic realm="x"): give its credentials'),
        (403, {}, "a different origin"),
        (404, {}, "404 Not Found: check the path in ws_servers"),
        (426, {"Upgrade": "h2c"}, "a WebSocket version other than 13, or another protocol"),
        (429, {}, "too many connections"),
        (500, {}, "try again later"),
        (503, {"Retry-After": "5"}, "503 Service Unavailable: the fault is on the server"),
        (200, {}, "an ordinary web page"),
        (
            302,
            {"Location": "wss://other.example/"},
            "with Location wss://other.example/: redirects",
        ),
    ],
)
async def test_a_refused_upgrade_fails_in_http_with_its_status_and_a_cure(
    status: int, headers: dict[str, str], words: str
) -> None:
    phrase = {400: "Bad Request", 404: "Not Found", 503: "Service Unavailable"}.get(status, "No")
    refused = Response(status, phrase, Headers(headers | {"Content-Length": "0"}))
    failed = await fails(says(refused.serialize()))
    assert (failed.phase, failed.status) == (Phase.HTTP, status)
    assert words in failed.reason


async def test_a_redirect_is_not_followed() -> None:
    async def never(_peer: ServerConnection) -> None:
        raise AssertionError("the redirect was followed")

    async with sip_server(never) as other:
        location = f"ws://127.0.0.1:{other}/"
        moved = f"HTTP/1.1 307 No\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
        async with raw_server(says(moved.encode())) as port:
            failed = await failure(port)
    assert failed.status == 307


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.0 404 Not Found\r\n\r\n",  # the library reads HTTP/1.1 only
        b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\nnonsense\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\n",  # and then the end
    ],
)
async def test_a_refusal_that_cannot_be_read_to_its_end_still_has_its_status(answer: bytes) -> None:
    failed = await fails(says(answer))
    assert (failed.phase, failed.status) == (Phase.HTTP, 404)
    assert "404 Not Found" in failed.reason


async def test_a_refusal_whose_page_never_ends_still_has_its_status() -> None:
    page = says_and_stays(b"HTTP/1.1 404 Not Found\r\nContent-Length: 9999\r\n\r\n<html>")
    failed = await fails(page, connect_timeout=0.5)
    assert (failed.phase, failed.status) == (Phase.HTTP, 404)


@pytest.mark.parametrize(
    "page",
    [
        b"<center>The plain HTTP request was sent to HTTPS port</center>",  # nginx
        b"You're speaking plain HTTP to an SSL-enabled server port.",  # Apache
        b"Client sent an HTTP request to an HTTPS server.",  # Go
    ],
)
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
async def test_a_page_that_says_that_the_port_wants_tls_is_understood(
    page: bytes, version: bytes
) -> None:
    failed = await fails(says(b"HTTP/" + version + b" 400 Bad Request\r\n\r\n" + page))
    assert (failed.phase, failed.status) == (Phase.HTTP, 400)
    assert "write wss:" in failed.reason


async def test_the_words_of_a_server_are_cut_short() -> None:
    failed = await fails(says(b"HTTP/1.1 503 " + b"A" * 1000 + b"\r\nContent-Length: 0\r\n\r\n"))
    assert failed.status == 503
    assert len(failed.reason) < 300


@pytest.mark.parametrize(
    ("banner", "words"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH-2.0-OpenSSH_9.2"),
        (b"SIP/2.0 400 Bad Request\r\n\r\n", "SIP/2.0 400 Bad Request"),
        (b"\x00\x1b]0;x\x07", "does not speak HTTP"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "write wss:"),
    ],
)
async def test_a_port_that_speaks_something_else_is_known_at_once(
    banner: bytes, words: str
) -> None:
    failed = await fails(says_and_stays(banner), connect_timeout=PATIENCE * 10)
    assert failed.phase is Phase.HTTP
    assert failed.status is None
    assert words in failed.reason


async def test_a_server_that_hangs_up_without_an_answer_fails_in_http() -> None:
    failed = await fails(says(b""))
    assert failed.phase is Phase.HTTP
    assert "without answering" in failed.reason


async def test_a_server_that_does_not_answer_the_upgrade_fails_in_http_when_time_is_up() -> None:
    failed = await fails(for_ever, connect_timeout=0.5)
    assert failed.phase is Phase.HTTP
    assert "did not answer the WebSocket upgrade in time" in failed.reason


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 101 OK\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"HTTP/1.1 101 OK\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 101 OK\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Accept: d3Jvbmc=\r\nSec-WebSocket-Protocol: sip\r\n\r\n",
    ],
)
async def test_a_101_that_breaks_the_rules_fails_in_http(answer: bytes) -> None:
    failed = await fails(says(answer))
    assert (failed.phase, failed.status) == (Phase.HTTP, 101)
    assert "is invalid" in failed.reason


async def test_an_extension_that_was_not_asked_for_fails_in_http() -> None:
    async def script(reader: StreamReader, writer: StreamWriter) -> None:
        await upgrade(reader, writer, "Sec-WebSocket-Extensions: permessage-deflate")
        await reader.read()

    failed = await fails(script)
    assert failed.phase is Phase.HTTP
    assert "extension" in failed.reason


# Subprotocol


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        (None, "did not choose the subprotocol sip"),
        ("mqtt", "chose the subprotocol mqtt, not sip"),
        ("sip, mqtt", "chose the subprotocol sip, mqtt, not sip"),
        ("SIP", "chose the subprotocol SIP, not sip"),
        ("m q", "chose the subprotocol m q, not sip"),
    ],
)
async def test_a_server_that_does_not_choose_sip_fails_in_subprotocol(
    chosen: str | None, words: str
) -> None:
    left = asyncio.Event()

    async def script(reader: StreamReader, writer: StreamWriter) -> None:
        await upgrade(reader, writer, subprotocol=chosen)
        with contextlib.suppress(ConnectionError):
            await reader.read()
        left.set()

    async with raw_server(script) as port:
        failed = await failure(port)
        await left.wait()
        failed = failed
    assert failed.phase is Phase.SUBPROTOCOL
    assert words in failed.reason
