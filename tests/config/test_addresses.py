"""Addresses: what is accepted, how it is normalised, and the reason of a refusal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcli.config.addresses import account_uri, registrar_uri, stun_uri, turn_uri, ws_uri
from sipcli.config.types import Unacceptable

READERS = [account_uri, registrar_uri, stun_uri, turn_uri, ws_uri]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("sip:alice@example.org", "sip:alice@example.org"),
        ("SIP:Alice@Example.ORG", "sip:Alice@example.org"),
        ("alice@example.org", "sip:alice@example.org"),
        ("alice@example.org:5070;transport=tcp", "sip:alice@example.org:5070;transport=tcp"),
        ("1000@pbx1", "sip:1000@pbx1"),
        ("a@b.c1", "sip:a@b.c1"),
        ("a@10.0.0.1", "sip:a@10.0.0.1"),
        ("a@[2001:db8::1]", "sip:a@[2001:db8::1]"),
        ("Alice%20B@example.org", "sip:Alice%20B@example.org"),
        ("jürgen@example.org", "sip:j%C3%BCrgen@example.org"),
        ("localhost@localhost", "sip:localhost@localhost"),
    ],
)
def test_account(text: str, wanted: str) -> None:
    assert str(account_uri(text)) == wanted


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("sips:alice@example.org", "use a wss: server"),
        ("tel:+4930123", "tel: is not a SIP scheme"),
        ("https://example.org", "https: is not a SIP scheme"),
        ("alice", "no user before the host"),
        ("sip:example.org", "no user before the host"),
        ("alice:geheim@example.org", "set the key password instead"),
        ("sip:alice@example.org?Subject=x", "header fields"),
        ("sip:alice@example.org:0", "its port is 0"),
        ("sip:alice@example.org:65536", "port"),
        ('"Alice" <sip:alice@example.org>', "a name goes into display_name"),
        ("sip:alice@exa mple.org", "cannot|host"),
    ],
)
def test_not_an_account(text: str, reason: str) -> None:
    with pytest.raises(Unacceptable, match=reason) as caught:
        account_uri(text)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("sip:registrar.example.org", "sip:registrar.example.org"),
        ("r.example.org:5070", "sip:r.example.org:5070"),
        ("localhost:5070;transport=tcp", "sip:localhost:5070;transport=tcp"),
        ("localhost", "sip:localhost"),
        ("[::1]:5060", "sip:[::1]:5060"),
    ],
)
def test_registrar(text: str, wanted: str) -> None:
    assert str(registrar_uri(text)) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("wss://Sip.Example.ORG", "wss://sip.example.org"),
        ("WS://h:8080/Sip?KEY=1234", "ws://h:8080/Sip?KEY=1234"),
        ("ws://h?k=/a@b", "ws://h?k=/a@b"),
        ("wss://[2001:DB8:0:0::1]:443/", "wss://[2001:db8::1]:443/"),
        ("ws://127.0.0.1:08080", "ws://127.0.0.1:8080"),
        ("wss://bücher.example/straße?q=ä", "wss://xn--bcher-kva.example/stra%C3%9Fe?q=%C3%A4"),
        ('ws://h/a%20b"', "ws://h/a%20b%22"),
        ("ws://sip_1.example.org.", "ws://sip_1.example.org."),
    ],
)
def test_web_socket(text: str, wanted: str) -> None:
    assert ws_uri(text) == wanted


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("example.org", "it has no scheme"),
        ("http://h", "not ws or wss; for WebSocket write ws$"),
        ("HTTPS://h", "not ws or wss; for WebSocket write wss$"),
        ("sip://h", "not ws or wss$"),
        ("ws://alice:geheim@h", "must not contain user or password"),
        ("ws://h#f", "fragment"),
        ("ws://h/a b", "a space"),
        ("ws://h/a\u00a0b", "a space"),
        ("ws:///path", "it has no host"),
        ("ws://?x", "it has no host"),
        ("ws://h:", "between 1 and 65535"),
        ("ws://h:0", "between 1 and 65535"),
        ("ws://h:65536", "between 1 and 65535"),
        ("ws://h:" + "9" * 4000, "between 1 and 65535"),
        ("ws://h:٨٠", "optional port"),
        ("ws://h:80:90", "optional port"),
        ("ws://::1", "optional port"),
        ("ws://[::1", "optional port"),
        ("ws://[1.2.3.4]", "not a valid IP address"),
        ("ws://[fe80::1%eth0]", "zone"),
        ("ws://192.168.1.300", "not a valid IP address"),
        ("ws://192.168.1", "not a valid IP address"),
        ("ws://a..b", "not a valid name"),
        ("ws://a$b", "not a valid name"),
        ("ws://" + "a" * 64, "not a valid name"),
        ("ws://" + "a." * 127, "not a valid name"),
        ("ws://" + "ä" * 64, "no ASCII form"),
        ("ws://\u2024", "no ASCII form|not a valid name"),
        ("ws://h\n", "control character U\\+000A"),
    ],
)
def test_not_a_web_socket(text: str, reason: str) -> None:
    with pytest.raises(Unacceptable, match=reason) as caught:
        ws_uri(text)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("stun:h", "stun:h"),
        ("STUNS:H:5349", "stuns:h:5349"),
        ("stun:[::1]:3478", "stun:[::1]:3478"),
    ],
)
def test_stun(text: str, wanted: str) -> None:
    assert stun_uri(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("turn:h", "turn:h"),
        ("TURN:H:3478?transport=UDP", "turn:h:3478?transport=udp"),
        ("turns:[::1]?Transport=tcp", "turns:[::1]?transport=tcp"),
    ],
)
def test_turn(text: str, wanted: str) -> None:
    assert turn_uri(text) == wanted


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("stun:h", "does not begin with turn: or turns:"),
        ("turn", "does not begin with"),
        ("turn://h", "no // after turn:"),
        ("turn:h?transport=sctp", "only transport=udp"),
        ("turn:h?", "only transport=udp"),
        ("turn:h/x", "not a valid name"),
    ],
)
def test_not_a_turn(text: str, reason: str) -> None:
    with pytest.raises(Unacceptable, match=reason):
        turn_uri(text)


PIECES = st.sampled_from(
    ["sip:", "ws://", "wss://", "stun:", "turn:", "@", ":", "[", "]", "::", ".", "/", "?", "#", "%"]
)


@given(st.lists(st.one_of(PIECES, st.text(max_size=4)), max_size=8).map("".join))
def test_whatever_is_accepted_is_ascii_and_is_accepted_again(text: str) -> None:
    for reader in READERS:
        try:
            found = str(reader(text))
        except Unacceptable as fault:
            assert fault.reason  # noqa: PT017 - one of the two outcomes
        else:
            assert found.isascii()
            assert found.isprintable()
            assert str(reader(found)) == found
