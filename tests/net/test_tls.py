"""Over `wss:`: whom we trust, who we are, and what each fault is called."""

import asyncio
import socket
import ssl
from asyncio import StreamReader, StreamWriter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Final

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from sipcli.config.settings import WsServer
from sipcli.errors import ConfigError
from sipcli.net import connection
from sipcli.net.certificate import read_certificate
from sipcli.net.dial import UNVERIFIED, dial
from sipcli.net.failure import ConnectFailed, LinkClosed, Phase
from sipcli.net.link import Link
from sipcli.net.tls import client_context
from tests.net.peers import (
    PATIENCE,
    Script,
    alerting_server,
    for_ever,
    nothing,
    options,
    raw_server,
    run,
    sip_server,
    then,
)

LOOPBACK: Final = IPv4Address("127.0.0.1")
LONG_AGO = datetime(2020, 1, 2, 3, 4, tzinfo=UTC)
"""When the expired certificate of these tests ended."""


@dataclass(frozen=True)
class Files:
    """A CA, another one, and what they signed, as files."""

    ca: trustme.CA
    stranger: trustme.CA
    folder: Path

    def write(self, name: str, *blobs: trustme.Blob) -> str:
        """Write PEM blobs to one file; returns its path."""
        path = self.folder / name
        path.write_bytes(b"".join(blob.bytes() for blob in blobs))
        return str(path)

    @property
    def ca_file(self) -> str:
        return self.write("ca.pem", self.ca.cert_pem)


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files(
        ca=trustme.CA(organization_name="Good CA"),
        stranger=trustme.CA(organization_name="Unknown CA"),
        folder=tmp_path_factory.mktemp("certificates"),
    )


def server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


async def dial_tls(port: int, tls: ssl.SSLContext, host: str = "127.0.0.1", **more: Any) -> Link:
    return await dial(WsServer(f"wss://{host}:{port}"), options(tls=tls, **more))


def connects(server: ssl.SSLContext, client: ssl.SSLContext) -> Link:
    """The link to a server with this certificate; closed by now."""

    async def test() -> Link:
        async with sip_server(nothing, ssl=server) as port:
            link = await dial_tls(port, client)
            await link.close()
            return link

    return run(test())


def fails(
    server: ssl.SSLContext | None,
    client: ssl.SSLContext,
    script: Script = for_ever,
    **more: Any,
) -> ConnectFailed:
    """How connecting fails to a server with this certificate."""

    async def test() -> ConnectFailed:
        async with raw_server(script, tls=server) as port:
            with pytest.raises(ConnectFailed) as caught:
                await dial_tls(port, client, **more)
            return caught.value

    return run(test())


def fails_with_an_alert(
    server: ssl.SSLContext, client: ssl.SSLContext, clients: int = 2, **more: Any
) -> ConnectFailed:
    """The same, with a server that says why it refused the handshake."""

    async def test() -> ConnectFailed:
        with alerting_server(server, clients) as port, pytest.raises(ConnectFailed) as caught:
            await dial_tls(port, client, **more)
        return caught.value

    return run(test())


# Trust


def test_a_server_whose_ca_is_in_the_file_is_trusted(files: Files) -> None:
    link = connects(
        server_context(files.ca.issue_cert("127.0.0.1", "pbx.example")),
        client_context(ca_file=files.ca_file),
    )
    details = link.details
    assert details.tls_version in ("TLSv1.2", "TLSv1.3")
    assert details.cipher is not None
    assert details.warnings == ()
    assert [phase for phase, _ in details.elapsed_ms] == list(Phase)
    certificate = details.certificate
    assert certificate is not None
    assert certificate.names == ("pbx.example", "127.0.0.1")
    assert "Good CA" in certificate.issuer
    assert certificate.not_before < datetime.now(UTC) < certificate.not_after


def test_a_certificate_in_the_file_is_trusted_though_it_is_no_root(files: Files) -> None:
    certificate = files.ca.issue_cert("127.0.0.1")
    pinned = files.write("pinned.pem", certificate.cert_chain_pems[0])
    connects(server_context(certificate), client_context(ca_file=pinned))


