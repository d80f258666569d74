"""What others make of our captures: Debian's tshark and sngrep, without any settings."""

import itertools
import re
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any, Final, Literal

import pytest

from sipcli.evidence.capture_reader import read_packets
from sipcli.evidence.pcapng import interface_description, packet_block, section_header
from sipcli.evidence.sip_framing import SipFraming
from sipcli.evidence.wireshark_ports import UDP_TAKEN
from tests.namespaces import need_namespaces
from tests.realpeer import tshark
from tests.realpeer.sipcli_process import SipcliProcess, User
from tests.realpeer.terminal import Terminal
from tests.realpeer.tshark import complaints, fields, rtp_streams
from tests.required import require
from tests.sip_entries import sip_entry

Direction = Literal["sent", "received"]
CALL: Final = ("call", "--sandbox", "echo", "--audio-out", "null")
KINDS: Final = (
    *("INVITE", "ACK", "BYE", "CANCEL", "REGISTER", "OPTIONS", "MESSAGE", "INFO", "PRACK"),
    *("UPDATE", "REFER", "SUBSCRIBE", "NOTIFY", "PUBLISH", "100", "200", "404"),
)
NAMES: Final = {"opus": "opus", "G722": "g722", "PCMU": "g711U", "PCMA": "g711A"}
"""Codec -> what Wireshark calls it."""
LOSSY: Final = """
import itertools, sys
from sipcli.media.webrtc.ice_socket import IceSocket
from sipcli.cli.main import main

number, received = itertools.count(1), IceSocket.datagram_received

def lossy(socket, data, peer):
    is_rtp = 128 <= data[0] < 192 and not 192 <= data[1] < 224
    if not is_rtp or next(number) % 9:
        received(socket, data, peer)

IceSocket.datagram_received = lossy
main(sys.argv[1:])
"""
"""sipcli, that loses each ninth RTP packet before it sees it."""


@pytest.fixture(autouse=True)
def _tshark() -> None:
    require(tshark.installed(), tshark.INSTALL)


def call(home: Path, *arguments: str, **changes: Any) -> tuple[Path, dict[str, Any]]:
    """Make a call with a capture; returns that, and what sipcli says of the call."""
    with SipcliProcess(*CALL, *arguments, "--capture", "c.pcapng", home=home, **changes) as process:
        assert process.wait(30) == 0, process.events
        ended = process.named("ended")[0]
        assert process.named("warning") == []
    return home / "c.pcapng", ended


@pytest.mark.parametrize("codec", NAMES)
def test_a_call_is_all_there(tmp_path: Path, codec: str) -> None:
    how = ("--audio-in", "tone:440", "--duration", "3", "--codecs", codec)
    path, ended = call(tmp_path, *how)
    stats = ended["stats"]
    streams = {stream.packets: stream for stream in rtp_streams(path)}
    assert sorted(each.packets for each in rtp_streams(path)) == sorted(
        [stats["packets_sent"], stats["packets_received"]]
    )
    assert {each.codecs for each in streams.values()} == {NAMES[codec]}
    assert {each.lost for each in streams.values()} == {stats["packets_lost"]} == {0}
    statistics = tshark.tshark(path, "-q", "-z", "sip,stat")
    for line in (
        "Number of SIP messages: 16",
        "SIP 407 Proxy Authentication Required :     1 Packets",
        "SIP 401 Unauthorized    :     1 Packets",
        "SIP 180 Ringing         :     1 Packets",
        "INVITE          :     2 Packets",
        "REGISTER        :     3 Packets",
        "BYE             :     1 Packets",
    ):
        assert line in statistics, statistics
    assert complaints(path) == []
    assert fields(path, f'sip.Call-ID == "{ended["call"]}" && sip.Method == "BYE"', "udp.dstport")


def test_what_was_lost_is_lost_for_both(tmp_path: Path) -> None:
    how = ("--audio-in", "tone:440", "--duration", "6", "--codecs", "PCMU")
    path, ended = call(tmp_path, *how, program=(sys.executable, "-c", LOSSY))
    stats = ended["stats"]
    assert 20 < stats["packets_lost"] < 50
    received, sent = sorted(rtp_streams(path), key=lambda stream: stream.packets)
    assert (received.packets, received.lost) == (stats["packets_received"], stats["packets_lost"])
    assert (sent.packets, sent.lost) == (stats["packets_sent"], 0)
    assert fields(path, "rtcp.pt == 200 || rtcp.pt == 201", "rtcp.ssrc.fraction")
    assert complaints(path) == []


def test_sound_is_left_out_where_it_is_not_wanted(tmp_path: Path) -> None:
    how = ("--audio-in", "tone:440", "--duration", "2", "--no-capture-audio", "--dtmf", "5")
    path, ended = call(tmp_path, *how)
    assert {each.packets for each in rtp_streams(path)} == {
        ended["stats"]["packets_sent"],
        ended["stats"]["packets_received"],
    }
    sizes = fields(path, "rtp && !rtcp", "frame.cap_len", "frame.len")
    assert all(int(captured) < int(size) for captured, size in sizes)
    assert fields(path, "rtpevent.event_id", "frame.number") == []
    assert complaints(path) == []


