"""Reusing nonces: for which requests, how often, and until when."""

import hashlib

import pytest

from sipcli.core.requests.credentials import AuthRefused
from sipcli.core.requests.protection_space import MAX_ECHO, MAX_SPACES
from sipcli.sip import build
from sipcli.sip.message import Request
from tests.core.digest_server import (
    PASSWORD,
    Server,
    authenticator,
    learnt,
    realms,
    request,
    response,
    sent,
)


def test_a_refresh_costs_no_extra_round_trip_and_its_count_rises() -> None:
    auth, server = authenticator(), Server(algorithm="MD5-sess")
    learnt(auth, server, request())
    for expected in (2, 3, 4):
        refresh = auth.authorize(request())
        assert server.accepts(refresh)
        (one,) = sent(refresh)
        assert (one.nonce, one.nc, one.cnonce) == ("nonce1", expected, "cnonce1")


def test_credentials_in_a_request_are_replaced_not_added_to() -> None:
    auth, server = authenticator(), Server()
    answer = learnt(auth, server, request())
    assert [one.nc for one in sent(auth.authorize(answer))] == [2]


def test_nothing_is_sent_where_nobody_asked() -> None:
    assert authenticator().authorize(request()) == request()


@pytest.mark.parametrize(
    ("status", "learnt_on", "used_on", "expected"),
    [
        (401, ("REGISTER", "sip:biloxi.com"), ("REGISTER", "sip:BILOXI.com"), True),
        (401, ("REGISTER", "sip:biloxi.com"), ("REGISTER", "sip:chicago.com"), False),
        (401, ("REGISTER", "sip:biloxi.com"), ("INVITE", "sip:al@biloxi.com"), False),
        (401, ("MESSAGE", "sip:al@biloxi.com"), ("INVITE", "sip:cy@biloxi.com"), True),
        (401, ("MESSAGE", "sip:al@biloxi.com"), ("INVITE", "sip:cy@chicago.com"), False),
        (401, ("MESSAGE", "sip:al@biloxi.com"), ("REGISTER", "sip:biloxi.com"), False),
        (401, ("MESSAGE", "tel:+1555"), ("MESSAGE", "tel:+1555"), True),
        (401, ("MESSAGE", "tel:+1555"), ("MESSAGE", "tel:+1556"), False),
        (407, ("REGISTER", "sip:biloxi.com"), ("REGISTER", "sip:biloxi.com"), True),
        (407, ("REGISTER", "sip:biloxi.com"), ("INVITE", "sip:al@biloxi.com"), False),
        (407, ("INVITE", "sip:al@biloxi.com"), ("BYE", "sip:x@df7.invalid"), True),
        (407, ("INVITE", "sip:al@biloxi.com"), ("REGISTER", "sip:biloxi.com"), False),
        (407, ("INVITE", "sip:al@biloxi.com"), ("ACK", "sip:al@biloxi.com"), False),
        (407, ("INVITE", "sip:al@biloxi.com"), ("CANCEL", "sip:al@biloxi.com"), False),
    ],
)
def test_who_gets_credentials_unasked(
    status: int, learnt_on: tuple[str, str], used_on: tuple[str, str], expected: bool
) -> None:
    auth = authenticator()
    learnt(auth, Server(status), request(*learnt_on))
    assert bool(sent(auth.authorize(request(*used_on)), status)) is expected


def test_the_ack_keeps_the_credentials_that_its_maker_copied() -> None:
    auth = authenticator()
    invite = learnt(auth, Server(407), request("INVITE", "sip:al@biloxi.com"))
    ack = build.request("ACK", invite.uri, [("Proxy-Authorization", "Digest kept")])
    assert auth.authorize(ack) == ack


