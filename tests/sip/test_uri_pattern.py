"""Patterns of SIP URIs, compared part by part."""

from collections.abc import Callable

import pytest

from sipcli.sip.grammar import Malformed
from sipcli.sip.uri import SipUri
from sipcli.sip.uri_pattern import UriPattern
from tests.growth import LARGE, assert_grows_linearly

HOME = SipUri.parse("sip:alice@example.com:5070")


def matches(pattern: str, uri: str) -> bool:
    return UriPattern.parse(pattern).matches(SipUri.parse(uri), HOME)


@pytest.mark.parametrize(
    ("pattern", "uri"),
    [
        ("sip:*@example.com", "sip:bob@example.com"),
        ("sip:*@example.com", "sips:bob@EXAMPLE.com:5080;transport=tcp"),
        ("*@*.example.com", "sip:bob@a.b.example.com"),
        ("sip:bob@example.com:5060", "sip:bob@example.com:5060"),
        ("sip:+49*9@x", "sip:+49899@x;user=phone"),
        ("sip:j%C3%BC*@x".replace("%C3%BC", "ü"), "sip:j%C3%BCrgen@x"),
        ("sip:*@[2001:db8::1]", "sip:a@[2001:DB8::1]"),
        ("tel:+49*", "sip:+4989@example.com:5070;user=phone"),
        ("*@*", "sip:example.org"),
    ],
)
def test_it_matches(pattern: str, uri: str) -> None:
    assert matches(pattern, uri)


@pytest.mark.parametrize(
    ("pattern", "uri"),
    [
        ("sip:*@example.com", "sip:bob@evil.example"),
        ("sip:*@example.com", "sip:bob@example.com.evil.example"),
        ("sip:*@example.com", "sip:bob@evil.example;x=@example.com"),
        ("sip:*@example.com", "sip:a%40example.com@evil.example"),
        ("sip:*@example.com", "sip:bob@example.com;maddr=192.0.2.1"),
        ("sip:*@example.com", "sip:bob@example.com;method=BYE"),
        ("sip:*@*.example.com", "sip:bob@example.com"),
        ("sips:*@example.com", "sip:bob@example.com"),
        ("sip:bob@example.com", "sip:Bob@example.com"),
        ("sip:bob@example.com:5060", "sip:bob@example.com"),
        ("sip:+49*@x", "sip:+4@x"),
        ("sip:a.c@x", "sip:abc@x"),
        ("tel:+49*", "sip:+4989@example.org:5070"),
        ("tel:+49*", "sip:+1900@example.com:5070"),
        ("sip:*a@x", "sip:example.org"),
    ],
)
def test_it_does_not_match(pattern: str, uri: str) -> None:
    assert not matches(pattern, uri)


@pytest.mark.parametrize(
    "text",
    ["", "ask", "sip:", "sip:*", "@x", "a@", "http:*@x", "tel:bob", "a b@x", "a@x:y", "a@b@c"],
)
def test_it_is_no_pattern(text: str) -> None:
    with pytest.raises(Malformed):
        UriPattern.parse(text)


def test_what_a_peer_sends_cannot_make_it_slow() -> None:
    pattern = "sip:" + "*a" * 50 + "b@x"
    assert not matches(pattern, f"sip:{'a' * LARGE}@x")

    def match(size: int) -> Callable[[], object]:
        uri = f"sip:{'a' * size}@x"
        return lambda: matches(pattern, uri)

    assert_grows_linearly(match)
