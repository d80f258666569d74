"""Settings, sources of randomness and the messages of peers, for tests of the core."""

from collections.abc import Callable, Iterable
from itertools import count
from typing import Any
from uuid import UUID

from sipcli.config.server_settings import WsServer
from sipcli.config.settings import Settings
from sipcli.sip import build
from sipcli.sip.message import Request, Response
from sipcli.sip.parser import parse
from sipcli.sip.uri import SipUri, parse_uri

INSTANCE = UUID("8f1fa16a-1165-4a96-8341-785b1ef24f12")
ALPHA = WsServer("wss://alpha.example.com", 10)
BETA = WsServer("wss://beta.example.com", 1)


def settings(**changes: Any) -> Settings:
    """Alice's settings, with `changes`."""
    values: dict[str, Any] = {
        "uri": SipUri.parse("sip:alice@example.com"),
        "instance_id": INSTANCE,
        "ws_servers": (ALPHA,),
        "password": "open sesame",
    }
    return Settings(**(values | changes))


def ids() -> Callable[[], str]:
    """A source of identifiers that are easy to read: 32 digits each."""
    numbers = count(1)
    return lambda: f"{next(numbers):032d}"[::-1]


def half() -> float:
    """A draw in the middle."""
    return 0.5


def read(data: bytes) -> Request | Response:
    """The message in `data`, which is well-formed."""
    parsed = parse(data)
    assert parsed.message is not None
    assert parsed.faults == ()
    return parsed.message


def read_request(data: bytes) -> Request:
    message = read(data)
    assert isinstance(message, Request)
    return message


def read_response(data: bytes) -> Response:
    message = read(data)
    assert isinstance(message, Response)
    return message


Fields = Iterable[tuple[str, str]]
ALICE = "sip:alice@example.com"


def ask(
    method: str,
    uri: str = ALICE,
    *more: tuple[str, str],
    branch: str = "z9hG4bKb1",
    cseq: int = 1,
    to: str = f"<{ALICE}>",
    sender: str = "<sip:bob@example.com>;tag=bobs",
    call_id: str = "peer-1",
    body: bytes = b"",
) -> Request:
    """A well-formed request of Bob's to Alice, with `more` header fields."""
    fields = [
        ("Via", f"SIP/2.0/WSS peer.invalid;branch={branch}"),
        ("Max-Forwards", "69"),
        ("To", to),
        ("From", sender),
        ("Call-ID", call_id),
        ("CSeq", f"{cseq} {method}"),
        *more,
    ]
    return build.request(method, parse_uri(uri), fields, body)


NONCE = 'Digest realm="example.com", nonce="n{}", qop="auth", algorithm=MD5'


def challenge(request: Request, number: int = 1, *, stale: bool = False) -> Response:
    """A 401 with the nonce of that number."""
    text = NONCE.format(number) + (", stale=true" if stale else "")
    return build.response(request, 401, to_tag="r", headers=[("WWW-Authenticate", text)])


def accept(
    request: Request, expires: int | None = 600, *fields: tuple[str, str], **params: Any
) -> Response:
    """A 200 that shows the binding asked for, granted for `expires` seconds.

    With None the binding has no time of its own; `params` are added to it.
    """
    own = request.contacts[0]
    text = f"<{own.uri}>"
    for name in ("reg-id", "+sip.instance"):
        value = own.params.get(name)
        if value is not None:
            text += f";{name}={build_quoted(value)}"
    if expires is not None:
        text += f";expires={expires}"
    text += "".join(f";{name.replace('_', '-')}={value}" for name, value in params.items())
    return build.response(request, 200, to_tag="r", headers=[("Contact", text), *fields])


def refuse(request: Request, status: int, *fields: tuple[str, str]) -> Response:
    """A refusal."""
    return build.response(request, status, to_tag="r", headers=fields)


def build_quoted(value: str) -> str:
    return f'"{value}"' if value.startswith("<") else value
