"""The bars of one call, from its INVITE to the first sound."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sipcli.errors import Phase
from sipcli.evidence.recorded_call import RecordedCall
from sipcli.evidence.step_bars import RunClock, step_bars
from sipcli.evidence.waterfall import BarState, PhaseBar, reached
from sipcli.phone.events import CallEnded, Incoming, Media, Progress

RINGING: Final = range(180, 200)
"""Statuses which say that the far end was found and has been told of the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalAnswer:
    """The final response to an INVITE."""

    at: float
    text: str
    """Status and reason."""


def call_bars(
    call: RecordedCall, answer: FinalAnswer | None, clock: RunClock, blamed: Phase | None = None
) -> Iterator[PhaseBar]:
    """Return the bars of a call; `answer` is None if there was none.

    `blamed` is the phase that failed. If that is the ring (408, 480), the answer has no bar: it
    only says so.
    """
    bars = _CallBars(call, answer, clock).all()
    return (bar for bar in bars if blamed is not Phase.RING or bar.phase is not Phase.ANSWER)


class _CallBars:
    """Makes the bars of one call."""

    def __init__(self, call: RecordedCall, answer: FinalAnswer | None, clock: RunClock) -> None:
        end, _ = call.first(CallEnded) or (clock.ended, None)
        self._call = call
        self._clock = clock
        self._answer = answer
        self._is_incoming = isinstance(call.begin, Incoming)
        self._begin_ms = clock.ms(call.began_at)
        self._end_ms = clock.ms(end)
        self._answer_ms = clock.ms(answer.at) if answer is not None else self._end_ms
        self._steps = tuple(step_bars(call.steps, clock, self._end_ms))

    def all(self) -> Iterator[PhaseBar]:
        """Yield them, in the order of the phases."""
        yield from self._ring()
        if self._answer is not None:
            verb = "sent" if self._is_incoming else "received"
            yield _bar(
                Phase.ANSWER, self._answer_ms, self._answer_ms, f"{self._answer.text} {verb}"
            )
        yield from self._offer_answer()
        yield from self._steps
        yield from self._audio()

    def _ring(self) -> Iterator[PhaseBar]:
        """Yield what came before the final response: until it rings, and while it does."""
        until = f"until {self._answer.text}" if self._answer is not None else "without an answer"
        ends: BarState = "done" if self._answer is not None else "not reached"
        rings = next((e for e in self._call.events if _rings(e.event)), None)
        rings_ms = self._begin_ms if rings is None else self._clock.ms(rings.at)
        if self._is_incoming:
            yield _bar(Phase.RING, rings_ms, self._answer_ms, f"it rings here {until}", ends)
        elif rings is None or rings_ms > self._answer_ms:
            if ends == "done":
                ends = reached(Phase.RING, self._begin_ms, self._answer_ms)
            yield _bar(Phase.RING, self._begin_ms, self._answer_ms, f"INVITE {until}", ends)
        else:
            took = reached(Phase.RING, self._begin_ms, rings_ms)
            word = _in_words(rings.event)
            yield _bar(Phase.RING, self._begin_ms, rings_ms, f"INVITE until {word}", took)
            yield _bar(Phase.RING, rings_ms, self._answer_ms, f"it rings {until}", ends)

    def _offer_answer(self) -> Iterator[PhaseBar]:
        """Yield the moment in which both session descriptions are known: ICE begins with them."""
        ice = next((bar for bar in self._steps if bar.phase is Phase.ICE), None)
        if ice is None or ice.begin_ms is None:
            return
        _, codec = self._connected or (0.0, None)
        text = f"agreed on {codec}" if codec is not None else "agreed"
        yield _bar(Phase.OFFER_ANSWER, ice.begin_ms, ice.begin_ms, text)

    def _audio(self) -> Iterator[PhaseBar]:
        """Yield the wait for the first sound, from the moment in which it could come."""
        heard = self._call.first_sound_at
        if self._connected is None:
            return
        begin_ms, _ = self._connected
        if heard is None:
            text = "nothing audible was received"
            yield _bar(Phase.AUDIO, begin_ms, self._end_ms, text, "not reached")
            return
        heard_ms = max(begin_ms, self._clock.ms(heard))
        took = reached(Phase.AUDIO, begin_ms, heard_ms)
        yield _bar(Phase.AUDIO, begin_ms, heard_ms, "first sound received", took)

    @property
    def _connected(self) -> tuple[float, str | None] | None:
        """When media could flow first, and the codec; None if they never could."""
        for entry in self._call.events:
            if isinstance(entry.event, Media) and entry.event.state == "connected":
                return self._clock.ms(entry.at), entry.event.codec
        return None


def _rings(event: object) -> bool:
    return isinstance(event, Progress) and event.status in RINGING


def _in_words(event: object) -> str:
    return f"{event.status} {event.reason}" if isinstance(event, Progress) else ""


def _bar(
    phase: Phase, begin_ms: float, end_ms: float, text: str, state: BarState = "done"
) -> PhaseBar:
    end_ms = max(begin_ms, end_ms)
    return PhaseBar(phase=phase, state=state, begin_ms=begin_ms, end_ms=end_ms, text=text)
