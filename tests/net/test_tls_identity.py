"""Who we are over `wss:`, and `tls_…` files that cannot be used."""

import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from sipcli.errors import ConfigError, Phase
from sipcli.net.errors import read_certificate
from sipcli.net.tls import client_context
from tests.net.certificates import Files, connects, fails_with_an_alert, server_context


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
async def test_a_client_certificate_is_shown_where_it_is_demanded(
    version: ssl.TLSVersion, files: Files
) -> None:
    mine = identity(files, files.ca)
    await connects(demanding(files, version), client_context(ca_file=files.ca_file, **mine))


async def test_key_and_certificate_may_stand_in_one_file(files: Files) -> None:
    leaf = files.ca.issue_cert("client@example")
    both = files.write("both.pem", leaf.private_key_and_cert_chain_pem)
    client = client_context(ca_file=files.ca_file, certificate=both)
    await connects(demanding(files, ssl.TLSVersion.TLSv1_3), client)


@VERSIONS
async def test_a_missing_client_certificate_fails_in_tls(
    version: ssl.TLSVersion, files: Files
) -> None:
    failed = await fails_with_an_alert(
        demanding(files, version), client_context(ca_file=files.ca_file)
    )
    assert failed.phase is Phase.TLS
    assert "tls_client_certificate" in failed.reason
    assert "requires a client certificate" in failed.reason


@VERSIONS
async def test_a_client_certificate_of_another_ca_fails_in_tls(
    version: ssl.TLSVersion, files: Files
) -> None:
    mine = identity(files, files.stranger)
    failed = await fails_with_an_alert(
        demanding(files, version), client_context(ca_file=files.ca_file, **mine)
    )
    assert failed.phase is Phase.TLS
    assert failed.reason == "the server does not trust the CA of tls_client_certificate"


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
    with pytest.raises(ConfigError, match="do not match"):
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
