"""SIP is found in captures of all kinds, and a hostile one does no harm."""

import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from struct import pack

import pytest

from sipcli.errors import ConfigError
from sipcli.evidence.captured_sip import read_sip
from sipcli.evidence.pcapng import interface_description, packet_block, section_header
from sipcli.evidence.synthetic_packets import MAX_UDP, udp_packet
from tests.evidence.capture_files import (
    ALICE,
    COOKED,
    COOKED_2,
    ETHERNET,
    NULL,
    RAW,
    SERVER,
    from_alice,
    options,
    pcap,
    segment,
    written,
)
from tests.growth import assert_grows_linearly

PCAPNG = section_header("test") + interface_description("test")


def messages(path: Path) -> list[bytes]:
    return [entry.data for entry in read_sip(path)]


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("magic", [0xA1B2C3D4, 0xA1B23C4D])
def test_a_classic_pcap_is_read_with_its_times(tmp_path: Path, order: str, magic: int) -> None:
    data = pcap([from_alice(options()), from_alice(options("c2"))], order=order, magic=magic)
    first, second = read_sip(written(tmp_path / "a.pcap", data))
    assert (first.at, second.at) == (100.5, 101.5)
    assert (first.local, first.remote, first.transport) == (ALICE, SERVER, "udp")
    assert first.data == options()


@pytest.mark.parametrize(
    ("link_type", "header"),
    [
        (ETHERNET, bytes(12) + b"\x08\x00"),
        (ETHERNET, bytes(12) + b"\x81\x00\x00\x05\x08\x00"),
        (ETHERNET, bytes(12) + b"\x88\xa8\x00\x05\x81\x00\x00\x06\x08\x00"),
        (RAW, b""),
        (NULL, b"\x02\0\0\0"),
        (COOKED, bytes(14) + b"\x08\x00"),
        (COOKED_2, b"\x08\x00" + bytes(18)),
    ],
)
def test_packets_of_all_links_are_read(tmp_path: Path, link_type: int, header: bytes) -> None:
    data = pcap([header + from_alice(options())], link_type)
    assert messages(written(tmp_path / "a.pcap", data)) == [options()]


def test_ipv6_is_read_and_its_fragments_are_joined(tmp_path: Path) -> None:
    whole = udp_packet(("2001:db8::1", 5060), ("2001:db8::2", 5060), options())
    header, payload = whole[:40], whole[40:]
    parts = [
        header[:4] + pack("!HB", len(part) + 8, 44) + header[7:] + fragment + part
        for fragment, part in (
            (pack("!BBHI", 17, 0, 0 | 1, 77), payload[:64]),
            (pack("!BBHI", 17, 0, 64, 77), payload[64:]),
        )
    ]
    for order in (parts, parts[::-1]):
        (entry,) = read_sip(written(tmp_path / "a.pcap", pcap(order)))
        assert entry.data == options()
        assert entry.local == ("2001:db8::1", 5060)
    assert messages(written(tmp_path / "a.pcap", pcap(parts[:1]))) == []


def test_ipv4_fragments_are_joined(tmp_path: Path) -> None:
    whole = from_alice(options())
    parts = [
        whole[:2] + pack("!HHH", 20 + len(part), 9, flags) + whole[8:20] + part
        for flags, part in ((0x2000, whole[20:84]), (8, whole[84:]))
    ]
    assert messages(written(tmp_path / "a.pcap", pcap(parts[::-1]))) == [options()]


def test_who_sent_first_is_local_unless_the_file_says(tmp_path: Path) -> None:
    back = udp_packet(SERVER, ALICE, b"SIP/2.0 200 OK\r\n\r\n")
    blocks = [packet_block(1.25, from_alice(options())), packet_block(2.5, back)]
    sent, received = read_sip(written(tmp_path / "a.pcapng", PCAPNG + b"".join(blocks)))
    assert (sent.direction, received.direction) == ("sent", "received")
    assert sent.local == received.local == ALICE
    blocks = [packet_block(1.25, from_alice(options()), "received", ("a comment",))]
    (entry,) = read_sip(written(tmp_path / "a.pcapng", PCAPNG + b"".join(blocks)))
    assert (entry.at, entry.direction, entry.local) == (1.25, "received", SERVER)


