"""Protection spaces: which challenge to answer, and the nonces to reuse.

A space is a realm (RFC 3261 §22.1) met in one of the two header fields. It remembers its nonce
and how often it was used, so that the next request carries credentials at once and costs no
extra round trip (RFC 7616 §3.6).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from sipcli.sip import digest
from sipcli.sip.auth import AuthenticationInfo, Authorization, Challenge
from sipcli.sip.digest import Algorithm
from sipcli.sip.message import Request
from sipcli.sip.uri import SipUri

MAX_SPACES: Final = 16
"""Most spaces remembered; a phone behind one proxy needs two or three. The oldest goes first."""
MAX_ECHO: Final = 16384
"""Most characters of realm, nonce and opaque together that we send back.

Signed tokens as a nonce or opaque have some thousands; a quarter of the largest message that
most servers read leaves room for the rest of the request.
"""


class Challenger(Enum):
    """The challenger: the server, or a proxy on the way (RFC 3261 §22.2, §22.3).

    A forking proxy may put challenges of both kinds into one response.
    """

    SERVER = ("WWW-Authenticate", "Authorization", "Authentication-Info")
    PROXY = ("Proxy-Authenticate", "Proxy-Authorization", "Proxy-Authentication-Info")

    @property
    def challenge_field(self) -> str:
        """Header field with the challenges."""
        return self.value[0]

    @property
    def credentials_field(self) -> str:
        """Header field with our credentials."""
        return self.value[1]

    @property
    def info_field(self) -> str:
        """Header field with what follows a success (RFC 7615)."""
        return self.value[2]


@dataclass(frozen=True, slots=True)
class Scope:
    """The requests that get a space's credentials without a challenge.

    What was learnt on REGISTER is used for REGISTER alone, and the rest never is: other requests
    are carried on to other people's phones, who have no business with the registrar's digests.
    A server's credentials go to the same host only. A proxy's go everywhere, since requests
    inside a dialog show no host of the proxy's (§22.3 allows it for the outbound proxy, and
    its 407 looks like any other).
    """

    kind: Challenger
    register: bool
    host: str

    @classmethod
    def of(cls, kind: Challenger, request: Request) -> "Scope":
        """The scope that `request` belongs to."""
        uri = request.uri
        host = uri.host if isinstance(uri, SipUri) else str(uri)
        return cls(kind, request.method == "REGISTER", host if kind is Challenger.SERVER else "")


@dataclass(frozen=True, slots=True)
class AnswerableChallenge:
    """A challenge that we can answer, and how."""

    challenge: Challenge
    algorithm: Algorithm
    qop: str | None

    @classmethod
    def for_(cls, challenge: Challenge) -> "AnswerableChallenge | None":
        """`auth` is preferred, `auth-int` taken where it is alone; None if nothing is supported."""
        algorithm = digest.find_algorithm(challenge.algorithm)
        if algorithm is None:
            return None
        if not challenge.qop:
            # Without qop no cnonce may be sent, and a session cannot do without (§22.4).
            return None if algorithm.is_session else cls(challenge, algorithm, None)
        known = [qop for qop in ("auth", "auth-int") if qop in challenge.qop]
        return cls(challenge, algorithm, known[0]) if known else None


def is_usable(challenge: Challenge) -> bool:
    """True if a challenge is sound, Digest, and no longer than we are willing to send back."""
    echo = len(challenge.realm) + len(challenge.nonce) + len(challenge.opaque or "")
    return challenge.fault is None and echo <= MAX_ECHO


def describe_offer(challenge: Challenge) -> str:
    """Describe what a challenge asks for: `SHA-256 with qop auth-conf`."""
    name = challenge.algorithm or "MD5"
    if digest.find_algorithm(challenge.algorithm) is None:
        return name
    qop = ",".join(challenge.qop)
    return f"{name} with qop {qop}" if qop else f"{name} without qop"


@dataclass(slots=True)
class Space:
    """One authentication session with a protection space (RFC 7616 §3.6)."""

    plan: AnswerableChallenge
    username: str
    """As it goes into the header field: hashed where the challenge allows it."""
    key: str = field(repr=False)
    """H(A1); the nonces that follow do not change it."""
    cnonce: str
    nonce: str
    nc: int = 0
    """Requests that have used the nonce."""

    @classmethod
    def open(cls, plan: AnswerableChallenge, username: str, ha1: str, cnonce: str) -> "Space":
        """Start with a challenge; `ha1` is H(username:realm:password) in its algorithm."""
        challenge, algorithm = plan.challenge, plan.algorithm
        key = digest.session_key(algorithm, ha1, challenge.nonce, cnonce)
        if challenge.userhash:
            username = digest.userhash(algorithm, username, challenge.realm)
        return cls(plan, username, key, cnonce, challenge.nonce)

    def authorization(self, request: Request) -> Authorization:
        """The credentials for `request`, counted as one more use of the nonce."""
        self.nc += 1
        plan, uri = self.plan, request.target
        return Authorization(
            username=self.username,
            realm=plan.challenge.realm,
            nonce=self.nonce,
            uri=uri,
            response=digest.response(
                plan.algorithm,
                self.key,
                method=request.method,
                uri=uri,
                nonce=self.nonce,
                qop=plan.qop,
                nc=self.nc,
                cnonce=self.cnonce,
                body=request.body,
            ),
            algorithm=plan.challenge.algorithm,
            cnonce=self.cnonce if plan.qop else None,
            opaque=plan.challenge.opaque,
            qop=plan.qop,
            nc=self.nc if plan.qop else None,
            userhash=plan.challenge.userhash,
        )

    def renew(self, info: AuthenticationInfo, sent: Authorization, body: bytes) -> None:
        """Continue with `nextnonce`, unless the server's proof, where it gives one, is wrong.

        `sent` are the credentials of the request that was answered, `body` is the answer's.
        """
        if not info.nextnonce or len(info.nextnonce) > MAX_ECHO:
            return
        proof = digest.response(
            self.plan.algorithm,
            self.key,
            method="",
            uri=sent.uri,
            nonce=sent.nonce,
            qop=sent.qop,
            nc=sent.nc or 0,
            cnonce=sent.cnonce or "",
            body=body,
        )
        if info.rspauth is None or info.rspauth.lower() == proof:
            self.nonce, self.nc = info.nextnonce, 0


class Spaces:
    """The protection spaces met so far, each under its scope and realm."""

    def __init__(self) -> None:
        self._spaces: dict[tuple[Scope, str], Space] = {}

    def find(self, scope: Scope, realm: str) -> Space | None:
        """The space of a realm, if it is known."""
        return self._spaces.get((scope, realm))

    def remember(self, scope: Scope, space: Space) -> None:
        """Add a space, or put it in the place of the older one of its realm."""
        key = scope, space.plan.challenge.realm
        self._spaces.pop(key, None)
        self._spaces[key] = space
        if len(self._spaces) > MAX_SPACES:
            del self._spaces[next(iter(self._spaces))]

    def forget(self, scope: Scope, realm: str) -> None:
        """Drop the space of a realm: its credentials were refused."""
        self._spaces.pop((scope, realm), None)

    def clear(self) -> None:
        """Drop all spaces: they were opened with other credentials."""
        self._spaces.clear()

    def within(self, scope: Scope) -> Sequence[Space]:
        """The spaces whose credentials a request of `scope` carries, the oldest first."""
        return [space for (known, _), space in self._spaces.items() if known == scope]
