"""Has the calls of a command watched, and judges each at its end, or when it is asked to."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from sipcli.calls.call import Call
from sipcli.calls.call_manager import CallManager
from sipcli.calls.events import CallEnded, Event
from sipcli.core.calls.events import CallId, Calling, Incoming
from sipcli.expect.call_record import CallRecord
from sipcli.expect.evaluation import Verdict, evaluator, unreached
from sipcli.expect.expectations import Expectations
from sipcli.expect.recorder import CallRecorder

OnVerdict: TypeAlias = Callable[[Verdict], None]

_SINCE_ANSWER: Final = ("expect-audio", "expect-tone", "expect-dtmf")
"""What is counted from the answer on, and may still come where a call goes on."""


@dataclass(frozen=True, slots=True)
class _Past:
    """The call that ended last."""

    call: Call
    recorder: CallRecorder
    ended: CallEnded


class Evaluator:
    """Give it all events of a switchboard's calls; `on_verdict` is told each verdict.

    With `incoming` each call that is answered here is judged and, where a status is expected,
    each other too; without, the first that is placed here. `so_far` judges whichever there is.
    """

    def __init__(
        self,
        wanted: Expectations,
        on_verdict: OnVerdict,
        *,
        incoming: bool,
        on_over: Callable[[CallEnded], None] = lambda _: None,
    ) -> None:
        """`on_over` is told the end of each call, before the verdicts on it."""
        self._wanted = wanted
        self._on_over = on_over
        self._on_verdict = on_verdict
        self._incoming = incoming
        self._has_begun = False
        self._on_trial: set[CallId] = set()
        self._recorders: dict[CallId, CallRecorder] = {}
        self._past: _Past | None = None

    def on_event(self, event: Event, call_manager: CallManager) -> None:
        """Take an event; after `ended` of a call come the verdicts on it."""
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
            self._past = _Past(call, recorder, event)
            self._on_over(event)
            if name in self._on_trial:
                self._on_trial.discard(name)
                self._conclude(self._past)

    def so_far(self, wanted: Expectations, call: Call | None, line: int) -> None:
        """Judge `call` as far as it has come or, without one, the call that ended last.

        `line` is that of the script which wants to know.
        """
        recorder = self._recorders.get(call.id) if call is not None else None
        if call is not None and recorder is not None:
            found = recorder.call_record(call, wanted.tone_hz, None)
            self._pronounce(evaluator(wanted, found), line, since="the answer until now")
        elif self._past is not None:
            found = self._call_record(self._past, wanted)
            self._pronounce(evaluator(wanted, found), line, since="the answer until the call's end")
        else:
            self._pronounce(unreached(wanted, "there is no call"), line)

    def pronounce(self, verdict: Verdict) -> None:
        """Tell a verdict that somebody else has reached."""
        self._on_verdict(verdict)

    def _watch(self, name: CallId, *, is_judged: bool) -> None:
        self._recorders[name] = CallRecorder()
        if is_judged:
            self._has_begun = True
            self._on_trial.add(name)

    def _conclude(self, past: _Past) -> None:
        if self._incoming and not past.call.is_answered and self._wanted.status is None:
            return
        for verdict in evaluator(self._wanted, self._call_record(past, self._wanted)):
            self._on_verdict(verdict)

    def _pronounce(self, verdicts: Iterable[Verdict], line: int, since: str | None = None) -> None:
        for verdict in verdicts:
            actual = verdict.actual
            if since is not None and verdict.reached and verdict.name in _SINCE_ANSWER:
                actual = f"{actual} (from {since})"
            self._on_verdict(replace(verdict, actual=actual, line=line, seconds=0.0))

    @staticmethod
    def _call_record(past: _Past, wanted: Expectations) -> CallRecord:
        return past.recorder.call_record(past.call, wanted.tone_hz, past.ended)
