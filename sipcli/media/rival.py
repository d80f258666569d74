"""Detect a second RTP source that speaks while the current one is silent.

Some servers keep an old stream running, with silence in it, when they start another.
"""

from typing import Final

from sipcli.catalog.codecs import Codec
from sipcli.media.codecs.codec import Decoder
from sipcli.media.codecs.registry import make_decoder
from sipcli.media.level import AUDIBLE_DBFS, dbfs, rms
from sipcli.media.rtp.packet import RtpPacket

SILENCE_S: Final = 1.0
"""Seconds of silence after which the current source may be replaced by one that speaks."""
ENOUGH: Final = 10
"""Audible packets from another source, during such a silence, that count as speech."""


class Rival:
    """Tracks one other source at a time, decoded only while the current one is silent."""

    def __init__(self) -> None:
        self._ssrc: int | None = None
        self._codec: Codec | None = None
        self._decoder: Decoder | None = None
        self._audible = 0

    def speaks(self, packet: RtpPacket, codec: Codec) -> bool:
        """Return True if its source counts as speaking, with this audio packet included."""
        if (packet.ssrc, codec) != (self._ssrc, self._codec) or self._decoder is None:
            self._ssrc, self._codec = packet.ssrc, codec
            self._decoder = make_decoder(codec)
            self._audible = 0
        self._audible += dbfs(rms(self._decoder.decode(packet.payload))) > AUDIBLE_DBFS
        return self._audible >= ENOUGH

    def forget(self) -> None:
        """Start over: the current source speaks again, or another one is followed."""
        self._ssrc = self._decoder = None
