"""Over `wss:`: whom we trust, who we are, and what each fault is called."""

import asyncio
import contextlib
import socket
import ssl
from asyncio import StreamReader, StreamWriter
from datetime import UTC, datetime
from typing import Any

import pytest

from sipcli.errors import Phase
from sipcli.net import websocket
from sipcli.net.dial import UNVERIFIED
from sipcli.net.errors import DialError, LinkClosed, read_certificate
from sipcli.net.tls import client_context, explain, explain_untrusted
from tests.net.certificates import (
    LONG_AGO,
    Files,
    connects,
    dial_tls,
    fails,
    fails_with_an_alert,
    server_context,
    server_of_cellar,
)
from tests.net.peers import (
    PATIENCE,
    for_ever,
    raw_server,
    sip_server,
    then,
)


async def test_a_server_whose_ca_is_in_the_file_is_trusted(files: Files) -> None:
    link = await connects(
        server_context(files.ca.issue_cert("127.0.0.1", "pbx.example")),
        client_context(ca_file=files.ca_file),
    )
    details = link.details
    assert details.tls_version in ("TLSv1.2", "TLSv1.3")
    assert details.cipher is not None
    assert details.warnings == ()
    assert [phase for phase, _ in details.elapsed_ms] == [
        Phase.DNS,
        Phase.TCP,
        Phase.TLS,
        Phase.HTTP,
        Phase.SUBPROTOCOL,
    ]
    certificate = details.certificate
    assert certificate is not None
    assert certificate.names == ("pbx.example", "127.0.0.1")
    assert "Good CA" in certificate.issuer
    assert certificate.not_before < datetime.now(UTC) < certificate.not_after


async def test_a_certificate_in_the_file_is_trusted_though_it_is_no_root(files: Files) -> None:
    certificate = files.ca.issue_cert("127.0.0.1")
    pinned = files.write("pinned.pem", certificate.cert_chain_pems[0])
    await connects(server_context(certificate), client_context(ca_file=pinned))


async def test_messages_pass_and_the_end_is_heard_over_tls(files: Files) -> None:
    async def echo(peer: Any) -> None:
        await peer.send(await peer.recv())
        await peer.close(1001, "done")

    server = server_context(files.ca.issue_cert("127.0.0.1"))
    async with sip_server(echo, ssl=server) as port:
        link = await dial_tls(port, client_context(ca_file=files.ca_file))
        link.send(b"OPTIONS")
        message = await link.receive()
        with pytest.raises(LinkClosed) as caught:
            await link.receive()
        (message, closed) = message, caught.value
    assert message == b"OPTIONS"
    assert (closed.code, closed.reason) == (1001, "closed by the server: done")


@pytest.mark.parametrize("how", ["silent", "does not read", "never closes"])
async def test_a_server_that_does_nothing_does_not_keep_us_over_tls(
    how: str, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "LINGER", PATIENCE * 10)

    expected = {
        "silent": "the server is gone: no pong within 0.1 s",
        "does not read": "the server does not read what we send",
        "never closes": "closed by us: done",
    }
    server = server_context(files.ca.issue_cert("127.0.0.1"))
    pings = (0.02, 0.1) if how == "silent" else (PATIENCE, PATIENCE)
    async with raw_server(then(), tls=server) as port:
        link = await dial_tls(
            port,
            client_context(ca_file=files.ca_file),
            ping_interval=pings[0],
            ping_timeout=pings[1],
        )
        if how == "never closes":
            await link.close(timeout=0.05)
        while how == "does not read" and link._connection.fault is None:  # noqa: SLF001
            link.send(b"x" * 10_000)
            await asyncio.sleep(0)
        with pytest.raises(LinkClosed) as caught:
            await link.receive()
        closed = caught.value
    assert closed.reason == expected[how]


async def test_a_server_of_an_unknown_ca_fails_with_the_name_of_that_ca(files: Files) -> None:
    failed = await fails(
        server_context(files.stranger.issue_cert("127.0.0.1")),
        client_context(ca_file=files.ca_file),
    )
    assert failed.phase is Phase.TLS
    assert "Unknown CA" in failed.reason
    assert "set tls_ca_file" in failed.reason


async def test_the_second_look_at_a_certificate_says_nothing_and_leaves(files: Files) -> None:
    heard: asyncio.Future[bytes] = asyncio.Future()

    async def script(reader: StreamReader, _writer: StreamWriter) -> None:
        data = b""
        with contextlib.suppress(ConnectionError):  # it leaves without a word
            data = await reader.read()
        heard.set_result(data)

    server = server_context(files.stranger.issue_cert("127.0.0.1"))
    async with raw_server(script, tls=server) as port:
        with pytest.raises(DialError):
            await dial_tls(port, client_context(ca_file=files.ca_file))
        result = await heard
    assert result == b""


