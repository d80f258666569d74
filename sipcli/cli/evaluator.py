"""Judge the calls of a command, each at its end or when a script asks."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final, TypeAlias

from sipcli.expect.evaluation import Verdict
from sipcli.expect.expectations import EXPECTATIONS, Expectations, evaluate, unreached
from sipcli.phone.call_state import CallState
from sipcli.phone.events import CallEnded, CallId, Calling, Event, Incoming

OnVerdict: TypeAlias = Callable[[Verdict], None]
FindCall: TypeAlias = Callable[[CallId], CallState | None]

_SINCE_ANSWER: Final = frozenset(
    each.name for each in EXPECTATIONS.values() if each.counts_from_answer
)


class Evaluator:
    """Judges calls by their records, and passes each verdict to `on_verdict`.

    With `incoming` it judges each call that is answered here and, if a status is expected, each
    other incoming call too; without, the first call that is placed here. `so_far` judges any.
    """

    def __init__(
        self,
        wanted: Expectations,
        on_verdict: OnVerdict,
        *,
        incoming: bool,
        on_over: Callable[[CallEnded], None] = lambda _: None,
    ) -> None:
        """Call `on_over` at the end of each call, before the verdicts on it."""
        self._wanted = wanted
        self._on_over = on_over
        self._on_verdict = on_verdict
        self._incoming = incoming
        self._has_begun = False
        self._to_judge: set[CallId] = set()
        self._last: CallState | None = None
        """The call that ended last."""

    def on_event(self, event: Event, find_call: FindCall) -> None:
        """Take an event; the verdicts on a call follow its `ended`."""
        match event:
            case Calling(call=name) if not (self._incoming or self._has_begun):
                self._has_begun = True
                self._to_judge.add(name)
            case Incoming(call=name) if self._incoming:
                self._to_judge.add(name)
            case CallEnded(call=name):
                self._ended(event, find_call(name))
            case _:
                pass

    def so_far(self, wanted: Expectations, call: CallState | None, line: int) -> None:
        """Judge `call` up to now or, without one, the call that ended last.

        `line` is the line of the script that asks.
        """
        judged = call if call is not None and call.ended is None else self._last
        if judged is None:
            self._report(unreached(wanted, "there is no call"), line)
            return
        end = "now" if judged.ended is None else "the call's end"
        verdicts = evaluate(wanted, judged.record(wanted.tone_hz))
        self._report(verdicts, line, since=f"the answer until {end}", call=judged.id)

    def report(self, verdict: Verdict) -> None:
        """Pass on a verdict that was reached elsewhere."""
        self._on_verdict(verdict)

    def _ended(self, event: CallEnded, call: CallState | None) -> None:
        if call is None:
            return
        self._last = call
        self._on_over(event)
        if event.call in self._to_judge:
            self._to_judge.discard(event.call)
            self._judge(call)

    def _judge(self, call: CallState) -> None:
        if self._incoming and not call.is_answered and self._wanted.status is None:
            return
        for verdict in evaluate(self._wanted, call.record(self._wanted.tone_hz)):
            self._on_verdict(replace(verdict, call=call.id))

    def _report(
        self,
        verdicts: Iterable[Verdict],
        line: int,
        since: str | None = None,
        call: CallId | None = None,
    ) -> None:
        for verdict in verdicts:
            actual = verdict.actual
            if since is not None and verdict.reached and verdict.name in _SINCE_ANSWER:
                actual = f"{actual} (from {since})"
            self._on_verdict(replace(verdict, actual=actual, line=line, seconds=0.0, call=call))
