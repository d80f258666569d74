"""What a user types as whom to call."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcli.core.calls.target import resolve
from sipcli.sip.grammar import Malformed
from sipcli.sip.uri import SipUri, parse_uri

HOME = SipUri.parse("sip:alice@example.com:5070")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("sip:bob@example.org", "sip:bob@example.org"),
        ("sips:bob@example.org;x=1", "sips:bob@example.org;x=1"),
        ("sip:example.org", "sip:example.org"),
        ("bob@example.org", "sip:bob@example.org"),
        ("bob@[2001:db8::1]:5080", "sip:bob@[2001:db8::1]:5080"),
        ("bob", "sip:bob@example.com:5070"),
        ("  bob \n", "sip:bob@example.com:5070"),
        ("100", "sip:100@example.com:5070"),
        ("+49 (89) 123-45.67", "sip:+49891234567@example.com:5070"),
        ("first.last", "sip:first.last@example.com:5070"),
        ("tel:+49-89-1234", "sip:+49891234@example.com:5070;user=phone"),
        ("TEL:123", "sip:123@example.com:5070;user=phone"),
        ("tel:100;phone-context=x.com", "sip:100;phone-context=x.com@example.com:5070;user=phone"),
        ("*97", "sip:*97@example.com:5070"),
        ("jürgen", "sip:j%C3%BCrgen@example.com:5070"),
        ("a b", "sip:a%20b@example.com:5070"),
    ],
)
def test_it_means(typed: str, meant: str) -> None:
    assert str(resolve(typed, HOME)) == str(parse_uri(meant))


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "http://x",
        "mailto:bob@",
        "tel:",
        "tel:bob",
        "sip:",
        "sip:@",
        "bob@",
        "@x",
        "sip:bob@example.org?Subject=x",
        "bob@example.org?Route=x",
        "sip:bob@ex ample",
    ],
)
def test_it_means_nothing(typed: str) -> None:
    with pytest.raises(Malformed):
        resolve(typed, HOME)


@given(st.text(max_size=30))
def test_whatever_is_typed_is_a_uri_that_can_be_written_or_is_refused(typed: str) -> None:
    try:
        uri = resolve(typed, HOME)
    except Malformed:
        return
    assert str(parse_uri(str(uri))) == str(uri)
