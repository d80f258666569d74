"""The settings of an Opus encoder, and when DTX sends a payload (RFC 7587 §3.1.3)."""

from dataclasses import dataclass
from typing import Final

DTX_PAYLOAD: Final = 2
"""Bytes: a payload no longer than this says that nothing follows for a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpusSettings:
    """What can be chosen about the encoder."""

    bitrate: int = 32_000
    """Bits a second, on average: 6000 to 510000."""
    complexity: int = 7
    """0 to 10. At 32 kbit/s a frame costs 0.11, 0.15, 0.17, 0.19 and 0.27 ms with 3, 6, 7, 8 and 10
    (of one core of a small server), and PESQ-WB is 4.26, 4.42 and from 7 on 4.43. Less than 7 takes
    steady tones for silence where DTX is on, and no music for music."""
    fec: bool = True
    """Let packets tell how the one before sounded, once losses are reported (§2.1.7)."""
    dtx: bool = False
    """Send next to nothing while there is no speech (§2.1.9)."""
    cbr: bool = False
    """Make all packets equally long, since varying lengths can reveal words (§2.1.8)."""
    max_playback_rate: int = 48_000
    """Hz: what is above half of it is not encoded, since it is not played (RFC 7587 §6.1)."""


class DtxGate:
    """Lets the first of the payloads pass that say that nothing follows for a while, no other.

    The far end has to know that a pause begins, or takes it for packets that are lost.
    """

    def __init__(self) -> None:
        self._is_shut = False

    def passed(self, payload: bytes) -> bytes:
        """`payload`, or nothing if the far end knows already."""
        was_shut, self._is_shut = self._is_shut, len(payload) <= DTX_PAYLOAD
        return b"" if was_shut and self._is_shut else payload
