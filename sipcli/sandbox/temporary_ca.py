"""A temporary certificate authority and server certificate for one run of the sandbox."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from sipcli.net.key_log import key_log

CERTIFICATE_LIFETIME: Final = timedelta(days=7)
"""Longer than any run; certificates also start a day early, in case a clock is wrong."""


@dataclass(frozen=True, slots=True)
class Tls:
    """What the server needs for TLS, and its clients to trust it."""

    context: ssl.SSLContext
    ca_file: Path
    """The certificate of the authority, in PEM format."""


@contextmanager
def temporary_tls(host: str) -> Iterator[Tls]:
    """Yield TLS for `host` and the loopback names; the files are removed afterwards.

    The key of the authority is never written to disk, so it cannot sign anything else.
    """
    with TemporaryDirectory(prefix="sipcli-sandbox-") as folder:
        ca_key = ec.generate_private_key(ec.SECP256R1())
        ca_name = _name("sipcli sandbox, temporary CA")
        usage = _usage(signs_certificates=True)
        ca = (
            _builder(ca_name, ca_name, ca_key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(ca_key, hashes.SHA256())
        )
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _builder(_name("sipcli sandbox"), ca_name, key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.SubjectAlternativeName(_names(host)), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()),
                critical=False,
            )
            .sign(ca_key, hashes.SHA256())
        )
        ca_file = Path(folder) / "ca.pem"
        ca_file.write_bytes(ca.public_bytes(Encoding.PEM))
        own_file = Path(folder) / "server.pem"
        own_file.touch(mode=0o600)
        own_file.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            + certificate.public_bytes(Encoding.PEM)
        )
        key_log()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(own_file)
        own_file.unlink()
        yield Tls(context, ca_file)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + CERTIFICATE_LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _names(host: str) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = [x509.DNSName("localhost")]
    for text in dict.fromkeys(("127.0.0.1", "::1", host)):
        try:
            names.append(x509.IPAddress(ip_address(text)))
        except ValueError:
            if text != "localhost":
                names.append(x509.DNSName(text))
    return names
