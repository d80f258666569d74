"""The payload of a telephone-event (RFC 4733 §2.3)."""

from dataclasses import dataclass
from struct import Struct
from typing import Final

MAX_DURATION: Final = 0xFFFF
"""The longest duration a payload can tell, in clock units: 1.37 s at 48 kHz."""

_PAYLOAD: Final = Struct("!BBH")
_END: Final = 0x80
_VOLUME: Final = 0x3F


@dataclass(frozen=True, slots=True)
class TelephoneEvent:
    """A report of an event, from its beginning up to now."""

    code: int
    """0-15 are the digits (§3.2)."""
    duration: int
    """In units of the payload type's clock, since the packet's timestamp."""
    end: bool = False
    volume: int = 10
    """The tone's power in -dBm0: 0 to 63."""


def parse(payload: bytes) -> TelephoneEvent | None:
    """Read the first event in `payload`; None if there is none."""
    if len(payload) < _PAYLOAD.size:
        return None
    code, flags, duration = _PAYLOAD.unpack_from(payload)
    return TelephoneEvent(code, duration, bool(flags & _END), flags & _VOLUME)


def build(event: TelephoneEvent) -> bytes:
    """Write `event`."""
    flags = event.volume | (_END if event.end else 0)
    return _PAYLOAD.pack(event.code, flags, event.duration)
