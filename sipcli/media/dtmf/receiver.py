"""Digits received as telephone-events, each told once however they come (RFC 4733 §2.5.2)."""

from collections import deque
from dataclasses import dataclass
from typing import Final

from sipcli.media.dtmf.digits import DIGITS, Digit
from sipcli.media.dtmf.event import LONGEST, parse
from sipcli.media.rtp.serial import timestamp_difference

SILENCE_S: Final = 0.150
"""Three times the spacing of packets that RFC 4733 recommends ends a digit (§2.5.2.2)."""
_REMEMBERED: Final = 16


@dataclass(slots=True)
class _Sounding:
    """A digit whose end has not been told."""

    code: int
    timestamp: int
    """Of its current segment."""
    clock_rate: int
    earlier: int = 0
    """The duration of its segments before, in clock units."""
    duration: int = 0
    """Of the current segment."""
    heard: float = 0.0

    def digit(self) -> Digit:
        """What to tell of it."""
        total = self.earlier + self.duration
        return Digit(DIGITS[self.code], round(total * 1000 / self.clock_rate))


class DtmfReceiver:
    """Follows the events of one stream; a new one is made when the source changes."""

    def __init__(self) -> None:
        self.ignored = 0
        """Payloads that were no digit: flash, tones of modems, garbage."""
        self._sounding: _Sounding | None = None
        self._told: deque[int] = deque(maxlen=_REMEMBERED)
        """The timestamps of events and segments that are over."""

    def receive(
        self, payload: bytes, timestamp: int, clock_rate: int, now: float
    ) -> tuple[Digit, ...]:
        """Take note of a packet; returns the digits that are over by it, at most two.

        `clock_rate` is that of the payload type, in Hz.
        """
        event = parse(payload)
        if event is None or event.code >= len(DIGITS):
            self.ignored += 1
            return ()
        if timestamp in self._told:
            return ()
        over: tuple[Digit, ...] = ()
        sounding = self._sounding
        if sounding is not None and timestamp != sounding.timestamp:
            ahead = timestamp_difference(timestamp, sounding.timestamp)
            if ahead < 0:
                return ()
            self._told.append(sounding.timestamp)
            if ahead == LONGEST and event.code == sounding.code:
                sounding.timestamp = timestamp
                sounding.earlier += LONGEST
                sounding.duration = 0
            else:
                over = (sounding.digit(),)
                sounding = None
        if sounding is None:
            sounding = _Sounding(event.code, timestamp, clock_rate)
        sounding.duration = max(sounding.duration, event.duration)
        sounding.heard = now
        self._sounding = sounding
        return over + self._end(sounding) if event.end else over

    def expire(self, now: float) -> tuple[Digit, ...]:
        """The digit that has fallen silent without an end, if there is one."""
        sounding = self._sounding
        if sounding is None or now - sounding.heard < SILENCE_S:
            return ()
        return self._end(sounding)

    def _end(self, sounding: _Sounding) -> tuple[Digit]:
        self._sounding = None
        self._told.append(sounding.timestamp)
        return (sounding.digit(),)