def tcp_messages(tmp_path: Path, *segments: tuple[int, bytes]) -> list[bytes]:
    packets = [segment(data, sequence) for sequence, data in segments]
    return messages(written(tmp_path / "a.pcap", pcap(packets)))


def test_tcp_is_put_in_order(tmp_path: Path) -> None:
    stream = b"\r\n\r\n" + options("c1", b"x" * 50) + options("c2", b"y" * 50)
    pieces = [(1000 + i, stream[i : i + 40]) for i in range(0, len(stream), 40)]
    expected = [options("c1", b"x" * 50), options("c2", b"y" * 50)]
    assert tcp_messages(tmp_path, *pieces) == expected
    shuffled = pieces[1:]
    random.Random(1).shuffle(shuffled)
    assert tcp_messages(tmp_path, pieces[0], *shuffled, *pieces) == expected
    overlapping = [(1000 + i, stream[i : i + 100]) for i in range(0, len(stream), 40)]
    assert tcp_messages(tmp_path, *overlapping) == expected
    around = [((0xFFFFFFF0 + at - 1000) % 2**32, data) for at, data in pieces]
    assert tcp_messages(tmp_path, *around) == expected


def test_a_capture_that_begins_within_a_message_finds_the_next_one(tmp_path: Path) -> None:
    stream = options("c1")[33:] + options("c2")
    assert tcp_messages(tmp_path, (1, stream)) == [options("c2")]


def test_a_lost_segment_costs_its_message(tmp_path: Path) -> None:
    parts = [options(f"c{i}") for i in range(400)]
    size = len(options("c100"))
    segments = [(1000 + i * size, part.ljust(size, b"\n")) for i, part in enumerate(parts)]
    del segments[50]
    assert tcp_messages(tmp_path, *segments) == parts[:50] + parts[51:]


def frame(payload: bytes, first: int = 0x82, mask: bytes = b"") -> bytes:
    size = len(payload)
    bit = 0x80 if mask else 0
    if size < 126:
        length = bytes([bit | size])
    elif size < 65536:
        length = bytes([bit | 126]) + pack("!H", size)
    else:
        length = bytes([bit | 127]) + pack("!Q", size)
    if mask:
        payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    return bytes([first]) + length + mask + payload


def test_plain_websocket_messages_are_read(tmp_path: Path) -> None:
    upgrade = b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n"
    one, two, three = options("c1"), options("c2", b"b" * 300), options("c3", b"c" * 70000)
    frames = [
        frame(one, mask=b"abcd"),
        frame(b"", 0x89, b"abcd"),
        frame(two[:100], 0x01, b"1234"),
        frame(two[100:], 0x80, b"5678"),
        frame(b"\r\n\r\n", mask=b"abcd"),
        frame(three),
    ]
    for begin in (upgrade, b""):
        stream = begin + b"".join(frames)
        pieces = [(1 + i, stream[i : i + 999]) for i in range(0, len(stream), 999)]
        assert tcp_messages(tmp_path, *pieces) == [one, two, three]
    compressed = upgrade + frame(one, 0xC1) + frame(two)
    assert tcp_messages(tmp_path, (1, compressed)) == [two]


