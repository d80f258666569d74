"""`--capture`: what a phone has sent and received, in the clear, as a pcapng file.

Wireshark, tshark and sngrep show it without any settings: SIP as SIP, RTP and RTCP as streams with
codec and clock. What was learnt from them:

- sngrep reads through libpcap, which wants one link type in the whole file. So a packet is an IP
  packet (LINKTYPE_RAW, for both versions of IP), not Wireshark's own exported PDU.
- `sip_framing.py` says why SIP is in UDP, and where it is not.
- `media_announcements.py` says how Wireshark learns of the RTP. RTCP on the same port needs
  nothing.
- A packet whose captured length is smaller than its length is shown as limited, not as malformed.
  Of Opus one byte is needed, though: what follows the RTP header begins with a table of contents.
- What has no packet of its own, such as an expectation that was not met, is shown as a syslog
  message on the loopback interface, with a comment, at the time when it was known. Comments cannot
  be added to packets that are in the file already.
- A section that begins at the end, without packets, holds comments on the whole: Wireshark shows
  them in Statistics, Capture File Properties, and libpcap accepts it.

The format is small, so it is written by hand (`pcapng.py`): python-pcapng 2.1.1 (Apache-2.0) writes
a block in four pieces, of which a killed process would leave some, takes four times as long, and
names no Python after 3.8.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import sipcli
from sipcli.errors import ConfigError
from sipcli.evidence import media_announcements
from sipcli.evidence.capture_output import CaptureOutput
from sipcli.evidence.media_announcements import LOOPBACK, MediaAnnouncements
from sipcli.evidence.pcapng import interface_description, packet_block, section_header
from sipcli.evidence.sip_facts import KEEP_ALIVE
from sipcli.evidence.sip_framing import SipFraming
from sipcli.evidence.synthetic_packets import MAX_UDP, udp_packet
from sipcli.journal.entries import PacketEntry, SipEntry, StepEntry, VerdictEntry
from sipcli.journal.journal import Journal
from sipcli.media.rtp.packet import parse
from sipcli.sip.masking import without_secrets
from sipcli.text import one_line

SUFFIX: Final = ".pcapng"
MEGABYTE: Final = 1_000_000
"""Bytes of the unit of `capture_limit`."""
_NOTE_COMMENT: Final = "Nobody has sent this packet; sipcli notes what no packet shows."
MAX_VERDICTS: Final = 50
"""Verdicts that the comments at the end name."""
MAX_NOTE: Final = 8000
"""Bytes of a note."""

_SYSLOG_PORT: Final = 514
_WARNING, _INFORMATION = 12, 14
"""Priorities of syslog: user-level, and warning or information (RFC 5424 §6.2.1)."""
_ABOUT: Final = (
    "SIP as in the WebSocket messages, RTP and RTCP as before encryption and after decryption. "
    "Addresses, ports and times are true; the IP, UDP and TCP headers are made. Secrets are "
    "masked: ***."
)
_WITH_AUDIO: Final = "The sound of calls is in this file; it is personal data."
_WITHOUT_AUDIO: Final = "The sound of calls is left out: RTP packets are cut after their header."
_PROGRAM: Final = f"sipcli {sipcli.__version__}"
MAX_WAIT_S: Final = 0.1
MAX_WAITING: Final = 64
"""Packets are written in batches, which costs a third: so long, and so many, they wait at most."""
_PADDING: Final = 0x20
"""The bit of an RTP packet that has padding (RFC 3550 §5.1)."""
_OPUS_TOC: Final = 1
"""Bytes of the table of contents of an Opus packet (RFC 6716 §3.1)."""


class CaptureFile:
    """A capture that is written as it happens: SIP at once, RTP with the packets of 100 ms.

    If writing fails, or the file has reached its limit, `warn` is called once and the capture ends;
    the call goes on.
    """

    def __init__(
        self, path: Path, *, limit_bytes: int, has_audio: bool, warn: Callable[[str], None]
    ) -> None:
        """Create the file with mode 0600, replacing what is there. Raises ConfigError.

        Its name must end in `.pcapng`, by which other programs know it.
        """
        if path.suffix.lower() != SUFFIX:
            raise ConfigError(
                f"--capture {one_line(str(path))}: a capture is a pcapng file, so its name has to "
                f"end in {SUFFIX}"
            )
        begin = section_header(_PROGRAM, (_ABOUT, _WITH_AUDIO if has_audio else _WITHOUT_AUDIO))
        self._output = CaptureOutput(
            path, begin + interface_description("sipcli"), limit_bytes=limit_bytes, warn=warn
        )
        self._has_audio = has_audio
        self._framing = SipFraming()
        self._announcements = MediaAnnouncements()
        self._waiting: list[PacketEntry] = []
        self._unmet: list[str] = []
        self._further_unmet = 0
        self._journals: list[Journal] = []

    @property
    def failure(self) -> str | None:
        """Why not all could be written, of which `warn` was told; None also at the limit."""
        return self._output.failure

    def attach(self, journal: Journal) -> None:
        """Write what is recorded from now on."""
        self._journals.append(journal)
        journal.subscribe(SipEntry, self._write_sip)
        journal.subscribe(PacketEntry, self._write_packet)
        journal.subscribe(StepEntry, self._write_step)
        journal.subscribe(VerdictEntry, self._write_verdict)

    def close(self) -> None:
        """End the file. Without effect the second time."""
        self._detach()
        self.flush()
        comments = self._unmet
        if self._further_unmet:
            comments = [*comments, f"and {self._further_unmet} more"]
        self._output.close(section_header(_PROGRAM, comments) if comments else b"")

    def discard(self) -> None:
        """End the capture and remove its file."""
        self._detach()
        self._output.discard()

    def _detach(self) -> None:
        for journal in self._journals:
            for listener in (
                self._write_sip,
                self._write_packet,
                self._write_step,
                self._write_verdict,
            ):
                journal.unsubscribe(listener)

    def _write_sip(self, entry: SipEntry) -> None:
        if not entry.data.strip(KEEP_ALIVE):
            return
        self.flush()
        packet, comments = self._framing.packet(entry, without_secrets(entry.data))
        self._output.write(packet_block(entry.at, packet, entry.direction, comments))
        self._announcements.note(entry)

    def _write_packet(self, entry: PacketEntry) -> None:
        waiting = self._waiting
        waiting.append(entry)
        is_time = abs(entry.at - waiting[0].at) >= MAX_WAIT_S
        if is_time or entry.is_rtcp or len(waiting) == MAX_WAITING:
            self.flush()

    def flush(self) -> None:
        """Write the packets that wait for others."""
        waiting, self._waiting = self._waiting, []
        path = None
        for entry in waiting:
            before, path = path, (entry.call, entry.local, entry.remote)
            announcement = self._announcements.due(entry) if path != before else None
            if announcement is not None:
                comment = (media_announcements.COMMENT,)
                self._output.write(packet_block(entry.at, announcement, comments=comment))
        if waiting:
            self._output.write(*map(self._packet_block, waiting))

    def _packet_block(self, entry: PacketEntry) -> bytes:
        ends = entry.local, entry.remote
        source, destination = ends if entry.direction == "sent" else reversed(ends)
        packet = udp_packet(source, destination, entry.data[:MAX_UDP])
        left_out = 0 if self._has_audio or entry.is_rtcp else self._sound_in(entry)
        if left_out:
            packet = packet[:-left_out]
        comments = () if entry.remark is None else (one_line(entry.remark),)
        return packet_block(entry.at, packet, entry.direction, comments, left_out=left_out)

    def _sound_in(self, entry: PacketEntry) -> int:
        """Return how many bytes at the end of an RTP packet are sound (or digits, or padding)."""
        packet = parse(entry.data)
        if packet is None or not packet.payload:
            return 0
        size = len(packet.payload)
        is_opus = self._announcements.codec(entry, packet.payload_type) == "opus"
        padding = entry.data[-1] if entry.data[0] & _PADDING else 0
        return size + padding - (_OPUS_TOC if is_opus else 0)

    def _write_step(self, entry: StepEntry) -> None:
        if entry.state != "begun":
            text = entry.text or ", ".join(f"{name} {value}" for name, value in entry.facts)
            what = f"{entry.phase} {entry.state}: {text}".removesuffix(": ")
            self._note(entry.at, what, _WARNING if entry.state == "failed" else _INFORMATION)

    def _write_verdict(self, entry: VerdictEntry) -> None:
        if not entry.met:
            what = (
                f"not as expected: {entry.name}: expected {entry.expected}; found: {entry.actual}"
            )
            if len(self._unmet) < MAX_VERDICTS:
                self._unmet.append(one_line(what))
            else:
                self._further_unmet += 1
            self._note(entry.at, what, _WARNING)

    def _note(self, at: float, what: str, priority: int) -> None:
        self.flush()
        here = LOOPBACK, _SYSLOG_PORT
        text = one_line(what)
        packet = udp_packet(here, here, f"<{priority}>sipcli: {text}".encode()[:MAX_NOTE])
        comment = f"{text} ({_NOTE_COMMENT})" if priority == _WARNING else _NOTE_COMMENT
        self._output.write(packet_block(at, packet, comments=(comment,)))
