"""One attempt for each fresh challenge, and an end to it whatever the server does."""

from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sipcli.core.requests.credentials import (
    MAX_ROUNDS,
    MAX_STALE,
    AuthRefused,
    AuthSession,
)
from sipcli.sip.message import Request, Response
from sipcli.sip.parser import encode, parse
from tests.core.digest_server import Server, authenticator, learnt, realms, request, response, sent


@pytest.mark.parametrize("order", [(401, 407), (407, 401)])
def test_what_answers_the_first_kind_is_kept_when_the_other_asks(order: tuple[int, int]) -> None:
    first, second = (Server(status, realm=f"r{status}") for status in order)
    auth = authenticator()
    session = auth.session()
    once = session.answer(request("INVITE", "sip:al@biloxi.com"), first.refusal())
    assert first.accepts(once)
    assert isinstance(once, Request)
    twice = session.answer(once, second.refusal())
    assert second.accepts(twice)
    assert first.accepts(twice)
    assert [one.nc for status in order for one in sent(twice, status)] == [2, 1]


def test_a_proxy_with_one_nonce_a_request_may_ask_again_after_the_server_did() -> None:
    proxy, server = Server(407), Server(401)
    session = authenticator().session()
    message: Request | AuthRefused = request("MESSAGE", "sip:al@biloxi.com")
    for refusal in (proxy.refusal(), server.refusal(), proxy.refusal()):
        assert isinstance(message, Request)
        message = session.answer(message, refusal)
    assert proxy.accepts(message)
    assert server.accepts(message)


def test_a_wrong_password_ends_after_one_attempt() -> None:
    server = Server(password="another")
    session = authenticator().session()
    attempt = session.answer(request(), server.refusal())
    assert isinstance(attempt, Request)
    assert not server.accepts(attempt)
    refused = session.answer(attempt, server.refusal())
    assert refused == AuthRefused('wrong user name or password for realm "biloxi.com"')


def test_rejected_credentials_are_not_sent_again_unasked() -> None:
    auth, server = authenticator(), Server(password="another")
    session = auth.session()
    attempt = session.answer(request(), server.refusal())
    assert isinstance(attempt, Request)
    session.answer(attempt, server.refusal())
    assert sent(auth.authorize(request())) == []


def test_one_wrong_realm_does_not_stop_the_other() -> None:
    wrong, right = Server(realm="a", password="another"), Server(realm="b")
    session = authenticator().session()
    attempt = session.answer(request(), wrong.refusal())
    assert isinstance(attempt, Request)
    again = session.answer(attempt, response(401, wrong.challenge(), right.challenge()))
    assert realms(again) == ["b"]


def test_a_remembered_nonce_that_is_refused_gets_one_fresh_attempt() -> None:
    auth, server = authenticator(), Server()
    learnt(auth, server, request())
    session = auth.session()
    early = auth.authorize(request())
    assert realms(early) == ["biloxi.com"]
    answer = session.answer(early, server.refusal())
    assert server.accepts(answer)
    assert isinstance(answer, Request)
    assert isinstance(session.answer(answer, server.refusal()), AuthRefused)


def test_a_remembered_nonce_that_is_asked_for_again_is_a_wrong_password() -> None:
    auth = authenticator()
    refusal = Server().refusal()
    auth.session().answer(request(), refusal)
    early = auth.authorize(request())
    assert isinstance(auth.session().answer(early, refusal), AuthRefused)


def test_the_same_nonce_in_another_realm_is_another_matter() -> None:
    session = authenticator().session()
    attempt = session.answer(request(), Server(realm="a").refusal())
    assert isinstance(attempt, Request)
    assert realms(session.answer(attempt, Server(realm="b").refusal())) == ["a", "b"]


def test_two_requests_that_met_the_same_nonce_share_its_count() -> None:
    auth, server = authenticator(), Server()
    refusal = server.refusal()
    assert server.accepts(auth.session().answer(request(), refusal))
    assert server.accepts(auth.session().answer(request(), refusal))


