"""A second source beside the one that is heard: does it speak while that one is silent?

Some servers leave an old stream running, with silence in it, when they begin another.
"""

from typing import Final

from sipcli.catalog.codecs import Codec
from sipcli.media.codecs.codec import Decoder
from sipcli.media.codecs.registry import make_decoder
from sipcli.media.level import AUDIBLE_DBFS, dbfs, rms
from sipcli.media.rtp.packet import RtpPacket

SILENCE_S: Final = 1.0
"""Seconds of silence after which the source that is heard may be left for one that speaks."""
ENOUGH: Final = 10
"""Audible packets in such a silence by which another source proves that it speaks."""


class Rival:
    """Listens to one other source at a time; it is decoded only while the first is silent."""

    def __init__(self) -> None:
        self._ssrc: int | None = None
        self._codec: Codec | None = None
        self._decoder: Decoder | None = None
        self._audible = 0

    def speaks(self, packet: RtpPacket, codec: Codec) -> bool:
        """Whether its source has been heard to speak, with this packet of sound."""
        if (packet.ssrc, codec) != (self._ssrc, self._codec) or self._decoder is None:
            self._ssrc, self._codec = packet.ssrc, codec
            self._decoder = make_decoder(codec)
            self._audible = 0
        self._audible += dbfs(rms(self._decoder.decode(packet.payload))) > AUDIBLE_DBFS
        return self._audible >= ENOUGH

    def forget(self) -> None:
        """The first source speaks again, or another one is heard from now on."""
        self._ssrc = self._decoder = None
