"""A SIP client of a few lines, to test the servers without sipcli."""

import hashlib
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from email.parser import HeaderParser

from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.realpeer.kamailio import DOMAIN, Kamailio

_LIMIT = 3.0


class RawClient:
    """One WebSocket on which one user sends requests, one at a time."""

    def __init__(self, socket: ClientConnection, user: str) -> None:
        self.socket = socket
        self.user = user
        self.cseq = 0

    def ask(self, method: str, uri: str, *headers: str) -> tuple[int, Message]:
        """Send one request and return the status and headers of its first answer."""
        self.cseq += 1
        to = f"sip:{self.user}@{DOMAIN}" if method == "REGISTER" else uri
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/WS client.invalid;branch=z9hG4bK{secrets.token_hex(8)}",
            f"From: <sip:{self.user}@{DOMAIN}>;tag=1",
            f"To: <{to}>",
            f"Call-ID: {id(self):x}@client.invalid",
            f"CSeq: {self.cseq} {method}",
            "Max-Forwards: 70",
            *headers,
            "Content-Length: 0",
        ]
        self.socket.send("\r\n".join(lines) + "\r\n\r\n")
        return self.answer()

    def answer(self) -> tuple[int, Message]:
        """Status and headers of the next answer; raises `TimeoutError` after 3 s."""
        text = self.socket.recv(_LIMIT)
        assert isinstance(text, str)
        first, _, rest = text.partition("\r\n")
        return int(first.split()[1]), HeaderParser().parsestr(rest)

    def ask_twice(self, method: str, uri: str, *headers: str) -> tuple[int, Message]:
        """The same, with the answer to a 401 or 407 challenge sent after it."""
        status, answer = self.ask(method, uri, *headers)
        if status not in (401, 407):
            return status, answer
        kind = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
        header = "Authorization" if status == 401 else "Proxy-Authorization"
        return self.ask(
            method, uri, f"{header}: {self._credentials(method, uri, answer[kind])}", *headers
        )

    def register(self, expires: int = 60, *, params: str = "") -> tuple[int, Message]:
        """Register a contact that names the user; 0 seconds take it away."""
        contact = (
            f"Contact: <sip:{self.user}@client.invalid;transport=ws>;expires={expires}{params}"
        )
        supported = "Supported: path, outbound, gruu"
        return self.ask_twice("REGISTER", f"sip:{DOMAIN}", contact, supported)

    def _credentials(self, method: str, uri: str, challenge: str) -> str:
        given = dict(re.findall(r'(\w+)="?([^",]*)', challenge))
        algorithm = given.get("algorithm", "MD5")
        digest = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}[algorithm]

        def hashed(*parts: str) -> str:
            return digest(":".join(parts).encode()).hexdigest()

        secret = hashed(self.user, given["realm"], Kamailio.users.get(self.user, ""))
        response = hashed(secret, given["nonce"], "00000001", "0", "auth", hashed(method, uri))
        return (
            f'Digest username="{self.user}", realm="{given["realm"]}", nonce="{given["nonce"]}", '
            f'uri="{uri}", response="{response}", algorithm={algorithm}, qop=auth, nc=00000001, '
            'cnonce="0"'
        )


@contextmanager
def raw_client(uri: str, user: str) -> Iterator[RawClient]:
    """A client connected to the WebSocket server at `uri`."""
    subprotocols = [Subprotocol("sip")]
    with connect(
        uri, subprotocols=subprotocols, open_timeout=_LIMIT, close_timeout=1, proxy=None
    ) as socket:
        yield RawClient(socket, user)
