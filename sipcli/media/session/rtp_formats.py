"""Convert the agreed media into the formats of the receiving and the sending half."""

from typing import Final

from sipcli.catalog.codecs import CODECS, COMFORT_NOISE
from sipcli.config.tables import OpusTable
from sipcli.media.codecs.codec import packet_ms
from sipcli.media.codecs.opus_settings import OpusSettings
from sipcli.media.rtp.extension import ExtensionElement, OneOf
from sipcli.media.rtp.red import MAX_REDUNDANT
from sipcli.media.session.inbound import InboundFormats
from sipcli.media.session.outbound import OutboundFormats
from sipcli.sdp.formats import RED, TELEPHONE_EVENT
from sipcli.sdp.negotiated import NegotiatedMedia
from sipcli.sdp.opus_fmtp import OpusWishes

_MIN_BITRATE: Final = 6_000
"""bit/s: the minimum of Opus."""

_RECEIVABLE: Final = {**CODECS, COMFORT_NOISE.name: COMFORT_NOISE}


def inbound(agreed: NegotiatedMedia) -> InboundFormats:
    """Return the formats that may arrive."""
    return InboundFormats(
        codecs={
            each.payload_type: _RECEIVABLE[each.encoding]
            for each in agreed.receives
            if each.encoding in _RECEIVABLE
        },
        events={
            each.payload_type: each.clock_rate
            for each in agreed.receives
            if each.encoding == TELEPHONE_EVENT
        },
        red=frozenset(each.payload_type for each in agreed.receives if each.encoding == RED),
        sources=frozenset(agreed.sources),
        foreign=_foreign(agreed),
    )


def outbound(agreed: NegotiatedMedia, ours: OpusTable) -> OutboundFormats:
    """Return the formats to send; `ours` are the user's Opus settings."""
    events = agreed.telephone_event
    opus = None if agreed.opus is None else _opus(agreed.opus, _limit(agreed), ours)
    return OutboundFormats(
        codec=CODECS[agreed.codec.encoding],
        payload_type=agreed.codec.payload_type,
        events={} if events is None else {events.clock_rate: events.payload_type},
        red=agreed.red.payload_type if agreed.red is not None else None,
        max_redundant=_max_redundant(opus.bitrate, _limit(agreed)) if opus else 0,
        packet_ms=packet_ms(CODECS[agreed.codec.encoding], agreed.ptime),
        opus=opus,
        mid=_mid(agreed),
    )


def wishes(ours: OpusTable) -> OpusWishes:
    """Return what to ask of the far end's Opus for the user's settings."""
    return OpusWishes(
        fec=ours.fec,
        dtx=ours.dtx,
        max_average_bitrate=ours.bitrate if ours.bitrate < OpusTable().bitrate else None,
    )


def _limit(agreed: NegotiatedMedia) -> int | None:
    """Return the maximum bit/s of RTP payload the far end wants; None for no limit."""
    opus = agreed.opus
    limits = (opus.max_average_bitrate if opus is not None else None, agreed.bandwidth)
    return min((limit for limit in limits if limit is not None), default=None)


def _opus(theirs: OpusWishes, limit: int | None, ours: OpusTable) -> OpusSettings:
    bitrate = ours.bitrate if limit is None else min(ours.bitrate, limit)
    return OpusSettings(
        bitrate=max(_MIN_BITRATE, bitrate),
        complexity=ours.complexity,
        fec=theirs.fec and ours.fec,
        dtx=theirs.dtx or ours.dtx,
        cbr=theirs.cbr,
        max_playback_rate=theirs.max_playback_rate,
    )


def _mid(agreed: NegotiatedMedia) -> ExtensionElement | None:
    """Return the MID header extension of our packets; None for none."""
    extension = agreed.mid_extension
    if extension is None or not extension.sends:
        return None
    return ExtensionElement(extension.number, extension.mid.encode())


def _foreign(agreed: NegotiatedMedia) -> OneOf | None:
    """Return the MID header extensions of other media's packets; None if there are none."""
    extension = agreed.mid_extension
    if extension is None:
        return None
    names = frozenset(each.encode() for each in extension.others if each != extension.mid)
    return OneOf(extension.number, names) if names else None


def _max_redundant(bitrate: int, limit: int | None) -> int:
    """Return how many redundant payloads of `bitrate` fit next to the new one."""
    return MAX_REDUNDANT if limit is None else max(0, min(MAX_REDUNDANT, limit // bitrate - 1))
