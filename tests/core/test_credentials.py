"""Which challenge is answered and how, and what is said where none can be."""

import hashlib

import pytest

from sipcli.core.requests.credentials import NO_PASSWORD, AuthRefused, Credentials
from sipcli.sip.grammar import Malformed
from sipcli.sip.message import Request
from tests.core.digest_server import (
    BOB,
    HASHES,
    PASSWORD,
    Server,
    authenticator,
    learnt,
    realms,
    request,
    response,
    sent,
)


@pytest.mark.parametrize("suffix", ["", "-sess"])
@pytest.mark.parametrize("algorithm", HASHES)
@pytest.mark.parametrize("qop", ["auth", "auth-int", "auth-int,auth", "auth-conf, auth"])
def test_a_challenge_is_answered(algorithm: str, suffix: str, qop: str) -> None:
    server = Server(algorithm=algorithm + suffix, qop=qop)
    answer = learnt(authenticator(), server, request("MESSAGE", "sip:al@biloxi.com", b"\xffhi"))
    assert sent(answer)[0].qop == ("auth-int" if qop == "auth-int" else "auth")


@pytest.mark.parametrize("algorithm", HASHES)
def test_without_qop_none_is_sent_nor_what_belongs_to_it(algorithm: str) -> None:
    answer = learnt(authenticator(), Server(algorithm=algorithm, qop=None), request())
    (services,) = answer.headers.all("Authorization")
    assert not {"qop=", "nc=", "cnonce="} & {
        part.split("=")[0] + "=" for part in services.split(", ")
    }


def test_a_session_algorithm_without_qop_is_not_for_us() -> None:
    """It needs a cnonce, which may be sent with a qop only (RFC 3261 §22.4)."""
    refused = (
        authenticator()
        .session()
        .answer(request(), Server(algorithm="MD5-sess", qop=None).refusal())
    )
    assert refused == AuthRefused("no supported algorithm: the server offers MD5-sess without qop")


def test_the_request_changes_in_its_credentials_only() -> None:
    message = request("MESSAGE", "sip:al@biloxi.com", b"hi")
    answer = authenticator().session().answer(message, Server().refusal())
    assert isinstance(answer, Request)
    assert answer.headers.without("Authorization") == message.headers
    assert answer.replacing(headers=message.headers) == message


def test_the_uri_is_that_of_the_request_line_as_it_stands_there() -> None:
    message = request("OPTIONS", "sip:Al%20B@BILOXI.com:5060;transport=ws")
    assert sent(learnt(authenticator(), Server(), message))[0].uri == message.target


def test_algorithm_and_opaque_are_those_of_the_challenge() -> None:
    services = ("WWW-Authenticate", 'Digest realm="r", nonce="n", opaque="", algorithm=md5')
    (one,) = sent(authenticator().session().answer(request(), response(401, services)))
    assert (one.algorithm, one.opaque) == ("md5", "")
    bare = ("WWW-Authenticate", 'Digest realm="r", nonce="n"')
    (one,) = sent(authenticator().session().answer(request(), response(401, bare)))
    assert (one.algorithm, one.opaque) == (None, None)


def test_quotes_in_realm_and_nonce_come_back_escaped_and_are_hashed_without() -> None:
    services = ("WWW-Authenticate", r'Digest realm="a \"b\" \\", nonce="n\"1"')
    answer = authenticator().session().answer(request(), response(401, services))
    (one,) = sent(answer)
    assert (one.realm, one.nonce) == ('a "b" \\', 'n"1')
    assert isinstance(answer, Request)
    assert r'realm="a \"b\" \\"' in (answer.headers.get("Authorization") or "")
    a1 = hashlib.md5(f'bob:a "b" \\:{PASSWORD}'.encode()).hexdigest()
    a2 = hashlib.md5(b"REGISTER:sip:biloxi.com").hexdigest()
    assert one.response == hashlib.md5(f'{a1}:n"1:{a2}'.encode()).hexdigest()


def test_charset_utf_8_asks_for_composed_characters() -> None:
    decomposed = Credentials("Ja\u0308son", "e\u0301")
    server = Server(extra=", charset=UTF-8", password="\xe9")
    answer = learnt(authenticator(decomposed), server, request())
    assert sent(answer)[0].username == "J\xe4son"
    plain = Server(password="e\u0301")
    assert sent(learnt(authenticator(decomposed), plain, request()))[0].username == "Ja\u0308son"