@pytest.mark.parametrize(
    ("status", "name"), [(401, "Authentication-Info"), (407, "Proxy-Authentication-Info")]
)
def test_nextnonce_is_used_from_the_next_request_on(status: int, name: str) -> None:
    auth = authenticator()
    session = auth.session()
    answer = session.answer(request(), Server(status).refusal())
    assert isinstance(answer, Request)
    session.learn(answer, response(200, (name, 'nextnonce="fresh"')))
    assert [(c.nonce, c.nc) for c in sent(auth.authorize(request()), status)] == [("fresh", 1)]
    assert [(c.nonce, c.nc) for c in sent(auth.authorize(request()), status)] == [("fresh", 2)]


def test_a_session_key_outlives_its_nonce() -> None:
    """`-sess` keeps H(A1) of its challenge until the next challenge (RFC 7616 §3.4.2)."""
    auth = authenticator()
    session = auth.session()
    answer = session.answer(request(), Server(algorithm="MD5-sess").refusal())
    assert isinstance(answer, Request)
    session.learn(answer, response(200, ("Authentication-Info", 'nextnonce="fresh"')))
    (one,) = sent(auth.authorize(request()))

    def h(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    a1 = h(h(f"bob:biloxi.com:{PASSWORD}") + ":nonce1:cnonce1")
    a2 = h("REGISTER:sip:biloxi.com")
    assert one.response == h(f"{a1}:fresh:00000001:cnonce1:auth:{a2}")


def nonce_after(info: str, *servers: Server) -> list[str]:
    auth = authenticator()
    session = auth.session()
    refusal = response(401, *(server.challenge() for server in servers))
    answer = session.answer(request(), refusal)
    assert isinstance(answer, Request)
    session.learn(answer, response(200, ("Authentication-Info", info)))
    return [one.nonce for one in sent(auth.authorize(request()))]


def test_with_two_realms_the_cnonce_tells_whose_nextnonce_it_is() -> None:
    def nonces(info: str) -> list[str]:
        return nonce_after(info, Server(realm="a", prefix="a"), Server(realm="b", prefix="b"))

    assert nonces('nextnonce="new", cnonce="cnonce2"') == ["a1", "new"]
    assert nonces('nextnonce="new"') == ["a1", "b1"]
    assert nonces('nextnonce="new", cnonce="cnonce9"') == ["a1", "b1"]


@pytest.mark.parametrize(
    "info", ['nextnonce=""', "nextnonce", "qop=auth", f'nextnonce="{"n" * (MAX_ECHO + 1)}"']
)
def test_a_nextnonce_that_is_none_changes_nothing(info: str) -> None:
    assert nonce_after(info, Server()) == ["nonce1"]


def test_a_server_that_cannot_prove_itself_sets_no_nonce() -> None:
    def h(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    a1 = h(f"bob:biloxi.com:{PASSWORD}")
    proof = h(f"{a1}:nonce1:00000001:cnonce1:auth:{h(':sip:biloxi.com')}")
    info = 'nextnonce="new", cnonce="cnonce1", nc=00000001, qop=auth, rspauth='
    assert nonce_after(f'{info}"{proof.upper()}"', Server()) == ["new"]
    assert nonce_after(f'{info}"{"0" * 32}"', Server()) == ["nonce1"]


def test_the_number_of_spaces_is_bounded_and_the_oldest_goes_first() -> None:
    auth = authenticator()
    for number in range(MAX_SPACES + 1):
        learnt(auth, Server(realm=f"r{number}"), request())
    expected = [f"r{number}" for number in range(1, MAX_SPACES + 1)]
    assert realms(auth.authorize(request())) == expected
    learnt(auth, Server(realm="r1", prefix="again"), request())
    assert realms(auth.authorize(request())) == [*expected[1:], "r1"]


def test_what_we_would_have_to_echo_is_bounded() -> None:
    session = authenticator().session()
    longest = "r" * (MAX_ECHO - len("nonce1"))
    assert realms(session.answer(request(), Server(realm=longest).refusal())) == [longest]
    assert session.answer(request(), Server(realm=longest + "r").refusal()) == AuthRefused(
        "no usable Digest challenge (Digest: it is too long)"
    )
