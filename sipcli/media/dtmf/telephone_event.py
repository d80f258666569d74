"""The payload of a telephone-event (RFC 4733 §2.3)."""

from dataclasses import dataclass
from struct import Struct
from typing import Final

MAX_DURATION: Final = 0xFFFF
"""The longest duration that fits into a payload, in clock units: 1.37 s at 48 kHz."""

_PAYLOAD: Final = Struct("!BBH")
_END: Final = 0x80
_VOLUME: Final = 0x3F


@dataclass(frozen=True, slots=True)
class TelephoneEvent:
    """One report of an event, from its start until now."""

    code: int
    """0 to 15 are the digits (§3.2)."""
    duration: int
    """In units of the RTP clock, since the packet's timestamp."""
    end: bool = False
    volume: int = 10
    """The power of the tone in -dBm0: 0 to 63."""


def parse(payload: bytes) -> TelephoneEvent | None:
    """Return the first event in `payload`; None if it is too short."""
    if len(payload) < _PAYLOAD.size:
        return None
    code, flags, duration = _PAYLOAD.unpack_from(payload)
    return TelephoneEvent(code, duration, bool(flags & _END), flags & _VOLUME)


def build(event: TelephoneEvent) -> bytes:
    """Return the payload of `event`."""
    flags = event.volume | (_END if event.end else 0)
    return _PAYLOAD.pack(event.code, flags, event.duration)
