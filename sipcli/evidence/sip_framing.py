"""SIP messages as packets that Wireshark, tshark and sngrep show as SIP without any settings.

On the wire a message is in a WebSocket message, mostly within TLS. It is written as a UDP datagram
between the true addresses and ports, since all three programs recognize SIP in UDP on nearly every
port. In TCP they do not: Wireshark takes port 80 and 8080 for HTTP. Where Wireshark takes one of
the UDP ports for another protocol (`wireshark_ports.py`), the message is a TCP segment, and where
that would fail, too, the port is replaced by the next one that works, and a comment names the true
one.
"""

from collections import OrderedDict
from typing import Final, Literal, TypeAlias

from sipcli.evidence.synthetic_packets import MAX_TCP, tcp_packet, udp_packet
from sipcli.evidence.wireshark_ports import TCP_TAKEN, UDP_TAKEN
from sipcli.journal.entries import IpPort, SipEntry

MAX_CONNECTIONS: Final = 1000
"""Connections that are remembered."""

_Direction: TypeAlias = Literal["sent", "received"]


class SipFraming:
    """Makes packets of the SIP messages of all connections."""

    def __init__(self) -> None:
        self._next: OrderedDict[tuple[IpPort, IpPort], dict[_Direction, int]] = OrderedDict()
        """Connection -> the next sequence number of either direction (TCP)."""

    def packet(self, entry: SipEntry, message: bytes) -> tuple[bytes, tuple[str, ...]]:
        """Return the packet with `message`, which is that of `entry` without secrets; comments."""
        comments = []
        connection = entry.local, entry.remote
        if connection in self._next:
            self._next.move_to_end(connection)
        else:
            self._next[connection] = {"sent": 1, "received": 1}
            if len(self._next) > MAX_CONNECTIONS:
                self._next.popitem(last=False)
            comments.append(
                f"The first message of a connection, which is a WebSocket ({entry.transport}) with "
                f"{entry.server or 'an unknown server'}. Only its content is shown."
            )
        if len(message) > MAX_TCP:
            comments.append(f"The end of the message, {len(message) - MAX_TCP} bytes, is left out.")
            message = message[:MAX_TCP]
        local, remote = connection
        if _is_shown(UDP_TAKEN, local, remote):
            return _udp(entry.direction, local, remote, message), tuple(comments)
        if _is_shown(TCP_TAKEN, local, remote):
            return self._tcp(entry.direction, local, remote, message), tuple(comments)
        for end in connection:
            if end[1] in UDP_TAKEN:
                comments.append(
                    f"The true port of {end[0]} is {end[1]}, where Wireshark would not show SIP."
                )
        packet = _udp(entry.direction, _beside(local), _beside(remote), message)
        return packet, tuple(comments)

    def _tcp(self, direction: _Direction, local: IpPort, remote: IpPort, message: bytes) -> bytes:
        numbers = self._next[local, remote]
        sequence = numbers[direction]
        numbers[direction] += len(message)
        if direction == "sent":
            return tcp_packet(local, remote, message, sequence, numbers["received"])
        return tcp_packet(remote, local, message, sequence, numbers["sent"])


def _udp(direction: _Direction, local: IpPort, remote: IpPort, message: bytes) -> bytes:
    if direction == "sent":
        return udp_packet(local, remote, message)
    return udp_packet(remote, local, message)


def _is_shown(taken: frozenset[int], *ends: IpPort) -> bool:
    return not any(port in taken for _, port in ends)


def _beside(end: IpPort) -> IpPort:
    """Return the end with the next port that Wireshark does not take for another protocol."""
    address, port = end
    while port in UDP_TAKEN:
        port += 1
    return address, port
