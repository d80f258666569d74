"""Parse and build RTCP packets (RFC 3550 §6.4-§6.7, RFC 3611)."""

from dataclasses import dataclass
from struct import Struct
from typing import Final, TypeAlias

from sipcli.media.rtp import xr
from sipcli.media.rtp.xr import VoipMetrics

_HEADER: Final = Struct("!BBH")
_SENDER_INFO: Final = Struct("!QLLL")
_BLOCK: Final = Struct("!LB3sLLLL")
_SSRC: Final = Struct("!L")

_VERSION_2: Final = 0x80
_PADDING: Final = 0x20
_COUNT: Final = 0x1F
_SR, _RR, _SDES, _BYE, _XR = 200, 201, 202, 203, 207
_CNAME: Final = 1
_MAX_TEXT: Final = 255
_MAX_PACKETS: Final = 32
"""Maximum packets in a datagram; ours have two or three."""


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """A report on the packets received from one source (RFC 3550 §6.4.1)."""

    ssrc: int
    """The source that it reports on."""
    fraction_lost: float
    """Since the previous report: 0.0 to 1.0, in steps of 1/256."""
    lost: int
    """Packets, since the start; negative if there are more duplicates than losses. 24 bits."""
    highest_sequence: int
    """The highest sequence number received; the upper 16 bits count the wraps."""
    jitter: int
    """In units of the RTP clock."""
    last_sender_report: int
    """LSR: the middle 32 bits of the NTP time of the last SR received; 0 for none."""
    delay_since: int
    """DLSR: time from the arrival of that SR to the sending of this, in 1/65536 s."""


@dataclass(frozen=True, slots=True)
class SenderReport:
    """The report of a side that sends (RFC 3550 §6.4.1)."""

    ssrc: int
    ntp_time: int
    """64 bits: seconds and fractions since 1900."""
    timestamp: int
    """The same instant as an RTP timestamp."""
    packets: int
    octets: int
    """Bytes of payload, without headers and padding."""
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    """The report of a side that does not send (RFC 3550 §6.4.2)."""

    ssrc: int
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceDescription:
    """The description of a source (RFC 3550 §6.5); only the CNAME is used."""

    ssrc: int
    cname: str


@dataclass(frozen=True, slots=True)
class Goodbye:
    """These sources are leaving (RFC 3550 §6.6)."""

    ssrcs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ExtendedReport:
    """An extended report (RFC 3611); only its VoIP metrics are used."""

    ssrc: int
    metrics: tuple[VoipMetrics, ...]


RtcpPacket: TypeAlias = SenderReport | ReceiverReport | SourceDescription | Goodbye | ExtendedReport


def parse(data: bytes) -> tuple[RtcpPacket, ...]:
    """Return the packets of a compound packet, in order.

    Other types (APP, feedback) are skipped; parsing ends at the first malformed packet. Never
    raises.
    """
    found: list[RtcpPacket] = []
    offset = 0
    for _ in range(_MAX_PACKETS):
        if len(data) - offset < _HEADER.size:
            break
        flags, kind, words = _HEADER.unpack_from(data, offset)
        end = offset + 4 + 4 * words
        if flags & 0xC0 != _VERSION_2 or end > len(data):
            break
        body = data[offset + 4 : end]
        if flags & _PADDING and body:
            body = body[: max(0, len(body) - body[-1])]
        found.extend(_read(kind, flags & _COUNT, body))
        offset = end
    return tuple(found)