def test_messages_pass_and_the_end_is_heard_over_tls(files: Files) -> None:
    async def test() -> tuple[bytes, LinkClosed]:
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
            return message, caught.value

    message, closed = run(test())
    assert message == b"OPTIONS"
    assert (closed.code, closed.reason) == (1001, "closed by the server: done")


@pytest.mark.parametrize("how", ["silent", "does not read", "never closes"])
def test_a_server_that_does_nothing_does_not_keep_us_over_tls(
    how: str, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "LINGER", PATIENCE * 10)

    async def test() -> LinkClosed:
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
            return caught.value

    expected = {
        "silent": "the server is gone: no pong within 0.1 s",
        "does not read": "the server does not read what it is sent",
        "never closes": "closed by us: done",
    }
    assert run(test()).reason == expected[how]


def test_a_server_of_an_unknown_ca_fails_with_the_name_of_that_ca(files: Files) -> None:
    failed = fails(
        server_context(files.stranger.issue_cert("127.0.0.1")),
        client_context(ca_file=files.ca_file),
    )
    assert failed.phase is Phase.TLS
    assert "Unknown CA" in failed.reason
    assert "set tls_ca_file" in failed.reason


def test_the_file_replaces_the_systems_store(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    system = files.write("system.pem", files.stranger.cert_pem)
    monkeypatch.setenv("SSL_CERT_FILE", system)
    server = server_context(files.stranger.issue_cert("127.0.0.1"))
    connects(server, client_context())
    assert fails(server, client_context(ca_file=files.ca_file)).phase is Phase.TLS


def self_signed(files: Files, name: str = "cellar") -> ssl.SSLContext:
    """A server whose certificate vouches for itself, as a small PBX makes it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(LOOPBACK)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = (PrivateFormat.PKCS8, NoEncryption())
    path = files.folder / f"{name}.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, *plain) + certificate.public_bytes(Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def test_a_self_signed_certificate_fails_and_its_copy_in_the_file_helps(files: Files) -> None:
    server = self_signed(files)
    failed = fails(server, client_context(ca_file=files.ca_file))
    assert failed.phase is Phase.TLS
    assert "(CN=cellar) is self-signed: set tls_ca_file" in failed.reason
    connects(server, client_context(ca_file=str(files.folder / "cellar.pem")))


def test_an_expired_certificate_fails_with_the_date(files: Files) -> None:
    expired = files.ca.issue_cert("127.0.0.1", not_before=LONG_AGO, not_after=LONG_AGO)
    failed = fails(server_context(expired), client_context(ca_file=files.ca_file))
    assert failed.phase is Phase.TLS
    assert failed.reason == "its certificate expired on 2020-01-02 03:04 UTC: renew it"


def test_a_certificate_that_is_not_valid_yet_fails_with_the_date(files: Files) -> None:
    future = datetime(2999, 1, 2, tzinfo=UTC)
    early = files.ca.issue_cert("127.0.0.1", not_before=future)
    failed = fails(server_context(early), client_context(ca_file=files.ca_file))
    assert failed.phase is Phase.TLS
    assert "not valid before 2999-01-02 00:00 UTC" in failed.reason


@pytest.mark.parametrize(
    ("host", "names"), [("127.0.0.1", "a.example"), ("localhost", "127.0.0.1")]
)
def test_a_certificate_for_another_host_fails_with_the_names_it_has(
    host: str, names: str, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to_loopback(monkeypatch)
    other = files.ca.issue_cert(names, "b.example")
    failed = fails(server_context(other), client_context(ca_file=files.ca_file), host=host)
    assert failed.phase is Phase.TLS
    assert names in failed.reason
    assert f"b.example{', ' + names if names[0] == '1' else ''}, not for {host}" in failed.reason


def resolve_to_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolver(_host: str, port: int, **_more: object) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolver)


def test_a_fault_of_the_certificate_is_told_though_no_second_look_is_possible(
    files: Files,
) -> None:
    """The server takes one connection only; the words do without the names."""

    failed = fails_with_an_alert(
        server_context(files.stranger.issue_cert("127.0.0.1")),
        client_context(ca_file=files.ca_file),
        clients=1,
        connect_timeout=1.0,
    )
    assert failed.phase is Phase.TLS
    assert "signed by an unknown CA" in failed.reason


def test_without_tls_verify_any_certificate_will_do_with_a_warning(files: Files) -> None:
    expired = files.stranger.issue_cert("a.example", not_before=LONG_AGO, not_after=LONG_AGO)
    link = connects(server_context(expired), client_context(verify=False))
    assert link.details.warnings == (UNVERIFIED,)
    assert link.details.certificate is not None
    assert link.details.certificate.not_after == LONG_AGO


# Who we are


def demanding(files: Files, version: ssl.TLSVersion) -> ssl.SSLContext:
    """A server that takes clients of our CA only."""
    context = server_context(files.ca.issue_cert("127.0.0.1"))
    context.minimum_version = context.maximum_version = version
    context.verify_mode = ssl.CERT_REQUIRED
    files.ca.configure_trust(context)
    return context


VERSIONS = pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])


def identity(files: Files, ca: trustme.CA) -> dict[str, Any]:
    """Certificate and key of a client, as `client_context` takes them."""
    leaf = ca.issue_cert("client@example")
    return {
        "certificate": files.write("client.pem", *leaf.cert_chain_pems),
        "key": files.write("client.key", leaf.private_key_pem),
    }


@VERSIONS
def test_a_client_certificate_is_shown_where_it_is_demanded(
    version: ssl.TLSVersion, files: Files
) -> None:
    mine = identity(files, files.ca)
    connects(demanding(files, version), client_context(ca_file=files.ca_file, **mine))


def test_key_and_certificate_may_stand_in_one_file(files: Files) -> None:
    leaf = files.ca.issue_cert("client@example")
    both = files.write("both.pem", leaf.private_key_and_cert_chain_pem)
    client = client_context(ca_file=files.ca_file, certificate=both)
    connects(demanding(files, ssl.TLSVersion.TLSv1_3), client)


@VERSIONS
def test_a_missing_client_certificate_fails_in_tls(version: ssl.TLSVersion, files: Files) -> None:
    failed = fails_with_an_alert(demanding(files, version), client_context(ca_file=files.ca_file))
    assert failed.phase is Phase.TLS
    assert "tls_client_certificate" in failed.reason
    assert "demands a client certificate" in failed.reason


@VERSIONS
def test_a_client_certificate_of_another_ca_fails_in_tls(
    version: ssl.TLSVersion, files: Files
) -> None:
    mine = identity(files, files.stranger)
    failed = fails_with_an_alert(
        demanding(files, version), client_context(ca_file=files.ca_file, **mine)
    )
    assert failed.phase is Phase.TLS
    assert failed.reason == "the server does not trust the CA of tls_client_certificate"


# What does not speak our TLS


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-x\r\n"])
def test_a_port_without_tls_is_recognised(answer: bytes) -> None:
    async def script(_reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(answer)
        await asyncio.Event().wait()

    failed = fails(None, client_context(), script)
    assert failed.phase is Phase.TLS
    assert failed.reason == "what listens there does not speak TLS: is the address ws: rather?"


def test_a_server_that_hangs_up_during_the_handshake_fails_in_tls() -> None:
    async def script(reader: StreamReader, _writer: StreamWriter) -> None:
        await reader.read(1)

    failed = fails(None, client_context(), script)
    assert failed.phase is Phase.TLS
    assert "ended the connection during the TLS handshake" in failed.reason


def test_a_server_that_says_nothing_fails_in_tls_when_time_is_up() -> None:
    failed = fails(None, client_context(), for_ever, connect_timeout=0.05)
    assert failed.phase is Phase.TLS
    assert "did not end within 0.05 s" in failed.reason


def test_a_server_with_old_tls_only_is_named(files: Files) -> None:
    server = server_context(files.ca.issue_cert("127.0.0.1"))
    server.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.deprecated_call():
        server.minimum_version = ssl.TLSVersion.TLSv1
        server.maximum_version = ssl.TLSVersion.TLSv1_1
    failed = fails_with_an_alert(server, client_context(ca_file=files.ca_file))
    assert failed.phase is Phase.TLS
    assert failed.reason == "the server speaks only versions of TLS older than 1.2"


def test_a_cancelled_handshake_leaves_nothing_behind() -> None:
    async def test() -> None:
        async with raw_server(for_ever) as port:
            dialling = asyncio.create_task(dial_tls(port, client_context()))
            done, _ = await asyncio.wait([dialling], timeout=0.05)
            assert not done
            dialling.cancel()
            with pytest.raises(asyncio.CancelledError):
                await dialling

    run(test())


def test_http_faults_are_told_over_tls_too(files: Files) -> None:
    server = server_context(files.ca.issue_cert("127.0.0.1"))

    async def not_found(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        await reader.read()

    failed = fails(server, client_context(ca_file=files.ca_file), not_found)
    assert (failed.phase, failed.status) == (Phase.HTTP, 404)


def test_a_server_that_hangs_up_on_the_upgrade_may_want_a_client_certificate(
    files: Files,
) -> None:
    """It may have sent a reset, which overtook the alert that would have said so."""

    async def script(reader: StreamReader, _writer: StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    server = server_context(files.ca.issue_cert("127.0.0.1"))
    failed = fails(server, client_context(ca_file=files.ca_file), script)
    assert failed.phase is Phase.HTTP
    assert failed.reason.endswith("and whether it wants a client certificate")


# Files that cannot be used


BROKEN: dict[str, bytes | None] = {
    "missing.pem": None,
    "empty.pem": b"",
    "garbage.pem": b"\xff\x00 not PEM",
    "bad.pem": b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    "": None,  # the folder itself
}


@pytest.fixture(params=list(BROKEN))
def broken(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A file that is missing, empty, garbage or a folder."""
    content = BROKEN[request.param]
    path = tmp_path / request.param
    if content is not None:
        path.write_bytes(content)
    return str(path)


def test_a_ca_file_that_holds_no_certificate_is_named(broken: str) -> None:
    with pytest.raises(ConfigError) as caught:
        client_context(ca_file=broken)
    assert str(caught.value).startswith(f"tls_ca_file = {broken!r} ")


def test_a_client_certificate_that_is_none_is_named(broken: str, files: Files) -> None:
    key = identity(files, files.ca)["key"]
    with pytest.raises(ConfigError) as caught:
        client_context(certificate=broken, key=key)
    assert str(caught.value).startswith(f"tls_client_certificate = {broken!r}")


def test_a_client_key_that_is_none_is_named(broken: str, files: Files) -> None:
    certificate = identity(files, files.ca)["certificate"]
    with pytest.raises(ConfigError) as caught:
        client_context(certificate=certificate, key=broken)
    assert f"tls_client_key = {broken!r}" in str(caught.value)


def test_a_client_key_of_another_certificate_is_refused(files: Files) -> None:
    other = files.write("other.key", files.ca.issue_cert("other").private_key_pem)
    with pytest.raises(ConfigError, match="do not belong together"):
        client_context(certificate=identity(files, files.ca)["certificate"], key=other)


def test_a_client_key_alone_is_refused(files: Files) -> None:
    with pytest.raises(ConfigError, match="set tls_client_certificate too"):
        client_context(key=identity(files, files.ca)["key"])


def test_an_encrypted_client_key_is_refused_without_asking(files: Files) -> None:
    leaf = files.ca.issue_cert("client")
    key = load_pem_private_key(leaf.private_key_pem.bytes(), None)
    encrypted = key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"phrase")
    )
    path = files.write("encrypted.key", trustme.Blob(encrypted))
    with pytest.raises(ConfigError, match="the key is encrypted"):
        client_context(certificate=files.write("c.pem", *leaf.cert_chain_pems), key=path)


@pytest.mark.parametrize("der", [b"", b"\x30\x03\x02\x01\x01", b"\xff" * 100])
def test_bytes_that_are_no_certificate_are_none(der: bytes) -> None:
    assert read_certificate(der) is None
