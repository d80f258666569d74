"""No secret of a message is left, what one looks for is, and Content-Length stays true."""

from collections.abc import Callable

import pytest

from sipcli.sip.masking import without_secrets
from sipcli.sip.parser import parse
from tests.growth import assert_grows_linearly

SECRET = b"6629fae49393a05397450978507c4ef1"
KEPT = [
    b'Contact: <sip:a@x.invalid;transport=ws>;+sip.instance="<urn:uuid:1>";reg-id=1',
    b"From: <sip:token@example.com>;tag=secret",
    b"Subject: the token is password",
    b'WWW-Authenticate: Digest realm="x", nonce="n"',
    b'WWW-Authenticate: Bearer authz_server_metadata="https://x.example"',
    b'Authentication-Info: nextnonce="n"',
    b"Identity: eyJhbGciOiJFUzI1NiJ9.eyJkZXN0Ijp7fX0.c2lnbmF0dXJl;info=<https://x.example/c>",
    b"Call-ID: secret-token@example.com",
    b"Call-Info: <https://example.com/a:b/c@d>;purpose=icon",
    b"Via: SIP/2.0/WSS x.invalid;branch=z9hG4bK1;rport",
]


def message(*lines: bytes, body: bytes = b"") -> bytes:
    length = b"Content-Length: %d" % len(body)
    return b"\r\n".join([b"INVITE sip:b@example.com SIP/2.0", *lines, length, b"", body])


@pytest.mark.parametrize(
    "line",
    [
        b'Authorization: Digest username="a", response="%s"',
        b"Proxy-Authorization: Bearer %s",
        b'Authentication-Info: rspauth="%s"',
        b"To: <sip:bob:%s@example.com>",
        b"Call-Info: <https://user:%s@example.com/icon>",
        b"X-Auth-Token: %s",
        b"x-api-key:\r\n %s",
        b"Cookie: session=%s",
        b"X-Tenant-Secret : %s",
        b"X-SBC-Auth: user %s",
        b"P-Media-Authorization: %s",
        b"X-Custom: Bearer %s",
        b"X-Custom: bearer\t%s==, more",
        b"Contact: <sip:a@x;access_token=%s;transport=ws>",
        b"Contact: <sip:a@x;pn-provider=fcm;pn-prid=%s;pn-param=1>",
        b"Refer-To: <sip:b@x?Token=%s&Replaces=1>",
        b'X-Custom: a;api_key="%s"',
        b"X-Custom: Basic %s",
        b"X-Custom: eyJhbGciOiJFUzI1NiJ9.%s.c2lnbmF0dXJl",
        b"Contact: <sip:a@x;claim=eyJhbGciOiJFUzI1NiJ9.%s.c2ln>",
        b"X-Custom: auth-token = %s; b",
    ],
)
def test_secrets_of_the_header_section_are_masked(line: bytes) -> None:
    shown = without_secrets(message(line % SECRET, *KEPT))
    assert SECRET not in shown
    assert b"***" in shown
    for kept in KEPT:
        assert kept in shown
    assert without_secrets(shown) == shown, "what is masked already stays as it is"


def test_a_secret_in_the_request_uri_is_masked() -> None:
    shown = without_secrets(b"MESSAGE sip:bob:%s@x;token=%s SIP/2.0\r\n\r\n" % (SECRET, SECRET))
    assert shown == b"MESSAGE sip:bob:***@x;token=*** SIP/2.0\r\n\r\n"


@pytest.mark.parametrize(
    "line",
    [
        b"a=ice-pwd:%s",
        b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:%s|2^20",
        b"a=key-mgmt:mikey %s",
        b"k=clear:%s",
        b"k=base64:%s",
        b"k=uri:https://x.example/%s",
    ],
)
@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_keys_in_a_session_description_are_masked(line: bytes, end: bytes) -> None:
    body = end.join([b"v=0", line % SECRET, b"a=ice-ufrag:abcd", b"a=fingerprint:sha-256 AA", b""])
    shown = without_secrets(message(body=body))
    assert SECRET not in shown
    assert b"a=ice-ufrag:abcd" in shown
    parsed = parse(shown)
    assert not parsed.faults, "the Content-Length is true"
    assert parsed.message is not None
    assert parsed.message.body.endswith(b"AA" + end)


@pytest.mark.parametrize("name", [b"Content-Length", b"l", b"CONTENT-LENGTH \t"])
def test_a_content_length_is_as_wrong_as_it_was(name: bytes) -> None:
    body = b"a=ice-pwd:123456\r\n"
    wrong = b"INFO sip:x SIP/2.0\r\n%s: %d\r\n\r\n%s"
    assert without_secrets(wrong % (name, 21, body)) == wrong % (name, 18, b"a=ice-pwd:***\r\n")
    assert without_secrets(wrong % (name, 1, body)) == wrong % (name, 0, b"a=ice-pwd:***\r\n")


def test_the_text_of_a_message_stays() -> None:
    body = b"my password=1234, token=5678, Bearer 0123456789abcdef0123\r\nX-Auth-Token: 9\r\n"
    assert without_secrets(message(body=body)) == message(body=body)
    assert without_secrets(b"\r\n\r\n") == b"\r\n\r\n"
    assert without_secrets(b"\xff\0 garbage") == b"\xff\0 garbage"


@pytest.mark.parametrize(
    "piece",
    [
        b"token",
        b"token=",
        b'token="',
        b"-token",
        b"x-",
        b"\nx-auth:",
        b"Bearer ",
        b"Bearer x",
        b"eyJ0123456789",
        b"-eyJ",
        b"eyJ0123456789.-",
        b"eyJ0123456789.aa.",
        b"eyJ0123456789.aa.bb\n",
        b"a://",
        b"a://b:",
        b"sip:a:",
        b"\nk=clear:",
        b"l:1\n",
        b"x",
        b" ",
    ],
)
def test_the_time_grows_with_the_length_only(piece: bytes) -> None:
    def work(size: int) -> Callable[[], object]:
        hostile = piece * (size // len(piece))
        return lambda: without_secrets(hostile)

    assert_grows_linearly(work)
