"""TLS to a server: trust, client certificate, and what a failed handshake means."""

import asyncio
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sipcli.errors import ConfigError
from sipcli.net import tcp
from sipcli.net.dns import SocketAddress
from sipcli.net.errors import Problem, ServerCertificate, excerpt
from sipcli.net.key_log import key_log

_EXPIRED, _NOT_YET_VALID, _SELF_SIGNED = 10, 9, 18
_UNKNOWN_ISSUER: Final = {19, 20, 21}
_WRONG_NAME: Final = {62, 64}
"""Reasons of X509_verify_cert, as OpenSSL numbers them (X509_V_ERR_…)."""

_ALERTS: Final = (
    (
        ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"),  # OpenSSL to 3.1, from 3.2
        Problem("the port does not speak TLS", "did you mean ws:?"),
    ),
    (
        ("CERTIFICATE_REQUIRED",),
        Problem(
            "the server requires a client certificate",
            "set tls_client_certificate and tls_client_key",
        ),
    ),
    (("UNKNOWN_CA",), Problem("the server does not trust the CA of tls_client_certificate")),
    (("CERTIFICATE_EXPIRED",), Problem("the server says tls_client_certificate has expired")),
    (("CERTIFICATE_REVOKED",), Problem("the server says tls_client_certificate is revoked")),
    (
        ("BAD_CERTIFICATE", "CERTIFICATE_UNKNOWN"),
        Problem("the server does not accept tls_client_certificate"),
    ),
    (("UNRECOGNIZED_NAME",), Problem("the server has no certificate for this host name")),
    (
        ("PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL"),
        Problem("the server only supports TLS versions older than 1.2"),
    ),
    (
        ("HANDSHAKE_FAILURE",),
        Problem(
            "the server shares no cipher with us, or requires a client certificate"
            " (tls_client_certificate, tls_client_key)"
        ),
    ),
)
"""Parts of OpenSSL's reasons -> what they mean to a client; the first match counts."""


class _Encrypted(Exception):  # noqa: N818 - leaves this module as a ConfigError only
    """The private key asks for a passphrase."""


def client_context(
    *,
    ca_file: str | None = None,
    certificate: str | None = None,
    key: str | None = None,
    verify: bool = True,
) -> ssl.SSLContext:
    """Return an SSL context (TLS 1.2 or later) for the `tls_…` settings.

    `ca_file` replaces the system's store, as it does for curl and git; a certificate in it
    is trusted whether it is a root, an intermediate or the server's own. Raises
    `ConfigError` for files that cannot be used. Reads files, so do not call it during a call.
    """
    context = _trusting(ca_file)
    # Python 3.13 turned both on by default; older versions must accept the same certificates. The
    # strict flag rejects many home-made CAs over harmless extensions.
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VerifyFlags.VERIFY_X509_STRICT
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    # OpenSSL would fall back to the common name without a subjectAltName. Browsers do not, nor
    # does RFC 9525.
    context.hostname_checks_common_name = False
    # Some builds of Python set no minimum (RFC 8996 deprecates what is older).
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificate is not None:
        _identify(context, certificate, key)
    elif key is not None:
        raise ConfigError(
            f"tls_client_key = {key!r} does nothing on its own: set tls_client_certificate too",
            setting="tls_client_key",
        )
    return context


def _trusting(ca_file: str | None) -> ssl.SSLContext:
    key_log()
    if ca_file is None:
        return ssl.create_default_context()
    _check_readable("tls_ca_file", ca_file)
    try:
        return ssl.create_default_context(cafile=ca_file)
    except ssl.SSLError as error:
        raise ConfigError(
            f"tls_ca_file = {ca_file!r} holds no certificate: expected CA certificates"
            " in PEM format",
            setting="tls_ca_file",
        ) from error


