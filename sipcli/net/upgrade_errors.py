"""Explain why the WebSocket upgrade failed: refused, wrong subprotocol, or not HTTP at all."""

import re
import ssl
from dataclasses import dataclass
from typing import Final

from websockets.exceptions import InvalidHeader, InvalidStatus, NegotiationError
from websockets.http11 import Response

from sipcli.errors import Phase
from sipcli.net import tls
from sipcli.net.errors import DialError, LinkDetails, Problem, excerpt
from sipcli.net.websocket import WebSocketConnection

_STATUS_LINE: Final = re.compile(rb"HTTP/[0-9.]{1,4} ([1-5][0-9]{2})(?: ([^\r\n]*))?")
_WANTS_TLS: Final = re.compile(rb"HTTPS|SSL-enabled", re.IGNORECASE)
"""Text that web servers send to a client that speaks plain HTTP to their TLS port."""
_BODY_SEARCHED: Final = 2048
"""Bytes of an error page that are searched."""

_HINTS: Final = {
    401: "give its credentials in ws_headers (Authorization)",
    403: "it may want a different origin, path or ws_headers",
    404: "check the path in ws_servers",
    407: "the proxy wants credentials",
    426: "it wants a WebSocket version other than 13, or another protocol",
    429: "too many connections from here; wait before you try again",
}
_HINT_REDIRECT: Final = "redirects are not followed; put the new address in ws_servers"
_HINT_SUCCESS: Final = "that is an ordinary web page; check the path in ws_servers"
_HINT_SERVER: Final = "the fault is on the server; try again later"
_HINT_TLS: Final = "the port speaks TLS; write wss: in ws_servers"
_HINT_OTHER: Final = "check address and path in ws_servers"


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """The HTTP answer to our upgrade request, as far as it came."""

    status: int
    phrase: str
    location: str | None = None
    """The target of a redirect."""
    challenge: str | None = None
    """The first WWW-Authenticate header."""
    wants_tls: bool = False
    """True if the page says that the port speaks TLS."""


def upgrade_failed(
    details: LinkDetails, error: Exception, connection: WebSocketConnection
) -> DialError:
    """Return why the upgrade on `connection` failed.

    `error` is the library's exception; a `TimeoutError` means that time was up.
    """
    answer = _answer(error, connection)
    if answer is not None and answer.status != 101:
        return DialError(Phase.HTTP, explain_answer(answer), details, answer.status)
    response = connection.response
    if response is not None and _is_about_subprotocol(error, response):
        chosen = response.headers.get_all("Sec-WebSocket-Protocol")
        return DialError(Phase.SUBPROTOCOL, explain_choice(chosen), details)
    if answer is not None:
        what = f"the server's answer to the WebSocket upgrade is invalid: {excerpt(str(error))}"
        return DialError(Phase.HTTP, Problem(what), details, answer.status)
    if isinstance(
        connection.lost_by, ssl.SSLError
    ):  # a TLS 1.3 server may refuse our certificate after the handshake
        return DialError(Phase.TLS, tls.explain(connection.lost_by), details)
    if isinstance(error, TimeoutError) and not connection.head:
        what = "the server did not answer the WebSocket upgrade in time"
        return DialError(Phase.HTTP, Problem(what, "is the port right?"), details)
    return DialError(Phase.HTTP, _explain_first_bytes(connection), details)


def explain_choice(chosen: list[str]) -> Problem:
    """Return the problem of a server that did not choose the subprotocol `sip`, with a hint."""
    what = "the server did not choose the subprotocol sip"
    if chosen:
        what = f"the server chose the subprotocol {excerpt(', '.join(chosen))}, not sip"
    return Problem(what, "check the path in ws_servers")


def _answer(error: Exception, connection: WebSocketConnection) -> HttpAnswer | None:
    """Return the HTTP answer as the library read it or, if it gave up, from the first bytes."""
    if not isinstance(error, InvalidStatus):
        found = _STATUS_LINE.match(connection.head)
        if found is None:
            return None
        wants_tls = _WANTS_TLS.search(connection.head) is not None
        phrase = (found.group(2) or b"").decode("latin-1")
        return HttpAnswer(int(found.group(1)), phrase, wants_tls=wants_tls)
    response = error.response
    return HttpAnswer(
        status=response.status_code,
        phrase=response.reason_phrase,
        location=next(iter(response.headers.get_all("Location")), None),
        challenge=next(iter(response.headers.get_all("WWW-Authenticate")), None),
        wants_tls=_WANTS_TLS.search(bytes(response.body[:_BODY_SEARCHED])) is not None,
    )


def _is_about_subprotocol(error: Exception, response: Response) -> bool:
    """True if the error is about the subprotocol.

    The library raises the same for extensions. It checks those first, and we ask for none.
    """
    if isinstance(error, InvalidHeader):
        return error.name == "Sec-WebSocket-Protocol"
    extensions = response.headers.get_all("Sec-WebSocket-Extensions")
    return isinstance(error, NegotiationError) and not extensions


def explain_answer(answer: HttpAnswer) -> Problem:
    """Return the server's refusal, with a hint."""
    said = f"the server answered {answer.status} {excerpt(answer.phrase)}".rstrip()
    if answer.location is not None:
        said += f" with Location {excerpt(answer.location)}"
    if answer.challenge is not None:
        said += f" ({excerpt(answer.challenge)})"
    return Problem(said, _hint(answer))


def _hint(answer: HttpAnswer) -> str:
    if answer.wants_tls:
        return _HINT_TLS
    by_class = {2: _HINT_SUCCESS, 3: _HINT_REDIRECT, 5: _HINT_SERVER}
    return _HINTS.get(answer.status) or by_class.get(answer.status // 100, _HINT_OTHER)


def _explain_first_bytes(connection: WebSocketConnection) -> Problem:
    """Return the problem of a port that answers an HTTP request in another way, or not at all."""
    head = connection.head
    if not head:
        secure = connection.transport.get_extra_info("ssl_object") is not None
        wish = "a client certificate" if secure else "wss:"
        return Problem(
            "the server closed the connection without answering the WebSocket upgrade",
            f"check the port in ws_servers, and whether it wants {wish}",
        )
    if head[0] in (0x15, 0x16) and head[1:2] == b"\x03":  # alert, handshake (RFC 8446 §5.1)
        return Problem("it sent a TLS record", _HINT_TLS)
    sent = excerpt(head.decode("utf-8", "backslashreplace").strip())
    what = f"the port does not speak HTTP (it sent “{sent}”)"
    return Problem(what, "check it in ws_servers")
