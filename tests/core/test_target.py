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
        # What people type, escaped (RFC 3261 §19.1.2)
        ("sip:#4@h", "sip:%234@h"),
        ("*21*0171#@h", "sip:*21*0171%23@h"),
        ("#31#0171", "sip:%2331%230171@example.com:5070"),
        ("tel:*21*0171#", "sip:*21*0171%23@example.com:5070;user=phone"),
        ("sip:jürgen@h", "sip:j%C3%BCrgen@h"),
        ("jürgen@h", "sip:j%C3%BCrgen@h"),
        ("sip:[x]{y}@h", "sip:%5Bx%5D%7By%7D@h"),
        ("sip:a b@h", "sip:a%20b@h"),
        ("a\tb@h:5080;transport=tcp", "sip:a%09b@h:5080;transport=tcp"),
        ('sip:"x"@h', "sip:%22x%22@h"),
        ("me@firm.example@pbx", "sip:me%40firm.example@pbx"),
        ("sip:50%@h", "sip:50%25@h"),
        ("sip:50%25@h", "sip:50%25@h"),
        ("sip:a b:p w@h", "sip:a%20b:p%20w@h"),
        ("SIP:Bob@H", "sip:Bob@h"),
        ("sips:a b@h", "sips:a%20b@h"),
        ("bob@münchen.example:5080", "sip:bob@xn--mnchen-3ya.example:5080"),
        # What people paste
        ('"Bob Jones" <sip:bob@h>', "sip:bob@h"),
        ('"B \\"<>\\" J" <sip:bob@h>;tag=x', "sip:bob@h"),
        ("Bob Jones <sip:bob@h;x=1>", "sip:bob@h;x=1"),
        ("<sip:jürgen@h>", "sip:j%C3%BCrgen@h"),
        ("Bob <tel:+49 89>", "sip:+4989@example.com:5070;user=phone"),
        ("Bob <bob@h>", "sip:bob@h"),
        ("\u202a+49 89 1\u202c", "sip:+49891@example.com:5070"),
        ("\xa0bob\u200b", "sip:bob@example.com:5070"),
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
        "mailto:bob@h",
        "sipp:bob@h",
        "http://user@h",
        "sip://bob@h",
        "tel://+49",
        "xmpp:bob@h",
        "localhost:5060",
        '"Bob" <mailto:bob@h>',
        "<>",
        "bob <sip:a@h> <sip:b@h>",
        "sip:a@b@ü ü",
        "bob@" + "ü" * 70,
    ],
)
def test_it_means_nothing(typed: str) -> None:
    with pytest.raises(Malformed):
        resolve(typed, HOME)


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        ("sipp:bob@h", "did you mean sip:bob@h?"),
        ("mailto:bob@h", "did you mean sip:bob@h?"),
        ("bob:secret@h", "did you mean sip:bob@h, without a password?"),
        ("sip://bob@h", "did you mean sip:bob@h?"),
        ("sips://bob@h", "did you mean sips:bob@h?"),
        ("localhost:5060", "did you mean sip:localhost:5060?"),
        ("http://x", "only sip:, sips: and tel: addresses can"),
    ],
)
def test_what_would_be_right_is_said(typed: str, right: str) -> None:
    with pytest.raises(Malformed) as fault:
        resolve(typed, HOME)
    assert right in fault.value.reason


@pytest.mark.parametrize("typed", ["bob", "100", "tel:+49", "Bob <bob>"])
def test_a_bare_name_needs_a_domain_of_ours(typed: str) -> None:
    with pytest.raises(Malformed, match="needs a domain"):
        resolve(typed, SipUri.parse("sip:x@anonymous.invalid"))


@pytest.mark.parametrize("typed", ["sip:example.org", "bob@h", "sip:bob@h"])
def test_what_has_a_domain_needs_none_of_ours(typed: str) -> None:
    assert resolve(typed, SipUri.parse("sip:x@anonymous.invalid"))


@given(st.text(max_size=30))
def test_whatever_is_typed_is_a_uri_that_can_be_written_or_is_refused(typed: str) -> None:
    try:
        uri = resolve(typed, HOME)
    except Malformed:
        return
    assert str(parse_uri(str(uri))) == str(uri)
