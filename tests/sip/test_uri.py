"""SIP URIs and all others."""

from dataclasses import replace

import pytest

from sipcli.sip.grammar import Malformed
from sipcli.sip.params import NO_PARAMS, Params
from sipcli.sip.uri import OtherUri, SipUri, parse_uri


def test_a_sip_uri_has_its_parts() -> None:
    uri = SipUri.parse("SIPS:alice:secret@Atlanta.COM:5061;transport=ws;lr?Subject=x%20y&p=")
    assert uri == SipUri(
        scheme="sips",
        user="alice",
        password="secret",
        host="atlanta.com",
        port=5061,
        params=Params.parse(";transport=ws;lr"),
        headers=(("Subject", "x y"), ("p", "")),
    )


def test_what_was_read_is_written_as_it_came() -> None:
    text = "SIP:%61lice@Atlanta.COM;x=%41?a=%42"
    assert str(parse_uri(text)) == text


def test_a_changed_uri_is_written_anew() -> None:
    uri = SipUri.parse("SIP:%61lice@Atlanta.COM;x=%41")
    assert str(replace(uri, port=5060)) == "sip:alice@atlanta.com:5060;x=A"
    assert str(replace(uri, user=None, params=NO_PARAMS)) == "sip:atlanta.com"


def test_escapes_are_resolved_once() -> None:
    uri = SipUri.parse("sip:sips%3Auser%40example.com@example.net;%6C%72;n%61me=v%61lue%25%34%31")
    assert uri.user == "sips:user@example.com"
    assert uri.params.items == (("lr", None, False), ("name", "value%41", False))


def test_escaped_nul_and_bad_utf8_go_through() -> None:
    uri = SipUri.parse("sip:a%00%ff@b")
    assert uri.user == "a\0\udcff"
    assert str(replace(uri, port=1)) == "sip:a%00%FF@b:1"


def test_separators_in_the_user_are_no_parameters() -> None:
    uri = SipUri.parse("sip:user;par=u%40example.net@example.com")
    assert (uri.user, uri.host, uri.params) == (
        "user;par=u@example.net",
        "example.com",
        NO_PARAMS,
    )


def test_the_wide_range_of_user_characters() -> None:
    user = "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
    password = "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"
    uri = SipUri.parse(f"sip:{user}:{password}@example.com")
    assert (uri.user, uri.password) == (user, password)


@pytest.mark.parametrize("user", ["#31#123", "*97", "jörg", "a[b]", "{x}|^`\\"])
def test_users_met_in_the_wild(user: str) -> None:
    assert SipUri.parse(f"sip:{user}@example.com").user == user


@pytest.mark.parametrize(
    "host",
    [
        "pbx1",
        "h2",
        "100",
        "my_pbx.local",
        "4f0c1d2e3a",
        "a.b.",
        "192.0.2.1",
        "[2001:db8::1]",
        "[2001:db8:::192.0.2.1]",
        "[::ffff:192.0.2.10]",
        "[2001:db8::10:5070]",
    ],
)
def test_hosts_of_all_kinds(host: str) -> None:
    assert SipUri.parse(f"sip:100@{host}").host == host
    assert SipUri.parse(f"sip:{host}:5070;lr").port == 5070


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sip:",
        "sip:@host",
        "sip::pw@host",
        "sip:user@",
        "sip:2001:db8::10",
        "sip:a@[2001:db8::1",
        "sip:a@b:65536",
        "sip:a@b:123456",
        "sip:a@b:",
        "sip:a@b:-1",
        "sip:a@b c",
        "sip:a b@c",
        " sip:a@b",
        "sip:a@b ",
        "sip:user@example.com; lr",
        "<sip:user@example.com>",
        "sip:a@b;",
        "sip:a@b;=x",
        "sip:a@b@c",
        "sip:a%4@b",
        "sip:a%zz@b",
        "sip:a:%f@b",
        "sip:a@b;x=%1",
        "sip:a@b?x=%",
        "sip:a@hôte",
        "sip:a@b\r\n",
        "sip:a\0@b",
        'sip:a"@b',
        "alice",
        "1tel:5",
        "tel:",
        "tel:1 2",
        ":x",
        "ü:x",
    ],
)
def test_malformed_uris_are_refused(text: str) -> None:
    with pytest.raises(Malformed):
        parse_uri(text)


