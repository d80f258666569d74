"""Reading challenges as servers really write them, writing credentials as the RFC wants them."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcli.sip.auth import (
    MAX_CHALLENGES,
    AuthenticationInfo,
    Authorization,
    Challenge,
    parse_authentication_info,
    parse_authorization,
    parse_challenges,
)
from sipcli.sip.grammar import Malformed
from tests.growth import assert_grows_linearly

EVERYTHING = (
    'Digest realm="biloxi.com", domain="sip:a.example sip:b.example", qop="auth, AUTH-INT",'
    ' nonce="dcd98b", opaque="5ccc", stale=TRUE, algorithm=sha-256, charset=utf-8, userhash=true'
)


def one(text: str) -> Challenge:
    (challenge,) = parse_challenges([text])
    return challenge


def test_every_parameter_of_a_challenge_is_read() -> None:
    assert one(EVERYTHING) == Challenge(
        scheme="Digest",
        realm="biloxi.com",
        nonce="dcd98b",
        opaque="5ccc",
        algorithm="sha-256",
        qop=("auth", "auth-int"),
        stale=True,
        domain=("sip:a.example", "sip:b.example"),
        is_utf8=True,
        userhash=True,
    )


def test_what_a_challenge_does_not_say_is_not_invented() -> None:
    assert one('Digest realm="r", nonce="n"') == Challenge(scheme="Digest", realm="r", nonce="n")


def test_a_comma_inside_quotes_separates_nothing() -> None:
    challenge = one(r'Digest realm="a, b \"c\" \\", nonce="n", qop="auth,auth-int"')
    assert challenge.realm == 'a, b "c" \\'
    assert challenge.qop == ("auth", "auth-int")


def test_several_challenges_in_one_line_come_back_in_order() -> None:
    line = (
        'Digest realm="a", nonce="1", algorithm=SHA-256, Digest realm="a", nonce="2",'
        ' Digest realm="b", nonce="3"'
    )
    assert [(c.realm, c.nonce) for c in parse_challenges([line])] == [
        ("a", "1"),
        ("a", "2"),
        ("b", "3"),
    ]


def test_several_lines_come_back_in_order() -> None:
    lines = ['Digest realm="a", nonce="1"', 'Digest realm="b", nonce="2"']
    assert [c.realm for c in parse_challenges(lines)] == ["a", "b"]


@pytest.mark.parametrize(
    "other",
    [
        'Basic realm="x"',
        "Negotiate",
        "Negotiate YII/+a==",
        'Bearer realm="x", scope="y"',
        "NTLM a=",
    ],
)
def test_other_schemes_are_kept_apart_and_hide_nothing(other: str) -> None:
    line = f'Digest realm="a", nonce="1", {other}, Digest realm="b", nonce="2"'
    first, middle, last = parse_challenges([line])
    assert (first.fault, last.fault) == (None, None)
    assert middle.scheme == other.split()[0]
    assert middle.fault == "the scheme is not Digest"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Digest", "it has no realm"),
        ('Digest realm="r"', "it has no nonce"),
        ('Digest nonce="n"', "it has no realm"),
        ('Digest realm="r", nonce=', "a parameter has no value"),
        ('Digest realm="r", nonce', "it has no nonce"),
        ('Digest realm="r", nonce="n', "a quoted string is not closed"),
        ('Digest realm="r" nonce="n"', "something follows a parameter's value"),
        ('Digest realm="r", "n"', "a parameter has no name"),
        ('Digest realm="r\0", nonce="n"', "'\\x00' cannot stand in a parameter"),
        ('realm="r", nonce="n"', "the scheme is not Digest"),
    ],
)
def test_a_challenge_that_cannot_be_answered_keeps_its_fault(text: str, fault: str) -> None:
    assert parse_challenges([text])[0].fault == fault


def test_a_malformed_challenge_does_not_hide_the_next_line() -> None:
    broken, sound = parse_challenges(['Digest realm="r, nonce=1', 'Digest realm="r", nonce="n"'])
    assert broken.fault is not None
    assert sound.fault is None


@pytest.mark.parametrize(
    "text",
    [
        'digest REALM="r",NONCE="n",Stale="true",Algorithm="MD5",Qop=auth',
        'DIGEST  realm = "r" ,\r\n\tnonce=n , stale=true, algorithm=MD5, qop="auth" , ',
        ', Digest realm=r, nonce="n", stale=True, algorithm=MD5, qop="auth", realm="second"',
    ],
)
def test_sloppy_servers_are_understood(text: str) -> None:
    challenge = one(text)
    assert challenge.fault is None
    assert (challenge.realm, challenge.nonce, challenge.stale) == ("r", "n", True)
    assert (challenge.algorithm, challenge.qop) == ("MD5", ("auth",))


def test_base64_that_nobody_quoted_is_read_whole() -> None:
    assert one('Digest realm="r", nonce=ab+/cd==').nonce == "ab+/cd=="


def test_anything_but_true_is_not_stale() -> None:
    assert not one('Digest realm="r", nonce="n", stale=yes').stale


def test_no_more_challenges_are_read_than_a_response_can_mean() -> None:
    line = ", ".join(f'Digest realm="{n}", nonce="n"' for n in range(100))
    assert len(parse_challenges([line])) == MAX_CHALLENGES
    lines = [f'Digest realm="{n}", nonce="n"' for n in range(100)]
    assert len(parse_challenges(lines)) == MAX_CHALLENGES


FULL = Authorization(
    username='b"o\\b',
    realm="r",
    nonce="n",
    uri="sip:bob@biloxi.com",
    response="0" * 32,
    algorithm="MD5",
    cnonce="c",
    opaque="",
    qop="auth",
    nc=0x1F,
    userhash=True,
)


def test_credentials_are_quoted_where_the_rfc_says_and_nowhere_else() -> None:
    assert str(FULL) == (
        'Digest username="b\\"o\\\\b", realm="r", nonce="n", uri="sip:bob@biloxi.com", '
        f'response="{"0" * 32}", cnonce="c", opaque="", algorithm=MD5, qop=auth, nc=0000001f, '
        "userhash=true"
    )


def test_what_the_challenge_did_not_have_is_not_written() -> None:
    bare = Authorization(username="b", realm="r", nonce="n", uri="sip:x", response="0")
    assert str(bare) == 'Digest username="b", realm="r", nonce="n", uri="sip:x", response="0"'


def test_a_line_break_is_refused_in_credentials() -> None:
    with pytest.raises(Malformed):
        str(Authorization(username="b\r\nX: y", realm="r", nonce="n", uri="sip:x", response="0"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Basic Zm9vOmJhcg==",
        'Digest username="b"',
        str(FULL) + ", " + str(FULL),
        str(FULL).replace("0000001f", "1f"),
        str(FULL).replace("0000001f", "0000001g"),
        str(FULL)[:-10] + '"',
    ],
)
def test_credentials_that_are_not_of_one_digest_challenge_are_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        parse_authorization(text)


def test_a_digest_is_in_no_repr() -> None:
    secret = "5ec7e7" * 8
    info = parse_authentication_info(f'rspauth="{secret}"')
    credentials = Authorization(username="b", realm="r", nonce="n", uri="x", response=secret)
    assert secret not in repr(info) + repr(credentials)
    assert "b" in repr(credentials)


def test_authentication_info_is_read() -> None:
    text = 'nextnonce="47364c", qop=auth, rspauth="aa", cnonce="c", nc=0000000A'
    assert parse_authentication_info(text) == AuthenticationInfo(
        nextnonce="47364c", qop="auth", rspauth="aa", cnonce="c", nc=10
    )


@pytest.mark.parametrize("text", ["nextnonce", 'nextnonce="a', "nc=1", 'nextnonce="a" qop=auth'])
def test_authentication_info_that_is_none_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        parse_authentication_info(text)


WRITABLE = st.text(st.characters(exclude_characters="\r\n\0"))
NAMES = st.sampled_from(["auth", "auth-int", "MD5", "SHA-256-sess"])


@given(
    st.builds(
        Authorization,
        username=WRITABLE,
        realm=WRITABLE,
        nonce=WRITABLE,
        uri=WRITABLE,
        response=WRITABLE,
        algorithm=st.none() | NAMES,
        cnonce=st.none() | WRITABLE,
        opaque=st.none() | WRITABLE,
        qop=st.none() | NAMES,
        nc=st.none() | st.integers(0, 0xFFFFFFFF),
        userhash=st.booleans(),
    )
)
def test_credentials_survive_being_written_and_read(credentials: Authorization) -> None:
    assert parse_authorization(str(credentials)) == credentials


PIECES = st.sampled_from(
    [
        "Digest ",
        "Basic ",
        'realm="r"',
        "nonce=",
        '"',
        "\\",
        ",",
        "=",
        " ",
        "<",
        ">",
        "a",
        "nc=1",
        "\n",
    ]
)


def parse_all(text: str) -> list[Challenge]:
    for parse in (parse_authorization, parse_authentication_info):
        with suppress(Malformed):
            parse(text)
    return parse_challenges([text])


@given(st.text() | st.lists(PIECES).map("".join))
def test_nothing_a_peer_writes_raises_anything_but_malformed(text: str) -> None:
    for challenge in parse_all(text):
        assert challenge.fault is None or challenge.fault


@pytest.mark.parametrize(
    "unit", ['a="b", ', "a=b,", "Digest ", 'a="\\"', "a ", "a=<", "= ", ", ", '"', "\\", "a=b c,"]
)
def test_no_line_costs_more_than_its_length_deserves(unit: str) -> None:
    def work(size: int) -> Callable[[], object]:
        text = "D " + unit * (size // len(unit)) + "x"
        return lambda: parse_all(text)

    assert_grows_linearly(work)
