"""The verdict on each expectation: one function each, from what the call's record holds.

Each takes the name of its expectation, the expected value and the record. Pure.
"""

from dataclasses import dataclass
from typing import Final

from sipcli.errors import Phase
from sipcli.expect.call_record import Audio, AudioFlow, CallRecord
from sipcli.expect.thresholds import (
    AUDIBLE_S,
    SETTLING_S,
    STOPPED_S,
    TONE_DOMINANT_DB,
    TONE_S,
    TONE_TOLERANCE,
)
from sipcli.media.rtp.delivery import DENIAL_S, Delivery

_NOTHING: Final = "nothing was received"
_DENIALS: Final = {
    Delivery.ALL_LOST: "the far end reports that none of them arrives",
    Delivery.UNNAMED: f"none of the far end's RTCP reports, over {DENIAL_S:g} s or more, names"
    " them: they do not arrive, unless it never reports on what it receives",
}
"""What the far end's RTCP says about packets that do not reach it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The result of one expectation."""

    name: str
    """The option's, without dashes in front."""
    met: bool
    expected: str
    actual: str
    phase: Phase = Phase.AUDIO
    """The step to blame if it is not met."""
    reached: bool = True
    """False if the call ended too early to be judged; `actual` says why."""
    line: int | None = None
    """The line of the script that expects it; None for an option."""
    seconds: float | None = None
    """From the INVITE until it was decided; for a line of a script, the time the line took."""
    call: str | None = None
    """The Call-ID of the call that it is about; None without one."""

    @property
    def place(self) -> str:
        """The name of the expectation, with its line if it is a script's."""
        return self.name if self.line is None else f"line {self.line}: {self.name}"

    @property
    def fault(self) -> str | None:
        """What is wrong, in one sentence; None if it is met."""
        return None if self.met else f"{self.place}: expected {self.expected}; found: {self.actual}"


def audio(name: str, direction: Audio, found: CallRecord) -> Verdict:
    """Judge audible sound, received, sent or both."""
    ways = "received and sent" if direction == "both" else direction
    expected = f"{AUDIBLE_S:g} s of audible sound {ways}"
    if found.flow is None:
        return _unreached(name, expected, found)
    inward = _fault_inward(found.flow) if direction != "sent" else None
    outward = _fault_outward(found.flow) if direction != "received" else None
    faults = [fault for fault in (inward, outward) if fault is not None]
    if not faults:
        return _verdict(name, True, expected, _heard(found.flow, direction))
    text, too_short = "; ".join(faults), _too_short(found.flow, AUDIBLE_S)
    if too_short is not None:
        # That nothing came is a fact even in the shortest call.
        seen = text if found.flow.packets_received == 0 else _heard(found.flow, direction)
        text = f"{seen}: {too_short}"
    elif direction == "both" and len(faults) == 1:
        stopped = " any more" if _reaches(found.flow.audible_received_s, AUDIBLE_S) else ""
        which = f"nothing reaches us{stopped}" if inward else "nothing leaves or arrives"
        text = f"one-way audio, {which}: {text}"
    return _verdict(name, False, expected, text)


def _heard(flow: AudioFlow, direction: Audio) -> str:
    received, sent = flow.audible_received_s, flow.audible_sent_s
    text = f"{received:.1f} s of audible sound received, {sent:.1f} s sent"
    is_open = direction != "received" and flow.delivery is Delivery.UNKNOWN
    return f"{text}, not confirmed by the far end" if is_open else text


def _too_short(flow: AudioFlow, needed_s: float) -> str | None:
    """Say why a call is too short to blame either side for what takes `needed_s`; None if not."""
    if flow.lasted_s is None or flow.lasted_s >= needed_s + SETTLING_S:
        return None
    if not (flow.we_may_send and flow.they_may_send) or flow.delivery in _DENIALS:
        return None
    return f"the call was too short to judge, its media were up for {flow.lasted_s:.1f} s"


def _fault_inward(flow: AudioFlow) -> str | None:
    """Say what is wrong with the received sound, and the likely step; None if nothing is."""
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


