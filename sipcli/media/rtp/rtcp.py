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
"""In one datagram; ours have two or three."""


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """What one side says of the packets it got from the other (RFC 3550 §6.4.1)."""

    ssrc: int
    """Whose packets this is about."""
    fraction_lost: float
    """Of those expected since the report before: 0.0 to 1.0, in steps of 1/256."""
    lost: int
    """Since the beginning; negative when duplicates outnumber losses. 24 bits."""
    highest_sequence: int
    """The highest sequence number so far, with its count of wraps in the upper 16 bits."""
    jitter: int
    """In units of the payload's clock."""
    last_sender_report: int
    """The middle 32 bits of the NTP time of the last SR that came; 0 for none (LSR)."""
    delay_since: int
    """In 1/65536 s: how long that SR had been here when this was sent (DLSR)."""


@dataclass(frozen=True, slots=True)
class SenderReport:
    """What a side that sends says (RFC 3550 §6.4.1)."""

    ssrc: int
    ntp_time: int
    """64 bits: seconds and fractions since 1900."""
    timestamp: int
    """The same instant on the clock of the RTP timestamps."""
    packets: int
    octets: int
    """Of payload: headers and padding do not count."""
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    """What a side that does not send says (RFC 3550 §6.4.2)."""

    ssrc: int
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceDescription:
    """Who a source is (RFC 3550 §6.5); of its items only the CNAME is of use to us."""

    ssrc: int
    cname: str


@dataclass(frozen=True, slots=True)
class Goodbye:
    """These sources are leaving (RFC 3550 §6.6)."""

    ssrcs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ExtendedReport:
    """More than the reports above have room for (RFC 3611); only its VoIP metrics are of use."""

    ssrc: int
    metrics: tuple[VoipMetrics, ...]


RtcpPacket: TypeAlias = SenderReport | ReceiverReport | SourceDescription | Goodbye | ExtendedReport


def parse(data: bytes) -> tuple[RtcpPacket, ...]:
    """Read a compound packet: whatever in it is understood, in its order.

    Kinds that we have no use for (APP, feedback) are stepped over; reading ends at the
    first packet that is broken. Never raises.
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
    """The packets of ours that one packet on the wire stands for."""
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
    """The CNAMEs of an SDES packet: chunks of an SSRC and items, each chunk ending in zeros."""
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
    """Write a compound packet. The caller begins it with a report, as RFC 3550 §6.1 wants."""
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
