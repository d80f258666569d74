"""Send digits as telephone-events, in place of the audio of that time (RFC 4733 §2.5.1)."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil
from typing import Final

from sipcli.media.dtmf.dtmf_digits import DIGITS, MAX_STEPS, DialStep, Digit, InvalidDigits, Pause
from sipcli.media.dtmf.telephone_event import MAX_DURATION, TelephoneEvent, build, parse
from sipcli.media.pcm import FRAME_S

DURATION_MS: Final = 100
GAP_MS: Final = 70
MIN_MS: Final = 40
"""The shortest press that a receiver must detect (ITU-T Q.24)."""
_FINAL_COPIES: Final = 3
"""How often the last packet of an event or of a segment is sent (§2.5.1.4)."""


@dataclass(frozen=True, slots=True)
class EventFrame:
    """The event packet to send in place of a frame of audio."""

    payload: bytes
    clock_rate: int
    """Hz: selects one of the negotiated payload types."""
    timestamp: int
    """The RTP timestamp at which the event, or the reported segment of it, began."""
    marker: bool
    finished: Digit | None = None
    """The digit that ends with this packet; None in its repetitions."""


class DtmfSender:
    """A queue of digits, sent frame by frame (20 ms).

    Each digit sounds for `duration_ms`; the next follows after `gap_ms`, rounded up to frames.
    """

    def __init__(self, duration_ms: int = DURATION_MS, gap_ms: int = GAP_MS) -> None:
        self._duration_ms = duration_ms
        # The repetitions of the final packet take the first frames of the gap.
        self._gap = max(0, ceil(gap_ms / 1000 / FRAME_S) - (_FINAL_COPIES - 1))
        self._queue: deque[DialStep] = deque()
        self._current: Iterator[EventFrame] | None = None
        self._last: EventFrame | None = None
        """The last packet of `_current`."""
        self._wait = 0
        """Frames of audio before the next step."""

    @property
    def busy(self) -> bool:
        """True if anything is still to be sent."""
        return bool(self._queue) or self._current is not None

    def queue(self, steps: tuple[DialStep, ...]) -> None:
        """Queue `steps` to be sent. Raises `InvalidDigits` if too many are queued."""
        if len(self._queue) + len(steps) > MAX_STEPS:
            raise InvalidDigits(f"more than {MAX_STEPS} digits are waiting to be sent")
        self._queue.extend(steps)

    def take_back(self) -> tuple[DialStep, ...]:
        """Clear and return the queue; the digit being sent is finished."""
        waiting = tuple(self._queue)
        self._queue.clear()
        return waiting

    def end(self) -> tuple[EventFrame, ...]:
        """End the digit in progress now, and return its last packets, to be sent at once.

        It lasts at least `MIN_MS`, so that it is detected. Empty if there is no digit in progress.
        """
        last, self._current = self._last if self._current is not None else None, None
        event = parse(last.payload) if last is not None else None
        if last is None or event is None:
            return ()
        self._wait = self._gap
        if event.end:
            return (replace(last, finished=None),) * (_FINAL_COPIES - 1)
        event = replace(
            event, duration=max(event.duration, MIN_MS * last.clock_rate // 1000), end=True
        )
        digit = Digit(DIGITS[event.code], event.duration * 1000 // last.clock_rate)
        final = replace(last, payload=build(event), marker=False)
        return (replace(final, finished=digit), *[final] * (_FINAL_COPIES - 1))

    def begin_again(self) -> None:
        """Queue the digit in progress again, unless its end was sent already."""
        last, self._current = self._last if self._current is not None else None, None
        event = parse(last.payload) if last is not None else None
        if event is not None and not event.end:
            self._queue.appendleft(DIGITS[event.code])

    def frame(self, timestamp: int, clock_rate: int | None) -> EventFrame | None:
        """Return the event packet of the frame that begins at `timestamp`; None for audio.

        Call it once for each frame. `clock_rate` is that of the next digit, in Hz; None if none may
        begin. The digit in progress keeps the clock rate that it began with.
        """
        if self._current is not None:
            if (report := next(self._current, None)) is not None:
                self._last = report
                return report
            self._current = None
            self._wait = self._gap
        if self._wait > 0:
            self._wait -= 1
            return None
        if not self._queue or clock_rate is None:
            return None
        match self._queue.popleft():
            case Pause(seconds):
                self._wait = round(seconds / FRAME_S) - 1
                return None
            case digit:
                self._current = _reports(digit, self._duration_ms, timestamp, clock_rate)
                self._last = next(self._current)
                return self._last


def _reports(digit: str, duration_ms: int, timestamp: int, clock_rate: int) -> Iterator[EventFrame]:
    """Yield the packets of one digit, one for each frame (§2.5.1.2 to §2.5.1.4)."""
    code = DIGITS.index(digit)
    step = round(clock_rate * FRAME_S)
    total = duration_ms * clock_rate // 1000
    segment = 0
    """The start of the segment, in clock units since the start of the digit."""
    elapsed = 0

    def report(duration: int, *, end: bool = False, finished: Digit | None = None) -> EventFrame:
        payload = build(TelephoneEvent(code, duration, end))
        begin = (timestamp + segment) & 0xFFFF_FFFF
        return EventFrame(payload, clock_rate, begin, elapsed == step, finished)

    while True:
        elapsed += step
        if min(elapsed, total) - segment > MAX_DURATION:
            for _ in range(_FINAL_COPIES):
                yield report(MAX_DURATION)
            elapsed += step * (_FINAL_COPIES - 1)
            segment += MAX_DURATION
        elif elapsed < total:
            yield report(elapsed - segment)
        else:
            yield report(total - segment, end=True, finished=Digit(digit, duration_ms))
            elapsed += step  # the repetitions are not the first packet
            for _ in range(_FINAL_COPIES - 1):
                yield report(total - segment, end=True)
            return