def test_the_user_name_is_hashed_where_the_server_can_take_it() -> None:
    services = ("WWW-Authenticate", 'Digest realm="r", nonce="n", userhash=true')
    (one,) = sent(authenticator().session().answer(request(), response(401, services)))
    assert one.username == hashlib.md5(b"bob:r").hexdigest()
    assert one.userhash
    a1 = hashlib.md5(f"bob:r:{PASSWORD}".encode()).hexdigest()
    a2 = hashlib.md5(b"REGISTER:sip:biloxi.com").hexdigest()
    assert one.response == hashlib.md5(f"{a1}:n:{a2}".encode()).hexdigest()


def test_the_topmost_supported_challenge_of_a_realm_is_answered() -> None:
    lines = [
        ("WWW-Authenticate", 'Basic realm="r"'),
        ("WWW-Authenticate", 'Digest realm="r", nonce="1", algorithm=SHA-3'),
        ("WWW-Authenticate", 'Digest realm="r", nonce="2", algorithm=SHA-256, qop="auth-conf"'),
        (
            "WWW-Authenticate",
            'Digest realm="r", nonce="3", algorithm=SHA-256, Digest realm="r", nonce="4"',
        ),
    ]
    (one,) = sent(authenticator().session().answer(request(), response(401, *lines)))
    assert (one.algorithm, one.nonce) == ("SHA-256", "3")


def test_the_order_is_the_servers_even_where_the_weaker_stands_first() -> None:
    services = (
        "WWW-Authenticate",
        'Digest realm="r", nonce="1", Digest realm="r", nonce="2", algorithm=SHA-256',
    )
    (one,) = sent(authenticator().session().answer(request(), response(401, services)))
    assert one.nonce == "1"


def test_every_realm_is_answered_and_so_are_both_kinds_in_one_response() -> None:
    one, two, proxy = Server(realm="a"), Server(realm="b"), Server(407, realm="a", prefix="p")
    refusal = response(401, one.challenge(), two.challenge(), proxy.challenge())
    answer = authenticator().session().answer(request(), refusal)
    assert one.accepts(answer)
    assert two.accepts(answer)
    assert proxy.accepts(answer)


def test_a_realm_that_we_cannot_serve_does_not_stop_the_others() -> None:
    odd, good = Server(realm="a", algorithm="AKAv1-MD5"), Server(realm="b")
    answer = (
        authenticator()
        .session()
        .answer(request(), response(401, odd.challenge(), good.challenge()))
    )
    assert realms(answer) == ["b"]


@pytest.mark.parametrize(
    ("digits", "offered", "chosen"),
    [
        (32, ["SHA-256", "MD5"], "MD5"),
        (32, ["MD5-sess"], "MD5-sess"),
        (64, ["MD5", "SHA-256"], "SHA-256"),
        (64, ["SHA-512-256", "SHA-256"], "SHA-256"),
        (64, ["MD5", "SHA-512-256"], "SHA-512-256"),
        (64, ["SHA-256-sess"], "SHA-256-sess"),
    ],
)
def test_an_ha1_serves_the_algorithm_it_was_made_for(
    digits: int, offered: list[str], chosen: str
) -> None:
    text = f"bob:biloxi.com:{PASSWORD}".encode()
    ha1 = HASHES[chosen.removesuffix("-sess")](text).hexdigest().upper()
    assert len(ha1) == digits
    servers = [Server(algorithm=name, prefix=name) for name in offered]
    refusal = response(401, *(server.challenge() for server in servers))
    answer = authenticator(Credentials("bob", ha1=ha1)).session().answer(request(), refusal)
    assert [one.algorithm for one in sent(answer)] == [chosen]
    assert servers[offered.index(chosen)].accepts(answer)


def test_an_ha1_of_another_kind_is_refused_with_the_offer() -> None:
    auth = authenticator(Credentials("bob", ha1="0" * 32))
    assert auth.session().answer(request(), Server(algorithm="SHA-256").refusal()) == AuthRefused(
        "the ha1 set is not for what the server offers: SHA-256", needs_password=True
    )


@pytest.mark.parametrize("credentials", [None, Credentials("bob")])
def test_without_a_password_the_refusal_says_that_one_would_help(
    credentials: Credentials | None,
) -> None:
    auth, server = authenticator(credentials), Server()
    session, refusal = auth.session(), server.refusal()
    assert session.answer(request(), refusal) == AuthRefused(NO_PASSWORD, needs_password=True)
    for way in ("SIPCLI_PASSWORD", "password", "ha1", "password_command", "keyring"):
        assert way in NO_PASSWORD
    auth.credentials = BOB
    assert auth.credentials is BOB
    assert server.accepts(session.answer(request(), refusal))


