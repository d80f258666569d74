"""Certificates for servers and clients, and `wss:` connections that use them."""

import ssl
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
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from sipcli.config.server_settings import WsServer
from sipcli.net.dial import dial
from sipcli.net.errors import DialError
from sipcli.net.link import Link
from tests.net.peers import (
    Script,
    alerting_server,
    for_ever,
    nothing,
    options,
    raw_server,
    sip_server,
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


def server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


async def dial_tls(port: int, tls: ssl.SSLContext, host: str = "127.0.0.1", **more: Any) -> Link:
    return await dial(WsServer(f"wss://{host}:{port}"), options(tls=tls, **more))


async def connects(server: ssl.SSLContext, client: ssl.SSLContext) -> Link:
    """The link to a server with this certificate; closed by now."""

    async with sip_server(nothing, ssl=server) as port:
        link = await dial_tls(port, client)
        await link.close()
        return link


async def fails(
    server: ssl.SSLContext | None,
    client: ssl.SSLContext,
    script: Script = for_ever,
    **more: Any,
) -> DialError:
    """How connecting fails to a server with this certificate."""

    async with raw_server(script, tls=server) as port:
        with pytest.raises(DialError) as caught:
            await dial_tls(port, client, **more)
        return caught.value


async def fails_with_an_alert(
    server: ssl.SSLContext, client: ssl.SSLContext, clients: int = 2, **more: Any
) -> DialError:
    """The same, with a server that says why it refused the handshake."""

    with alerting_server(server, clients) as port, pytest.raises(DialError) as caught:
        await dial_tls(port, client, **more)
    return caught.value


def server_of_cellar(
    files: Files, name: str, *, own_ca: bool, has_san: bool = True
) -> ssl.SSLContext:
    """A server with a certificate as a small PBX makes it, and that of who signed it as a file.

    It has nothing but names and dates: no key identifiers, no key usage. Without `has_san` the
    common name is the only name.
    """
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name, subject = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each)]) for each in ("cellar CA", name)
    )

    def builder(subject: x509.Name, issuer: x509.Name) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .serial_number(x509.random_serial_number())
            .not_valid_before(datetime.now(UTC) - timedelta(days=1))
            .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        )

    unsigned = builder(subject, ca_name if own_ca else subject).public_key(key.public_key())
    if has_san:
        names = x509.SubjectAlternativeName([x509.IPAddress(LOOPBACK)])
        unsigned = unsigned.add_extension(names, critical=False)
    certificate = unsigned.sign(ca_key if own_ca else key, hashes.SHA256())
    signer = certificate
    if own_ca:
        signer = (
            builder(ca_name, ca_name)
            .public_key(ca_key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(ca_key, hashes.SHA256())
        )
    (files.folder / f"{name}-ca.pem").write_bytes(signer.public_bytes(Encoding.PEM))
    path = files.folder / f"{name}.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