async def test_the_file_replaces_the_systems_store(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = files.write("system.pem", files.stranger.cert_pem)
    monkeypatch.setenv("SSL_CERT_FILE", system)
    server = server_context(files.stranger.issue_cert("127.0.0.1"))
    await connects(server, client_context())
    assert (await fails(server, client_context(ca_file=files.ca_file))).phase is Phase.TLS


async def test_a_home_made_ca_is_trusted_by_every_python(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python 3.13 makes strict contexts, and these refuse it; here every one is made strict."""
    make = ssl.create_default_context

    def strict(*args: Any, **more: Any) -> ssl.SSLContext:
        context = make(*args, **more)
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
        return context

    monkeypatch.setattr(ssl, "create_default_context", strict)
    server = server_of_cellar(files, "shelf", own_ca=True)
    await connects(server, client_context(ca_file=str(files.folder / "shelf-ca.pem")))


async def test_a_self_signed_certificate_fails_and_its_copy_in_the_file_helps(files: Files) -> None:
    server = server_of_cellar(files, "cellar", own_ca=False)
    failed = await fails(server, client_context(ca_file=files.ca_file))
    assert failed.phase is Phase.TLS
    assert "(CN=cellar) is self-signed: set tls_ca_file" in failed.reason
    await connects(server, client_context(ca_file=str(files.folder / "cellar-ca.pem")))


async def test_an_expired_certificate_fails_with_the_date(files: Files) -> None:
    expired = files.ca.issue_cert("127.0.0.1", not_before=LONG_AGO, not_after=LONG_AGO)
    failed = await fails(server_context(expired), client_context(ca_file=files.ca_file))
    assert failed.phase is Phase.TLS
    assert failed.reason == "its certificate expired on 2020-01-02 03:04 UTC: renew it"


async def test_what_was_learnt_before_a_failure_comes_with_it(files: Files) -> None:
    expired = files.ca.issue_cert("127.0.0.1", not_before=LONG_AGO, not_after=LONG_AGO)
    failed = await fails(server_context(expired), client_context(ca_file=files.ca_file))
    details = failed.details
    assert details.addresses == (details.peer_address,)
    assert details.certificate is not None
    assert details.certificate.not_after == LONG_AGO
    assert [phase for phase, _ in details.elapsed_ms] == [
        Phase.DNS,
        Phase.TCP,
        Phase.TLS,
    ]
    assert failed.problem.hint == "renew it"
    assert failed.reason == f"{failed.problem.what}: renew it"


async def test_a_certificate_that_is_not_valid_yet_fails_with_the_date(files: Files) -> None:
    future = datetime(2999, 1, 2, tzinfo=UTC)
    early = files.ca.issue_cert("127.0.0.1", not_before=future)
    failed = await fails(server_context(early), client_context(ca_file=files.ca_file))
    assert failed.phase is Phase.TLS
    assert "not valid before 2999-01-02 00:00 UTC" in failed.reason


@pytest.mark.parametrize("host", ["127.0.0.1", "pbx.example"])
async def test_a_certificate_for_another_host_fails_with_the_names_it_has(
    host: str, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to_loopback(monkeypatch)
    other = files.ca.issue_cert("a.example", "b.example", "127.0.0.9")
    failed = await fails(server_context(other), client_context(ca_file=files.ca_file), host=host)
    assert failed.phase is Phase.TLS
    assert failed.reason == (
        f"its certificate is for a.example, b.example, 127.0.0.9, not for {host}:"
        " use its name in ws_servers"
    )


def resolve_to_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolver(_host: str, port: int, **_more: object) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolver)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_a_certificate_with_a_common_name_alone_is_refused_as_in_browsers(
    host: str, files: Files
) -> None:
    """RFC 9525: the common name does not count any more, whatever stands in it."""
    server = server_of_cellar(files, host, own_ca=True, has_san=False)
    client = client_context(ca_file=str(files.folder / f"{host}-ca.pem"))
    failure = await fails(server, client, host=host)
    assert failure.phase is Phase.TLS
    assert failure.reason == (
        "its certificate names no host: it has no subjectAltName, and a common name alone does"
        f" not count: issue one with {host} in its subjectAltName"
    )


async def test_a_fault_of_the_certificate_is_told_though_no_second_look_is_possible(
    files: Files,
) -> None:
    """The server takes one connection only; the words do without the names."""

    failed = await fails_with_an_alert(
        server_context(files.stranger.issue_cert("127.0.0.1")),
        client_context(ca_file=files.ca_file),
        clients=1,
        connect_timeout=1.0,
    )
    assert failed.phase is Phase.TLS
    assert "signed by an unknown CA" in failed.reason


async def test_without_tls_verify_any_certificate_will_do_with_a_warning(files: Files) -> None:
    expired = files.stranger.issue_cert("a.example", not_before=LONG_AGO, not_after=LONG_AGO)
    link = await connects(server_context(expired), client_context(verify=False))
    assert link.details.warnings == (UNVERIFIED,)
    assert link.details.certificate is not None
    assert link.details.certificate.not_after == LONG_AGO


# What does not speak our TLS


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-x\r\n"])
async def test_a_port_without_tls_is_recognised(answer: bytes) -> None:
    async def script(_reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(answer)
        await asyncio.Event().wait()

    failed = await fails(None, client_context(), script)
    assert failed.phase is Phase.TLS
    assert failed.reason == "the port does not speak TLS: did you mean ws:?"


async def test_a_server_that_hangs_up_during_the_handshake_fails_in_tls() -> None:
    async def script(reader: StreamReader, _writer: StreamWriter) -> None:
        await reader.read(1)

    failed = await fails(None, client_context(), script)
    assert failed.phase is Phase.TLS
    assert "closed the connection during the TLS handshake" in failed.reason


async def test_a_server_that_says_nothing_fails_in_tls_when_time_is_up() -> None:
    failed = await fails(None, client_context(), for_ever, connect_timeout=0.5)
    assert failed.phase is Phase.TLS
    assert "did not finish within 0.5 s" in failed.reason


async def test_a_server_with_old_tls_only_is_named(files: Files) -> None:
    server = server_context(files.ca.issue_cert("127.0.0.1"))
    server.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.deprecated_call():
        server.minimum_version = ssl.TLSVersion.TLSv1
        server.maximum_version = ssl.TLSVersion.TLSv1_1
    failed = await fails_with_an_alert(server, client_context(ca_file=files.ca_file))
    assert failed.phase is Phase.TLS
    assert failed.reason == "the server only supports TLS versions older than 1.2"


async def test_a_cancelled_handshake_leaves_nothing_behind() -> None:
    async with raw_server(for_ever) as port:
        dialling = asyncio.create_task(dial_tls(port, client_context()))
        done, _ = await asyncio.wait([dialling], timeout=0.05)
        assert not done
        dialling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await dialling


async def test_http_faults_are_told_over_tls_too(files: Files) -> None:
    server = server_context(files.ca.issue_cert("127.0.0.1"))

    async def not_found(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        await reader.read()

    failed = await fails(server, client_context(ca_file=files.ca_file), not_found)
    assert (failed.phase, failed.status) == (Phase.HTTP, 404)
    assert failed.details.tls_version in ("TLSv1.2", "TLSv1.3")
    assert failed.details.certificate is not None


async def test_a_server_that_hangs_up_on_the_upgrade_may_want_a_client_certificate(
    files: Files,
) -> None:
    """It may have sent a reset, which overtook the alert that would have said so."""

    async def script(reader: StreamReader, _writer: StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    server = server_context(files.ca.issue_cert("127.0.0.1"))
    failed = await fails(server, client_context(ca_file=files.ca_file), script)
    assert failed.phase is Phase.HTTP
    assert failed.reason.endswith("and whether it wants a client certificate")


def verification(code: int, message: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, message)
    error.verify_code = code
    error.verify_message = message
    return error


def test_a_fault_without_a_sentence_of_ours_is_told_in_the_words_of_openssl() -> None:
    odd = ssl.SSLError(1, "odd")
    odd.reason = "BLOCK_CIPHER_PAD_IS_WRONG"
    assert str(explain(odd)) == "the TLS handshake failed: block cipher pad is wrong"
    revoked = verification(23, "certificate revoked")
    assert str(explain_untrusted(revoked, "pbx.example", None)) == (
        "its certificate is not trusted: certificate revoked"
    )


def test_a_ca_that_expired_is_not_taken_for_the_server(files: Files) -> None:
    leaf = files.ca.issue_cert("pbx.example").cert_chain_pems[0].bytes().decode()
    seen = read_certificate(ssl.PEM_cert_to_DER_cert(leaf))
    assert seen is not None
    assert str(explain_untrusted(verification(10, "expired"), "pbx.example", seen)) == (
        "its certificate, or one that signs it, has expired: renew it"
    )
