"""Expectations held against what a call came to."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from sipcli.errors import Phase
from sipcli.expect.call_record import CallRecord, Flow
from sipcli.expect.expectations import (
    AUDIBLE_S,
    SETTLING_S,
    STOPPED_S,
    TONE_DOMINANT_DB,
    TONE_S,
    TONE_TOLERANCE,
    Audio,
    Expectations,
)
from sipcli.media.rtp.receipt import DENIAL_S, Receipt

_STATUS: Final = "expect-status"
_SETUP: Final = "max-setup-ms"
_NOTHING: Final = "nothing was received"
_DENIALS: Final = {
    Receipt.ALL_LOST: "the far end reports that none of them arrives",
    Receipt.UNNAMED: f"none of the far end's RTCP reports, over {DENIAL_S:g} s or more, names them:"
    " they do not arrive, unless it never reports on what it receives",
}
"""What the far end says of packets that do not reach it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One expectation, and how it came out."""

    name: str
    """That of the option, without dashes in front."""
    met: bool
    expected: str
    actual: str
    phase: Phase = Phase.AUDIO
    """Which step is to blame where it is not met."""
    reached: bool = True
    """Whether the call came as far as to be judged by it; else `actual` says why not."""
    line: int | None = None
    """Where a script expects it; None where an option does."""
    seconds: float | None = None
    """How long it took to be decided: from the INVITE on, or its own time if it is a script's."""


def evaluator(wanted: Expectations, found: CallRecord) -> tuple[Verdict, ...]:
    """A verdict on each expectation, in the order of the contract."""
    return tuple(
        replace(verdict, seconds=_seconds(verdict, found)) for verdict in _evaluator(wanted, found)
    )


def unreached(wanted: Expectations, reason: str) -> tuple[Verdict, ...]:
    """The verdicts where there was no call to judge: none is met."""
    nothing = CallRecord(
        status=None, outcome=reason, setup_ms=None, answer_ms=None, digits="", flow=None
    )
    return evaluator(wanted, nothing)


def _seconds(verdict: Verdict, found: CallRecord) -> float | None:
    decided_ms = {_STATUS: found.answer_ms, _SETUP: found.setup_ms}.get(verdict.name)
    return found.elapsed_s if decided_ms is None else decided_ms / 1000


def _evaluator(wanted: Expectations, found: CallRecord) -> Iterator[Verdict]:
    if wanted.audio is not None:
        yield _audio(wanted.audio, found)
    if wanted.tone_hz is not None:
        yield _tone(wanted.tone_hz, found)
    if wanted.dtmf is not None:
        yield _dtmf(wanted.dtmf, found)
    if wanted.status is not None:
        yield _status(wanted.status, found)
    if wanted.max_setup_ms is not None:
        yield _setup(wanted.max_setup_ms, found)
    if wanted.min_mos is not None:
        yield _mos(wanted.min_mos, found)
    if wanted.max_loss_percent is not None:
        yield _loss(wanted.max_loss_percent, found)


def _audio(direction: Audio, found: CallRecord) -> Verdict:
    ways = "received and sent" if direction == "both" else direction
    expected = f"{AUDIBLE_S:g} s of audible sound {ways}"
    if found.flow is None:
        return _unreached("expect-audio", expected, found)
    inward = _fault_inward(found.flow) if direction != "sent" else None
    outward = _fault_outward(found.flow) if direction != "received" else None
    faults = [fault for fault in (inward, outward) if fault is not None]
    if not faults:
        return _verdict("expect-audio", True, expected, _heard(found.flow, direction))
    text, too_short = "; ".join(faults), _too_short(found.flow, AUDIBLE_S)
    if too_short is not None:
        # That nothing came is a fact even in the shortest call.
        seen = text if found.flow.packets_received == 0 else _heard(found.flow, direction)
        text = f"{seen}: {too_short}"
    elif direction == "both" and len(faults) == 1:
        stopped = " any more" if _reaches(found.flow.audible_received_s, AUDIBLE_S) else ""
        which = f"nothing reaches us{stopped}" if inward else "nothing leaves or arrives"
        text = f"one-way audio, {which}: {text}"
    return _verdict("expect-audio", False, expected, text)


def _heard(flow: Flow, direction: Audio) -> str:
    received, sent = flow.audible_received_s, flow.audible_sent_s
    text = f"{received:.1f} s of audible sound received, {sent:.1f} s sent"
    is_open = direction != "received" and flow.receipt is Receipt.UNKNOWN
    return f"{text}, not confirmed by the far end" if is_open else text


def _too_short(flow: Flow, needed_s: float) -> str | None:
    """Why a call has nobody to blame for what takes `needed_s` seconds; None where it has."""
    if flow.lasted_s is None or flow.lasted_s >= needed_s + SETTLING_S:
        return None
    if not (flow.we_may_send and flow.they_may_send) or flow.receipt in _DENIALS:
        return None
    return f"the call was too short to judge, its media were up for {flow.lasted_s:.1f} s"