def test_an_empty_password_is_a_password() -> None:
    learnt(authenticator(Credentials("anonymous", "")), Server(password=""), request())


def test_new_credentials_start_afresh() -> None:
    auth, server = authenticator(Credentials("bob", "wrong")), Server()
    session = auth.session()
    attempt = session.answer(request(), server.refusal())
    assert isinstance(attempt, Request)
    assert isinstance(session.answer(attempt, server.refusal()), AuthRefused)
    auth.credentials = BOB
    assert auth.authorize(request()) == request()
    learnt(auth, server, request())


def test_credentials_that_change_forget_the_nonces_of_the_old_ones() -> None:
    auth = authenticator()
    learnt(auth, Server(), request())
    auth.credentials = Credentials("al", "other")
    assert auth.authorize(request()) == request()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ([], "no usable Digest challenge"),
        (
            ['Basic realm="r"', 'Digest realm="r"'],
            "no usable Digest challenge (Basic: the scheme is not Digest, Digest: it has no nonce)",
        ),
        (
            ['Digest realm="r", nonce="n", algorithm=AKAv1-MD5'],
            "no supported algorithm: the server offers AKAv1-MD5",
        ),
        (
            [
                'Digest realm="r", nonce="n", algorithm=X',
                'Digest realm="r", nonce="n", qop="auth-conf"',
            ],
            "no supported algorithm: the server offers X, MD5 with qop auth-conf",
        ),
    ],
)
def test_a_refusal_says_what_the_server_offers(fields: list[str], reason: str) -> None:
    refusal = response(401, *(("WWW-Authenticate", text) for text in fields))
    assert authenticator().session().answer(request(), refusal) == AuthRefused(reason)


def test_a_reason_stays_short_whatever_the_server_writes() -> None:
    long = "x" * 1500
    lines = [
        ("WWW-Authenticate", f'Digest realm="r", nonce="n", algorithm={n}{long}') for n in range(30)
    ]
    refused = authenticator().session().answer(request(), response(401, *lines))
    assert isinstance(refused, AuthRefused)
    assert len(refused.reason) < 250


@pytest.mark.parametrize("credentials", [BOB, Credentials("bob", ha1="5ec7e7" + "0" * 58)])
def test_no_secret_is_in_any_repr(credentials: Credentials) -> None:
    auth = authenticator(credentials)
    session = auth.session()
    answer = session.answer(request(), Server(algorithm="SHA-256").refusal())
    assert isinstance(answer, Request)
    (one,) = sent(answer)
    seen: list[object] = [credentials, auth, session, answer, one, AuthRefused("x")]
    seen += auth.session(), vars(auth), vars(session), vars(vars(auth)["_spaces"])
    text = "".join(f"{thing!r}{thing}" for thing in seen if thing is not one) + repr(one)
    assert "cnonce1" in text  # the spaces were in it
    secrets = [one.response, *(s for s in (credentials.password, credentials.ha1) if s)]
    if credentials.password:
        a1 = f"bob:biloxi.com:{credentials.password}".encode()
        secrets.append(hashlib.sha256(a1).hexdigest())
    for secret in secrets:
        assert secret not in text


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"username": "b\r\nX: y"}, "'\\r' cannot stand in a user name"),
        (
            {"username": "bob", "password": "5ecret\ud83d"},
            "a user name or password is not Unicode text",
        ),
        ({"username": "bob\ud83d"}, "a user name or password is not Unicode text"),
        ({"username": "bob", "ha1": "5ecret"}, "ha1 is not 32 or 64 hexadecimal digits"),
        ({"username": "bob", "ha1": "0" * 33}, "ha1 is not 32 or 64 hexadecimal digits"),
        ({"username": "bob", "ha1": "0" * 32 + "\n"}, "ha1 is not 32 or 64 hexadecimal digits"),
    ],
)
def test_impossible_credentials_are_refused_and_not_quoted(
    wrong: dict[str, str], reason: str
) -> None:
    with pytest.raises(Malformed) as caught:
        Credentials(**wrong)
    assert caught.value.reason == reason
    # An encoding error holds the text it was given: it must not hang on to ours.
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
