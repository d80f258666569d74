"""Tells readers of a capture which packets are RTP, and what their payload types mean.

In SIP the session description says where RTP goes. With WebRTC that does not help Wireshark: ICE
may choose other addresses than those of the m= lines, and the profile UDP/TLS/RTP/SAVPF makes it
take RTP for encrypted. So before the first packet between two addresses, and again after each new
session description, the capture has a packet that nobody has sent: a session announcement (SAP, RFC
2974) with both ends as they are, plain RTP/AVP, and the payload types that were negotiated.
Wireshark 4.0 takes the payload types of the receiving end. It names no types under 96 but the
static ones, so RED, which WebRTC has as 63, stays "Unassigned". The optional media type in the
announcement is left out: without a tree to show, Wireshark takes it for a part of the SDP.
"""

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from struct import Struct
from typing import Final, Literal

from sipcli.evidence.synthetic_packets import udp_packet
from sipcli.journal.entries import IpPort, PacketEntry, SipEntry
from sipcli.sdp.description import SessionDescription
from sipcli.sdp.formats import STATIC
from sipcli.sdp.read import BadDescription, read
from sipcli.sip.bodies import SDP, find_body
from sipcli.sip.grammar import Malformed
from sipcli.sip.parser import parse

MAX_CALLS: Final = 1000
"""Calls whose payload types are remembered."""
MAX_PATHS: Final = 64
"""Pairs of addresses of one call that are remembered as announced."""
COMMENT: Final = (
    "Nobody has sent this packet. It tells Wireshark where the RTP of a call goes and what its "
    "payload types mean, as negotiated."
)
SAP_PORT: Final = 9875
LOOPBACK: Final = "127.0.0.1"

_PAYLOAD_TYPE: Final = re.compile(r"[0-9]{1,2}|1[01][0-9]|12[0-7]")
_RTPMAP: Final = re.compile(r"([0-9]{1,3}) +([!-~]{1,40}/[0-9]{1,6}(?:/[0-9]{1,2})?)")
_STATIC: Final = {str(each): STATIC[each].rtpmap.partition(" ")[2] for each in (0, 8, 9, 13)}
"""What payload types mean without rtpmap (RFC 3551 §6)."""
_SAP: Final = Struct("!BBH4s")
_SAP_VERSION_1: Final = 0x20


@dataclass(slots=True)
class _CallMedia:
    types: dict[Literal["sent", "received"], dict[str, str]] = field(
        default_factory=lambda: {"sent": {}, "received": {}}
    )
    """The payload types in our session descriptions, and in theirs."""
    announced: set[tuple[IpPort, IpPort]] = field(default_factory=set)

    def meaning(self, receiver: Literal["sent", "received"]) -> dict[str, str]:
        """Return the payload types that an end receives: those that it has sent count first."""
        other: Literal["sent", "received"] = "received" if receiver == "sent" else "sent"
        return (self.types[other] | self.types[receiver]) or _STATIC


class MediaAnnouncements:
    """Reads session descriptions, and makes an announcement where one is due."""

    def __init__(self) -> None:
        self._calls: OrderedDict[str, _CallMedia] = OrderedDict()
        self._count = 0

    def note(self, entry: SipEntry) -> None:
        """Read the session description of a message, if it has one."""
        message = parse(entry.data).message
        if message is None:
            return
        try:
            body = find_body(message, (SDP,))
            description = read(body.content) if body else None
            call_id = message.call_id
        except (Malformed, BadDescription):
            return
        if description is not None:
            call = self._call(call_id)
            call.types[entry.direction] |= _payload_types(description)
            call.announced.clear()

    def codec(self, entry: PacketEntry, payload_type: int) -> str:
        """Return the name of a packet's codec in lower case; empty if it is unknown."""
        receiver: Literal["sent", "received"] = "received" if entry.direction == "sent" else "sent"
        name = self._call(entry.call).meaning(receiver).get(str(payload_type), "")
        return name.partition("/")[0].lower()

    def due(self, entry: PacketEntry) -> bytes | None:
        """Return the announcement that has to precede a packet; None if there is none."""
        call = self._call(entry.call)
        path = entry.local, entry.remote
        if path in call.announced:
            return None
        if len(call.announced) >= MAX_PATHS:
            call.announced.clear()
        call.announced.add(path)
        self._count += 1
        text = "\r\n".join(
            (
                "v=0",
                f"o=- {self._count} 1 IN IP4 {LOOPBACK}",
                "s=Media of a call",
                "t=0 0",
                *_medium(entry.local, call.meaning("sent")),
                *_medium(entry.remote, call.meaning("received")),
                "",
            )
        )
        header = _SAP.pack(_SAP_VERSION_1, 0, self._count & 0xFFFF, ip_address(LOOPBACK).packed)
        here = LOOPBACK, SAP_PORT
        return udp_packet(here, here, header + text.encode())

    def _call(self, call_id: str) -> _CallMedia:
        call = self._calls.get(call_id)
        if call is None:
            call = self._calls[call_id] = _CallMedia()
            if len(self._calls) > MAX_CALLS:
                self._calls.popitem(last=False)
        else:
            self._calls.move_to_end(call_id)
        return call


def _payload_types(description: SessionDescription) -> dict[str, str]:
    """Return payload type -> name, clock rate and channels, of all audio."""
    found: dict[str, str] = {}
    for medium in description.media:
        if medium.kind != "audio":
            continue
        matches = map(_RTPMAP.fullmatch, medium.values("rtpmap"))
        names = _STATIC | {match[1]: match[2] for match in matches if match}
        found |= {
            each: names[each]
            for each in medium.formats
            if each in names and _PAYLOAD_TYPE.fullmatch(each)
        }
    return found


def _medium(end: IpPort, types: Mapping[str, str]) -> tuple[str, ...]:
    address, port = end
    address = address.partition("%")[0]
    return (
        f"m=audio {port} RTP/AVP {' '.join(types)}",
        f"c=IN IP{6 if ':' in address else 4} {address}",
        *(f"a=rtpmap:{number} {name}" for number, name in types.items()),
        "a=rtcp-mux",
    )
