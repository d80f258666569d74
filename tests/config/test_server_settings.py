"""Servers: one or many, mixed forms, weights, credentials, old names, and what is never shown."""

import tomllib

import pytest

from sipcli.config.list_types import MAX_ELEMENTS
from sipcli.config.server_settings import (
    HepServer,
    TurnServer,
    WsServer,
    hep_server,
    stun_servers,
    turn_servers,
    ws_servers,
)
from sipcli.config.types import Kind, T, Unacceptable


def of_toml(kind: Kind[T], text: str) -> T:
    return kind.from_toml(tomllib.loads(f"v = {text}")["v"])


@pytest.mark.parametrize(
    ("uri", "secure", "host", "hostname", "port", "has_port"),
    [
        ("ws://Example.org", False, "example.org", "example.org", 80, False),
        ("wss://example.org/x", True, "example.org", "example.org", 443, False),
        ("wss://example.org:8443?a:1", True, "example.org", "example.org", 8443, True),
        ("ws://[::1]:80", False, "[::1]", "::1", 80, True),
        ("ws://[2001:db8::1]", False, "[2001:db8::1]", "2001:db8::1", 80, False),
    ],
)
def test_the_parts_of_a_server(
    uri: str, secure: bool, host: str, hostname: str, port: int, has_port: bool
) -> None:
    server = WsServer(uri)
    assert (server.secure, server.host, server.hostname) == (secure, host, hostname)
    assert (server.port, server.has_port) == (port, has_port)


def test_a_server_is_shown_without_its_query() -> None:
    assert str(WsServer("wss://h/p?key=geheim")) == "wss://h/p?…"
    assert str(WsServer("wss://h/p")) == "wss://h/p"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('"ws://a"', [("ws://a", 0)]),
        ('{ ws_uri = "ws://a" }', [("ws://a", 0)]),
        ('{ ws_uri = "ws://a", weight = -1.5 }', [("ws://a", -1.5)]),
        ('["ws://a", "ws://b"]', [("ws://a", 0), ("ws://b", 0)]),
        ('[{ ws_uri = "ws://a", weight = 3 }, "ws://b"]', [("ws://a", 3), ("ws://b", 0)]),
        ('"ws://a;weight=2"', [("ws://a", 2)]),
        ("[]", []),
    ],
)
def test_web_socket_servers_in_all_forms(text: str, wanted: list[tuple[str, float]]) -> None:
    assert of_toml(ws_servers(), text) == tuple(WsServer(*server) for server in wanted)


def test_a_weight_is_at_the_end_of_a_word() -> None:
    servers = ws_servers().from_words(["ws://a/x;weight=1;y=2;weight=-0.5", "ws://b;weight=10"])
    assert servers == (WsServer("ws://a/x;weight=1;y=2", -0.5), WsServer("ws://b", 10.0))


@pytest.mark.parametrize("weight", ["", "x", "1_0", "nan", "1e400", "٣", " 1"])
def test_a_weight_is_a_number(weight: str) -> None:
    with pytest.raises(Unacceptable):
        ws_servers().from_words([f"ws://a;weight={weight}"])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('{ urls = "turn:a", username = "u", password = "p" }', TurnServer(("turn:a",), "u", "p")),
        ('{ url = "turn:a", username = "u", credential = "p" }', TurnServer(("turn:a",), "u", "p")),
        ('{ server = "turn:a" }', TurnServer(("turn:a",))),
        ('{ urls = ["turn:a", "turns:b"] }', TurnServer(("turn:a", "turns:b"))),
    ],
)
def test_turn_servers_with_the_old_names_too(text: str, wanted: TurnServer) -> None:
    assert of_toml(turn_servers(), text) == (wanted,)
    assert of_toml(turn_servers(), f"[{text}, {text}]") == (wanted, wanted)


def test_all_after_the_second_comma_is_the_password() -> None:
    (server,) = turn_servers().from_words(["turn:h?transport=udp,USER,PASS,W ORD"])
    assert server == TurnServer(("turn:h?transport=udp",), "USER", "PASS,W ORD")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ('[{ urls = "turn:a" }, { urls = ["turn:a", "x:b"] }]', (1, "urls", 1)),
        ('{ urls = "turn:a", username = "u", password = 1 }', ("password",)),
        ('{ urls = "turn:a", username = "", password = "p" }', ("username",)),
        ('[{ urls = "turn:a", foo = 1 }]', (0, "foo")),
        ('[{ username = "u", password = "p" }]', (0,)),
    ],
)
def test_the_part_that_is_wrong_is_known(text: str, at: tuple[str | int, ...]) -> None:
    with pytest.raises(Unacceptable) as caught:
        of_toml(turn_servers(), text)
    assert caught.value.at == at


def test_a_turn_address_may_be_shown_but_what_could_be_a_password_may_not() -> None:
    for word, shown in [
        ("turn:h:0,u,geheim", '"turn:h:0"'),
        ("turn:geheim@h,u,p", '"turn:(hidden)@h"'),
        ("geheim,u,turn:h", None),
    ]:
        with pytest.raises(Unacceptable) as caught:
            turn_servers().from_words([word])
        assert caught.value.shown == shown


def test_lists_are_bounded() -> None:
    words = ["stun:h"] * MAX_ELEMENTS
    assert len(stun_servers().from_words(words)) == MAX_ELEMENTS
    with pytest.raises(Unacceptable, match="more than"):
        stun_servers().from_words([*words, "stun:h"])
    with pytest.raises(Unacceptable, match="more than"):
        stun_servers().from_toml([*words, "stun:h"])


def test_shown_forms_hide_credentials_and_queries() -> None:
    servers = ws_servers().from_words(["wss://h/p?key=geheim;weight=2", "ws://h"])
    assert ws_servers().plain(servers) == [{"ws_uri": "wss://h/p?…", "weight": 2}, "ws://h"]
    turn = turn_servers().from_words(["turn:h,u,geheim", "turn:i"])
    assert turn_servers().plain(turn) == [
        {"urls": ["turn:h"], "username": "u", "password": "(hidden)"},
        {"urls": ["turn:i"]},
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("udp:Homer.example.com", HepServer("udp", "homer.example.com", 9060)),
        ("TCP:192.0.2.1:9061", HepServer("tcp", "192.0.2.1", 9061)),
        ("tls:[2001:DB8::1]", HepServer("tls", "[2001:db8::1]", 9060)),
        ("none", None),
    ],
)
def test_a_hep_server(text: str, wanted: HepServer | None) -> None:
    assert hep_server().from_words([text]) == wanted


def test_a_hep_server_has_an_address_for_people_and_one_for_sockets() -> None:
    server = HepServer("tls", "[2001:db8::1]")
    assert (str(server), server.hostname) == ("tls:[2001:db8::1]:9060", "2001:db8::1")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("homer.example.com:9060", "it does not begin with udp:, tcp: or tls:"),
        ("sctp:homer", "it does not begin with udp:, tcp: or tls:"),
        ("udp://homer", "there is no // after udp:"),
        ("udp:", "it has no host"),
        ("udp:homer:0", "its port is not between 1 and 65535"),
    ],
)
def test_what_is_no_hep_server(text: str, reason: str) -> None:
    with pytest.raises(Unacceptable, match=f"^{reason}$"):
        hep_server().from_words([text])
