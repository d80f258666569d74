"""From, To, Contact and their kin."""

import pytest

from sipcli.sip.address import Address
from sipcli.sip.grammar import Malformed
from sipcli.sip.params import NO_PARAMS, Params
from sipcli.sip.uri import OtherUri, SipUri, parse_uri


def test_a_name_addr_has_a_name_a_uri_and_header_parameters() -> None:
    address = Address.parse('"Bob \\"B\\" Baker" <sip:bob@example.com;transport=ws>;tag=x1')
    assert address.display_name == 'Bob "B" Baker'
    assert address.uri == SipUri(
        user="bob", host="example.com", params=Params.parse(";transport=ws")
    )
    assert address.tag == "x1"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("<sip:a@b>", None),
        ('"" <sip:a@b>', ""),
        ("caller<sip:a@b>", "caller"),
        ("token1~` token2'+_ token3*%!.-  <sip:a@b>", "token1~` token2'+_ token3*%!.-"),
        ("Jörg Müller <sip:a@b>", "Jörg Müller"),
        ("Bob (work) <sip:a@b>", "Bob (work)"),
        ('"a, b; c < d" <sip:a@b>', "a, b; c < d"),
        ('"bel \\\a nul \\\0"<sip:a@b>', "bel \a nul \0"),
    ],
)
def test_display_names(text: str, name: str | None) -> None:
    assert Address.parse(text).display_name == name


def test_without_brackets_all_parameters_are_the_headers() -> None:
    address = Address.parse("sip:+19725552222@gw1.example.net;unknownparam;tag=2")
    assert str(address.uri) == "sip:+19725552222@gw1.example.net"
    assert address.params == Params.parse(";unknownparam;tag=2")


def test_blanks_around_a_bare_uri_do_not_count() -> None:
    address = Address.parse(" sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n")
    assert str(address) == "<sip:vivekg@chair-dnrc.example.com>;tag=1918181833n"


def test_any_scheme_will_do() -> None:
    address = Address.parse("isbn:2983792873")
    assert address == Address(OtherUri("isbn", "2983792873"), None, NO_PARAMS)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        '"Mr. J. User <sip:j.user@example.com>',
        "Bell, Alexander <sip:a.g.bell@example.com>;tag=43",
        '"Watson, Thomas" < sip:t.watson@example.org >',
        "sip:user@example.com?Route=%3Csip:sip.example.com%3E",
        '"Joe" <sip:joe@example.org>;;;;',
        "<sip:a@b> x",
        "<sip:a@b",
        "sip:a@b>",
        '"a" "b" <sip:a@b>',
        "<>",
        '"name only"',
        "name\0 <sip:a@b>",
    ],
)
def test_malformed_addresses_are_refused(text: str) -> None:
    with pytest.raises(Malformed):
        Address.parse(text)


def test_a_display_name_is_always_written_in_quotes() -> None:
    address = Address(parse_uri("sip:a@b"), 'Zoë "Z" \\o/', Params.parse(";tag=1"))
    assert str(address) == '"Zoë \\"Z\\" \\\\o/" <sip:a@b>;tag=1'
    assert Address.parse(str(address)) == address


def test_a_name_cannot_smuggle_a_header_in() -> None:
    address = Address(parse_uri("sip:a@b"), "x\r\nVia: evil\0")
    assert str(address) == '"x  Via: evil " <sip:a@b>'
