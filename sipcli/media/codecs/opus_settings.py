"""The settings of an Opus encoder, and when DTX sends a payload (RFC 7587 §3.1.3)."""

from dataclasses import dataclass
from typing import Final

DTX_PAYLOAD: Final = 2
"""Bytes: a payload no longer than this announces a pause (DTX)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpusSettings:
    """The settings of the encoder."""

    bitrate: int = 32_000
    """bit/s on average: 6000 to 510000."""
    complexity: int = 7
    """0 to 10. At 32 kbit/s a frame costs 0.11, 0.15, 0.17, 0.19 and 0.27 ms with 3, 6, 7, 8 and 10
    (of one core of a small server), and PESQ-WB is 4.26, 4.42 and from 7 on 4.43. Below 7, DTX
    takes steady tones for silence, and music is not recognized as such."""
    fec: bool = True
    """Add FEC for the packet before, once losses are reported (RFC 6716 §2.1.7)."""
    dtx: bool = False
    """Send almost nothing while there is no speech (RFC 6716 §2.1.9)."""
    cbr: bool = False
    """Make all packets the same length: varying lengths can reveal words (RFC 6716 §2.1.8)."""
    max_playback_rate: int = 48_000
    """Hz: the far end's; frequencies above half of it are not encoded (RFC 7587 §6.1)."""


class DtxGate:
    """Passes the first of the payloads that announce a pause, and drops the rest.

    The far end must learn that a pause begins, or it counts the packets as lost.
    """

    def __init__(self) -> None:
        self._is_shut = False

    def filter(self, payload: bytes) -> bytes:
        """Return `payload`; empty if the far end already knows that there is a pause."""
        was_shut, self._is_shut = self._is_shut, len(payload) <= DTX_PAYLOAD
        return b"" if was_shut and self._is_shut else payload
