"""What was agreed in a session description, in the words of the sound's two halves."""

from typing import Final

from sipcli.media.codecs.codec import COMFORT_NOISE
from sipcli.media.codecs.opus import OpusSettings
from sipcli.media.codecs.registry import CODECS
from sipcli.media.inbound import InboundFormats
from sipcli.media.outbound import OutboundFormats
from sipcli.sdp.agreed import Agreed
from sipcli.sdp.formats import TELEPHONE_EVENT

BITRATE: Final = 32_000
"""bit/s of our Opus unless the far end wants less."""

_HEARD: Final = CODECS | {COMFORT_NOISE.name: COMFORT_NOISE}


def inbound(agreed: Agreed) -> InboundFormats:
    """What may arrive."""
    return InboundFormats(
        codecs={
            each.payload_type: _HEARD[each.encoding]
            for each in agreed.receives
            if each.encoding in _HEARD
        },
        events={
            each.payload_type: each.clock_rate
            for each in agreed.receives
            if each.encoding == TELEPHONE_EVENT
        },
    )


def outbound(agreed: Agreed) -> OutboundFormats:
    """What is sent."""
    events = agreed.telephone_event
    return OutboundFormats(
        codec=CODECS[agreed.codec.encoding],
        payload_type=agreed.codec.payload_type,
        events={} if events is None else {events.clock_rate: events.payload_type},
    )


def opus_settings(agreed: Agreed) -> OpusSettings | None:
    """How the far end wants its Opus; None where it gets another codec."""
    wishes = agreed.opus
    if wishes is None:
        return None
    limits = [limit for limit in (wishes.max_average_bitrate, agreed.bandwidth) if limit]
    bitrate = max(6_000, min([BITRATE, *limits]))
    return OpusSettings(bitrate=bitrate, fec=wishes.fec, dtx=wishes.dtx)
