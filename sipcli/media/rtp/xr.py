"""Parse and build the VoIP metrics block of an RTCP extended report (RFC 3611 §4.7)."""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct
from typing import Final

GMIN: Final = 16
"""Packets received in a row that end a burst; fewer belong to it (§4.7.2)."""
ENHANCED_CONCEALMENT: Final = 0b10 << 6
"""In `rx_config`: lost packets are concealed by more than silence or repetition."""
ADAPTIVE_BUFFER: Final = 0b11 << 4
"""In `rx_config`: the jitter buffer is adaptive; the lowest bits hold its rate."""
_VOIP_METRICS: Final = 7
_BLOCK: Final = Struct("!BBHL4B4HbbBBBBBBBBHHH")
_HEADER: Final = Struct("!BBH")
_WORDS: Final = 8
_UNAVAILABLE: Final = 127


@dataclass(frozen=True, slots=True, kw_only=True)
class VoipMetrics:
    """The quality of the sound that one side receives, since the start; None for what is unknown.

    Shares are 0.0 to 1.0, in steps of 1/256; times are 0 to 65535 ms.
    """

    ssrc: int
    """The source that it reports on."""
    loss_rate: float
    """Share of packets lost and not recovered."""
    discard_rate: float
    """Share of packets that arrived too late, or too early, to be played."""
    burst_density: float
    """Share of lost and discarded packets within bursts."""
    gap_density: float
    """The same between bursts."""
    burst_duration_ms: int
    """Mean length of a burst."""
    gap_duration_ms: int
    """Mean length of a gap between bursts."""
    round_trip_ms: int
    """By RTCP; 0 if it is unknown."""
    end_system_delay_ms: int
    """The delay that the reporting side adds to the round trip."""
    signal_level_dbm0: int | None = None
    """The level of the speech."""
    noise_level_dbm0: int | None = None
    """The level of the pauses in it."""
    residual_echo_return_loss_db: int | None = None
    gmin: int = GMIN
    r_factor: int | None = None
    """0 to 100, by the E-model."""
    external_r_factor: int | None = None
    """R of the part of the path beyond this RTP session."""
    mos_lq: float | None = None
    """1.0 to 5.0: listening quality, without delay."""
    mos_cq: float | None = None
    """1.0 to 5.0: conversational quality."""
    rx_config: int = 0
    """The type of concealment and of jitter buffer (§4.7.6)."""
    jb_nominal_ms: int = 0
    """The delay of the jitter buffer for a typical packet."""
    jb_maximum_ms: int = 0
    """The same for the fastest packet."""
    jb_abs_max_ms: int = 0
    """The maximum that it could reach."""


def build(metrics: VoipMetrics) -> bytes:
    """Return the report block; values out of range are clamped."""
    return _BLOCK.pack(
        _VOIP_METRICS,
        0,
        _WORDS,
        metrics.ssrc,
        _share(metrics.loss_rate),
        _share(metrics.discard_rate),
        _share(metrics.burst_density),
        _share(metrics.gap_density),
        _time(metrics.burst_duration_ms),
        _time(metrics.gap_duration_ms),
        _time(metrics.round_trip_ms),
        _time(metrics.end_system_delay_ms),
        _number(metrics.signal_level_dbm0, -127),
        _number(metrics.noise_level_dbm0, -127),
        _number(metrics.residual_echo_return_loss_db, 0),
        metrics.gmin,
        _number(metrics.r_factor, 0),
        _number(metrics.external_r_factor, 0),
        _score(metrics.mos_lq),
        _score(metrics.mos_cq),
        metrics.rx_config,
        0,
        _time(metrics.jb_nominal_ms),
        _time(metrics.jb_maximum_ms),
        _time(metrics.jb_abs_max_ms),
    )


def blocks(body: bytes) -> Iterator[VoipMetrics]:
    """Yield the VoIP metrics among the report blocks of an extended report; skip the others.

    `body` begins after the sender's SSRC. Parsing ends at the first malformed block.
    """
    at = 0
    while at + _HEADER.size <= len(body):
        kind, _, words = _HEADER.unpack_from(body, at)
        end = at + 4 + 4 * words
        if end > len(body):
            return
        if kind == _VOIP_METRICS and words == _WORDS:
            yield _read(body[at:end])
        at = end


def _read(block: bytes) -> VoipMetrics:
    (
        _, _, _, ssrc, lost, discarded, in_bursts, in_gaps, burst, gap, trip, delay,
        signal, noise, echo, gmin, r, external, mos_lq, mos_cq, config, _, nominal, maximum, limit,
    ) = _BLOCK.unpack(block)  # fmt: skip
    return VoipMetrics(
        ssrc=ssrc,
        loss_rate=lost / 256,
        discard_rate=discarded / 256,
        burst_density=in_bursts / 256,
        gap_density=in_gaps / 256,
        burst_duration_ms=burst,
        gap_duration_ms=gap,
        round_trip_ms=trip,
        end_system_delay_ms=delay,
        signal_level_dbm0=_known(signal),
        noise_level_dbm0=_known(noise),
        residual_echo_return_loss_db=_known(echo),
        gmin=gmin,
        r_factor=_known(r),
        external_r_factor=_known(external),
        mos_lq=_mos(mos_lq),
        mos_cq=_mos(mos_cq),
        rx_config=config,
        jb_nominal_ms=nominal,
        jb_maximum_ms=maximum,
        jb_abs_max_ms=limit,
    )


def _share(share: float) -> int:
    return max(0, min(255, int(share * 256)))


def _time(milliseconds: int) -> int:
    return max(0, min(0xFFFF, milliseconds))


def _number(value: int | None, minimum: int) -> int:
    return _UNAVAILABLE if value is None else max(minimum, min(_UNAVAILABLE - 1, value))


def _score(mos: float | None) -> int:
    return _UNAVAILABLE if mos is None else max(10, min(50, round(10 * mos)))


def _known(value: int) -> int | None:
    return None if value == _UNAVAILABLE else value


def _mos(value: int) -> float | None:
    """Return the score; None if it is not between 1 and 5."""
    return value / 10 if 10 <= value <= 50 else None
