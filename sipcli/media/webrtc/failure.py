"""What a STUN or TURN server's refusal means, in a sentence."""

import socket
import ssl
from typing import Final

from aioice import stun


class ServerFailed(Exception):  # noqa: N818 - a word of ours, shown as a warning
    """A STUN or TURN server is of no use; the text says why, without the server's name."""

    def __init__(self, what: str, cure: str = "") -> None:
        super().__init__(f"{what}: {cure}" if cure else what)
        self.what = what
        self.cure = cure
        """What helps; empty where that cannot be known."""


_WRONG_NAME: Final = (62, 64)
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH."""

_CODES: Final = {
    300: "it sends its clients to another server",
    403: "it forbids the use of a relay",
    437: "it takes the relay for another client's",
    438: "it does not accept its own nonce: something is wrong with it",
    441: "the user name is another than the relay was made with",
    442: "it does not relay UDP",
    486: "this user has as many relays as it allows",
    508: "it has no room for another relay",
}
"""Codes of RFC 8656 §19 and RFC 8489 §14.8."""


def explain_stun(error: stun.TransactionError, *, has_credentials: bool = False) -> ServerFailed:
    """Why a STUN transaction has failed."""
    if error.response is None:
        return ServerFailed("it does not answer")
    code = error.response.error_code
    if code == 401:
        if has_credentials:
            return ServerFailed("it does not accept the user name and password")
        return ServerFailed("it asks for a user name and a password, and none is set")
    cure = "write that one's address instead" if code == 300 else ""
    return ServerFailed(_CODES.get(code or 0, f"it answers with error {code}"), cure)


def explain_connection(error: OSError) -> ServerFailed:
    """Why a server could not be connected to."""
    if isinstance(error, ssl.SSLCertVerificationError):
        if error.verify_code in _WRONG_NAME:
            return ServerFailed("its certificate does not have its name as a subjectAltName")
        what = f"its certificate is not trusted ({error.verify_message})"
        return ServerFailed(what, "see tls_ca_file")
    if isinstance(error, ssl.SSLError):
        reason = (error.reason or "unknown").replace("_", " ").lower()
        what = f"the TLS handshake failed ({reason})"
        return ServerFailed(what, "does it speak TLS at this port?")
    if isinstance(error, ConnectionRefusedError):
        return ServerFailed("it refused the connection", "is the server running there?")
    if isinstance(error, socket.gaierror):
        cure = "check its spelling, and whether this machine is online"
        return ServerFailed("its name is not known", cure)
    if isinstance(error, ConnectionError):
        return ServerFailed("it ended the connection")
    return ServerFailed(f"it cannot be reached ({error.strerror or type(error).__name__})")
