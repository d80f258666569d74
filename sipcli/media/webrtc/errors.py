"""The errors of ICE, DTLS and of STUN and TURN servers; their texts are for the user."""

import socket
import ssl
from typing import Final

from aioice import stun

from sipcli.errors import MediaError, Phase


class IceFailed(MediaError):  # noqa: N818 - ICE's own word for it
    """No candidate pair worked, or there was none to try."""

    phase = Phase.ICE


class DtlsFailed(MediaError):  # noqa: N818 - as IceFailed
    """The handshake with the far end failed: without keys there is no audio."""

    phase = Phase.DTLS


class FingerprintMismatch(DtlsFailed):
    """The far end's certificate does not match its description: this may be an attack
    by a man in the middle (RFC 8122 §6.2)."""


class ServerFailed(Exception):  # noqa: N818 - shown as a warning, not as an error
    """A STUN or TURN server cannot be used; the text says why, without the server's name."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(f"{reason}: {hint}" if hint else reason)
        self.reason = reason
        self.hint = hint
        """A hint on how to fix it; empty if we have none."""


_WRONG_NAME: Final = (62, 64)
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH."""

_CODES: Final = {
    300: "it redirects clients to another server",
    403: "it does not allow this relay",
    437: "it no longer knows this allocation, or has given it to another client",
    438: "it rejects its own nonce: the server is faulty",
    441: "the user name differs from the one that the relay was allocated with",
    442: "it does not relay UDP",
    486: "this user has reached its limit of relays",
    508: "it has no capacity for another relay",
}
"""Codes of RFC 8656 §19 and RFC 8489 §14.8."""


def explain_stun(error: stun.TransactionError, *, has_credentials: bool = False) -> ServerFailed:
    """Return why a STUN transaction failed; `has_credentials`: whether we sent any."""
    if error.response is None:
        return ServerFailed("it does not answer")
    code = error.response.error_code
    if code == 401:
        if has_credentials:
            return ServerFailed("it rejected the user name and password")
        return ServerFailed("it requires a user name and password, and none are set")
    hint = "configure that server instead" if code == 300 else ""
    return ServerFailed(_CODES.get(code or 0, f"it answers with error {code}"), hint)


def explain_connection(error: OSError) -> ServerFailed:
    """Return why the connection to a server failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        if error.verify_code in _WRONG_NAME:
            return ServerFailed("its certificate has no subjectAltName that matches its name")
        reason = f"its certificate is not trusted ({error.verify_message})"
        return ServerFailed(reason, "see tls_ca_file")
    if isinstance(error, ssl.SSLError):
        detail = (error.reason or "unknown").replace("_", " ").lower()
        reason = f"the TLS handshake failed ({detail})"
        return ServerFailed(reason, "does it speak TLS at this port?")
    if isinstance(error, ConnectionRefusedError):
        return ServerFailed("it refused the connection", "is the server running there?")
    if isinstance(error, socket.gaierror):
        hint = "check the spelling, and that this machine is online"
        return ServerFailed("its name cannot be resolved", hint)
    if isinstance(error, ConnectionError):
        return ServerFailed("it closed the connection")
    return ServerFailed(f"it cannot be reached ({error.strerror or type(error).__name__})")