def test_a_file_that_ends_within_a_block_has_its_whole_packets(tmp_path: Path) -> None:
    data = PCAPNG + packet_block(1, from_alice(options())) + packet_block(2, from_alice(options()))
    end = len(PCAPNG + packet_block(1, from_alice(options())))
    for cut in range(4, len(data)):
        found = messages(written(tmp_path / "a.pcapng", data[:cut]))
        assert found == [options()] * ((cut >= end) + (cut == len(data)))


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "offset 0: this is not a capture"),
        (b"RIFFxxxx", "offset 0: this is not a capture; a pcapng or pcap file is"),
        (b"\x1f\x8b\x08\0", "offset 0: this file is compressed"),
        (PCAPNG + pack("<II", 6, 0xFFFFFFFC), f"offset {len(PCAPNG)}: a block of 4294967292 bytes"),
        (PCAPNG + pack("<II", 6, 33), "a block of 33 bytes"),
        (PCAPNG + pack("<IIIII", 6, 20, 0, 0, 20), "too short for its type"),
        (PCAPNG + pack("<IIIIIIII", 6, 32, 7, 0, 0, 0, 0, 32), "interface 7"),
        (PCAPNG + pack("<IIIIIIII", 6, 32, 0, 0, 0, 9, 9, 32), "a packet of 9 bytes in a block"),
        (PCAPNG + pack("<III", 9, 12, 13), "the length at the end"),
        (pack("<III", 0x0A0D0D0A, 28, 0x12345678), "without the byte-order magic"),
        (PCAPNG + 1000 * interface_description("i"), "more than 1000 interfaces"),
        (pcap([]) + pack("<IIII", 0, 0, 2**31, 2**31), "offset 24: a packet of 2147483648 bytes"),
    ],
)
def test_a_wrong_file_gets_an_error_with_its_place(tmp_path: Path, data: bytes, what: str) -> None:
    path = written(tmp_path / "a.pcapng", data)
    with pytest.raises(ConfigError) as error:
        messages(path)
    assert str(path) in str(error.value)
    assert what in str(error.value)


def test_a_file_that_cannot_be_read_gets_an_error(tmp_path: Path) -> None:
    for path in (tmp_path / "none.pcapng", tmp_path, Path("/dev/null")):
        with pytest.raises(ConfigError, match="cannot be read"):
            messages(path)


def test_damage_anywhere_raises_nothing_else(tmp_path: Path) -> None:
    generator = random.Random(12)
    packets = [from_alice(options()), segment(options("t"), 1), segment(frame(options("w")), 400)]
    files = [
        PCAPNG + b"".join(packet_block(1, each, "sent", ("comment",)) for each in packets),
        pcap([bytes(12) + b"\x08\x00" + each for each in packets], ETHERNET),
        pcap(packets, order=">"),
    ]
    for _ in range(3000):
        data = bytearray(generator.choice(files))
        for _ in range(generator.choice((1, 1, 2, 8))):
            data[generator.randrange(len(data))] = generator.choice((0, 1, 255, 0x80, 0x45, 0x65))
        with suppress(ConfigError):
            messages(written(tmp_path / "a", bytes(data)))


@pytest.mark.parametrize("kind", ["byte by byte", "unordered", "lines"])
def test_reading_takes_time_in_proportion(tmp_path: Path, kind: str) -> None:
    def work(size: int) -> Callable[[], object]:
        stream = b"OPTIONS sip:x SIP/2.0\r\n" + b"x" * size
        packets = {
            "byte by byte": lambda: [segment(stream[i : i + 1], i) for i in range(size)],
            "unordered": lambda: [segment(b"x", 10 + 2 * i) for i in range(size)],
            "lines": lambda: [segment(b"GET x\n" * 200, i * 1200) for i in range(size // 200)],
        }[kind]()
        path = written(tmp_path / f"{size}.pcap", pcap(packets))
        return lambda: messages(path)

    assert_grows_linearly(work, 8000)


def test_a_message_of_the_greatest_size_is_read(tmp_path: Path) -> None:
    message = options("big", b"x" * (MAX_UDP - 300))
    assert messages(written(tmp_path / "a", PCAPNG + packet_block(1, from_alice(message)))) == [
        message
    ]
