"""Bars of a waterfall from the steps in a journal, each from its begin to its end."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from sipcli.errors import Phase
from sipcli.evidence.waterfall import Fact, PhaseBar, reached
from sipcli.journal.entries import StepEntry

_Key: TypeAlias = tuple[Phase, str | None]


@dataclass(frozen=True, slots=True)
class RunClock:
    """Turns times of the journal into milliseconds of the run."""

    began: float
    """The begin of the run; the next one is its end. In seconds since the epoch."""
    ended: float

    def ms(self, at: float) -> float:
        """Return the milliseconds since the begin of the run; 0 for what came before it."""
        return max((at - self.began) * 1000, 0.0)

    @property
    def end_ms(self) -> float:
        """The length of the run."""
        return self.ms(self.ended)


def step_bars(
    steps: Iterable[StepEntry], clock: RunClock, end_ms: float | None = None
) -> Iterator[PhaseBar]:
    """Yield a bar for each attempt at each phase.

    One that has neither succeeded nor failed ended at `end_ms`, by default that of the run.
    """
    open_steps: dict[_Key, StepEntry] = {}
    failed = set[_Key]()
    for step in steps:
        key = (step.phase.whole, step.server)
        if step.state == "begun":
            if key in open_steps:
                yield _unfinished(open_steps[key], clock, clock.ms(step.at))
            open_steps[key] = step
            failed.discard(key)
        elif step.state == "done" or key not in failed:
            yield _finished(open_steps.pop(key, step), step, clock)
            if step.state == "failed":
                failed.add(key)
    for step in open_steps.values():
        yield _unfinished(step, clock, clock.end_ms if end_ms is None else end_ms)


def _finished(begun: StepEntry, step: StepEntry, clock: RunClock) -> PhaseBar:
    facts, phase = _facts(begun, step), step.phase.whole
    begin_ms, end_ms = clock.ms(begun.at), clock.ms(step.at)
    return PhaseBar(
        phase=phase,
        state="failed" if step.state == "failed" else reached(phase, begin_ms, end_ms),
        begin_ms=begin_ms,
        end_ms=end_ms,
        text=step.text or ", ".join(fact.value for fact in facts[:2]) or step.state,
        server=step.server,
        facts=facts,
    )


def _unfinished(begun: StepEntry, clock: RunClock, end_ms: float) -> PhaseBar:
    what = f"{begun.text}: not finished" if begun.text else "not finished"
    begin_ms = clock.ms(begun.at)
    return PhaseBar(
        phase=begun.phase.whole,
        state="not reached",
        begin_ms=begin_ms,
        end_ms=max(begin_ms, end_ms),
        text=what,
        server=begun.server,
        facts=_facts(begun),
    )


def _facts(*steps: StepEntry) -> tuple[Fact, ...]:
    """Return the facts of some steps, each name once, with its latest value."""
    found = {name: value for step in steps for name, value in step.facts}
    return tuple(Fact(name=name, value=value) for name, value in found.items())
