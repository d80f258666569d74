"""SIP messages become packets with their true addresses, ports and checksums."""

import ipaddress
from struct import unpack_from

import pytest

from sipcli.evidence.ip_packets import Dissector, TransportPacket
from sipcli.evidence.pcapng import LINK_RAW_IP
from sipcli.evidence.sip_framing import SipFraming
from sipcli.evidence.synthetic_packets import MAX_TCP, tcp_packet, udp_packet
from sipcli.journal.entries import IpPort
from tests.sip_entries import sip_entry

LOCAL: IpPort = ("192.0.2.1", 40_000)


def dissected(packet: bytes) -> TransportPacket:
    found = Dissector().dissect(LINK_RAW_IP, packet)
    assert found is not None
    return found


@pytest.mark.parametrize("port", [80, 443, 5060, 5066, 7443, 8080, 8088, 8089, 8443, 9000, 10443])
def test_usual_ports_are_udp(port: int) -> None:
    entry = sip_entry("sent", b"x", local=LOCAL, remote=("192.0.2.2", port))
    packet, _ = SipFraming().packet(entry, b"message")
    found = dissected(packet)
    assert (found.protocol, found.source, found.destination) == ("udp", LOCAL, entry.remote)
    assert found.payload == b"message"


def test_tcp_where_wireshark_takes_the_port_for_another_protocol() -> None:
    framing, remote = SipFraming(), ("192.0.2.2", 3000)
    sent = sip_entry("sent", b"x", local=LOCAL, remote=remote)
    received = sip_entry("received", b"x", local=LOCAL, remote=remote)
    numbers = []
    for entry in (sent, received, sent):
        packet, _ = framing.packet(entry, b"12345")
        found = dissected(packet)
        assert found.protocol == "tcp"
        numbers.append((found.source[1], found.sequence))
    assert numbers == [(40_000, 1), (3000, 1), (40_000, 6)]


def test_the_next_port_where_neither_works() -> None:
    entry = sip_entry("received", b"x", local=("192.0.2.1", 44_818), remote=("192.0.2.2", 443))
    packet, comments = SipFraming().packet(entry, b"message")
    found = dissected(packet)
    assert found.destination == ("192.0.2.1", 44_819)
    assert any("true port of 192.0.2.1 is 44818" in each for each in comments)


def test_a_message_too_large_for_a_packet_is_cut() -> None:
    packet, comments = SipFraming().packet(sip_entry("sent", b"x"), b"x" * 70_000)
    assert len(dissected(packet).payload) == MAX_TCP
    assert any(f"{70_000 - MAX_TCP} bytes, is left out" in each for each in comments)


@pytest.mark.parametrize(
    ("source", "destination"),
    [
        ("192.0.2.1", "198.51.100.7"),
        ("2001:db8::1", "fe80::2"),
        ("255.255.255.255", "255.255.255.255"),
        ("::1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::2"),
        ("a proxy", "192.0.2.1"),
    ],
)
@pytest.mark.parametrize("payload", [b"", b"\xff", b"odd", bytes(300), b"\xff" * 1001])
def test_checksums_are_right(source: str, destination: str, payload: bytes) -> None:
    ends: tuple[IpPort, IpPort] = ((source, 65535), (destination, 1))
    for packet in (udp_packet(*ends, payload), tcp_packet(*ends, payload, 2**32 + 5, 7)):
        is_4 = packet[0] >> 4 == 4
        header, rest = packet[: 20 if is_4 else 40], packet[20 if is_4 else 40 :]
        protocol = header[9] if is_4 else header[6]
        addresses = header[12:] if is_4 else header[8:]
        assert ones_complement(addresses + bytes([0, protocol]) + size(rest) + rest) == 0xFFFF
        if is_4:
            assert ones_complement(header) == 0xFFFF
            assert unpack_from("!H", header, 2)[0] == len(packet)
        assert dissected(packet).payload == payload


def size(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big")


def ones_complement(data: bytes) -> int:
    """The sum as RFC 1071 has it, word by word."""
    data += bytes(len(data) % 2)
    total: int = sum(unpack_from("!H", data, at)[0] for at in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def test_an_address_without_a_version_of_ip_in_common_is_mapped() -> None:
    found = dissected(udp_packet(("::1", 1), ("192.0.2.1", 2), b""))
    assert ipaddress.ip_address(found.destination[0]) == ipaddress.ip_address("::ffff:192.0.2.1")
