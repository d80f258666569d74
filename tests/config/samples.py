"""For each key: one right value in all its spellings, and wrong ones."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sipcli.config.policies import PeerPolicy, Permission
from sipcli.config.server_settings import HepServer, TurnServer, WsServer
from sipcli.config.settings import IceTransportPolicy
from sipcli.config.tables import LogLevel
from sipcli.sip.uri import SipUri
from sipcli.sip.uri_pattern import UriPattern

ID: Final = "8f1fa16a-1165-4a96-8341-785b1ef24f12"
HA1: Final = "939e7578ed9e3c518a452acee763bce9"


@dataclass(frozen=True, slots=True)
class Sample:
    """A right value that is not the default, and what is refused."""

    value: object
    toml: str
    words: tuple[str, ...]
    """As arguments of the option; () for a flag."""
    variable: str
    wrong_toml: tuple[str, ...]
    wrong_words: tuple[str, ...]


def whole(wrong_toml: tuple[str, ...] = (), wrong_words: tuple[str, ...] = ()) -> Sample:
    return Sample(
        77,
        "77",
        ("77",),
        "77",
        ("0", "-1", "4.5", "4.0", '"4"', "true", "[4]", "nan", "4294967296", *wrong_toml),
        ("0", "-1", "4.5", "", " 7", "0x10", "٧", "1e3", "99999999999", *wrong_words),
    )


def fraction() -> Sample:
    return Sample(
        2.5,
        "2.5",
        ("2.5",),
        "2.5",
        ("0", "-1", "0.0", '"4"', "true", "nan", "inf", "1e300"),
        ("0", "-1", "nan", "inf", "1_0", "2,5", "", "5s"),
    )


def flag(value: bool) -> Sample:
    word = "true" if value else "false"
    return Sample(value, word, (), word, ("0", "1", '"true"', "[]"), ())


def text(value: str = "some text") -> Sample:
    return Sample(
        value,
        f'"{value}"',
        (value,),
        value,
        ('""', "1", "true", '["a"]', r'"a\u0000b"', r'"a\u001bb"'),
        ("a\nb", "a\x7fb", "\udcff", "x" * 5000),
    )


def path() -> Sample:
    return Sample(
        "/some/file", '"/some/file"', ("/some/file",), "/some/file", ('""', "1"), ("a\0b",)
    )


def policy() -> Sample:
    return Sample(
        PeerPolicy(
            Permission.REFUSE,
            (UriPattern.parse("sip:*@example.org"), UriPattern.parse("tel:+49*")),
        ),
        '["sip:*@example.org", "tel:+49*", "refuse"]',
        ("sip:*@example.org", "tel:+49*", "refuse"),
        "sip:*@example.org tel:+49* Refuse",
        ("1", '""', "[]", '"accpet"', '["ask", "refuse"]', '["sip:*@x", "accept"]', "[1]"),
        ("", "accpet", "sip:*", "*@x y", "mailto:a@b", "ask refuse", "none"),
    )


SAMPLES: Final[dict[str, Sample]] = {
    "uri": Sample(
        SipUri.parse("sip:alice@example.org:5070"),
        '"SIP:alice@Example.ORG:5070"',
        ("alice@example.org:5070",),
        "sip:alice@example.org:5070",
        ("1", '""', '"alice"', '"sip:example.org"', '["sip:a@b"]', '"sips:alice@example.org"'),
        (
            "sip:",
            "sip:@example.org",
            "tel:+123",
            "http://example.org",
            "sip:a@b?subject=x",
            "a@b:0",
            "a@b:99999",
            "<sip:a@b>",
            "a b@c",
            "a@[::g]",
        ),
    ),
    "display_name": Sample(
        'A "ß" \\ 名',
        r'"A \"ß\" \\ 名"',
        ('A "ß" \\ 名',),
        'A "ß" \\ 名',
        ("1", "false", r'"a\nb"'),
        ("a\rb", "\x00"),
    ),
    "authorization_user": text("alice123"),
    "registrar_server": Sample(
        SipUri.parse("sip:registrar.example.org:5062"),
        '"sip:registrar.example.org:5062"',
        ("registrar.example.org:5062",),
        "registrar.example.org:5062",
        ('"sip:a@registrar.example.org"', '""', "5"),
        ("sips:registrar.example.org", "a@b", "sip:"),
    ),
    "register": flag(False),
    "register_expires": whole(),
    "instance_id": Sample(
        UUID(ID),
        f'"uuid:{ID}"',
        (f"URN:UUID:{ID.upper()}",),
        ID,
        ('"x"', "1", f'"{{{ID}}}"'),
        (ID.replace("-", ""), ID + "0", "urn:" + ID[:-1]),
    ),
    "password": text("pa ss"),
    "ha1": Sample(HA1, f'"{HA1.upper()}"', (HA1,), HA1, ('""', '"zz"', "1"), (HA1[:-1], HA1 + "0")),
    "password_command": text("pass show x"),
    "keyring": flag(True),
    "ws_servers": Sample(
        (WsServer("wss://a.example.org/ws", 10.0), WsServer("ws://b.example.org:8080")),
        '[{ ws_uri = "WSS://A.example.org/ws", weight = 10 }, "ws://b.example.org:8080"]',
        ("wss://a.example.org/ws;weight=10", "ws://b.example.org:8080"),
        "wss://a.example.org/ws;weight=10  ws://b.example.org:8080",
        (
            "1",
            '""',
            '"example.org"',
            '["ws://a", 1]',
            "{ weight = 1 }",
            '{ ws_uri = "ws://a", weight = "1" }',
            '{ ws_uri = "ws://a", weight = true }',
            '{ ws_uri = "ws://a", weight = inf }',
            '{ ws_uri = "ws://a", prio = 1 }',
            '[["ws://a"]]',
        ),
        (
            "",
            "example.org",
            "http://a",
            "ws:a",
            "ws://",
            "ws://:80",
            "ws://a:0",
            "ws://a:99999",
            "ws://a:",
            "ws://a#b",
            "ws://u:p@a",
            "ws://a b",
            "ws://[::g]",
            "ws://1.2.3",
            "ws://a..b",
            "ws://a;weight=x",
            "ws://" + "a" * 64,
            "ws://a ws://b",
        ),
    ),
    "connect_timeout": fraction(),
    "connection_recovery_min_interval": Sample(
        7, "7", ("7",), "7", ("0", "-1", "4.5", '"4"', "true"), ("0", "-1", "4.5", "")
    ),
    "connection_recovery_max_interval": whole(),
    "tls_ca_file": path(),
    "tls_client_certificate": path(),
    "tls_client_key": path(),
    "tls_verify": flag(False),
    "origin": Sample(
        "https://phone.example.org",
        '"https://phone.example.org"',
        ("https://phone.example.org",),
        "https://phone.example.org",
        ('""', '"phone"', "1"),
        ("phone.example.org", "https://a/path", "https://"),
    ),
    "ws_headers": Sample(
        (("X-Tenant", "blue"), ("X-Trace", "a: b")),
        '{ X-Tenant = "blue", X-Trace = "a: b" }',
        ("X-Tenant: blue", "X-Trace:a: b"),
        "X-Tenant: blue\nX-Trace: a: b",
        (
            '"X: y"',
            "[]",
            "{ X = 1 }",
            '{ X = "" }',
            '{ "X Y" = "z" }',
            '{ Host = "z" }',
            '{ Sec-WebSocket-Protocol = "z" }',
            '{ Origin = "z" }',
            r'{ X = "a\r\nb" }',
        ),
        ("", "X", "X:", ": y", "X: a\r\nY: b", "host: a", "origin: b"),
    ),
    "user_agent": text("Desk phone"),
    "contact_transport": Sample(
        "wss", '"wss"', ("wss",), "wss", ('""', '"a b"', "1"), ("a;b", "ws>")
    ),
    "use_preloaded_route": flag(True),
    "hack_ip_in_contact": flag(True),
    "hack_via_tcp": flag(True),
    "no_answer_timeout": whole(),
    "max_calls": whole(wrong_toml=("100001",), wrong_words=("100001",)),
    "max_lingering_calls": whole(wrong_toml=("1000001",), wrong_words=("1000001",)),
    "max_transactions": whole(wrong_toml=("1000001",), wrong_words=("1000001",)),
    "transfers": policy(),
    "redirects": policy(),
    "codecs": Sample(
        ("pcmu", "opus"),
        '["PCMU", "opus"]',
        ("pcmu,opus",),
        "pcmu opus",
        ("[]", '""', '["g729"]', '["opus", "opus"]', "[1]"),
        ("g729", "opus opus", ",", "none"),
    ),
    "stun_servers": Sample(
        ("stun:stun.example.org:3478", "stuns:[2001:db8::1]"),
        '["STUN:stun.Example.org:3478", "stuns:[2001:db8::1]"]',
        ("stun:stun.example.org:3478", "stuns:[2001:DB8:0::1]"),
        "stun:stun.example.org:3478 stuns:[2001:db8::1]",
        ('""', '"stun.example.org"', "1", '{ urls = "stun:a" }', '"none"', '["none"]'),
        (
            "",
            "stun:",
            "stun://a",
            "turn:a",
            "stun:a:0",
            "stun:a:70000",
            "stun:a?transport=udp",
            "stun:u@a",
        ),
    ),
    "turn_servers": Sample(
        (
            TurnServer(("turns:a.example.org?transport=tcp",), "u", "p,w"),
            TurnServer(("turn:b.example.org:3479",)),
        ),
        '[{ urls = ["turns:A.example.org?transport=TCP"], username = "u", password = "p,w" }, '
        '{ url = "turn:b.example.org:3479" }]',
        ("turns:a.example.org?transport=tcp,u,p,w", "turn:b.example.org:3479"),
        "turns:a.example.org?transport=tcp,u,p,w turn:b.example.org:3479",
        (
            '"turn:a"',
            "1",
            "{}",
            "{ urls = [] }",
            '{ urls = "a" }',
            '{ urls = "turn:a", url = "turn:b" }',
            '{ urls = "turn:a", username = "u" }',
            '{ urls = "turn:a", password = "geheim" }',
            '{ urls = "turn:a", username = "u", password = "geheim", credential = "geheim" }',
            '{ urls = "turn:a", username = 1, password = "geheim" }',
            '{ urls = "turn:a", username = "u", passwrd = "geheim" }',
            '{ urls = ["turn:a", "stun:b"], username = "u", password = "geheim" }',
        ),
        (
            "",
            "a,u,geheim",
            "turn:a,u",
            "turn:a,u,",
            "turn:a,,geheim",
            "turn://a,u,geheim",
            "turn:a?transport=sctp,u,geheim",
            "turn:a:0,u,geheim",
            "geheim,turn:a,u",
        ),
    ),
    "ice_transport_policy": Sample(
        IceTransportPolicy.RELAY, '"relay"', ("RELAY",), "relay", ('""', "1"), ("none", "")
    ),
    "ice_gathering_timeout": fraction(),
    "audio.input": Sample(
        "tone:440.5",
        '"tone:440.5"',
        ("tone:440.5",),
        "tone:440.5",
        ('""', "1", '"null"'),
        ("tone:", "tone:0", "tone:24000", "tone:x", "file:", "device:", "x"),
    ),
    "audio.output": Sample(
        "device:USB Headset",
        '"device:USB Headset"',
        ("device:USB Headset",),
        "device:USB Headset",
        ('""', "1", '"noise"'),
        ("file:", "tone:440", "file:x.mp3", "file:x.wav/"),
    ),
    "audio.ring": Sample("null", '"null"', ("null",), "null", ('""', "1"), ("-", "file:x.wav")),
    "audio.echo_cancellation": Sample(
        False, "false", (), "false", ("0", "1", '"true"', '"Auto"', "[]"), ()
    ),
    "audio.noise_suppression": flag(True),
    "audio.gain_control": flag(True),
    "opus.bitrate": Sample(
        24_000,
        "24_000",
        ("24000",),
        "24000",
        ("0", "5999", "510001", "24000.0", '"24000"', "true"),
        ("0", "5999", "510001", "24k", "-24000", ""),
    ),
    "opus.complexity": Sample(
        0, "0", ("0",), "0", ("-1", "11", "5.0", '"5"', "true"), ("-1", "11", "5.0", "")
    ),
    "opus.fec": flag(False),
    "opus.red": flag(False),
    "opus.dtx": flag(True),
    "trace_sip": flag(True),
    "log.level": Sample(LogLevel.DEBUG, '"debug"', ("debug",), "debug", ('""', "3"), ("loud", "2")),
    "log.file": path(),
    "capture_limit": whole(wrong_toml=("1000001",), wrong_words=("1000001",)),
    "capture_audio": flag(False),
    "hep_server": Sample(
        HepServer("tls", "[2001:db8::1]", 9061),
        '"TLS:[2001:DB8:0::1]:9061"',
        ("tls:[2001:db8::1]:9061",),
        "tls:[2001:db8::1]:9061",
        ("1", '""', "true", '["udp:a"]', '"homer.example.com"', '"homer.example.com:9060"'),
        ("", "udp:", "udp://a", "http:a", "udp:a:0", "tcp:a:70000", "tls:u@a", "udp:a b", "udp:a:"),
    ),
    "hep_id": whole(),
    "hep_password": text("pa ss"),
}
