"""Record one call from its events and media, for the expectations to be judged by."""

import asyncio
import time
from typing import Final

from sipcli.expect.call_record import CallRecord, Flow
from sipcli.expect.tone_tap import ToneTap
from sipcli.media.session.audio_stream import AudioStream
from sipcli.phone.call_errors import call_failure
from sipcli.phone.call_stats import call_stats
from sipcli.phone.events import Answered, CallEnded, CallEvent, Dtmf, Media
from sipcli.phone.managed_call import Call

MAX_DIGITS: Final = 10_000
"""Digits of a call that are kept, far more than any expectation names."""


class CallRecorder:
    """Records one call, from its INVITE on.

    It measures tones through the `ToneTap` among the call's taps.
    """

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._status: int | None = None
        self._answer_ms: int | None = None
        self._media: Media | None = None
        self._digits = ""
        self._early: tuple[AudioStream, float, float] | None = None
        """The stream at the answer, and its audible seconds by then: sent, received."""

    def on_event(self, event: CallEvent, call: Call) -> None:
        """Take an event of the call."""
        match event:
            case Answered(status=status, elapsed_ms=elapsed):
                self._status, self._answer_ms = status, round(elapsed)
                self._answered(call)
            case Media(state="connected"):
                self._media = event
            case Dtmf(direction="received", digit=digit) if len(self._digits) < MAX_DIGITS:
                self._digits += digit
            case _:
                pass

    def call_record(self, call: Call, tone_hz: float | None, ended: CallEnded | None) -> CallRecord:
        """Return the record at the end of the call or, without `ended`, so far.

        `tone_hz` is the expected tone, if there is one.
        """
        status, media = self._status, self._media
        if status is None and ended is not None:
            status = ended.status
        return CallRecord(
            status=status,
            outcome=self._outcome(call, ended),
            setup_ms=round(media.elapsed_ms) if media is not None else None,
            answer_ms=self._answer_ms,
            digits=self._digits,
            flow=self._flow(media, call, tone_hz, ended) if media is not None else None,
            elapsed_s=time.monotonic() - self._begun,
        )

    def _outcome(self, call: Call, ended: CallEnded | None) -> str:
        failure = call_failure(call)
        if failure is not None:
            return str(failure)
        if ended is not None:
            shown = f"{ended.status} " if ended.status is not None else ""
            early = " before the media connected" if self._status is not None else ""
            return f"{shown}{ended.reason}{early}"
        if self._status is None:
            return "the call is not answered yet"
        return "the media are not connected yet"

    def _answered(self, call: Call) -> None:
        stream = call.media.stream
        self._early = (stream, *_audible(stream))
        tone_tap = _tone_tap(call)
        if tone_tap is not None:
            tone_tap.forget()

    def _flow(
        self, media: Media, call: Call, tone_hz: float | None, ended: CallEnded | None
    ) -> Flow | None:
        stream = call.media.stream
        stats = ended.stats if ended is not None else call_stats(call.media)
        if stats is None or stream.agreed is None:
            return None
        if stream.inbound is None or stream.reporting is None:
            return None
        sent, received = _audible(stream)
        if self._early is not None and self._early[0] is stream:
            sent, received = sent - self._early[1], received - self._early[2]
        tone_tap = _tone_tap(call)
        return Flow(
            path=_path(media),
            packets_sent=stats.packets_sent,
            packets_received=stats.packets_received,
            packets_unknown=stream.inbound.unknown,
            lasted_s=self._lasted(media, call, ended),
            silent_end_s=_silent_end(stream, call, ended),
            audible_sent_s=sent,
            audible_received_s=received,
            we_may_send=stream.agreed.direction.sends,
            they_may_send=stream.agreed.direction.receives,
            delivery=stream.reporting.delivery,
            tone_s=tone_tap.seconds(tone_hz) if tone_tap and tone_hz is not None else 0.0,
            strongest_hz=tone_tap.strongest_hz if tone_tap else None,
            mos=stats.mos,
            loss_percent=stats.loss_percent if stats.packets_received else None,
        )

    def _lasted(self, media: Media, call: Call, ended: CallEnded | None) -> float | None:
        if self._answer_ms is None:
            return None
        talked = _now() - call.answered_at if ended is None else ended.duration_s
        return max(0.0, talked - max(0, media.elapsed_ms - self._answer_ms) / 1000)


def _now() -> float:
    return asyncio.get_running_loop().time()


def _audible(stream: AudioStream) -> tuple[float, float]:
    """Return the audible seconds so far: sent, received."""
    if stream.outbound is None or stream.inbound is None:
        return 0.0, 0.0
    return stream.outbound.meter.audible_s, stream.inbound.meter.audible_s


def _silent_end(stream: AudioStream, call: Call, ended: CallEnded | None) -> float:
    """Return the seconds from the last packet, or the answer if none came, to the end or now."""
    since = call.answered_at if stream.last_rtp is None else max(call.answered_at, stream.last_rtp)
    if ended is None:
        return max(0.0, _now() - since)
    return max(0.0, call.answered_at + ended.duration_s - since)


def _tone_tap(call: Call) -> ToneTap | None:
    taps = call.sound.taps if call.sound is not None else ()
    return next((tap for tap in taps if isinstance(tap, ToneTap)), None)


def _path(media: Media) -> str:
    local, remote = media.local_candidate, media.remote_candidate
    kinds = dict.fromkeys(end.type for end in (local, remote) if end is not None)
    dtls = ", DTLS up" if media.dtls_fingerprint is not None else ""
    return f"ICE connected by {' to '.join(kinds) or 'no known way'}{dtls}"
