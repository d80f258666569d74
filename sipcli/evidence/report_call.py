"""What a report says about one call."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from sipcli.errors import FINAL_ANSWERS, Phase
from sipcli.evidence.call_bars import FinalAnswer, call_bars
from sipcli.evidence.ladder import LadderMessage
from sipcli.evidence.recorded_call import RecordedCall
from sipcli.evidence.report_content import (
    CallContent,
    IceContent,
    JudgedExpectation,
    Judgement,
    ReportedLadder,
    SamplePoint,
    SoundSpectrum,
)
from sipcli.evidence.step_bars import RunClock
from sipcli.evidence.waterfall import CALL_PHASES, Blame, waterfall
from sipcli.expect.expectations import STATUS
from sipcli.journal.entries import SampleEntry, VerdictEntry
from sipcli.media.quality.level import FLOOR_DBFS
from sipcli.phone.events import Answered, CallEnded, Incoming
from sipcli.sip.masking import line_without_secrets

_CANCELLED: Final = 487


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEvidence:
    """All that was recorded of one call."""

    call: RecordedCall
    verdicts: Sequence[VerdictEntry]
    messages: Sequence[LadderMessage]
    ladder: ReportedLadder
    """The same messages as the report has them."""


def call_content(
    evidence: CallEvidence,
    clock: RunClock,
    blame: Blame | None = None,
    *,
    is_interrupted: bool = False,
) -> CallContent:
    """Return the content of a call; `blame` is the command's, if this call is its cause.

    A call that was given up because the user interrupted the command has not failed.
    """
    call = evidence.call
    end, ended = call.first(CallEnded) or (clock.ended, None)
    answer = final_answer(call, evidence.messages)
    is_given_up = is_interrupted and ended is not None and _is_cancelled(ended)
    if not is_given_up:
        blame = _blame(ended, evidence.verdicts, clock.ms(end)) or blame
    blamed = blame.phase if blame is not None else None
    is_incoming = isinstance(call.begin, Incoming)
    remote = call.begin.sender if isinstance(call.begin, Incoming) else call.begin.to
    return CallContent(
        call_id=call.id,
        direction="incoming" if is_incoming else "outgoing",
        remote=line_without_secrets(remote),
        begin_ms=clock.ms(call.began_at),
        end_ms=clock.ms(end),
        result="unknown" if is_given_up else _result(ended, blame),
        sentence=blame.text if blame is not None else _outcome(ended),
        phase=blame.phase.lower() if blame is not None else None,
        status=_status(call, ended),
        duration_s=ended.duration_s if ended is not None else 0.0,
        codec=_codec(ended, call),
        expectations=tuple(map(judged, evidence.verdicts)),
        waterfall=waterfall(call_bars(call, answer, clock, blamed), blame, CALL_PHASES),
        stats=ended.stats if ended is not None else None,
        samples=tuple(_points(call.samples.read(), clock)),
        spectrum=_spectrum(call, clock),
        ice=tuple(
            IceContent(at_ms=clock.ms(e.at), local=e.local, remote=e.remote, pairs=e.pairs)
            for e in call.ice
        ),
        ladder=evidence.ladder,
    )


def judged(entry: VerdictEntry) -> JudgedExpectation:
    """Return a verdict as the report has it."""
    unmet: Judgement = "failed" if entry.reached else "unknown"
    return JudgedExpectation(
        name=entry.name,
        result="passed" if entry.met else unmet,
        expected=entry.expected,
        actual=entry.actual,
        hint=entry.hint,
    )


def final_answer(call: RecordedCall, messages: Sequence[LadderMessage]) -> FinalAnswer | None:
    """Return the final response to the first INVITE of a call; None if it was not answered.

    A 487 is no answer: it confirms that the call was cancelled.
    """
    answered = call.first(Answered)
    finals = [each for each in messages if each.method == "INVITE" and (each.status or 0) >= 200]
    if answered is not None:
        at, event = answered
        words = (_words(each) for each in finals if each.status == event.status)
        return FinalAnswer(at=at, text=next(words, str(event.status)))
    if not finals or finals[-1].status == _CANCELLED:
        return None
    return FinalAnswer(at=finals[-1].entry.at, text=_words(finals[-1]))


def _words(response: LadderMessage) -> str:
    return response.label.removesuffix(" (INVITE)")


def _blame(
    ended: CallEnded | None, verdicts: Sequence[VerdictEntry], end_ms: float
) -> Blame | None:
    """Return what failed: the call itself or, if it did not, the first expectation."""
    has_expected_status = any(entry.name == STATUS.name for entry in verdicts)
    error = ended.failure if ended is not None else None
    if error is not None and not (has_expected_status and isinstance(error, FINAL_ANSWERS)):
        return Blame(phase=error.phase or Phase.AUDIO, text=error.text, at_ms=end_ms)
    for entry in verdicts:
        if not entry.met and entry.reached:
            text = f"{entry.name}: expected {entry.expected}; found: {entry.actual}"
            return Blame(phase=entry.phase or Phase.AUDIO, text=text, at_ms=end_ms)
    return None


def _is_cancelled(ended: CallEnded) -> bool:
    return ended.by == "local" and ended.status == _CANCELLED


def _result(ended: CallEnded | None, blame: Blame | None) -> Judgement:
    if blame is not None:
        return "failed"
    return "passed" if ended is not None else "unknown"


def _outcome(ended: CallEnded | None) -> str:
    if ended is None:
        return "it had not ended when the report was written"
    who = {"local": "ended here", "remote": "ended by the far end", "network": "cut off"}[ended.by]
    status = f"{ended.status} " if ended.status is not None else ""
    lasted = f"{ended.duration_s:.1f} s, " if ended.duration_s else ""
    return f"{lasted}{who}: {status}{ended.reason}"


def _status(call: RecordedCall, ended: CallEnded | None) -> int | None:
    answered = call.first(Answered)
    if answered is not None:
        return answered[1].status
    return ended.status if ended is not None else None


def _codec(ended: CallEnded | None, call: RecordedCall) -> str | None:
    samples = call.samples.read()
    if ended is not None and ended.stats is not None:
        return ended.stats.codec
    return samples[-1].codec if samples else None


def _spectrum(call: RecordedCall, clock: RunClock) -> SoundSpectrum | None:
    found = call.spectrogram.read()
    if found is None or call.heard_since is None:
        return None
    return SoundSpectrum(
        begin_ms=clock.ms(call.heard_since),
        column_ms=found.column_s * 1000,
        edges_hz=found.edges_hz,
        floor_dbfs=FLOOR_DBFS,
        columns=found.columns,
    )


def _points(samples: Sequence[SampleEntry], clock: RunClock) -> Iterator[SamplePoint]:
    """Yield the samples with their counts since the one before."""
    if samples:
        yield _point(samples[0], None, clock)
    for before, sample in pairwise(samples):
        yield _point(sample, before, clock)


def _point(sample: SampleEntry, before: SampleEntry | None, clock: RunClock) -> SamplePoint:
    def since(name: str) -> Any:
        return max(getattr(sample, name) - (getattr(before, name) if before else 0), 0)

    received, lost = since("packets_received"), since("packets_lost")
    return SamplePoint(
        at_ms=clock.ms(sample.at),
        packets_sent=since("packets_sent"),
        packets_received=received,
        lost=lost,
        late=since("packets_late"),
        concealed_ms=since("concealed_ms"),
        recovered_ms=since("recovered_ms"),
        loss_percent=100 * lost / (received + lost) if received + lost else None,
        jitter_ms=sample.jitter_ms,
        playout_delay_ms=sample.playout_delay_ms,
        rtt_ms=sample.rtt_ms,
        remote_loss_percent=sample.remote_loss_percent,
        remote_jitter_ms=sample.remote_jitter_ms,
        level_sent_dbfs=max(sample.level_sent_dbfs, FLOOR_DBFS),
        level_received_dbfs=max(sample.level_received_dbfs, FLOOR_DBFS),
        mos=sample.mos,
    )
