"""The state of one call: fed once with each of its events, and read by everything else."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final

from sipcli.config.policies import Permission
from sipcli.errors import (
    ConnectError,
    MediaError,
    MissingPassword,
    NoAnswerError,
    Phase,
    RefusedError,
    SipcliError,
)
from sipcli.expect.call_record import Audio, AudioFlow, CallRecord
from sipcli.expect.tone_tap import ToneTap
from sipcli.media.quality.level import FLOOR_DBFS
from sipcli.media.session.media_session import MediaSession
from sipcli.phone.audio_meters import AudioMeters, Measured
from sipcli.phone.call_audio import AudioEndpoints
from sipcli.phone.call_stats import call_stats
from sipcli.phone.errors import NO_ANSWER, refusal
from sipcli.phone.events import (
    Answered,
    CallEnded,
    CallEvent,
    CallId,
    Calling,
    CallStats,
    ChangeRefused,
    Dtmf,
    Held,
    Incoming,
    Media,
    Progress,
    RedirectDecided,
    RedirectRequested,
    Resumed,
    TransferDecided,
    TransferProgress,
    TransferRequested,
)
from sipcli.sip.status import NOT_ACCEPTABLE_HERE
from sipcli.text import one_line

MAX_DIGITS: Final = 10_000
"""Digits of a call that are kept, far more than any expectation names."""
MAX_RESPONSES: Final = 100
"""Provisional responses of a call that are kept."""


class CallState(ABC):
    """What is known of a call. Nothing here sends or waits for anything."""

    def __init__(self, media: MediaSession, *, is_incoming: bool, remote: str) -> None:
        self.id: CallId = ""
        """The Call-ID (RFC 3261 §8.1.1.4); empty before the INVITE."""
        self.remote = remote
        """The URI of the far end."""
        self.display_name: str | None = None
        """The display name of the caller; None if it gave none, or if we are the caller."""
        self.is_incoming = is_incoming
        """True if the far end placed the call."""
        self.is_answered = False
        """True if it was answered, even if it has ended since."""
        self.is_connected = False
        """True if its media have connected, now or earlier."""
        self.is_held = False
        """True if we hold the far end, and it has agreed."""
        self.progress: int | None = None
        """The status of the last provisional response to our INVITE; None before the first."""
        self.status: int | None = None
        """The status of the final response to the INVITE; None before it, or if there was none."""
        self.digits = ""
        """All digits received so far."""
        self.ended: CallEnded | None = None
        """How it ended; None before that."""
        self.is_over = False
        """True once the call has ended, media and files included."""
        self.transfer_request: TransferRequested | None = None
        """The transfer that the far end asks for and that waits for our decision; else None."""
        self.redirect_request: RedirectRequested | None = None
        """The redirect of our call that waits for our decision; None if there is none."""
        self.replaces_call = False
        """True if it replaces a call that we are in (RFC 3891): it need not ring."""
        self.transfer_of: CallId | None = None
        """The call whose far end asked for this one by REFER; None if we placed it ourselves."""
        self.came_of: CallId | None = None
        """The first call of the chain that led to this one by transfers and replacements
        (RFC 3891); None if this is the first."""
        self.media = media
        """Its media session, from the first session description to the end. Internal to sipcli:
        what a program needs of it is a property of the call."""
        self._sound: AudioEndpoints | None = None
        """Its audio endpoints; None until they are open."""
        self._clock: Callable[[], float] | None = None
        self._begun = 0.0
        """The time of the INVITE, in seconds on the loop's clock; so is the answer's."""
        self._answered_at = 0.0
        self._answer_ms: int | None = None
        self._connected: Media | None = None
        """How its media connected last."""
        self._early_audible = (0.0, 0.0)
        """Audible seconds before the answer: sent, received."""
        self._early_stream: object = None
        """The stream that they are of."""
        self._responses: list[str] = []
        self._refusal: str | None = None
        """Why the far end refused to change the call; None since we asked for the last change."""
        self._transfer: TransferProgress | None = None
        """The progress of the transfer that we asked for last; None if there was none."""
        self._needs_password = False

    # What happens

    def _note(self, event: CallEvent) -> None:
        """Take an event of this call."""
        match event:
            case Calling() | Incoming():
                self._note_invite(event)
            case Progress():
                self._note_progress(event)
            case Answered():
                self._note_answer(event)
            case Media(state="connected"):
                self.is_connected, self._connected = True, event
            case Dtmf(direction="received", digit=digit) if len(self.digits) < MAX_DIGITS:
                self.digits += digit
            case Held(by="local") | Resumed(by="local"):
                self.is_held = isinstance(event, Held)
            case ChangeRefused(text=text):
                self._refusal = text
            case CallEnded(status=ended_with):
                self.ended = event
                self.status = self.status if self.status is not None else ended_with
            case _:
                self._note_transfer(event)

    def _note_invite(self, event: Calling | Incoming) -> None:
        self.id, self._begun = event.call, self._now()
        if isinstance(event, Incoming):
            self.display_name = event.display_name

    def _note_progress(self, event: Progress) -> None:
        self.progress = event.status
        if event.status > 100 and len(self._responses) < MAX_RESPONSES:
            self._responses.append(one_line(f"{event.status} {event.reason}"))

    def _note_answer(self, event: Answered) -> None:
        self.is_answered, self._answered_at = True, self._now()
        self.status, self._answer_ms = event.status, round(event.elapsed_ms)
        self._early_stream = self.media.stream
        self._early_audible = self._audible()
        for tap in self._taps:
            if isinstance(tap, ToneTap):
                tap.forget()

    def _note_transfer(self, event: CallEvent) -> None:
        match event:
            case TransferRequested(decision=decision):
                self.transfer_request = None if decision is Permission.REFUSE else event
            case RedirectRequested(decision=decision):
                self.redirect_request = event if decision is Permission.ASK else None
            case TransferDecided():
                self.transfer_request = None
            case RedirectDecided():
                self.redirect_request = None
            case TransferProgress():
                self._transfer = event
            case _:
                pass

    # What is known

    @property
    @abstractmethod
    def media_failure(self) -> MediaError | None:
        """Why its media failed; None if they have not."""

    @property
    def question(self) -> TransferRequested | RedirectRequested | None:
        """The transfer or redirect that waits for our decision; None if there is none."""
        return self.transfer_request or self.redirect_request

    @property
    def phase(self) -> Phase:
        """The step that it has reached, or at which its media failed."""
        failure = self.media_failure
        if failure is not None and failure.phase is not None:
            return failure.phase
        if not self.is_answered:
            return Phase.RING
        return Phase.AUDIO if self.is_connected else Phase.ICE

    @property
    def codec(self) -> str | None:
        """The encoding name of the codec we send; None before it is agreed."""
        agreed = self.media.agreed
        return agreed.codec.encoding if agreed is not None else None

    @property
    def duration_s(self) -> float:
        """Seconds since the answer, or from it to the end; 0 before it."""
        if self.ended is not None:
            return self.ended.duration_s
        return self._now() - self._answered_at if self.is_answered else 0.0

    @property
    def received(self) -> Measured:
        """The audio received from the far end in the last second, measured after decoding."""
        return self._measured("received")

    @property
    def sent(self) -> Measured:
        """The audio sent to the far end in the last second, measured before encoding."""
        return self._measured("sent")

    @property
    def stats(self) -> CallStats | None:
        """The statistics of the call so far (`stats` of contract §4), such as `mos`.

        After the end, those of the whole call; None if no media were ever agreed on.
        """
        return self.ended.stats if self.ended is not None else call_stats(self.media)

    @property
    def failure(self) -> SipcliError | None:
        """The error that the call ended with; None if it was answered and its media worked.

        An incoming call that was not answered is no error: rejecting one is a valid outcome.
        """
        return self.media_failure if self.ended is None else self._failure_at(self.ended)

    def _failure_at(self, ended: CallEnded) -> SipcliError | None:
        """Return the failure of a call that ended so."""
        if self.media_failure is not None:
            return self.media_failure
        if self.is_answered or self.is_incoming:
            return None
        if ended.status is None and ended.by == "local":  # no INVITE was sent
            return ConnectError(ended.reason)
        if ended.status is None:
            return ConnectError(f"{ended.reason} before the answer")
        if self._needs_password:
            return MissingPassword(ended.reason, Phase.ANSWER)
        if ended.by == "remote":
            return refusal(ended.status, f"{ended.status} {ended.reason}")
        if ended.status == NOT_ACCEPTABLE_HERE:
            return MediaError(ended.reason, Phase.OFFER_ANSWER)
        kind = NoAnswerError if ended.status in NO_ANSWER else RefusedError
        return kind(ended.reason)

    def record(self, tone_hz: float | None = None) -> CallRecord:
        """Return the facts that expectations are judged by, at the end of the call or so far.

        `tone_hz` is the expected tone, if there is one.
        """
        connected = self._connected
        return CallRecord(
            status=self.status,
            outcome=self._outcome(),
            setup_ms=round(connected.elapsed_ms) if connected is not None else None,
            answer_ms=self._answer_ms,
            digits=self.digits,
            flow=self._flow(connected, tone_hz) if connected is not None else None,
            elapsed_s=self._now() - self._begun,
        )

    # Inside

    def _now(self) -> float:
        # Kept from the first event on: the status line is drawn in a thread that has no loop.
        if self._clock is None:
            self._clock = asyncio.get_running_loop().time
        return self._clock()

    @property
    def _taps(self) -> tuple[object, ...]:
        return self._sound.taps if self._sound is not None else ()

    @property
    def _is_transferred(self) -> bool | None:
        """True if the transfer we asked for worked, False if it failed; None while it is open."""
        last = self._transfer
        if last is None or not (last.is_final or self.ended is not None):
            return None
        # A far end that hangs up after it agreed need not report how its call went.
        return last.status is not None and last.status // 100 == 2

    def _so_far(self) -> str:
        """Return the progress of the call as a sentence."""
        if self.ended is not None:
            shown = f"{self.ended.status} " if self.ended.status is not None else ""
            return one_line(f"the call is over: {shown}{self.ended.reason}")
        if self.is_answered:
            return "the call is up"
        if self.is_incoming:
            return "the call rings here"
        return f"so far: {', '.join(self._responses)}" if self._responses else "no response at all"

    def _outcome(self) -> str:
        if self.failure is not None:
            return str(self.failure)
        if self.ended is not None:
            shown = f"{self.ended.status} " if self.ended.status is not None else ""
            early = " before the media connected" if self.is_answered else ""
            return f"{shown}{self.ended.reason}{early}"
        if not self.is_answered:
            return "the call is not answered yet"
        return "the media are not connected yet"

    def _measured(self, direction: Audio) -> Measured:
        sent_s, received_s = self._audible_since_answer() if self.is_connected else (0.0, 0.0)
        audible = sent_s if direction == "sent" else received_s
        meters = next((tap for tap in self._taps if isinstance(tap, AudioMeters)), None)
        if meters is None:
            return Measured(tone_hz=None, level_dbfs=FLOOR_DBFS, audible_s=audible)
        meter = meters.sent if direction == "sent" else meters.received
        return Measured(tone_hz=meter.latest_hz, level_dbfs=meter.latest_dbfs, audible_s=audible)

    def _audible(self) -> tuple[float, float]:
        """Return the audible seconds so far: sent, received."""
        stream = self.media.stream
        if stream.outbound is None or stream.inbound is None:
            return 0.0, 0.0
        return stream.outbound.meter.audible_s, stream.inbound.meter.audible_s

    def _audible_since_answer(self) -> tuple[float, float]:
        sent, received = self._audible()
        if self._early_stream is self.media.stream:
            return sent - self._early_audible[0], received - self._early_audible[1]
        return sent, received

    def _flow(self, connected: Media, tone_hz: float | None) -> AudioFlow | None:
        stream, stats = self.media.stream, self.stats
        if stats is None or stream.agreed is None:
            return None
        if stream.inbound is None or stream.reporting is None:
            return None
        sent, received = self._audible_since_answer()
        tone_tap = next((tap for tap in self._taps if isinstance(tap, ToneTap)), None)
        return AudioFlow(
            path=_path(connected),
            packets_sent=stats.packets_sent,
            packets_received=stats.packets_received,
            packets_unknown=stream.inbound.unknown,
            lasted_s=self._lasted(connected),
            silent_end_s=self._silent_end(),
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

    def _lasted(self, connected: Media) -> float | None:
        """Return the seconds from the answer, or from later media, to the end or now."""
        if self._answer_ms is None:
            return None
        late_s = max(0, connected.elapsed_ms - self._answer_ms) / 1000
        return max(0.0, self.duration_s - late_s)

    def _silent_end(self) -> float:
        """Return the seconds from the last packet, else the answer, to the end or now."""
        last = self.media.stream.last_rtp
        since = self._answered_at if last is None else max(self._answered_at, last)
        end = self._now() if self.ended is None else self._answered_at + self.ended.duration_s
        return max(0.0, end - since)


def _path(connected: Media) -> str:
    local, remote = connected.local_candidate, connected.remote_candidate
    kinds = dict.fromkeys(end.type for end in (local, remote) if end is not None)
    dtls = ", DTLS up" if connected.dtls_fingerprint is not None else ""
    return f"ICE connected by {' to '.join(kinds) or 'no known way'}{dtls}"