def _read(kind: int, count: int, body: bytes) -> list[RtcpPacket]:
    """Return what one packet on the wire contains; empty if it is not used."""
    if kind == _SR and len(body) >= 24:
        ssrc, ntp_time, timestamp, packets, octets = _SSRC.unpack_from(body) + (
            _SENDER_INFO.unpack_from(body, 4)
        )
        return [SenderReport(ssrc, ntp_time, timestamp, packets, octets, _blocks(body, 24, count))]
    if kind == _RR and len(body) >= 4:
        return [ReceiverReport(_SSRC.unpack_from(body)[0], _blocks(body, 4, count))]
    if kind == _SDES:
        return list(_descriptions(body, count))
    if kind == _BYE:
        count = min(count, len(body) // 4)
        return [Goodbye(tuple(_SSRC.unpack_from(body, 4 * i)[0] for i in range(count)))]
    if kind == _XR and (metrics := tuple(xr.blocks(body[4:]))):
        return [ExtendedReport(_SSRC.unpack_from(body)[0], metrics)]
    return []


def _blocks(body: bytes, offset: int, count: int) -> tuple[ReportBlock, ...]:
    blocks = []
    for at in range(offset, offset + count * _BLOCK.size, _BLOCK.size):
        if at + _BLOCK.size > len(body):
            break
        ssrc, fraction, lost, highest, jitter, lsr, dlsr = _BLOCK.unpack_from(body, at)
        total = int.from_bytes(lost, "big", signed=True)
        blocks.append(ReportBlock(ssrc, fraction / 256, total, highest, jitter, lsr, dlsr))
    return tuple(blocks)


def _descriptions(body: bytes, count: int) -> list[SourceDescription]:
    """Return the CNAMEs of an SDES packet: chunks of an SSRC and items, ending in zeros."""
    found = []
    at = 0
    for _ in range(count):
        if at + 4 > len(body):
            break
        ssrc = _SSRC.unpack_from(body, at)[0]
        at += 4
        while at + 1 < len(body) and body[at] != 0:
            kind, length = body[at], body[at + 1]
            if kind == _CNAME and at + 2 + length <= len(body):
                text = body[at + 2 : at + 2 + length].decode("utf-8", "replace")
                found.append(SourceDescription(ssrc, text))
            at += 2 + length
        at = (at // 4 + 1) * 4  # at least one zero, then up to the next 32-bit boundary
    return found


def build(packets: tuple[RtcpPacket, ...]) -> bytes:
    """Return a compound packet; the first packet must be a report (RFC 3550 §6.1)."""
    return b"".join(_write(packet) for packet in packets)


def _write(packet: RtcpPacket) -> bytes:
    match packet:
        case SenderReport():
            info = _SENDER_INFO.pack(
                packet.ntp_time, packet.timestamp, packet.packets, packet.octets
            )
            body = _SSRC.pack(packet.ssrc) + info + _write_blocks(packet.blocks)
            return _framed(_SR, len(packet.blocks), body)
        case ReceiverReport():
            body = _SSRC.pack(packet.ssrc) + _write_blocks(packet.blocks)
            return _framed(_RR, len(packet.blocks), body)
        case SourceDescription():
            text = packet.cname.encode()[:_MAX_TEXT]
            chunk = _SSRC.pack(packet.ssrc) + bytes((_CNAME, len(text))) + text
            return _framed(_SDES, 1, chunk + bytes(4 - len(chunk) % 4))
        case Goodbye():
            body = b"".join(_SSRC.pack(ssrc) for ssrc in packet.ssrcs)
            return _framed(_BYE, len(packet.ssrcs), body)
        case ExtendedReport():
            body = _SSRC.pack(packet.ssrc) + b"".join(map(xr.build, packet.metrics))
            return _framed(_XR, 0, body)


def _write_blocks(blocks: tuple[ReportBlock, ...]) -> bytes:
    return b"".join(
        _BLOCK.pack(
            block.ssrc,
            min(255, int(block.fraction_lost * 256)),
            block.lost.to_bytes(3, "big", signed=True),
            block.highest_sequence,
            block.jitter,
            block.last_sender_report,
            block.delay_since,
        )
        for block in blocks
    )


def _framed(kind: int, count: int, body: bytes) -> bytes:
    return _HEADER.pack(_VERSION_2 | count, kind, len(body) // 4) + body
