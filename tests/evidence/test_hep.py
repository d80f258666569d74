"""HEP3 messages, byte by byte."""

from ipaddress import IPv6Address
from typing import Any

import pytest

from sipcli.evidence.hep import MAX_MESSAGE, HepMessage, HepProtocol, encode
from sipcli.evidence.ip_packets import IpProtocol
from tests.evidence.hep_reader import read_hep


def message(**changes: Any) -> HepMessage:
    of: dict[str, Any] = {
        "at": 1_700_000_000.25,
        "source": ("192.0.2.1", 40000),
        "destination": ("192.0.2.2", 443),
        "ip_protocol": IpProtocol.TCP,
        "protocol": HepProtocol.SIP,
        "payload": b"OPTIONS",
        "correlation_id": "a@b",
    }
    return HepMessage(**of | changes)


def test_a_message_over_ipv4_with_a_password() -> None:
    """Chunks are vendor (0), type, length with these six bytes, and value, in network order."""
    wanted = (
        "48455033 007c"  # HEP3, 124 bytes
        "0000 0001 0007 02"  # IPv4
        "0000 0002 0007 06"  # TCP
        "0000 0007 0008 9c40"  # from port 40000
        "0000 0008 0008 01bb"  # to port 443
        "0000 0009 000a 6553f100"  # seconds
        "0000 000a 000a 0003d090"  # 250000 microseconds
        "0000 000b 0007 01"  # SIP
        "0000 000c 000a 00001bce"  # capture agent 7118
        "0000 0003 000a c0000201"  # from 192.0.2.1
        "0000 0004 000a c0000202"  # to 192.0.2.2
        "0000 000e 0009 733363"  # password s3c
        "0000 000f 000d 4f5054494f4e53"  # OPTIONS
        "0000 0011 0009 614062"  # correlation id a@b
    )
    data = encode(message(), agent_id=7118, password="s3c")
    assert data.hex() == wanted.replace(" ", "")


def test_a_report_over_ipv6() -> None:
    found = read_hep(
        encode(
            message(
                source=("2001:db8::1", 1),
                destination=("fe80::2%eth0", 2),
                ip_protocol=IpProtocol.UDP,
                protocol=HepProtocol.RTCP_JSON,
                payload=b"{}",
            ),
            agent_id=2**32 - 1,
            password=None,
        )
    )
    assert found.ends == (("2001:db8::1", 1), ("fe80::2", 2))
    assert (found.number(1), found.number(2), found.number(11)) == (10, 17, 5)
    assert found.number(12) == 2**32 - 1
    assert found.payload == b"{}"
    assert not found.chunks.keys() & {3, 4, 14}


def test_a_relay_between_ipv4_and_ipv6() -> None:
    mixed = message(source=("192.0.2.1", 1), destination=("2001:db8::2", 2))
    found = read_hep(encode(mixed, agent_id=1, password=None))
    # Python 3.13 writes a mapped address in another way.
    assert found.ends == ((str(IPv6Address("::ffff:192.0.2.1")), 1), ("2001:db8::2", 2))


@pytest.mark.parametrize(("at", "wanted"), [(5.0, (5, 0)), (5.9999999, (6, 0)), (5.5, (5, 500000))])
def test_the_time_in_seconds_and_microseconds(at: float, wanted: tuple[int, int]) -> None:
    found = read_hep(encode(message(at=at), agent_id=1, password=None))
    assert (found.number(9), found.number(10)) == wanted


def test_without_a_call_id_there_is_no_correlation_id() -> None:
    found = read_hep(encode(message(correlation_id=""), agent_id=1, password=None))
    assert 17 not in found.chunks


@pytest.mark.parametrize("password", [None, "ö" * 4000])
@pytest.mark.parametrize("call_id", ["", "a", "ü" * 60_000, "\udcff"])
def test_no_message_is_longer_than_servers_take(password: str | None, call_id: str) -> None:
    long = message(payload=bytes(70_000), correlation_id=call_id)
    data = encode(long, agent_id=1, password=password)
    assert len(data) == MAX_MESSAGE
    assert set(read_hep(data).payload) == {0}
