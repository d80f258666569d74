"""Authenticate requests: answer challenges and reuse known nonces.

One `Authenticator` lives as long as the phone; each request has an `AuthSession` that answers
the 401s and 407s it meets and knows when to stop (RFC 3261 §22, RFC 7616, RFC 8760).
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from sipcli.core.requests.protection_space import (
    AnswerableChallenge,
    Challenger,
    Scope,
    Space,
    Spaces,
    describe_offer,
    is_usable,
)
from sipcli.sip import digest
from sipcli.sip.auth import (
    Authorization,
    Challenge,
    parse_authentication_info,
    parse_authorization,
    parse_challenges,
)
from sipcli.sip.digest import Algorithm
from sipcli.sip.grammar import Malformed, refuse_unwritable
from sipcli.sip.message import Request, Response

NO_PASSWORD: Final = (
    "no password is set (SIPCLI_PASSWORD sets one, or the settings password, ha1, password_command"
    " or keyring)"
)
MAX_ROUNDS: Final = 6
"""Challenges answered for one request. A proxy and a server with stale nonces take four."""
MAX_STALE: Final = 2
"""Further attempts for a realm whose server says that only the nonce was stale."""

MAX_EXCERPT: Final = 64
"""Most characters of a peer's text quoted in a reason."""

_HA1: Final = re.compile(r"(?:[0-9a-f]{32}|[0-9a-f]{64})", re.ASCII | re.IGNORECASE)
_HA1_ALGORITHMS: Final = {
    32: (Algorithm.MD5,),
    64: (Algorithm.SHA_256, Algorithm.SHA_512_256),
}
"""Digits of an `ha1` -> what it may be the hash of, the likelier first."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name with its password or, in its place, the hash that servers store.

    `ha1` is H(username:realm:password) in hexadecimal and good for the realm and the algorithm
    it was made for: 32 digits are MD5, 64 are SHA-256 unless a server offers SHA-512-256 alone.
    The `-sess` variants work with the same hash. A password, where there is one, goes first.

    Raises `Malformed`, which never quotes a secret, for a user name that no header field can
    carry, for text that is not Unicode, and for an `ha1` that is none.
    """

    username: str
    password: str | None = field(default=None, repr=False)
    ha1: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        refuse_unwritable(self.username, "a user name")
        try:
            f"{self.username}{self.password}".encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            # From None: the error holds the text, which is the password.
            raise Malformed("a user name or password is not Unicode text") from None
        if self.ha1 is not None and _HA1.fullmatch(self.ha1) is None:
            raise Malformed("ha1 is not 32 or 64 hexadecimal digits")

    def in_form_nfc(self) -> "Credentials":
        """The same in the Unicode form that `charset=UTF-8` asks for (RFC 7616 §4)."""
        return replace(
            self,
            username=unicodedata.normalize("NFC", self.username),
            password=self.password and unicodedata.normalize("NFC", self.password),
        )

    def ha1_for(self, algorithm: Algorithm, realm: str) -> str | None:
        """H(username:realm:password) in lower case; None without a secret."""
        if self.password is not None:
            return digest.ha1(algorithm, self.username, realm, self.password)
        return self.ha1 and self.ha1.lower()

    def choose(self, plans: Sequence[AnswerableChallenge]) -> AnswerableChallenge | None:
        """The topmost plan (RFC 8760 §2.4) that the password, or the kind of `ha1`, can serve."""
        if self.password is not None or self.ha1 is None:
            return plans[0]
        for algorithm in _HA1_ALGORITHMS[len(self.ha1)]:
            for plan in plans:
                if plan.algorithm.base is algorithm:
                    return plan
        return None


@dataclass(frozen=True, slots=True)
class AuthRefused:
    """A challenge that is not answered: the 401 or 407 is final."""

    reason: str
    """A reason the user can act on. It may quote the peer, but never a secret."""
    needs_password: bool = False
    """No secret that fits is set: with a password the request could go on."""


_Place: TypeAlias = tuple[Scope, str]
"""A scope and a realm: the name of a protection space."""