def test_the_place_of_the_fault_is_told() -> None:
    with pytest.raises(Malformed) as caught:
        parse_uri("sip:user@example.com; lr")
    assert caught.value.offset == 20


@pytest.mark.parametrize(
    "text",
    [
        "tel:+1-201-555-0123;phone-context=x",
        "nobodyKnowsThisScheme:totallyopaquecontent",
        "soap.beep://192.0.2.103:3002",
        "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "http://www.example.com/a%20b?c#d",
    ],
)
def test_other_schemes_are_opaque(text: str) -> None:
    uri = parse_uri(text)
    assert isinstance(uri, OtherUri)
    assert str(uri) == text
    with pytest.raises(Malformed, match="not a sip: or sips: URI"):
        SipUri.parse(text)


def test_what_is_built_is_escaped() -> None:
    uri = SipUri(
        user="a b@c:%",
        password="p:@",
        host="h.example",
        params=Params().with_("x y", "z;=").with_("lr", None),
        headers=(("Replaces", "id@h;to-tag=1"), ("b", "&")),
    )
    text = str(uri)
    assert text == (
        "sip:a%20b%40c%3A%25:p%3A%40@h.example;x%20y=z%3B%3D;lr?Replaces=id%40h%3Bto-tag%3D1&b=%26"
    )
    assert SipUri.parse(text) == uri


def test_text_that_is_not_unicode_is_refused() -> None:
    with pytest.raises(Malformed, match="not Unicode"):
        str(SipUri(user="a\ud800", host="b"))


def test_a_password_is_not_shown() -> None:
    assert "secret" not in repr(SipUri.parse("sip:a:secret@b"))


SAME = [
    ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
    ("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"),
    (
        "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
        "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
    ),
    (
        "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
        "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
    ),
    ("sip:a%2bb@c", "sip:a%2Bb@c"),
    ("sip:%C3%A9@c", "sip:%c3%a9@c"),
    ("sip:a:%70w@c", "sip:a:pw@c"),
    ("TEL:+1", "tel:+1"),
    ("sip:a@b;x=1;x=2", "sip:a@b;X=1"),
]
DIFFERENT = [
    ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
    ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
    ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
    ("sip:carol@chicago.com;security", "sip:carol@chicago.com;security=off"),
    ("sip:a@b", "sips:a@b"),
    ("sip:a@b", "sip:b"),
    ("sip:a:pw@b", "sip:a@b"),
    ("sip:a+b@c", "sip:a%2Bb@c"),
    ("sip:a@b", "sip:a@b;maddr=192.0.2.1"),
    ("sip:a@b;user=ip", "sip:a@b;user=phone"),
    ("sip:a@b", "sip:a@b;ttl=1"),
    ("tel:+1", "tel:+2"),
    ("sip:a@b;x=1;x=2", "sip:a@b;x=2"),
    ("tel:+1", "urn:+1"),
    ("tel:1", "sip:1"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_equivalent_uris_match(one: str, other: str) -> None:
    assert parse_uri(one).matches(parse_uri(other))
    assert parse_uri(other).matches(parse_uri(one))


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_uris_that_are_not_equivalent_do_not_match(one: str, other: str) -> None:
    assert not parse_uri(one).matches(parse_uri(other))
    assert not parse_uri(other).matches(parse_uri(one))


def test_a_built_uri_matches_the_same_one_read() -> None:
    built = SipUri(user="a b", host="c")
    assert built.matches(parse_uri("sip:%61%20b@C"))
