"""Settings, sources of randomness and messages for tests of the core."""

from collections.abc import Callable
from itertools import count
from typing import Any
from uuid import UUID

from sipcli.config.server_settings import WsServer
from sipcli.config.settings import Settings
from sipcli.sip.message import Request, Response
from sipcli.sip.parser import parse
from sipcli.sip.uri import SipUri

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
