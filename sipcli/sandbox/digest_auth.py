"""Server side of digest authentication (RFC 3261 §22, RFC 7616, RFC 8760)."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from sipcli.core.requests.protection_space import Challenger
from sipcli.sandbox.names import DOMAIN
from sipcli.sip import digest
from sipcli.sip.auth import Authorization, parse_authorization
from sipcli.sip.digest import Algorithm
from sipcli.sip.grammar import Malformed
from sipcli.sip.message import Request

NONCE_LIFETIME_S: Final = 300.0
"""Seconds that a nonce is valid."""
MAX_TRIED: Final = 4
"""Credentials checked in one request; ours are among the first."""
ALGORITHMS: Final = (Algorithm.SHA_256, Algorithm.MD5)
"""In order of preference (RFC 8760 §2.4); libraries for browsers often support only MD5."""


@dataclass(frozen=True, slots=True)
class AuthResult:
    """The result of checking the credentials of a request."""

    user: str | None = None
    """The authenticated user; None if the credentials are missing or wrong."""
    stale: bool = False
    """True: correct, but for a nonce that is no longer valid (RFC 7616 §3.3)."""


@dataclass(slots=True)
class _Nonce:
    born: float
    highest: int = 0
    """The highest nonce count (nc) seen with it."""


class DigestAuthenticator:
    """Challenges requests and checks credentials; the count of each nonce must increase.

    At most `most_nonces` are remembered. The oldest is dropped first; its user is challenged again.
    """

    def __init__(
        self, passwords: Mapping[str, str], new_id: Callable[[], str], most_nonces: int
    ) -> None:
        self._most_nonces = most_nonces
        self._passwords = passwords
        self._new_id = new_id
        self._nonces: dict[str, _Nonce] = {}

    def challenges(self, kind: Challenger, now: float, *, stale: bool) -> list[tuple[str, str]]:
        """Return the header fields of a challenge, one for each algorithm."""
        if len(self._nonces) >= self._most_nonces:
            del self._nonces[next(iter(self._nonces))]
        nonce = self._new_id()
        self._nonces[nonce] = _Nonce(born=now)
        word = ", stale=true" if stale else ""
        return [
            (
                kind.challenge_field,
                f'Digest realm="{DOMAIN}", nonce="{nonce}", qop="auth",'
                f" algorithm={algorithm.value}{word}",
            )
            for algorithm in ALGORITHMS
        ]

    def check(self, request: Request, kind: Challenger, now: float) -> AuthResult:
        """Check the credentials of `request`."""
        for text in request.headers.all(kind.credentials_field)[:MAX_TRIED]:
            try:
                given = parse_authorization(text)
            except Malformed:
                continue
            if given.realm == DOMAIN:
                return self._evaluate(given, request, now)
        return AuthResult()

    def _evaluate(self, given: Authorization, request: Request, now: float) -> AuthResult:
        if not self._is_right(given, request):
            return AuthResult()
        nonce = self._nonces.get(given.nonce)
        if (
            nonce is None
            or now >= nonce.born + NONCE_LIFETIME_S
            or (given.nc or 0) <= nonce.highest
        ):
            return AuthResult(stale=True)
        nonce.highest = given.nc or 0
        return AuthResult(user=given.username)

    def _is_right(self, given: Authorization, request: Request) -> bool:
        algorithm = digest.find_algorithm(given.algorithm)
        password = self._passwords.get(given.username)
        if algorithm not in ALGORITHMS or password is None:
            return False
        if given.qop != "auth" or given.nc is None or not given.cnonce:
            return False
        expected = digest.response(
            algorithm,
            digest.ha1(algorithm, given.username, DOMAIN, password),
            method=request.method,
            uri=given.uri,
            nonce=given.nonce,
            qop=given.qop,
            nc=given.nc,
            cnonce=given.cnonce,
        )
        is_same = hmac.compare_digest(
            given.response.lower().encode("utf-8", "surrogateescape"), expected.encode()
        )
        return is_same and given.uri == request.target
