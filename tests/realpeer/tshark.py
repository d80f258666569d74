"""Debian's tshark, without any settings: what Wireshark makes of a capture."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

INSTALL: Final = "tshark is not installed (Debian: apt-get install tshark)"
_STREAM: Final = re.compile(
    r"^ *[0-9.]+ +[0-9.]+ +(\S+) +([0-9]+) +(\S+) +([0-9]+) +(0x[0-9A-F]+) +(.+?) +([0-9]+) +"
    r"(-?[0-9]+) \(",
    re.MULTILINE,
)


def installed() -> bool:
    return shutil.which("tshark") is not None


class RtpStream(NamedTuple):
    """A line of `rtp,streams`."""

    source: str
    source_port: int
    destination: str
    destination_port: int
    ssrc: str
    codecs: str
    packets: int
    lost: int


def tshark(path: Path, *arguments: str) -> str:
    """What tshark writes of a capture; it must like it to its end."""
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(path.parent)}
    done = subprocess.run(
        ("tshark", "-n", "-r", str(path), *arguments),
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    assert "cut short" not in done.stderr, done.stderr
    return done.stdout


def fields(path: Path, display_filter: str, *names: str) -> list[tuple[str, ...]]:
    """The fields of each packet that a display filter passes."""
    options = [word for name in names for word in ("-e", name)]
    text = tshark(path, "-Y", display_filter, "-T", "fields", *options)
    return [tuple(line.split("\t")) for line in text.splitlines()]


def rtp_streams(path: Path) -> list[RtpStream]:
    """What Telephony, RTP, RTP Streams shows."""
    text = tshark(path, "-q", "-z", "rtp,streams")
    return [
        RtpStream(one, int(port), other, int(at), ssrc, codecs, int(packets), int(lost))
        for one, port, other, at, ssrc, codecs, packets, lost in _STREAM.findall(text)
    ]


def complaints(path: Path) -> list[str]:
    """What Analyze, Expert Information shows, besides sequences of packets and our comments."""
    text = tshark(path, "-q", "-z", "expert")
    lines = re.findall(r"^ +[0-9]+ +(Malformed|Protocol|Undecoded|Checksum) +(.*)$", text, re.M)
    return [f"{group}: {rest}" for group, rest in lines]


def check(path: Path, ended: Iterable[Mapping[str, Any]]) -> None:
    """Assert that nothing is malformed, and that each RTP packet of these calls is there."""
    assert complaints(path) == []
    for direction, name in (("1", "packets_received"), ("2", "packets_sent")):
        shown = fields(path, f"rtp && frame.packet_flags_direction == {direction}", "rtcp.pt")
        rtp = sum(kind == ("",) for kind in shown)  # RTCP is within RTP for it, on one port
        assert rtp == sum(each["stats"][name] for each in ended)