def test_a_server_may_go_back_behind_its_own_nextnonce() -> None:
    auth, server = authenticator(), Server()
    refusal = server.refusal()
    session = auth.session()
    answer = session.answer(request(), refusal)
    assert isinstance(answer, Request)
    session.learn(answer, response(200, ("Authentication-Info", 'nextnonce="fresh"')))
    assert server.accepts(auth.session().answer(auth.authorize(request()), refusal))


def test_a_stale_nonce_is_replaced() -> None:
    auth, server = authenticator(), Server()
    session = auth.session()
    attempt = session.answer(request(), server.refusal())
    assert isinstance(attempt, Request)
    assert server.accepts(session.answer(attempt, server.refusal(stale=True)))


def test_nonces_that_are_stale_for_ever_end_it() -> None:
    server, session = Server(), authenticator().session()
    message = session.answer(request(), server.refusal())
    for _ in range(MAX_STALE):
        assert isinstance(message, Request)
        message = session.answer(message, server.refusal(stale=True))
    assert isinstance(message, Request)
    assert session.answer(message, server.refusal(stale=True)) == AuthRefused(
        'every nonce is too old for realm "biloxi.com"'
    )


def rounds(session: AuthSession, refusals: Callable[[int], Response]) -> int:
    """How many attempts a server gets out of one request."""
    message: Request | AuthRefused = request()
    for number in range(100):
        assert isinstance(message, Request)
        message = session.answer(message, refusals(number))
        if isinstance(message, AuthRefused):
            return number
    pytest.fail("no end")


def test_a_server_with_ever_new_realms_gets_an_end_too() -> None:
    found = rounds(authenticator().session(), lambda n: Server(realm=f"r{n}").refusal())
    assert found == MAX_ROUNDS


def test_two_servers_that_take_turns_get_an_end_too() -> None:
    def turn(n: int) -> Response:
        return Server((401, 407)[n % 2], prefix=f"{n}-").refusal(stale=n % 3 == 0)

    assert rounds(authenticator().session(), turn) == MAX_ROUNDS


def test_a_request_accepted_in_between_may_be_challenged_anew() -> None:
    """A 423 or 422 is no refusal of the credentials: the next try starts with a clean sheet."""
    server, session = Server(), authenticator().session()
    answer = session.answer(request(), server.refusal())
    assert isinstance(answer, Request)
    session.learn(answer, response(423))
    assert server.accepts(session.answer(answer, server.refusal()))


def quoted(raw: bytes) -> bytes:
    return b'"' + raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


NAMES = st.sampled_from([b"WWW-Authenticate", b"Proxy-Authenticate", b"Authentication-Info"])
EXTRA = st.sampled_from([b"qop", b"stale", b"algorithm", b"opaque", b"charset", b"nextnonce"])
WORDS = st.sampled_from([b"auth", b"auth-int", b"true", b"MD5-sess", b"SHA-256", b"utf-8", b"r"])
VALUES = WORDS | st.binary(max_size=9).map(quoted) | st.binary(max_size=9)
CHALLENGES = st.tuples(VALUES, VALUES, EXTRA, VALUES).map(
    lambda parts: b"Digest realm=%b, nonce=%b, %b=%b" % parts
)


@given(st.lists(st.tuples(NAMES, CHALLENGES), min_size=1, max_size=4))
def test_whatever_a_server_writes_there_is_an_answer_that_can_be_sent(
    fields: list[tuple[bytes, bytes]],
) -> None:
    lines = b"".join(b"%b: %b\r\n" % field for field in fields)
    refusal = parse(b"SIP/2.0 401 No\r\n" + lines + b"\r\n").message
    assume(refusal is not None)
    assert isinstance(refusal, Response)
    auth = authenticator()
    learnt(auth, Server(realm="r"), request())
    session, early = auth.session(), auth.authorize(request())
    answer = session.answer(early, refusal)
    assert isinstance(answer, AuthRefused) or encode(answer)
    session.learn(early, refusal)
    assert encode(auth.authorize(request()))
