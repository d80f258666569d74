"""Place a test call, to another phone or to our own account, to check ICE, DTLS and audio."""

from dataclasses import dataclass, replace
from typing import Final
from uuid import uuid4

from sipcli.core.requests.credentials import Credentials
from sipcli.doctor.check import Check, bad, good, not_run
from sipcli.doctor.probe_phone import ProbePhone
from sipcli.errors import MediaError, Phase, SipcliError
from sipcli.expect.call_record import Audio, CallRecord
from sipcli.expect.evaluation import Verdict
from sipcli.expect.expectations import Expectations, evaluate
from sipcli.journal.entries import SipEntry
from sipcli.journal.journal import Journal, PartialJournal
from sipcli.media.audio_io.generators import NullSink, ToneSource
from sipcli.phone.events import CallEnded, Registered
from sipcli.phone.waiter import FOREVER
from sipcli.sdp.transport import Candidate
from sipcli.sip.uri import SipUri, Uri
from sipcli.text import host_port

TONE_HZ: Final = 440.0
"""The tone that is sent and should come back."""
TALK_S: Final = 2.5
"""Seconds of media: enough for one RTCP report of the far end (RFC 3550 §6.2)."""
RING_TIMEOUT_S: Final = 20.0
AUDIBLE_TONE_S: Final = 0.5
"""Seconds of the tone that count as an echo of ours."""

_BLOCKED_HINT: Final = (
    "no UDP gets through between the two ends: set a TURN server (turn_servers), over TCP or TLS"
    " if this side's firewall blocks UDP"
)
_DTLS_HINT: Final = (
    "the media must come from whatever wrote the SDP answer, with the fingerprint it names"
)
_AUDIO_HINT: Final = (
    "does the far end send back what it hears? a media proxy may drop one direction"
)
_ECHO_HINT: Final = "use --echo TARGET to call a phone that sends back what it hears"


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """The results of the test call."""

    target: Uri
    failure: SipcliError | None
    """Why the call failed; None if it did not."""
    pair: tuple[Candidate, Candidate] | None
    """The pair that ICE selected, ours first; None if it selected none."""
    protection: tuple[str, str, str] | None
    """DTLS version, cipher and SRTP profile; None if DTLS was not up."""
    fingerprint: str | None
    verdict: Verdict | None
    """The verdict on audio both ways; None if the call was not answered."""
    ended: CallEnded | None
    tone_s: float
    """Seconds of our tone that came back."""


async def place(phone: ProbePhone, target: Uri) -> Findings:
    """Call `target`, send a tone for `TALK_S` and listen for it, then hang up."""
    call = await phone.call(target, audio_in=ToneSource(TONE_HZ), audio_out=NullSink())
    if not await call.answered_or_over(timeout=RING_TIMEOUT_S):
        call.hang_up(reason=f"no answer within {RING_TIMEOUT_S:g} s")
    await call.connected_or_over()
    protection = call.media.protection
    await call.over(timeout=TALK_S)
    ended = await call.hang_up(timeout=FOREVER)
    fingerprint = call.media.remote_fingerprint
    record = call.record(TONE_HZ)
    return Findings(
        target=target,
        failure=call.failure,
        pair=call.media.selected_pair,
        protection=protection,
        fingerprint=str(fingerprint) if fingerprint is not None else None,
        verdict=_verdict(record),
        ended=ended,
        tone_s=_tone_s(record),
    )


def _tone_s(record: CallRecord) -> float:
    return record.flow.tone_s if record.flow is not None else 0.0


def _verdict(record: CallRecord) -> Verdict | None:
    """Return the verdict on audio both ways; None if the call was not answered.

    If the tone came back, it arrived there, even if the far end's RTCP reports omit it: then the
    verdict on what was received counts.
    """
    direction: Audio = "received" if _tone_s(record) >= AUDIBLE_TONE_S else "both"
    (verdict,) = evaluate(Expectations(audio=direction), record)
    return verdict if verdict.reached else None


def call_checks(found: Findings) -> tuple[Check, Check, Check]:
    """Return the checks of ICE, DTLS and audio."""
    failure = found.failure
    if found.pair is None:
        return _no_way(found, failure)
    ice = good(
        Phase.ICE,
        " ↔ ".join(f"{end.type} {host_port(end.address, end.port)}" for end in found.pair),
    )
    if found.protection is None:
        why = (
            failure.text
            if failure is not None
            else "the call ended before the DTLS handshake completed"
        )
        dtls = bad(Phase.DTLS, why, hint=_DTLS_HINT)
        return ice, dtls, not_run(Phase.AUDIO, "DTLS failed")
    version, cipher, profile = found.protection
    dtls = good(
        Phase.DTLS,
        f"{version}, {cipher}, {profile}",
        f"the far end's fingerprint is {found.fingerprint}",
    )
    return ice, dtls, _audio(found)


