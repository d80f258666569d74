"""A capture says what was sent and received, without secrets, and ends when it must."""

import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from sipcli.errors import ConfigError, Phase
from sipcli.evidence.capture import MAX_WAIT_S, CaptureFile
from sipcli.evidence.capture_reader import CapturedPacket, read_packets
from sipcli.evidence.captured_sip import read_sip
from sipcli.evidence.ip_packets import Dissector, TransportPacket
from sipcli.journal.entries import IpPort, PacketEntry, StepEntry, VerdictEntry
from sipcli.journal.journal import Journal
from sipcli.media.rtp.packet import RtpPacket, build
from sipcli.sip.parser import parse
from tests.sip_entries import sip_entry

OURS: IpPort = ("192.0.2.1", 50_000)
THEIRS: IpPort = ("192.0.2.9", 60_000)
SDP = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\n"
    b"c=IN IP4 0.0.0.0\r\na=rtpmap:111 opus/48000/2\r\na=ice-pwd:dont-tell-anybody\r\n"
)


def invite(call: str = "c1", body: bytes = SDP) -> bytes:
    return (
        "INVITE sip:bob:hunter2@example.com SIP/2.0\r\n"
        "Via: SIP/2.0/WS a.invalid;branch=z9hG4bK1\r\n"
        f"From: <sip:a@example.com>;tag=1\r\nTo: <sip:bob@example.com>\r\nCall-ID: {call}\r\n"
        'CSeq: 1 INVITE\r\nAuthorization: Digest username="a", response="dont-tell"\r\n'
        f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def rtp_entry(
    direction: Literal["sent", "received"] = "sent", payload_type: int = 111, **changes: Any
) -> PacketEntry:
    packet = RtpPacket(payload_type, 7, 960, 0x1234, b"sound of the call")
    usual: dict[str, Any] = {
        "at": 1_800_000_001.0,
        "call": "c1",
        "direction": direction,
        "local": OURS,
        "remote": THEIRS,
        "is_rtcp": False,
        "data": build(packet),
    }
    return PacketEntry(**usual | changes)


class World:
    """A journal with a capture."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        self.warnings: list[str] = []
        self.path = folder / "a.pcapng"
        usual: dict[str, Any] = {
            "limit_bytes": 100_000_000,
            "has_audio": True,
            "warn": self.warnings.append,
        }
        self.capture = CaptureFile(self.path, **usual | changes)
        self.journal = Journal()
        self.capture.attach(self.journal)

    def captured(self) -> list[CapturedPacket]:
        self.capture.flush()
        return list(read_packets(self.path))

    def transported(self) -> list[TransportPacket]:
        found = (Dissector().dissect(each.link_type, each.data) for each in self.captured())
        return [each for each in found if each is not None]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., World]]:
    worlds: list[World] = []

    def new(**changes: Any) -> World:
        worlds.append(World(tmp_path, **changes))
        return worlds[-1]

    yield new
    for each in worlds:
        each.capture.close()


@pytest.fixture
def world(make: Callable[..., World]) -> World:
    return make()


def test_sip_comes_back_with_addresses_time_and_direction(world: World) -> None:
    entries = [sip_entry("sent", invite(body=b"")), sip_entry("received", invite(body=b""))]
    for entry in entries:
        world.journal.record(entry)
    for entry, found in zip(entries, read_sip(world.path), strict=True):
        assert (found.at, found.direction) == (entry.at, entry.direction)
        assert (found.local, found.remote) == (entry.local, entry.remote)
    first, second = world.captured()
    assert "ws://a" in first.comments[0]
    assert not second.comments


def test_secrets_are_masked_and_the_message_stays_valid(world: World) -> None:
    world.journal.record(sip_entry("sent", invite()))
    data = world.path.read_bytes()
    for secret in (b"dont-tell", b"hunter2"):
        assert secret not in data
    (entry,) = read_sip(world.path)
    parsed = parse(entry.data)
    assert not parsed.faults
    assert parsed.message is not None
    assert b"a=ice-pwd:***" in parsed.message.body


def test_keep_alives_are_left_out(world: World) -> None:
    for data in (b"\r\n\r\n", b"\r\n", b""):
        world.journal.record(sip_entry("sent", data))
    assert world.captured() == []


def test_rtp_is_announced_once_and_again_after_a_new_description(world: World) -> None:
    world.journal.record(sip_entry("sent", invite()))
    world.journal.record(rtp_entry())
    world.journal.record(rtp_entry("received"))
    world.journal.record(sip_entry("received", invite()))
    world.journal.record(rtp_entry())
    ports = [packet.destination[1] for packet in world.transported()]
    assert ports == [8080, 9875, 60_000, 50_000, 40_000, 9875, 60_000]
    announcement = world.transported()[1].payload.decode("latin-1")
    assert "m=audio 50000 RTP/AVP 111 0\r\nc=IN IP4 192.0.2.1\r\na=rtpmap:111 opus/48000/2" in (
        announcement
    )
    assert "m=audio 60000 RTP/AVP 111 0\r\nc=IN IP4 192.0.2.9\r\n" in announcement
    assert "SAVPF" not in announcement


def test_each_end_is_announced_with_the_types_it_wants(world: World) -> None:
    other = SDP.replace(b"111", b"96")
    world.journal.record(sip_entry("sent", invite()))
    world.journal.record(sip_entry("received", invite(body=other)))
    world.journal.record(rtp_entry())
    text = world.transported()[2].payload.decode("latin-1")
    ours, theirs = text.split("m=audio")[1:]
    assert ours.startswith(" 50000")
    assert "a=rtpmap:111 opus" in ours
    assert "a=rtpmap:96 opus" in theirs


def test_rtp_without_a_known_description_has_the_static_types(world: World) -> None:
    world.journal.record(rtp_entry(call=""))
    assert b"RTP/AVP 0 8 9 13\r\n" in world.transported()[0].payload


def test_a_hostile_description_does_not_reach_the_announcement(world: World) -> None:
    lines = b"a=rtpmap:300 x/1\r\na=rtpmap:97 %s/8000\r\na=rtpmap:98 a b/8000\r\n" % (b"y" * 999)
    world.journal.record(sip_entry("received", invite(body=SDP + lines)))
    world.journal.record(rtp_entry())
    announcement = world.transported()[1].payload
    assert b"rtpmap:111 opus/48000/2" in announcement
    for part in (b"300", b"yyy", b"a b"):
        assert part not in announcement


def test_rtp_and_rtcp_are_as_they_were_with_their_remarks(world: World) -> None:
    rtcp = bytes.fromhex("80c9000100001234")
    world.journal.record(rtp_entry(remark="late by 34 ms, concealed"))
    world.journal.record(rtp_entry("received", is_rtcp=True, data=rtcp))
    _, sent, received = world.captured()
    assert (sent.direction, sent.comments) == ("sent", ("late by 34 ms, concealed",))
    assert (received.direction, received.comments) == ("received", ())
    _, first, second = world.transported()
    assert (first.source, first.destination, first.payload) == (OURS, THEIRS, rtp_entry().data)
    assert (second.source, second.destination, second.payload) == (THEIRS, OURS, rtcp)


@pytest.mark.parametrize(("payload_type", "kept"), [(111, b"s"), (0, b""), (101, b"")])
def test_sound_can_be_left_out(make: Callable[..., World], payload_type: int, kept: bytes) -> None:
    world = make(has_audio=False)
    world.journal.record(sip_entry("sent", invite()))
    world.journal.record(rtp_entry(payload_type=payload_type))
    padded = bytes([rtp_entry().data[0] | 0x20]) + rtp_entry().data[1:] + b"\0\0\3"
    world.journal.record(rtp_entry(data=padded, payload_type=payload_type))
    world.journal.record(rtp_entry(is_rtcp=True, data=b"a report"))
    assert b"ound" not in world.path.read_bytes().replace(b"The sound of calls is left", b"")
    *_, rtp, _, rtcp = world.transported()
    assert rtp.payload == rtp_entry(payload_type=payload_type).data[:12] + kept
    assert rtcp.payload == b"a report"


def test_what_no_packet_shows_is_a_note(world: World) -> None:
    step = StepEntry(at=1.0, phase=Phase.ICE, state="failed", call="c1", text="no answer\x1b[2J")
    world.journal.record(step)
    facts = (("DTLS version", "DTLSv1.2"),)
    world.journal.record(StepEntry(at=2.0, phase=Phase.DTLS, state="done", facts=facts))
    world.journal.record(StepEntry(at=3.0, phase=Phase.TCP, state="begun"))
    failed, done = world.transported()
    assert failed.payload == b"<12>sipcli: ICE failed: no answer\\x1b[2J"
    assert done.payload == b"<14>sipcli: DTLS done: DTLS version DTLSv1.2"
    assert "no answer" in world.captured()[0].comments[0]


def verdict(met: bool) -> VerdictEntry:
    return VerdictEntry(at=9.0, name="expect-tone", met=met, expected="440 Hz", actual="no tone")


def test_expectations_that_were_not_met_are_notes_and_comments_at_the_end(world: World) -> None:
    world.journal.record(verdict(True))
    assert world.captured() == []
    for _ in range(60):
        world.journal.record(verdict(False))
    text = "not as expected: expect-tone: expected 440 Hz; found: no tone"
    (note, *_) = world.captured()
    assert text in note.comments[0]
    before = world.path.read_bytes()
    world.capture.close()
    end = world.path.read_bytes().removeprefix(before)
    assert end.count(text.encode()) == 50
    assert b"and 10 more" in end
    assert len(world.captured()) == 60


def test_after_the_end_nothing_is_written(world: World) -> None:
    world.journal.record(rtp_entry())
    world.capture.close()
    world.capture.close()
    before = world.path.read_bytes()
    world.journal.record(rtp_entry())
    assert world.path.read_bytes() == before
    assert not world.journal.wants(PacketEntry)


def test_the_limit_ends_the_capture_with_one_warning(make: Callable[..., World]) -> None:
    world = make(limit_bytes=20_000)
    for _ in range(1000):
        world.journal.record(rtp_entry())
    assert world.path.stat().st_size <= 20_000
    assert len(world.captured()) > 100
    (warning,) = world.warnings
    assert "has reached its limit of 0.02 MB" in warning
    world.capture.close()
    assert len(world.warnings) == 1
    assert world.capture.failure is None


@pytest.mark.skipif(sys.platform == "win32", reason="needs the modes of POSIX")
def test_the_file_is_for_its_owner_alone_and_replaces_another(
    tmp_path: Path, make: Callable[..., World]
) -> None:
    path = tmp_path / "a.pcapng"
    path.write_bytes(b"old" * 99)
    path.chmod(0o644)
    world = make()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert world.captured() == []


def test_what_cannot_be_written_is_an_error_at_once(tmp_path: Path) -> None:
    (tmp_path / "d.pcapng").mkdir()
    fifo = tmp_path / "f.pcapng"
    os.mkfifo(fifo)
    for path, why in (
        (tmp_path / "none" / "a.pcapng", "No such file"),
        (tmp_path / "d.pcapng", "Is a directory"),
        (fifo, "no program reads"),
        (tmp_path / "a.pcap", "end in .pcapng"),
        (tmp_path / "a", "end in .pcapng"),
    ):
        with pytest.raises(ConfigError, match=why) as error:
            CaptureFile(path, limit_bytes=1000, has_audio=True, warn=print)
        assert str(path) in str(error.value)


def test_a_file_that_was_removed_is_a_warning_at_the_end(world: World) -> None:
    world.journal.record(rtp_entry())
    world.path.unlink()
    world.journal.record(rtp_entry())
    world.capture.close()
    (warning,) = world.warnings
    assert "removed or replaced" in warning


def test_a_full_disk_costs_the_capture_and_leaves_whole_packets(make: Callable[..., World]) -> None:
    resource = pytest.importorskip("resource", reason="needs limits of POSIX")
    import signal

    world = make()
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (9_999, old[1]))
    try:
        for _ in range(1000):
            world.journal.record(rtp_entry())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)
    (warning,) = world.warnings
    assert "cannot be written any more: File too large" in warning
    assert world.capture.failure == warning
    assert 9_800 < world.path.stat().st_size <= 9_999
    assert world.captured()


def test_a_capture_that_is_not_wanted_leaves_nothing(world: World) -> None:
    world.journal.record(rtp_entry())
    world.capture.discard()
    assert not world.path.exists()
    assert not world.warnings


def test_a_discarded_capture_leaves_the_file_of_another(world: World) -> None:
    world.path.unlink()
    world.path.write_bytes(b"another")
    world.capture.discard()
    assert world.path.read_bytes() == b"another"


def test_what_waits_is_written_at_the_end(world: World) -> None:
    world.journal.record(rtp_entry())
    world.capture.close()
    assert [packet.destination[1] for packet in world.transported()] == [9875, 60_000]


def test_rtp_waits_for_more_of_it_but_sip_for_nothing(world: World) -> None:
    begin = world.path.stat().st_size
    at = 1_800_000_000.0
    for number in range(4):
        world.journal.record(rtp_entry()._replace(at=at + number * 0.02))
    assert world.path.stat().st_size == begin
    world.journal.record(rtp_entry()._replace(at=at + MAX_WAIT_S + 0.01))
    five = world.path.stat().st_size
    assert five > begin
    world.journal.record(rtp_entry()._replace(at=at + 0.2))
    world.journal.record(sip_entry("sent", invite()))
    assert len(list(read_packets(world.path))) == 8  # six, what announces them, the message
