"""A digest server in a test: it challenges, and checks with arithmetic of its own."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from sipcli.core.requests.credentials import Authenticator, AuthRefused, Credentials
from sipcli.sip import build
from sipcli.sip.auth import Authorization, parse_authorization
from sipcli.sip.message import Request, Response
from sipcli.sip.uri import parse_uri

PASSWORD = "zanzibar-5ecret"
BOB = Credentials("bob", PASSWORD)
HASHES: dict[str, Callable[[bytes], Any]] = {
    "MD5": hashlib.md5,
    "SHA-256": hashlib.sha256,
    "SHA-512-256": lambda data: hashlib.new("sha512_256", data),
}
FIELDS = {
    401: ("WWW-Authenticate", "Authorization"),
    407: ("Proxy-Authenticate", "Proxy-Authorization"),
}


def request(method: str = "REGISTER", uri: str = "sip:biloxi.com", body: bytes = b"") -> Request:
    return build.request(method, parse_uri(uri), [("Call-ID", "1")], body)


def response(status: int, *fields: tuple[str, str]) -> Response:
    return build.response(request(), status, headers=fields)


def sent(message: Request | AuthRefused, status: int = 401) -> list[Authorization]:
    assert isinstance(message, Request), message
    return [parse_authorization(services) for services in message.headers.all(FIELDS[status][1])]


def realms(message: Request | AuthRefused, status: int = 401) -> list[str]:
    return [one.realm for one in sent(message, status)]


def authenticator(credentials: Credentials | None = BOB) -> Authenticator:
    numbers = count(1)
    return Authenticator(credentials, lambda: f"cnonce{next(numbers)}")


@dataclass
class Server:
    """Challenges and checks, with arithmetic of its own and a strict eye on nc (RFC 7616 §3.4)."""

    status: int = 401
    realm: str = "biloxi.com"
    algorithm: str = "MD5"
    qop: str | None = "auth"
    extra: str = ""
    password: str = PASSWORD
    prefix: str = "nonce"
    challenges: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    def challenge(self, *, stale: bool = False) -> tuple[str, str]:
        self.challenges += 1
        nonce = f"{self.prefix}{self.challenges}"
        self.counts = {nonce: 0}  # the ones before are good no more
        text = f'Digest realm="{self.realm}", nonce="{nonce}", algorithm={self.algorithm}'
        if self.qop is not None:
            text += f', qop="{self.qop}"'
        return FIELDS[self.status][0], text + (", stale=true" if stale else "") + self.extra

    def refusal(self, *, stale: bool = False) -> Response:
        return response(self.status, self.challenge(stale=stale))

    def accepts(self, message: Request | AuthRefused) -> bool:
        assert isinstance(message, Request), message
        for one in sent(message, self.status):
            if one.realm == self.realm and one.nonce in self.counts:
                return self._is_right(one, message)
        return False

    def _is_right(self, one: Authorization, message: Request) -> bool:
        def h(text: str, body: bytes = b"") -> str:
            raw = HASHES[self.algorithm.removesuffix("-sess")](text.encode() + body)
            return str(raw.hexdigest())

        a1 = h(f"{one.username}:{one.realm}:{self.password}")
        if self.algorithm.endswith("-sess"):
            a1 = h(f"{a1}:{one.nonce}:{one.cnonce}")
        a2 = f"{message.method}:{message.target}"
        if one.qop == "auth-int":
            a2 += f":{h('', message.body)}"
        if self.qop is None:
            return (one.qop, one.nc, one.cnonce) == (None, None, None) and one.response == h(
                f"{a1}:{one.nonce}:{h(a2)}"
            )
        if one.nc is None or one.nc <= self.counts[one.nonce]:
            return False
        self.counts[one.nonce] = one.nc
        return one.response == h(f"{a1}:{one.nonce}:{one.nc:08x}:{one.cnonce}:{one.qop}:{h(a2)}")


def learnt(auth: Authenticator, server: Server, message: Request) -> Request:
    """`message` challenged once and then accepted."""
    session = auth.session()
    first = auth.authorize(message)
    answer = session.answer(first, server.refusal())
    assert isinstance(answer, Request), answer
    assert server.accepts(answer)
    session.learn(answer, response(200))
    return answer