class AuthSession:
    """Answers the challenges of one logical request, and knows when to stop.

    One attempt for each realm that challenges, and `MAX_STALE` more where the server says that
    only the nonce was too old; at most `MAX_ROUNDS` in all. An attempt counts as accepted
    when the next response does not challenge its realm again.
    """

    def __init__(self, authenticator: "Authenticator", spaces: Spaces) -> None:
        self._authenticator = authenticator
        self._spaces = spaces
        self._rounds = 0
        self._attempts: dict[_Place, int] = {}
        """Realms answered, response pending -> how often their nonce was called stale since."""

    def answer(self, request: Request, response: Response) -> Request | AuthRefused:
        """Answer the 401 or 407 to `request`: return it with fresh credentials, or why not.

        All realms that we can serve are answered, those of earlier rounds included. Only
        the two header fields change: a new branch and CSeq are the caller's business.
        """
        challenged = _challenged(request, response)
        if not challenged:
            return AuthRefused(_no_challenge(response))
        if self._rounds >= MAX_ROUNDS:
            return AuthRefused("the server asks for credentials again and again")
        self._rounds += 1
        earlier, self._attempts = self._attempts, {}
        refusals: list[AuthRefused] = []
        for place, challenges in challenged.items():
            outcome = self._attempt(place, challenges, request, earlier.get(place))
            if isinstance(outcome, AuthRefused):
                self._spaces.forget(*place)
                refusals.append(outcome)
            else:
                self._attempts[place] = outcome
        return self._authenticator.authorize(request) if self._attempts else refusals[0]

    def learn(self, request: Request, response: Response) -> None:
        """Use what a final response other than 401 and 407 to `request` says about nonces."""
        self._attempts.clear()
        for kind in Challenger:
            services = response.headers.get(kind.info_field)
            if services is None:
                continue
            try:
                info = parse_authentication_info(services)
            except Malformed:
                continue
            # The field names no realm: the cnonce tells, or there is only one it can mean.
            sent = [c for c in _sent(kind, request) if info.cnonce in (None, c.cnonce)]
            space = self._spaces.find(Scope.of(kind, request), sent[0].realm) if sent else None
            if space is not None and len(sent) == 1:
                space.renew(info, sent[0], response.body)

    def _attempt(
        self,
        place: _Place,
        challenges: Sequence[Challenge],
        request: Request,
        earlier: int | None,
    ) -> int | AuthRefused:
        """Open the space of one realm, or return why that cannot succeed."""
        space = self._authenticator.open(challenges)
        if isinstance(space, AuthRefused):
            return space
        scope, realm = place
        challenge, known = space.plan.challenge, self._spaces.find(scope, realm)
        tried = {(c.realm, c.nonce) for c in _sent(scope.kind, request)}
        # Credentials for a remembered nonce may fail by its age, unless it is asked for again.
        refused = earlier is not None or (realm, challenge.nonce) in tried
        if refused and not challenge.stale:
            return AuthRefused(f'wrong user name or password for realm "{realm[:MAX_EXCERPT]}"')
        if earlier == MAX_STALE:
            return AuthRefused(f'every nonce is too old for realm "{realm[:MAX_EXCERPT]}"')
        if known is None or (known.plan, known.nonce) != (space.plan, space.nonce):
            self._spaces.remember(scope, space)
        # Else another request has met the same nonce, and its count must go on.
        return 0 if earlier is None else earlier + 1


class Authenticator:
    """Adds credentials to requests, and remembers the nonces of the spaces it has met.

    `cnonce` returns an unguessable ASCII string on each call.
    """

    def __init__(self, credentials: Credentials | None, cnonce: Callable[[], str]) -> None:
        self._credentials = credentials
        self._cnonce = cnonce
        self._spaces = Spaces()

    @property
    def credentials(self) -> Credentials | None:
        """The credentials in use; setting them clears all known spaces."""
        return self._credentials

    @credentials.setter
    def credentials(self, credentials: Credentials | None) -> None:
        self._credentials = credentials
        self._spaces.clear()

    def authorize(self, request: Request) -> Request:
        """The request with credentials for all spaces known to want them, and for no others.

        ACK and CANCEL come back as they are: they cannot be challenged, and the ACK of a 2xx
        repeats the INVITE's credentials (RFC 3261 §22.1).
        """
        if request.method in ("ACK", "CANCEL"):
            return request
        headers = request.headers
        for kind in Challenger:
            headers = headers.without(kind.credentials_field)
            for space in self._spaces.within(Scope.of(kind, request)):
                value = str(space.authorization(request))
                headers = headers.appended(kind.credentials_field, value)
        return request.replacing(headers=headers)

    def session(self) -> AuthSession:
        """Return a new session to answer the challenges of one logical request."""
        return AuthSession(self, self._spaces)

    def open(self, challenges: Sequence[Challenge]) -> Space | AuthRefused:
        """A space for the usable challenges of one realm: the topmost that we can serve."""
        plans = [plan for plan in map(AnswerableChallenge.for_, challenges) if plan is not None]
        if not plans:
            offers = _listed(map(describe_offer, challenges))
            return AuthRefused(f"no supported algorithm: the server offers {offers}")
        credentials = self._credentials or Credentials("")
        plan = credentials.choose(plans)
        if plan is None:
            offers = _listed(plan.algorithm.value for plan in plans)
            return AuthRefused(
                f"the ha1 set is not for what the server offers: {offers}", needs_password=True
            )
        if plan.challenge.is_utf8:
            credentials = credentials.in_form_nfc()
        ha1 = credentials.ha1_for(plan.algorithm, plan.challenge.realm)
        if ha1 is None:
            return AuthRefused(NO_PASSWORD, needs_password=True)
        return Space.open(plan, credentials.username, ha1, self._cnonce())


def _challenged(request: Request, response: Response) -> dict[_Place, list[Challenge]]:
    """The usable challenges of a response, in its order, by the space they stand for."""
    found: dict[_Place, list[Challenge]] = {}
    for kind in Challenger:
        for challenge in parse_challenges(response.headers.all(kind.challenge_field)):
            if is_usable(challenge):
                place = Scope.of(kind, request), challenge.realm
                found.setdefault(place, []).append(challenge)
    return found


def _no_challenge(response: Response) -> str:
    """Return why a response has no challenge that we can answer."""
    faults = _listed(
        f"{challenge.scheme}: {challenge.fault or 'it is too long'}"
        for kind in Challenger
        for challenge in parse_challenges(response.headers.all(kind.challenge_field))
    )
    return "no usable Digest challenge" + (f" ({faults})" if faults else "")


def _sent(kind: Challenger, request: Request) -> list[Authorization]:
    """The credentials that a request has in the field of this kind."""
    found: list[Authorization] = []
    for services in request.headers.all(kind.credentials_field):
        with suppress(Malformed):
            found.append(parse_authorization(services))
    return found


def _listed(items: Iterable[str]) -> str:
    """The first three distinct texts of a peer, each cut to `MAX_EXCERPT` characters."""
    return ", ".join(list(dict.fromkeys(item[:MAX_EXCERPT] for item in items))[:3])
