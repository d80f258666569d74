"""What is written can be read again, and means the same (property tests)."""

import re

from hypothesis import given
from hypothesis import strategies as st

from sipcli.sip.address import Address
from sipcli.sip.grammar import quote, quoted_string, split_list
from sipcli.sip.headers import Headers, key_of
from sipcli.sip.message import Request, Response
from sipcli.sip.params import Params
from sipcli.sip.parser import encode, parse
from sipcli.sip.uri import COMMON_URI, OtherUri, SipUri, parse_uri
from sipcli.sip.validate import check
from sipcli.sip.via import Via
from tests.sip import strategies as made


@given(made.WRITABLE)
def test_quoting(text: str) -> None:
    quoted = quote(text)
    assert quoted_string(f"x{quoted}y", 1) == (text, len(quoted) + 1)


@given(made.HEADER_PARAMS)
def test_params(params: Params) -> None:
    text = str(params)
    assert Params.parse(text) == params
    assert str(Params.parse(text)) == text


@given(made.HEADER_PARAMS, made.TOKENS, made.TOKENS)
def test_a_parameter_that_was_set_is_there(params: Params, name: str, value: str) -> None:
    changed = params.with_(name, value)
    assert changed.get(name.upper()) == value
    assert changed.without(name) == params.without(name)
    assert name not in params.without(name)


@given(made.SIP_URIS)
def test_sip_uris(uri: SipUri) -> None:
    text = str(uri)
    read = parse_uri(text)
    assert read == uri
    assert str(read) == text
    assert read.matches(uri)
    assert uri.matches(read)


@given(st.text('sip:@;=?%[]aF.1_<" é&', max_size=12).map("sip:".__add__))
def test_uris_of_the_usual_shape_are_well_formed(text: str) -> None:
    if re.fullmatch(COMMON_URI, text):
        assert str(parse_uri(text)) == text


@given(made.OTHER_URIS)
def test_other_uris(uri: OtherUri) -> None:
    assert parse_uri(str(uri)) == uri


@given(made.ADDRESSES)
def test_addresses(address: Address) -> None:
    text = str(address)
    assert Address.parse(text) == address
    assert str(Address.parse(text)) == text


@given(made.VIAS)
def test_vias(via: Via) -> None:
    assert Via.parse(str(via)) == via


@given(st.lists(made.ADDRESSES, min_size=1, max_size=4))
def test_lists_of_addresses(addresses: list[Address]) -> None:
    assert split_list(", ".join(map(str, addresses))) == [str(address) for address in addresses]


@given(made.FIELDS)
def test_headers(fields: list[tuple[str, str]]) -> None:
    headers = Headers(fields)
    assert list(headers) == [(name, value.strip(" \t")) for name, value in fields]
    assert Headers.from_wire("\r\n".join(headers.lines), is_folded=False) == headers
    for name, _ in fields:
        expected = [v.strip(" \t") for n, v in fields if key_of(n) == key_of(name)]
        assert list(headers.all(name.swapcase())) == expected


@given(made.REQUESTS | made.RESPONSES)
def test_messages(message: Request | Response) -> None:
    data = encode(message)
    parsed = parse(data)
    assert parsed.faults == ()
    assert parsed.message is not None
    assert type(parsed.message) is type(message)
    assert parsed.message.body == message.body
    assert parsed.message.headers.without("Content-Length") == message.headers.without(
        "Content-Length"
    )
    assert parsed.message.content_length == len(message.body)
    assert encode(parsed.message) == data


@given(st.binary(max_size=200) | st.binary(max_size=200).map(b"A sip:b SIP/2.0\r\n".__add__))
def test_any_bytes_can_be_parsed_and_checked(data: bytes) -> None:
    message = parse(data).message
    if message is not None:
        check(message)
        encode(message)
