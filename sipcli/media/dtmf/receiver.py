"""Digits received as telephone-events, each told once however they come (RFC 4733 §2.5.2).

Senders differ in what marks a new press, so this goes by the order of packets and by these signs:

- another code is a new press, at whatever timestamp;
- the same code at the same timestamp is a report of the same press, unless the marker is set and
  the report begins anew (some senders use one timestamp for all digits);
- the same code, unmarked, where the last event ended in time is the same press: a segment of a
  long one (§2.5.1.3), or a sender whose timestamp runs on with each packet;
- what is late by its sequence number begins nothing.
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from sipcli.media.dtmf.digits import DIGITS, Digit
from sipcli.media.dtmf.telephone_event import TelephoneEvent, parse
from sipcli.media.rtp.packet import RtpPacket, sequence_difference, timestamp_difference
from sipcli.media.rtp.source_statistics import MAX_MISORDER

SILENCE_S: Final = 0.150
"""Three times the spacing of packets that RFC 4733 recommends ends a digit (§2.5.2.2)."""
MIN_GAP_S: Final = 0.030
"""Seconds between two presses at least; ITU-T Q.24 has 40 ms. A shorter gap is a lost report."""
_REMEMBERED: Final = 16


class _Relation(Enum):
    """What a report has to do with the last press."""

    SAME = auto()
    CONTINUES = auto()
    """The same press in a new segment."""
    NEW = auto()
    OLD = auto()
    """Of a press that was told before."""


@dataclass(slots=True)
class _Press:
    """The last digit that was reported."""

    code: int
    begin: int
    """The timestamp of its first segment."""
    timestamp: int
    """That of its latest segment."""
    clock_rate: int
    heard: float
    """When its last report came, in s."""
    duration: int = 0
    """Of all segments, in clock units."""
    is_told: bool = False

    def report(self, event: TelephoneEvent, timestamp: int, now: float) -> None:
        """Take note of a report: durations only grow, since packets may be reordered."""
        offset = timestamp_difference(timestamp, self.begin)
        # A sender whose timestamp runs on may count the duration from the beginning all the same.
        is_total = offset > 0 and event.duration > self.duration
        duration = event.duration if is_total else offset + event.duration
        self.duration = max(self.duration, duration)
        self.timestamp = timestamp
        self.heard = now

    def digit(self) -> Digit:
        """What to tell of it."""
        return Digit(DIGITS[self.code], round(self.duration * 1000 / self.clock_rate))


class DtmfReceiver:
    """Follows the events of one stream; a new one is made when the source changes."""

    def __init__(self) -> None:
        self.ignored = 0
        """Payloads that were no digit: flash, tones of modems, garbage."""
        self._press: _Press | None = None
        """The last one, sounding or told."""
        self._past: deque[tuple[int, int]] = deque(maxlen=_REMEMBERED)
        """Codes and timestamps of presses and segments before."""
        self._highest: int | None = None
        """The highest sequence number of an event so far."""

    def receive(self, packet: RtpPacket, clock_rate: int, now: float) -> tuple[Digit, ...]:
        """Take note of a packet; returns the digits that are over by it, at most two.

        `clock_rate` is that of the payload type, in Hz.
        """
        event = parse(packet.payload)
        if event is None or event.code >= len(DIGITS):
            self.ignored += 1
            return ()
        relation = self._relation(event, packet)
        if self._is_late(packet.sequence) and relation is not _Relation.SAME:
            return ()
        over: tuple[Digit, ...] = ()
        if relation is _Relation.NEW:
            over = self._end()
            self._remember()
            timestamp = packet.timestamp
            self._press = _Press(event.code, timestamp, timestamp, clock_rate, now)
        elif relation is _Relation.CONTINUES:
            self._remember()
        if relation is not _Relation.OLD and self._press is not None:
            self._press.report(event, packet.timestamp, now)
            if event.end:
                over += self._end()
        return over

    def expire(self, now: float) -> tuple[Digit, ...]:
        """The digit that has fallen silent without an end, if there is one."""
        if self._press is None or now - self._press.heard < SILENCE_S:
            return ()
        return self._end()

    def _relation(self, event: TelephoneEvent, packet: RtpPacket) -> _Relation:
        press = self._press
        if press is not None and event.code == press.code:
            ahead = timestamp_difference(packet.timestamp, press.timestamp)
            if ahead == 0:
                return _Relation.NEW if _begins_anew(press, event, packet) else _Relation.SAME
            since_end = timestamp_difference(packet.timestamp, press.begin) - press.duration
            is_close = since_end < MIN_GAP_S * press.clock_rate
            if ahead > 0 and is_close and not packet.marker:
                return _Relation.CONTINUES
        is_past = (event.code, packet.timestamp) in self._past
        return _Relation.OLD if is_past and not packet.marker else _Relation.NEW

    def _is_late(self, sequence: int) -> bool:
        """Whether an event's packet with a higher number was here before."""
        if self._highest is not None:
            step = sequence_difference(sequence, self._highest)
            if -MAX_MISORDER <= step <= 0:
                return True
        self._highest = sequence
        return False

    def _remember(self) -> None:
        if self._press is not None:
            self._past.append((self._press.code, self._press.timestamp))

    def _end(self) -> tuple[Digit, ...]:
        if self._press is None or self._press.is_told:
            return ()
        self._press.is_told = True
        return (self._press.digit(),)


def _begins_anew(press: _Press, event: TelephoneEvent, packet: RtpPacket) -> bool:
    """Whether a marked report at the timestamp of the last one is of another press.

    Some mark all reports of a press: its duration still grows, and its end is repeated.
    """
    if not packet.marker:
        return False
    if press.is_told:
        return not event.end
    offset = timestamp_difference(press.timestamp, press.begin)
    return offset + event.duration < press.duration