def _identify(context: ssl.SSLContext, certificate: str, key: str | None) -> None:
    """Load the client certificate; the key may be in the same file."""
    _check_readable("tls_client_certificate", certificate)
    if key is not None:
        _check_readable("tls_client_key", key)
    named = f"tls_client_certificate = {certificate!r}"
    if key is not None:
        named += f", tls_client_key = {key!r}"

    def refuse() -> str:
        raise _Encrypted  # without this, OpenSSL would ask on the terminal

    try:
        context.load_cert_chain(certificate, key, password=refuse)
    except _Encrypted as error:
        raise ConfigError(
            f"{named}: the key is encrypted; sipcli needs one without a passphrase"
            " (openssl pkey -in KEY -out PLAIN)",
            setting="tls_client_certificate" if key is None else "tls_client_key",
        ) from error
    except ssl.SSLError as error:
        fault = "the certificate and the key do not match"
        if error.reason != "KEY_VALUES_MISMATCH":
            fault = "expected a certificate and its private key, both in PEM format"
        raise ConfigError(f"{named}: {fault}", setting="tls_client_certificate") from error


def _check_readable(name: str, path: str) -> None:
    """Raise `ConfigError` with the file's name, which OpenSSL's errors lack."""
    try:
        with Path(path).open("rb"):
            pass
    except OSError as error:
        text = f"{name} = {path!r} cannot be read: {error.strerror}"
        raise ConfigError(text, setting=name) from error


async def look_at_certificate(address: SocketAddress, host: str, deadline: float) -> bytes | None:
    """Fetch an untrusted server's certificate (DER) over a second connection; None if that fails.

    OpenSSL drops a certificate that it rejected, but the user needs to know whose it was.
    Nothing is sent over this connection. `deadline` is seconds on the loop's clock.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if (path := key_log()) is not None:
        context.keylog_filename = path
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout_at(deadline):
            sock, _ = await tcp.connect((address,))
            transport, _ = await loop.create_connection(
                asyncio.Protocol, sock=sock, ssl=context, server_hostname=host
            )
    except OSError:  # a timeout is one too
        return None
    der: bytes | None = transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
    transport.abort()
    return der


def explain(error: Exception) -> Problem:
    """Return what a handshake error means, other than an untrusted certificate."""
    if not isinstance(error, ssl.SSLError):
        return Problem(
            "the server closed the connection during the TLS handshake",
            "does this port speak TLS, or require a client certificate?",
        )
    reason = error.reason or ""
    for parts, meaning in _ALERTS:
        if any(part in reason for part in parts):
            return meaning
    said = (reason or str(error)).replace("_", " ").lower()
    return Problem(f"the TLS handshake failed: {said}")


def explain_untrusted(
    error: ssl.SSLCertVerificationError, host: str, seen: ServerCertificate | None
) -> Problem:
    """Return why the server's certificate is not trusted, with a hint."""
    code = error.verify_code
    if code in (_EXPIRED, _NOT_YET_VALID):
        return _explain_dates(expired=code == _EXPIRED, seen=seen)
    if code in _WRONG_NAME:
        if seen is not None and not seen.names:
            what = (
                "its certificate names no host: it has no subjectAltName, and a common name alone"
                " does not count"
            )
            return Problem(what, f"issue one with {host} in its subjectAltName")
        names = excerpt(", ".join(seen.names)) if seen and seen.names else "other names"
        what = f"its certificate is for {names}, not for {host}"
        return Problem(what, "use its name in ws_servers")
    if code == _SELF_SIGNED:
        whose = f" ({excerpt(seen.subject)})" if seen else ""
        what = f"its certificate{whose} is self-signed"
        return Problem(what, "set tls_ca_file to a copy of it to trust it")
    if code in _UNKNOWN_ISSUER:
        issuer = excerpt(seen.issuer) if seen else "an unknown CA"
        what = f"its certificate is signed by {issuer}"
        return Problem(what, "set tls_ca_file to that CA's certificate")
    return Problem(f"its certificate is not trusted: {error.verify_message}")


def _explain_dates(*, expired: bool, seen: ServerCertificate | None) -> Problem:
    if expired:
        if seen and seen.not_after < datetime.now(UTC):
            when = f"{seen.not_after:%Y-%m-%d %H:%M} UTC"
            return Problem(f"its certificate expired on {when}", "renew it")
        return Problem("its certificate, or one that signs it, has expired", "renew it")
    since = f" before {seen.not_before:%Y-%m-%d %H:%M} UTC" if seen else " yet"
    return Problem(f"its certificate is not valid{since}", "is this machine's clock right?")