def _fault_inward(flow: Flow) -> str | None:
    """What is wrong with the sound towards us, and the likely step."""
    text = f"sent {flow.packets_sent} packets, received {flow.packets_received}"
    if _reaches(flow.audible_received_s, AUDIBLE_S):
        if not flow.they_may_send or flow.silent_end_s < STOPPED_S:
            return None
        missing = f"none in the last {flow.silent_end_s:.1f} s"
        return f"{text}, {missing}: {flow.path}, the sound stopped midway"
    if not flow.they_may_send:
        return f"{text}: {flow.path}, but the far end said it would send nothing"
    if flow.packets_received == 0:
        return f"{text}: {flow.path}, nothing came back"
    if flow.mos is None and flow.packets_unknown:
        which = f"{flow.packets_unknown} of another codec than agreed"
        return f"{text}: {flow.path}, but none of them could be played: {which}"
    if flow.mos is None:
        return f"{text}: {flow.path}, but none of them is sound: digits, comfort noise or padding"
    audible = f"{flow.audible_received_s:.2g} s of them audible"
    return f"{text}, {audible}: {flow.path}, the far end sends silence"


def _fault_outward(flow: Flow) -> str | None:
    """What is wrong with the sound away from us, and the likely step."""
    text = f"sent {flow.packets_sent} packets"
    if not _reaches(flow.audible_sent_s, AUDIBLE_S):
        text = f"{text}, {flow.audible_sent_s:.2g} s of them audible"
        if not flow.we_may_send:
            return f"{text}: {flow.path}, but the far end does not want to hear us"
        return f"{text}: {flow.path}, our own source is silent (--audio-in) or muted"
    denial = _DENIALS.get(flow.receipt)
    return f"{text}: {flow.path}, but {denial}" if denial is not None else None


def _tone(hz: float, found: CallRecord) -> Verdict:
    expected = (
        f"{hz:g} Hz ± {100 * TONE_TOLERANCE:g} % for {TONE_S:g} s,"
        f" {TONE_DOMINANT_DB:g} dB above the rest"
    )
    flow = found.flow
    if flow is None:
        return _unreached("expect-tone", expected, found)
    is_met, too_short = _reaches(flow.tone_s, TONE_S), _too_short(flow, TONE_S)
    if flow.strongest_hz is not None:
        text = (
            f"heard {hz:g} Hz for {flow.tone_s:.1f} s;"
            f" the longest tone had {flow.strongest_hz:.1f} Hz"
        )
        text = text if is_met or too_short is None else f"{text}: {too_short}"
    else:
        fault = _fault_inward(flow)
        if too_short is not None:
            fault = f"{fault}: {too_short}" if flow.packets_received == 0 else too_short
        text = f"no tone: {fault}" if fault is not None else "no tone stood out"
    return _verdict("expect-tone", is_met, expected, text)


def _dtmf(digits: str, found: CallRecord) -> Verdict:
    if found.flow is None:
        return _unreached("expect-dtmf", _digits(digits), found)
    met = found.digits == digits
    return _verdict("expect-dtmf", met, _digits(digits), _digits(found.digits))


def _status(status: int, found: CallRecord) -> Verdict:
    if found.status is None:
        return _unreached(_STATUS, str(status), found)
    met = found.status == status
    return Verdict(
        name=_STATUS,
        met=met,
        expected=str(status),
        actual=str(found.status),
        phase=Phase.ANSWER,
    )


def _setup(limit: int, found: CallRecord) -> Verdict:
    expected = f"at most {limit} ms"
    if found.setup_ms is None:
        return _unreached(_SETUP, expected, found)
    answer_ms = found.answer_ms if found.answer_ms is not None else 0
    met = found.setup_ms <= limit
    actual = f"{found.setup_ms} ms"
    phase = Phase.ANSWER if answer_ms > found.setup_ms / 2 else Phase.ICE
    return Verdict(name=_SETUP, met=met, expected=expected, actual=actual, phase=phase)


def _mos(least: float, found: CallRecord) -> Verdict:
    expected = f"at least {least:g}"
    if found.flow is None:
        return _unreached("min-mos", expected, found)
    mos = found.flow.mos
    if mos is None:
        return _verdict("min-mos", False, expected, _NOTHING)
    return _verdict("min-mos", mos >= least, expected, f"{mos:.2f}")


def _loss(most: float, found: CallRecord) -> Verdict:
    expected = f"at most {most:g} %"
    if found.flow is None:
        return _unreached("max-loss", expected, found)
    loss = found.flow.loss_percent
    if loss is None:
        return _verdict("max-loss", False, expected, _NOTHING)
    return _verdict("max-loss", loss <= most, expected, f"{loss:.2f} %")


def _verdict(name: str, met: bool, expected: str, actual: str) -> Verdict:
    return Verdict(name=name, met=met, expected=expected, actual=actual)


def _unreached(name: str, expected: str, found: CallRecord) -> Verdict:
    actual = f"not reached: {found.outcome}"
    return Verdict(name=name, met=False, expected=expected, actual=actual, reached=False)


def _reaches(seconds: float, least: float) -> bool:
    """Whether windows of 0.2 s and the like add up, whatever floats make of their sum."""
    return seconds >= least - 1e-6


def _digits(digits: str) -> str:
    return digits or "no digits"
