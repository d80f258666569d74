"""The lines of ICE and DTLS: odd kinds are read and marked, only good ones are used."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcli.sdp.description import Direction
from sipcli.sdp.transport import (
    Candidate,
    CandidateType,
    DtlsRole,
    DtlsSetup,
    Fingerprint,
    LocalTransport,
    RemoteTransport,
    default_candidate,
    ip_version,
    is_strong,
    is_usable,
    read_candidate,
    read_fingerprint,
    read_setup,
    role_left,
    write_candidate,
)
from tests.sdp.ends import DIGEST, WEAK_DIGEST, candidate, local

HOST = "1 1 UDP 2130706431 192.0.2.1 40000 typ host"


def test_a_candidate_is_read_with_all_it_says() -> None:
    assert read_candidate(
        "a1+/ 1 udp 1686052607 198.51.100.1 5000 typ SRFLX raddr 192.0.2.1 rport 40000"
        " generation 0 network-cost 10"
    ) == Candidate(
        foundation="a1+/",
        component=1,
        protocol="udp",
        priority=1686052607,
        address="198.51.100.1",
        port=5000,
        type=CandidateType.SERVER_REFLEXIVE,
        related_address="192.0.2.1",
        related_port=40000,
    )


@pytest.mark.parametrize(
    "value",
    [
        HOST,
        "1 1 UDP 1 2001:db8::1 40000 typ relay raddr 2001:db8::2 rport 9",
        "1 2 UDP 1 192.0.2.1 40000 typ prflx raddr 0.0.0.0 rport 0",
        "1 1 TCP 1 192.0.2.1 9 typ host tcptype active",
    ],
)
def test_a_candidate_is_written_as_it_was_read(value: str) -> None:
    read = read_candidate(value)
    assert read is not None
    assert write_candidate(read) == value


@pytest.mark.parametrize(
    "value",
    [
        "",
        "1 1 UDP 1 192.0.2.1 40000 typ",
        "1 1 UDP 1 192.0.2.1 40000 type host",
        "1 1 UDP 1 192.0.2.1 40000 typ strange",
        "1 0 UDP 1 192.0.2.1 40000 typ host",
        "1 257 UDP 1 192.0.2.1 40000 typ host",
        "1 x UDP 1 192.0.2.1 40000 typ host",
        "1 1 UDP 4294967296 192.0.2.1 40000 typ host",
        "1 1 UDP -1 192.0.2.1 40000 typ host",
        "1 1 UDP 1 192.0.2.1 65536 typ host",
        "1 1 UDP 1 192.0.2.1 ٤٠ typ host",
    ],
)
def test_what_is_no_candidate_is_none(value: str) -> None:
    assert read_candidate(value) is None


@pytest.mark.parametrize(
    ("value", "usable", "mdns"),
    [
        (HOST, True, False),
        ("1 1 UDP 1 2001:db8::1 40000 typ host", True, False),
        ("1 1 UDP 1 ::ffff:192.0.2.1 40000 typ host", True, False),
        ("1 1 UDP 1 4f1f0c9e-6a6d.local 40000 typ host", True, True),
        ("1 1 UDP 1 4F1F0C9E.LOCAL 40000 typ host", True, True),
        ("1 1 UDP 1 phone.example.com 40000 typ host", False, False),
        ("1 1 TCP 1 192.0.2.1 9 typ host tcptype active", False, False),
        ("1 1 TCP 1 a.local 9 typ host tcptype active", False, True),
        ("1 2 UDP 1 192.0.2.1 40000 typ host", False, False),
        ("1 1 UDP 1 192.0.2.1 0 typ host", False, False),
        ("1 1 UDP 1 0.0.0.0 40000 typ host", False, False),
        ("1 1 UDP 1 :: 40000 typ host", False, False),
        ("1 1 UDP 1 224.0.0.1 40000 typ host", False, False),
        ("1 1 UDP 1 255.255.255.255 40000 typ host", False, False),
        ("1 1 UDP 1 240.0.0.1 40000 typ host", False, False),
        ("1 1 UDP 1 0.1.2.3 40000 typ host", False, False),
        ("1 1 UDP 1 fe80::1%eth0 40000 typ host", False, False),
        ("1 1 UDP 1 192.0.2 40000 typ host", False, False),
    ],
)
def test_odd_kinds_are_read_and_marked(value: str, usable: bool, mdns: bool) -> None:
    read = read_candidate(value)
    assert read is not None
    assert (is_usable(read), read.is_mdns) == (usable, mdns)


@given(st.text())
def test_any_text_is_an_ip_address_or_not(text: str) -> None:
    assert ip_version(text) in (4, 6, None)


def test_the_default_candidate_is_relay_then_reflexive_then_host() -> None:
    host = candidate()
    reflexive = candidate("198.51.100.1", type_=CandidateType.SERVER_REFLEXIVE, priority=2)
    relay = candidate("203.0.113.1", type_=CandidateType.RELAY, priority=1)
    assert default_candidate([host, reflexive, relay]) == relay
    assert default_candidate([host, reflexive]) == reflexive
    assert default_candidate([host]) == host
    assert default_candidate([]) is None


def test_of_equal_kinds_ipv4_is_the_default_then_the_higher_priority() -> None:
    low, high = candidate(priority=1), candidate("192.0.2.11", priority=2)
    six = candidate("2001:db8::1", priority=3)
    assert default_candidate([six, low, high]) == high
    assert default_candidate([six]) == six


def test_names_are_no_default() -> None:
    assert default_candidate([candidate("a.local")]) is None


def test_a_fingerprint_is_read_in_any_case() -> None:
    assert read_fingerprint(f"SHA-256  {DIGEST.lower()}") == Fingerprint("sha-256", DIGEST)
    assert str(Fingerprint("sha-256", DIGEST)) == f"sha-256 {DIGEST}"


@pytest.mark.parametrize(
    "value", ["", "sha-256", "sha-256 XY:12", "sha-256 AB:", "a AB CD", "x ABC"]
)
def test_what_is_no_fingerprint_is_none(value: str) -> None:
    assert read_fingerprint(value) is None


@pytest.mark.parametrize(
    ("hash_function", "length", "strong"),
    [
        ("sha-256", 32, True),
        ("sha-384", 48, True),
        ("sha-512", 64, True),
        ("sha-1", 20, False),
        ("md5", 16, False),
        ("sha-256", 31, False),
        ("sha-512", 32, False),
        ("sha-3", 32, False),
    ],
)
def test_strong_is_what_is_long_enough_and_known(
    hash_function: str, length: int, strong: bool
) -> None:
    assert is_strong(Fingerprint(hash_function, ":".join(["AB"] * length))) is strong


def test_the_weak_digest_of_these_tests_is_weak() -> None:
    assert not is_strong(Fingerprint("sha-1", WEAK_DIGEST))


@pytest.mark.parametrize(
    ("value", "setup"),
    [
        ("active", DtlsSetup.ACTIVE),
        ("PASSIVE", DtlsSetup.PASSIVE),
        ("actpass", DtlsSetup.ACTPASS),
        ("holdconn", DtlsSetup.HOLDCONN),
        ("other", None),
        (None, None),
    ],
)
def test_setup_is_read_in_any_case(value: str | None, setup: DtlsSetup | None) -> None:
    assert read_setup(value) is setup


def test_the_role_is_what_the_other_side_leaves() -> None:
    assert role_left(DtlsSetup.ACTIVE) is DtlsRole.SERVER
    assert role_left(DtlsSetup.PASSIVE, DtlsRole.SERVER) is DtlsRole.CLIENT
    for free in (None, DtlsSetup.ACTPASS, DtlsSetup.HOLDCONN):
        assert role_left(free) is DtlsRole.CLIENT
        assert role_left(free, DtlsRole.SERVER) is DtlsRole.SERVER


def test_roles_have_opposites() -> None:
    assert DtlsRole.CLIENT.opposite is DtlsRole.SERVER
    assert DtlsRole.SERVER.opposite is DtlsRole.CLIENT


def test_passwords_are_not_in_the_repr() -> None:
    remote = RemoteTransport(ufrag="u", pwd="hidden", candidates=())
    ours = LocalTransport(ufrag="u", pwd="hidden", candidates=(), fingerprint=local().fingerprint)
    assert "hidden" not in repr(remote) + repr(ours)


@pytest.mark.parametrize("one", Direction)
@pytest.mark.parametrize("other", Direction)
def test_directions(one: Direction, other: Direction) -> None:
    assert one.reversed.reversed is one
    assert (one.reversed.sends, one.reversed.receives) == (one.receives, one.sends)
    both = one.within(other)
    assert both.sends is (one.sends and other.sends)
    assert both.receives is (one.receives and other.receives)
