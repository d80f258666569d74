"""From, To, Contact and their kin."""

from collections.abc import Callable
from typing import Any

import pytest

from sipcli.sip.address import Address
from sipcli.sip.grammar import Malformed
from sipcli.sip.params import NO_PARAMS, Params
from sipcli.sip.parser import parse
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
        ("Bell, Alexander <sip:a.g.bell@example.com>;tag=43", "Bell, Alexander"),
        ("Bell, A., Prof. <sip:a@b>", "Bell, A., Prof."),
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


INSTANCE = "<urn:uuid:00000000-0000-1000-8000-000a95a0e128>"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (f'sip:x@h;+sip.instance="{INSTANCE}"', f'<sip:x@h>;+sip.instance="{INSTANCE}"'),
        ('sip:x@h ; tag=1;a="<b>, <c>"', '<sip:x@h>;tag=1;a="<b>, <c>"'),
        (f"sip:x@h;+sip.instance={INSTANCE};q=1", f'<sip:x@h>;+sip.instance="{INSTANCE}";q=1'),
        (f"<sip:x@h>;+sip.instance={INSTANCE}", f'<sip:x@h>;+sip.instance="{INSTANCE}"'),
        ('tel:+123;x="<"', '<tel:+123>;x="<"'),
    ],
)
def test_brackets_in_a_parameter_are_none_around_the_uri(text: str, written: str) -> None:
    assert str(Address.parse(text)) == written


LISTS: dict[str, Callable[[Any], Any]] = {
    "Contact": lambda message: message.contacts,
    "Route": lambda message: message.routes,
    "Record-Route": lambda message: message.record_routes,
    "Path": lambda message: message.path,
    "Service-Route": lambda message: message.service_routes,
}
SINGLE: dict[str, Callable[[Any], Any]] = {
    "From": lambda message: (message.from_,),
    "To": lambda message: (message.to,),
    "Refer-To": lambda message: (message.refer_to,),
    "Referred-By": lambda message: (message.referred_by,),
}


def read(name: str, value: str) -> list[str]:
    """The addresses of one header field, as written anew."""
    data = f"INVITE sip:a@b SIP/2.0\r\n{name}: {value}\r\n\r\n".encode()
    message = parse(data).message
    assert message is not None
    return [str(one) for one in (LISTS | SINGLE)[name](message)]


@pytest.mark.parametrize("name", LISTS | SINGLE)
def test_every_address_header_takes_a_parameter_with_brackets(name: str) -> None:
    value = f'sip:x@h;+sip.instance="{INSTANCE}"'
    assert read(name, value) == [f'<sip:x@h>;+sip.instance="{INSTANCE}"']


@pytest.mark.parametrize("name", LISTS)
def test_each_element_of_a_list_may_have_one(name: str) -> None:
    value = f'sip:x@h;i="{INSTANCE}",sip:y@h;i="<a>,<b>" , <sip:z@h>;+i={INSTANCE}'
    assert read(name, value) == [
        f'<sip:x@h>;i="{INSTANCE}"',
        '<sip:y@h>;i="<a>,<b>"',
        f'<sip:z@h>;+i="{INSTANCE}"',
    ]


@pytest.mark.parametrize("name", LISTS | SINGLE)
def test_a_comma_in_a_display_name_ends_no_element(name: str) -> None:
    assert read(name, "Bell, Alexander <sip:a@b>;x=1") == ['"Bell, Alexander" <sip:a@b>;x=1']


def test_names_with_commas_stand_between_other_addresses() -> None:
    assert read("Contact", "<sip:x@h>, Bell, A., Prof. <sip:a@b>, sip:y@h") == [
        "<sip:x@h>",
        '"Bell, A., Prof." <sip:a@b>',
        "<sip:y@h>",
    ]
    assert read("Contact", "<sip:x@h>, Bell, A.") == ["<sip:x@h>"]
    assert read("Contact", "*, <sip:x@h>") == ["<sip:x@h>"]