def _no_way(found: Findings, failure: SipcliError | None) -> tuple[Check, Check, Check]:
    if failure is None:  # the far end noticed first and hung up
        reason = found.ended.reason if found.ended is not None else "no reason given"
        ice = bad(
            Phase.ICE, f"the call ended before ICE found a path: {reason}", hint=_BLOCKED_HINT
        )
        return (ice, *_skip_dtls_and_audio("ICE failed"))
    if failure.phase is Phase.ICE:
        ice = bad(Phase.ICE, failure.text, hint=_BLOCKED_HINT)
        return (ice, *_skip_dtls_and_audio("ICE failed"))
    ice = Check(
        phase=Phase.ICE,
        ok=False,
        found=(f"the call to {found.target} failed: {failure.text}",),
        hint="--echo needs a TARGET that answers and sends back what it hears",
        error_kind=type(failure),
    )
    return (ice, *_skip_dtls_and_audio("there was no call"))


def _skip_dtls_and_audio(why: str) -> tuple[Check, Check]:
    return not_run(Phase.DTLS, why), not_run(Phase.AUDIO, why)


def _audio(found: Findings) -> Check:
    stats = found.ended.stats if found.ended is not None else None
    codec = stats.codec if stats is not None else None
    if found.failure is not None:
        return bad(Phase.AUDIO, found.failure.text, hint=_AUDIO_HINT)
    if found.verdict is None or stats is None:
        return bad(Phase.AUDIO, "the call ended before anything was heard", hint=_AUDIO_HINT)
    if not found.verdict.met:
        return bad(Phase.AUDIO, found.verdict.actual, f"codec {codec}", hint=_AUDIO_HINT)
    figures = [f"loss {stats.loss_percent:.1f} %"]
    if stats.rtt_ms is not None:
        figures.append(f"round trip {stats.rtt_ms:.0f} ms")
    if stats.mos is not None:
        figures.append(f"MOS {stats.mos:.1f}")
    heard = f"{TONE_HZ:g} Hz sent and heard back"
    if found.tone_s < AUDIBLE_TONE_S:
        heard = "something was heard, but not the tone that was sent"
    return good(Phase.AUDIO, f"both ways, {codec}: {heard}", ", ".join(figures))


def unreachable(why: str, hint: str | None = None) -> tuple[Check, Check, Check]:
    """Return the three checks for a call that could not be placed."""
    return (not_run(Phase.ICE, why, hint=hint), *_skip_dtls_and_audio(why))


def is_routing_fault(found: Findings) -> bool:
    """True if the call failed before its media could."""
    return found.failure is not None and not isinstance(found.failure, MediaError)


async def call_ourselves(
    phone: ProbePhone, credentials: Credentials | None, journal: Journal
) -> tuple[Check, ...]:
    """Return the checks of ICE, DTLS and audio, made by a call to our own address.

    No other phone may ring: if the account has other devices and the registrar grants no
    GRUU (RFC 5627) to tell them apart, no call is placed.
    """
    registered, server = phone.registration.registered, phone.server
    if registered is None or server is None:
        return unreachable("we cannot be called without a registration", _ECHO_HINT)
    # Use the same server: another one need not know of this registration.
    settings = replace(phone.settings, instance_id=uuid4(), ws_servers=(server,))
    # Both ends of the call have one Call-ID: a journal with the media of both would mix them up.
    signalling = PartialJournal(journal, SipEntry)
    async with ProbePhone(settings, credentials, signalling, echoes=True) as second:
        try:
            await second.register(timeout=FOREVER)
        except SipcliError as error:
            return unreachable(f"the second phone of the account failed: {error}", _ECHO_HINT)
        target = _target(registered, second)
        if target is None:
            return unreachable("other devices of the account would ring", _ECHO_HINT)
        found = await place(phone, target)
    if is_routing_fault(found):
        why = f"the server does not route a call from us to ourselves ({found.failure})"
        return unreachable(why, _ECHO_HINT)
    ice, dtls, audio = call_checks(found)
    note = "both ends are on this machine; --echo TARGET tests the path to another"
    return replace(ice, found=(*ice.found, note)), dtls, audio


def _target(first: Registered, second: ProbePhone) -> Uri | None:
    """Return a URI that reaches only the second phone; None if there is none."""
    registered = second.registration.registered
    gruu = registered.pub_gruu if registered is not None else None
    if gruu is not None:
        return SipUri.parse(gruu)
    is_alone = all(binding.ours for binding in first.bindings)
    return second.settings.uri if is_alone else None
