"""Receive digits as telephone-events, and report each of them once (RFC 4733 §2.5.2).

Senders differ in how they mark a new press, so the order of the packets and these rules decide:

- another code is a new press, whatever its timestamp;
- the same code at the same timestamp reports the same press, unless the marker is set and the
  report starts over (some senders use one timestamp for all digits);
- the same code, without marker, at the time when the last event ended is the same press: a segment
  of a long one (§2.5.1.3), or a sender whose timestamp advances with each packet;
- a packet that is late by its sequence number starts nothing.
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from sipcli.media.dtmf.dtmf_digits import DIGITS, Digit
from sipcli.media.dtmf.telephone_event import TelephoneEvent, parse
from sipcli.media.rtp.packet import RtpPacket, sequence_difference, timestamp_difference
from sipcli.media.rtp.source_statistics import MAX_MISORDER

SILENCE_S: Final = 0.150
"""Seconds without a report that end a digit: three times the recommended spacing (§2.5.2.2)."""
MIN_GAP_S: Final = 0.030
"""Minimum seconds between two presses (40 ms in ITU-T Q.24); a shorter gap is a lost report."""
_REMEMBERED: Final = 16


class _Relation(Enum):
    """How a report relates to the last press."""

    SAME = auto()
    CONTINUES = auto()
    """The same press in a new segment."""
    NEW = auto()
    OLD = auto()
    """Of a press that was reported before."""


@dataclass(slots=True)
class _Press:
    """The last digit that was reported."""

    code: int
    begin: int
    """The timestamp of its first segment."""
    timestamp: int
    """The timestamp of its latest segment."""
    clock_rate: int
    last_report: float
    """When its last report arrived, in seconds."""
    duration: int = 0
    """Of all segments together, in clock units."""
    is_reported: bool = False

    def report(self, event: TelephoneEvent, timestamp: int, now: float) -> None:
        """Process a report: durations only grow, since packets may be reordered."""
        offset = timestamp_difference(timestamp, self.begin)
        # A sender whose timestamp advances may still count the duration from the start.
        is_total = offset > 0 and event.duration > self.duration
        duration = event.duration if is_total else offset + event.duration
        self.duration = max(self.duration, duration)
        self.timestamp = timestamp
        self.last_report = now

    def digit(self) -> Digit:
        """Return it as a digit, with its duration."""
        return Digit(DIGITS[self.code], round(self.duration * 1000 / self.clock_rate))


class DtmfReceiver:
    """Follows the events of one source."""

    def __init__(self) -> None:
        self.ignored = 0
        """Payloads without a digit: flash, modem tones, garbage."""
        self._press: _Press | None = None
        """The last one, in progress or reported."""
        self._past: deque[tuple[int, int]] = deque(maxlen=_REMEMBERED)
        """Codes and timestamps of earlier presses and segments."""
        self._highest: int | None = None
        """The highest sequence number of an event so far."""

    def receive(self, packet: RtpPacket, clock_rate: int, now: float) -> tuple[Digit, ...]:
        """Process a packet; return the digits that end with it, at most two.

        `clock_rate` is that of the payload type, in Hz; `now` is in seconds.
        """
        event = parse(packet.payload)
        if event is None or event.code >= len(DIGITS):
            self.ignored += 1
            return ()
        relation = self._relation(event, packet)
        if self._is_late(packet.sequence) and relation is not _Relation.SAME:
            return ()
        ended: tuple[Digit, ...] = ()
        if relation is _Relation.NEW:
            ended = self._end()
            self._remember()
            timestamp = packet.timestamp
            self._press = _Press(event.code, timestamp, timestamp, clock_rate, now)
        elif relation is _Relation.CONTINUES:
            self._remember()
        if relation is not _Relation.OLD and self._press is not None:
            self._press.report(event, packet.timestamp, now)
            if event.end:
                ended += self._end()
        return ended

    def expire(self, now: float) -> tuple[Digit, ...]:
        """Return the digit whose reports have stopped without an end, if there is one."""
        if self._press is None or now - self._press.last_report < SILENCE_S:
            return ()
        return self._end()

    def _relation(self, event: TelephoneEvent, packet: RtpPacket) -> _Relation:
        press = self._press
        if press is not None and event.code == press.code:
            ahead = timestamp_difference(packet.timestamp, press.timestamp)
            if ahead == 0:
                return _Relation.NEW if _starts_over(press, event, packet) else _Relation.SAME
            since_end = timestamp_difference(packet.timestamp, press.begin) - press.duration
            is_close = since_end < MIN_GAP_S * press.clock_rate
            if ahead > 0 and is_close and not packet.marker:
                return _Relation.CONTINUES
        is_past = (event.code, packet.timestamp) in self._past
        return _Relation.OLD if is_past and not packet.marker else _Relation.NEW

    def _is_late(self, sequence: int) -> bool:
        """Return True if an event with a higher sequence number has arrived before."""
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
        if self._press is None or self._press.is_reported:
            return ()
        self._press.is_reported = True
        return (self._press.digit(),)


def _starts_over(press: _Press, event: TelephoneEvent, packet: RtpPacket) -> bool:
    """Return True if a report with the marker, at the same timestamp, is of another press.

    Some senders set the marker in all reports of a press: then its duration still grows, and its
    end is repeated.
    """
    if not packet.marker:
        return False
    if press.is_reported:
        return not event.end
    offset = timestamp_difference(press.timestamp, press.begin)
    return offset + event.duration < press.duration