def test_nothing_secret_is_in_it(tmp_path: Path) -> None:
    secret = "a-secret-of-the-user"
    how = ("--audio-in", "silence", "--duration", "1", "--header", f"X-Auth-Token: {secret}")
    path, _ = call(tmp_path, *how)
    data = path.read_bytes()
    assert secret.encode() not in data
    assert set(re.findall(rb"[\s,]response=\"([^\"]*)", data)) == {b"***"}
    assert set(re.findall(rb"a=ice-pwd:([^\r\n]*)", data)) == {b"***"}
    lengths = fields(path, "sip.Content-Length > 0", "sip.Content-Length", "sip.msg_body")
    assert len(lengths) == 3
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_killed_sipcli_leaves_whole_packets(tmp_path: Path) -> None:
    how = (*CALL, "--audio-in", "tone:440", "--no-register", "--capture", "c.pcapng")
    path = tmp_path / "c.pcapng"
    for number in range(10):
        path.unlink(missing_ok=True)
        with SipcliProcess(*how, home=tmp_path) as process:
            if number:
                process.wait_for("calling")
                time.sleep(number / 13)  # any moment is right
            else:
                process.wait_for("connected")
            process.send_signal(signal.SIGKILL)
            process.wait()
        ours = sum(1 for _ in read_packets(path))
        assert len(fields(path, "frame", "frame.number")) == ours > 2


def test_a_full_disk_costs_the_capture_and_not_the_call(tmp_path: Path) -> None:
    need_namespaces()
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = f'mount -t tmpfs -o size=48k tmpfs {disk} && "$@"; s=$?; cp {disk}/* .; exit $s'
    program = ("unshare", "--mount", "sh", "-c", mount, "sh", sys.executable, "-m", "sipcli")
    how = ("--audio-in", "tone:440", "--duration", "4", "--expect-tone", "440")
    with SipcliProcess(
        *CALL, *how, "--capture", str(disk / "c.pcapng"), home=tmp_path, program=program
    ) as process:
        assert process.wait(30) == 2, process.events
        (warning,) = process.named("warning")
        (judged,) = process.named("expectation")
        assert judged["met"], "the call went on"
        assert "No space left on device" in warning["text"]
    path = tmp_path / "c.pcapng"
    assert len(fields(path, "frame", "frame.number")) == sum(1 for _ in read_packets(path)) > 50


def sip(kind: str, call_id: str) -> bytes:
    """A request of a method, or a response of a status."""
    is_response = kind.isdigit()
    start = f"SIP/2.0 {kind} Reason" if is_response else f"{kind} sip:bob@example.com SIP/2.0"
    return (
        f"{start}\r\nVia: SIP/2.0/WSS a.invalid;branch=z9hG4bK1\r\n"
        "From: <sip:a@example.com>;tag=1\r\n"
        f"To: <sip:bob@example.com>\r\nCall-ID: {call_id}\r\n"
        f"CSeq: 1 {'INVITE' if is_response else kind}\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def test_sip_is_shown_on_every_port(tmp_path: Path) -> None:
    kinds = itertools.cycle(KINDS)
    tried = [(port, 443, next(kinds)) for port in range(1, 65536)]
    tried += itertools.product((44444,), UDP_TAKEN, KINDS)
    tried += itertools.product(UDP_TAKEN, (8080, 3000), ("INVITE", "BYE"))
    framing, blocks = SipFraming(), [section_header("test"), interface_description("test")]
    for number, (ours, theirs, kind) in enumerate(tried):
        local = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", ours
        remote = "198.51.100.9", theirs
        direction: Direction = "sent" if number % 2 else "received"
        entry = sip_entry(direction, b"", local=local, remote=remote)
        packet, _ = framing.packet(entry, sip(kind, f"call {number}"))
        blocks.append(packet_block(1.8e9 + number, packet))
    path = tmp_path / "c.pcapng"
    path.write_bytes(b"".join(blocks))
    names = ("udp.srcport", "udp.dstport", "tcp.srcport", "tcp.dstport", "frame.protocols")
    assert fields(path, "!sip", *names) == []


def test_sngrep_shows_the_flow(tmp_path: Path) -> None:
    require(shutil.which("sngrep"), "sngrep is not installed (Debian: apt-get install sngrep)")
    path, ended = call(tmp_path, "--audio-in", "tone:440", "--duration", "1")
    viewer = ("sngrep", "-c", "-r", "-I", str(path))  # -c: only what begins with an INVITE
    with Terminal(User(tmp_path), program=viewer, columns=120) as screen:
        screen.wait_to_show("INVITE")
        screen.wait_to_show("echo@sandbox.invalid")
        screen.press("\r")
        for label in (
            *(f"Call flow for {ended['call']}", "INVITE (SDP)", "407 Proxy", "180 Ringing"),
            *("200 OK (SDP)", "BYE"),
        ):
            screen.wait_to_show(label)
