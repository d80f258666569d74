"""Captures as others write them, for the reader."""

from collections.abc import Iterable
from pathlib import Path
from struct import pack

from sipcli.evidence.synthetic_packets import tcp_packet, udp_packet
from sipcli.journal.entries import IpPort

ALICE: IpPort = ("192.0.2.1", 40000)
SERVER: IpPort = ("198.51.100.9", 5060)
ETHERNET, RAW, NULL, COOKED, COOKED_2 = 1, 101, 0, 113, 276


def options(call_id: str = "c1", body: bytes = b"") -> bytes:
    return (
        f"OPTIONS sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP a.invalid;branch=z9hG4bK1\r\n"
        f"From: <sip:a@example.com>;tag=1\r\nTo: <sip:bob@example.com>\r\nCall-ID: {call_id}\r\n"
        f"CSeq: 1 OPTIONS\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def from_alice(payload: bytes) -> bytes:
    return udp_packet(ALICE, SERVER, payload)


def segment(payload: bytes, sequence: int) -> bytes:
    return tcp_packet(ALICE, SERVER, payload, sequence, 1)


def pcap(
    packets: Iterable[bytes], link_type: int = RAW, order: str = "<", magic: int = 0xA1B2C3D4
) -> bytes:
    """Return a classic pcap file; its packets are a second apart, from 100.5 s on."""
    half = 500_000 if magic == 0xA1B2C3D4 else 500_000_000
    records = (
        pack(f"{order}IIII", 100 + number, half, len(data), len(data)) + data
        for number, data in enumerate(packets)
    )
    return pack(f"{order}IHHIIII", magic, 2, 4, 0, 0, 65535, link_type) + b"".join(records)


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
