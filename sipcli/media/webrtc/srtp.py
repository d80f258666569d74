"""SRTP and SRTCP (RFC 3711) on libsrtp: encrypt, and decrypt only what is authentic."""

from contextlib import suppress
from typing import Final

from pylibsrtp import Error, Session

LARGEST: Final = 1500
"""Maximum bytes of a protected packet; more does not fit into one network packet either."""

SMALLEST: Final = 12
"""Bytes; no RTP header is shorter, nor is SRTCP with its index and tag."""

MAX_SOURCES: Final = 32
"""Maximum SSRCs, each with keys and a replay window; a new one replaces the oldest."""

_RTCP: Final = range(192, 224)
"""Second bytes of RTCP where it shares the port with RTP (RFC 5761 §4)."""


class Srtp:
    """Encrypts outgoing packets, checks and decrypts incoming ones."""

    def __init__(self, inbound: Session, outbound: Session) -> None:
        self._protect_rtp = outbound.protect
        self._protect_rtcp = outbound.protect_rtcp
        self._unprotect_rtp = inbound.unprotect
        self._unprotect_rtcp = inbound.unprotect_rtcp
        self._remove_stream = inbound.remove_stream
        self._sources: dict[bytes, None] = {}

    def protect_rtp(self, packet: bytes) -> bytes | None:
        """Return the SRTP packet; None if it is too long or not RTP."""
        try:
            return self._protect_rtp(packet)
        except (Error, ValueError):
            return None

    def protect_rtcp(self, packet: bytes) -> bytes | None:
        """Return the SRTCP packet; None if it is too long or not RTCP."""
        try:
            return self._protect_rtcp(packet)
        except (Error, ValueError):
            return None

    def unprotect(self, data: bytes) -> tuple[bool, bytes] | None:
        """Return True for RTCP, and the packet; None if it is not authentic or a replay."""
        if not SMALLEST <= len(data) <= LARGEST:
            return None
        is_rtcp = data[1] in _RTCP
        try:
            packet = self._unprotect_rtcp(data) if is_rtcp else self._unprotect_rtp(data)
        except Error:
            return None
        source = packet[4:8] if is_rtcp else packet[8:12]
        if source not in self._sources:
            self._make_room()
            self._sources[source] = None
        return is_rtcp, packet

    def _make_room(self) -> None:
        """Forget the oldest SSRC, so that a peer cannot fill memory with new SSRCs."""
        if len(self._sources) >= MAX_SOURCES:
            oldest = next(iter(self._sources))
            del self._sources[oldest]
            with suppress(Error):
                self._remove_stream(int.from_bytes(oldest))
