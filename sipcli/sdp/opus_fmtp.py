"""The `fmtp` parameters of Opus: how one side wants to receive it (RFC 7587 §6.1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sipcli.catalog.codecs import OPUS
from sipcli.sdp.description import number

FULL_BAND: Final = 48_000
"""Hz: the default playback rate, for the full bandwidth of Opus."""
_YES: Final = ("1", "true", "yes")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpusWishes:
    """How one side wants to receive its Opus."""

    fec: bool = False
    """True if it can use in-band forward error correction."""
    dtx: bool = False
    """True if it prefers that silence is not sent."""
    stereo: bool = False
    cbr: bool = False
    """True if it prefers a constant bit rate."""
    max_average_bitrate: int | None = None
    """bit/s, 6000 to 510000."""
    max_playback_rate: int = FULL_BAND
    """Hz it can play, 8000 to 48000."""

    @classmethod
    def of(cls, options: Mapping[str, str]) -> "OpusWishes":
        """Read the wishes from `Format.options()`; invalid parameters count as absent."""
        return cls(
            fec=options.get("useinbandfec", "").lower() in _YES,
            dtx=options.get("usedtx", "").lower() in _YES,
            stereo=options.get("stereo", "").lower() in _YES,
            cbr=options.get("cbr", "").lower() in _YES,
            max_average_bitrate=number(options.get("maxaveragebitrate"), 6_000, 510_000),
            max_playback_rate=number(options.get("maxplaybackrate"), 8_000, FULL_BAND) or FULL_BAND,
        )

    @property
    def parameters(self) -> str:
        """Return the value of an `fmtp` attribute, without the defaults."""
        said = {
            "useinbandfec=1": self.fec,
            "usedtx=1": self.dtx,
            "stereo=1": self.stereo,
            "cbr=1": self.cbr,
            f"maxaveragebitrate={self.max_average_bitrate}": self.max_average_bitrate,
            f"maxplaybackrate={self.max_playback_rate}": self.max_playback_rate != FULL_BAND,
        }
        return ";".join((OPUS.fmtp, *(text for text, is_said in said.items() if is_said)))
