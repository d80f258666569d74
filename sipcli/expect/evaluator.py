"""Record the calls of a command, and judge each at its end or when a script asks."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from sipcli.expect.call_record import CallRecord
from sipcli.expect.evaluation import Verdict
from sipcli.expect.expectations import EXPECTATIONS, Expectations, evaluate, unreached
from sipcli.expect.recorder import CallRecorder
from sipcli.phone.call_manager import CallManager
from sipcli.phone.events import CallEnded, CallEvent, CallId, Calling, Incoming
from sipcli.phone.managed_call import Call

OnVerdict: TypeAlias = Callable[[Verdict], None]

_SINCE_ANSWER: Final = frozenset(
    each.name for each in EXPECTATIONS.values() if each.counts_from_answer
)


@dataclass(frozen=True, slots=True)
class _LastCall:
    """The call that ended last."""

    call: Call
    recorder: CallRecorder
    ended: CallEnded


class Evaluator:
    """Judges calls from their events, and passes each verdict to `on_verdict`.

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
        self._recorders: dict[CallId, CallRecorder] = {}
        self._last: _LastCall | None = None

    def on_event(self, event: CallEvent, call_manager: CallManager) -> None:
        """Take an event of any call; the verdicts on a call follow its `ended`."""
        match event:
            case Calling(call=name):
                self._watch(name, is_judged=not (self._incoming or self._has_begun))
            case Incoming(call=name):
                self._watch(name, is_judged=self._incoming)
        name = getattr(event, "call", "")
        recorder = self._recorders.get(name)
        call = next((one for one in call_manager.calls if one.id == name), None)
        if recorder is None or call is None:
            return
        recorder.on_event(event, call)
        if isinstance(event, CallEnded):
            del self._recorders[name]
            self._last = _LastCall(call, recorder, event)
            self._on_over(event)
            if name in self._to_judge:
                self._to_judge.discard(name)
                self._judge(self._last)

    def so_far(self, wanted: Expectations, call: Call | None, line: int) -> None:
        """Judge `call` up to now or, without one, the call that ended last.

        `line` is the line of the script that asks.
        """
        recorder = self._recorders.get(call.id) if call is not None else None
        if call is not None and recorder is not None:
            found = recorder.call_record(call, wanted.tone_hz, None)
            self._report(evaluate(wanted, found), line, since="the answer until now")
        elif self._last is not None:
            found = self._call_record(self._last, wanted)
            self._report(evaluate(wanted, found), line, since="the answer until the call's end")
        else:
            self._report(unreached(wanted, "there is no call"), line)

    def report(self, verdict: Verdict) -> None:
        """Pass on a verdict that was reached elsewhere."""
        self._on_verdict(verdict)

    def _watch(self, name: CallId, *, is_judged: bool) -> None:
        self._recorders[name] = CallRecorder()
        if is_judged:
            self._has_begun = True
            self._to_judge.add(name)

    def _judge(self, last: _LastCall) -> None:
        if self._incoming and not last.call.is_answered and self._wanted.status is None:
            return
        for verdict in evaluate(self._wanted, self._call_record(last, self._wanted)):
            self._on_verdict(verdict)

    def _report(self, verdicts: Iterable[Verdict], line: int, since: str | None = None) -> None:
        for verdict in verdicts:
            actual = verdict.actual
            if since is not None and verdict.reached and verdict.name in _SINCE_ANSWER:
                actual = f"{actual} (from {since})"
            self._on_verdict(replace(verdict, actual=actual, line=line, seconds=0.0))

    @staticmethod
    def _call_record(last: _LastCall, wanted: Expectations) -> CallRecord:
        return last.recorder.call_record(last.call, wanted.tone_hz, last.ended)