def _fault_outward(flow: AudioFlow) -> str | None:
    """Say what is wrong with the sent sound, and the likely step; None if nothing is."""
    text = f"sent {flow.packets_sent} packets"
    if not _reaches(flow.audible_sent_s, AUDIBLE_S):
        text = f"{text}, {flow.audible_sent_s:.2g} s of them audible"
        if not flow.we_may_send:
            return f"{text}: {flow.path}, but the far end does not want to hear us"
        return f"{text}: {flow.path}, our own source is silent (--audio-in) or muted"
    denial = _DENIALS.get(flow.delivery)
    return f"{text}: {flow.path}, but {denial}" if denial is not None else None


def tone(name: str, hz: float, found: CallRecord) -> Verdict:
    """Judge a tone of `hz`, received."""
    expected = (
        f"{hz:g} Hz ± {100 * TONE_TOLERANCE:g} % for {TONE_S:g} s,"
        f" {TONE_DOMINANT_DB:g} dB above the rest"
    )
    flow = found.flow
    if flow is None:
        return _unreached(name, expected, found)
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
    return _verdict(name, is_met, expected, text)


def dtmf(name: str, digits: str, found: CallRecord) -> Verdict:
    """Judge the digits received: exactly these, in this order."""
    if found.flow is None:
        return _unreached(name, _digits(digits), found)
    met = found.digits == digits
    return _verdict(name, met, _digits(digits), _digits(found.digits))


def status(name: str, expected: int, found: CallRecord) -> Verdict:
    """Judge the final answer to the INVITE."""
    if found.status is None:
        return _unreached(name, str(expected), found)
    return Verdict(
        name=name,
        met=found.status == expected,
        expected=str(expected),
        actual=str(found.status),
        phase=Phase.ANSWER,
        seconds=found.answer_ms / 1000 if found.answer_ms is not None else None,
    )


def setup(name: str, limit: int, found: CallRecord) -> Verdict:
    """Judge the time from the INVITE until media could flow, in ms."""
    expected = f"at most {limit} ms"
    if found.setup_ms is None:
        return _unreached(name, expected, found)
    answer_ms = found.answer_ms if found.answer_ms is not None else 0
    return Verdict(
        name=name,
        met=found.setup_ms <= limit,
        expected=expected,
        actual=f"{found.setup_ms} ms",
        # To blame is what took most of the time: the far end's user, or ICE and DTLS.
        phase=Phase.ANSWER if answer_ms > found.setup_ms / 2 else Phase.ICE,
        seconds=found.setup_ms / 1000,
    )


def mos(name: str, minimum: float, found: CallRecord) -> Verdict:
    """Judge the MOS of what was received (E-model)."""
    expected = f"at least {minimum:g}"
    if found.flow is None:
        return _unreached(name, expected, found)
    measured = found.flow.mos
    if measured is None:
        return _verdict(name, False, expected, _NOTHING)
    return _verdict(name, measured >= minimum, expected, f"{measured:.2f}")


def loss(name: str, maximum: float, found: CallRecord) -> Verdict:
    """Judge the packets lost, in percent of those that should have come."""
    expected = f"at most {maximum:g} %"
    if found.flow is None:
        return _unreached(name, expected, found)
    percent = found.flow.loss_percent
    if percent is None:
        return _verdict(name, False, expected, _NOTHING)
    return _verdict(name, percent <= maximum, expected, f"{percent:.2f} %")


def _verdict(name: str, met: bool, expected: str, actual: str) -> Verdict:
    return Verdict(name=name, met=met, expected=expected, actual=actual)


def _unreached(name: str, expected: str, found: CallRecord) -> Verdict:
    actual = f"not reached: {found.outcome}"
    return Verdict(name=name, met=False, expected=expected, actual=actual, reached=False)


def _reaches(seconds: float, least: float) -> bool:
    """True if `seconds` reach `least`; sums of windows of 0.2 s are not exact in binary."""
    return seconds >= least - 1e-6


def _digits(digits: str) -> str:
    return digits or "no digits"
