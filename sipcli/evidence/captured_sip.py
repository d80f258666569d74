"""The SIP messages of a capture, in its order: of sipcli's own captures and of those of others."""

from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal, TypeAlias

from sipcli.evidence.capture_reader import CapturedPacket, read_packets
from sipcli.evidence.ip_packets import Dissector, TransportPacket
from sipcli.evidence.sip_stream import SIP_START, SipStream, SipTransport
from sipcli.evidence.tcp_stream import TcpStream
from sipcli.journal.entries import IpPort, SipEntry

MAX_STREAMS: Final = 1000
"""TCP streams that are followed at the same time."""
MAX_CONVERSATIONS: Final = 10_000
"""Pairs of addresses of which it is known who began."""


def read_sip(path: Path) -> Iterator[SipEntry]:
    """Yield the SIP messages of a capture (pcapng or pcap), over UDP, TCP and WebSocket.

    Their `server` is empty, and sipcli's own captures have what went over WebSocket as UDP. What
    is encrypted is left out. Where the capture does not say which end is its own, that is the end
    that sent first. Raises ConfigError, which names the file and the offset, also after some
    messages.
    """
    dissector, reader = Dissector(), _SipReader()
    for captured in read_packets(path):
        packet = dissector.dissect(captured.link_type, captured.data)
        if packet is not None:
            yield from reader.read(captured, packet)


_Ends: TypeAlias = tuple[IpPort, IpPort]
"""Source and destination."""


class _SipReader:
    def __init__(self) -> None:
        self._streams: OrderedDict[_Ends, tuple[TcpStream, SipStream]] = OrderedDict()
        self._began: OrderedDict[_Ends, None] = OrderedDict()

    def read(self, captured: CapturedPacket, packet: TransportPacket) -> Iterator[SipEntry]:
        if packet.protocol == "tcp":
            for transport, data in self._read_segment(packet):
                yield self._entry(captured, packet, transport, data)
        elif SIP_START.match(packet.payload):
            yield self._entry(captured, packet, "udp", packet.payload)

    def _read_segment(self, packet: TransportPacket) -> list[tuple[SipTransport, bytes]]:
        key = packet.source, packet.destination
        if packet.is_first or key not in self._streams:
            self._streams[key] = TcpStream(), SipStream()
            if len(self._streams) > MAX_STREAMS:
                self._streams.popitem(last=False)
        tcp, sip = self._streams[key]
        if packet.is_first:
            tcp.open(packet.sequence)
            return []
        data, has_gap = tcp.feed(packet.sequence, packet.payload)
        if has_gap:
            sip = SipStream()
            self._streams[key] = tcp, sip
        if packet.is_last:
            del self._streams[key]
        return sip.feed(data)

    def _entry(
        self,
        captured: CapturedPacket,
        packet: TransportPacket,
        transport: Literal["udp", "tcp", "ws"],
        data: bytes,
    ) -> SipEntry:
        direction = captured.direction or self._guessed_direction(packet)
        is_sent = direction == "sent"
        return SipEntry(
            at=captured.at,
            direction=direction,
            local=packet.source if is_sent else packet.destination,
            remote=packet.destination if is_sent else packet.source,
            transport=transport,
            server="",
            data=data,
        )

    def _guessed_direction(self, packet: TransportPacket) -> Literal["sent", "received"]:
        ends = packet.source, packet.destination
        if (ends[1], ends[0]) in self._began:
            return "received"
        self._began[ends] = None
        if len(self._began) > MAX_CONVERSATIONS:
            self._began.popitem(last=False)
        return "sent"
