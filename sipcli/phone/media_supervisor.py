"""Supervises the media of one call: connected, lost and recovered, or failed.

FLOWING --lost--> LOST: probe the connection to the server, or dial a new one, then
                  offer an ICE restart over it (RFC 8445 §9)
LOST --the old candidate pair, or another one, works--> FLOWING
LOST --restart refused, without effect, or too late--> failed: hang up
"""

import asyncio
from collections.abc import Callable
from typing import Final, Literal

from sipcli import awake
from sipcli.errors import MediaError, Phase
from sipcli.media import events
from sipcli.media.session.media_session import MediaSession
from sipcli.phone.call_context import CallContext
from sipcli.phone.digits import Digits
from sipcli.phone.events import Media, SelectedCandidate, Warned
from sipcli.sdp.transport import Candidate
from sipcli.sip.status import REQUEST_PENDING

RESTART_TIMEOUT_S: Final = 13.0
"""Seconds from the answer to an ICE restart until lost media must be back."""
LOST_TIMEOUT_S: Final = 75.0
"""Seconds that media may be lost, on either side: a minute of outage, and time to recover."""
RESTART_SPACING_S: Final = 60.0
"""Seconds that media must last after an ICE restart for it to count as successful."""
MAX_RESTARTS: Final = 4
"""ICE restarts tried for losses in a row, each within `RESTART_SPACING_S` of the last one."""
RETRY_DELAY_S: Final = 1.0
"""Seconds until an ICE restart that could not be sent is offered again."""
GLARE_DELAY_S: Final = 2.0
"""Seconds until an ICE restart that crossed an offer of the far end is offered again."""
UNDELIVERED: Final = frozenset({408, 430, 480, 500, 502, 503, 504})
"""Statuses by which a server says that it cannot reach the far end."""
PROMPT_ANSWER_S: Final = 3.0
"""Seconds within which a server refuses if it knows that the far end has gone. A later refusal
means that the server tried; the far end may have lost its network, and may come back."""
OPENING_TIMEOUT_S: Final = 2.0
"""Seconds that media may take to connect after the answer, or after the agreement on another far
end. A call that ends earlier has not failed."""
CLOSED_GRACE_S: Final = 2.0
"""Seconds to wait for the BYE after the far end has closed its media."""
_RESTART_FAILED: Final = "an ICE restart did not help"


class MediaSupervisor:
    """Reports the state of the media, and recovers lost media by ICE restarts."""

    def __init__(
        self,
        context: CallContext,
        media: MediaSession,
        digits: Digits,
        *,
        restart: Callable[[], None],
        forget_restart: Callable[[], None],
    ) -> None:
        """`restart` is called to offer an ICE restart, `forget_restart` when that is no longer
        needed.
        """
        self.failure: MediaError | None = None
        """Why the media failed; None if they have not."""
        self.way: tuple[SelectedCandidate, SelectedCandidate] | None = None
        """The selected candidate pair, ours first; None before the first."""
        self._context = context
        self._media = media
        self._digits = digits
        self._fingerprint: str | None = None
        self._restart = restart
        self._forget_restart = forget_restart
        self._loop = asyncio.get_running_loop()
        self._begun = self._loop.time()
        self._loss: events.MediaLost | None = None
        """How the media were lost; None while they flow."""
        self._last_loss: float | None = None
        self._losses = 0
        """Losses in a row."""
        self._asked_at: float | None = None
        """When the pending ICE restart was offered; None if there is none."""
        self._is_back = False
        """True if media are back while that restart is pending."""
        self._is_over = False
        self._is_answered = False
        self._opening_limit: awake.AwakeTimer | None = None
        """Runs from an agreement on media that cannot flow yet until some can."""
        self._timers: list[awake.AwakeTimer] = []
        self._recovery: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Note the time of the INVITE, sent or received."""
        self._begun = self._loop.time()

    def answered(self) -> None:
        """The call is answered now."""
        self._is_answered = True
        self.agreed()

    def agreed(self) -> None:
        """Limit the time without open media, however often an agreement moves them meanwhile.

        Each attempt to open them has its own limit, but another agreement ends the attempt first.
        """
        if self._is_answered and self._opening_limit is None and self._media.unopened is not None:
            self._opening_limit = awake.AwakeTimer(LOST_TIMEOUT_S, self._give_up_opening)

    def end(self, duration_s: float) -> None:
        """Handle the end of the call, `duration_s` after its answer; later events are ignored.

        If the media had enough time and did not connect, or were lost, the call has failed.
        """
        unopened = self._media.unopened
        opening_s = min(duration_s, self._loop.time() - self._media.opening_since)
        if self.failure is None and unopened is not None and opening_s >= OPENING_TIMEOUT_S:
            self.failure = unopened
            self._tell("failed", None, None, None)
        elif self.failure is None and self._loss is not None and not self._loss.closed:
            reason = f"{self._loss.reason}; the call ended before the media were back"
            self.failure = MediaError(reason, self._loss.phase)
            self._tell("failed", None, None, None)
        self._is_over = True
        self._stop_waiting()
        self._stop_opening_limit()

    def on_event(self, event: events.MediaEvent) -> None:
        """Handle an event of the media."""
        if self._is_over:
            return
        match event:
            case events.MediaConnected():
                self._connected(event)
            case events.MediaFailed(phase=phase, reason=reason):
                self.fail(reason, phase)
            case events.MediaLost():
                self._lost(event)
            case events.MediaBack():
                self._back()
            case events.DigitHeard(direction=direction, digit=digit):
                self._digits.heard(direction, digit)
            case events.MediaWarned(text=text):
                self._context.tell(Warned(text=text))

    def fail(self, reason: str, phase: Phase = Phase.AUDIO) -> None:
        """End the call, because it has no media."""
        if self.failure is None and not self._is_over:
            self.failure = MediaError(reason, phase)
            self._tell("failed", None, None, None)
            self._context.hang_up(reason)

    def _give_up_opening(self) -> None:
        unopened = self._media.unopened
        if unopened is not None:
            self.fail(f"{unopened.text}; no media opened in {LOST_TIMEOUT_S:.0f} s", unopened.phase)

    def _stop_opening_limit(self) -> None:
        if self._opening_limit is not None:
            self._opening_limit.cancel()
            self._opening_limit = None

    def _connected(self, event: events.MediaConnected) -> None:
        self._stop_waiting()
        self._stop_opening_limit()
        self.way = _shown(event.local), _shown(event.remote)
        self._fingerprint = str(event.fingerprint) if event.fingerprint is not None else None
        self._tell("restarted" if event.restarted else "connected", *self.way, self._fingerprint)

    def _lost(self, event: events.MediaLost) -> None:
        self._stop_waiting()
        self._loss = event
        if event.closed:
            self._fail_after(CLOSED_GRACE_S, event.reason)
            return
        now = self._loop.time()
        is_early = self._last_loss is not None and now - self._last_loss < RESTART_SPACING_S
        self._losses = self._losses + 1 if is_early else 1
        self._last_loss = now
        # Media of a new far end that never connected are no outage that may pass.
        is_new = self._media.unopened is not None
        if self._losses > (1 if is_new else MAX_RESTARTS):
            self.fail(f"{event.reason}; {_RESTART_FAILED}", event.phase)
            return
        self._context.tell(Warned(text=f"{event.reason}; trying an ICE restart"))
        self._fail_after(
            RESTART_TIMEOUT_S if is_new else LOST_TIMEOUT_S, f"{event.reason}; {_RESTART_FAILED}"
        )
        self._recover(0.0)

    def disturbed(self) -> None:
        """Handle a change of network or a sleep of this machine: try to recover now."""
        if self._loss is None or self._loss.closed:
            self._media.doubt()
        elif self._asked_at is None:
            self._recover(0.0)

    def restart_answered(self) -> None:
        """Handle the answer to an ICE restart, which begins now."""
        self._asked_at = None
        if self._loss is not None:
            self._fail_after(RESTART_TIMEOUT_S, f"{self._loss.reason}; {_RESTART_FAILED}")

    def restart_refused(self, status: int | None, reason: str) -> None:
        """Handle a refused ICE restart; `status` is None without a connection."""
        asked_at, self._asked_at = self._asked_at, None
        if self._loss is None:
            return
        waited = self._loop.time() - (asked_at or 0.0)
        if self._is_back:
            self._stop_waiting()
            self._tell_back()
        elif status is None:
            self._recover(RETRY_DELAY_S)
        elif status == REQUEST_PENDING:  # both sides offered at once (RFC 3261 §14.2)
            self._recover(GLARE_DELAY_S)
        elif status not in UNDELIVERED or waited < PROMPT_ANSWER_S:
            lost = self._loss
            text = f"{lost.reason}; the far end refused a restart: {status} {reason}"
            self.fail(text, lost.phase)
        # Otherwise wait: a far end that comes back offers a restart itself.

    def _recover(self, wait: float) -> None:
        """Offer an ICE restart after `wait` seconds, over a connection that answers."""
        if self._recovery is not None and not self._recovery.done():
            return

        async def recover() -> None:
            await asyncio.sleep(wait)
            await self._context.connected()
            self._asked_at = self._loop.time()
            self._restart()

        self._recovery = self._context.spawn(recover())

    def _back(self) -> None:
        """Handle media that are back on the old candidate pair."""
        if self._asked_at is not None:
            self._is_back = True  # the result of the restart is reported, and only that
            return
        self._stop_waiting()
        self._tell_back()

    def _tell_back(self) -> None:
        if self.way is not None:
            self._tell("restarted", *self.way, self._fingerprint)

    def _fail_after(self, seconds: float, reason: str) -> None:
        """Fail with `reason` after `seconds` in which this process runs."""
        phase = self._loss.phase if self._loss is not None else Phase.AUDIO
        self._timers.append(awake.AwakeTimer(seconds, lambda: self.fail(reason, phase)))

    def _stop_waiting(self) -> None:
        """Cancel timers and the recovery: media are back, lost anew, or the call has ended."""
        if self._loss is not None:
            self._forget_restart()
        self._loss = self._asked_at = None
        self._is_back = False
        for limit in self._timers:
            limit.cancel()
        self._timers.clear()
        if self._recovery is not None:
            self._recovery.cancel()
            self._recovery = None

    def _tell(
        self,
        state: Literal["connected", "failed", "restarted"],
        local: SelectedCandidate | None,
        remote: SelectedCandidate | None,
        fingerprint: str | None,
    ) -> None:
        agreed = self._media.agreed
        self._context.tell(
            Media(
                call=self._context.call,
                state=state,
                codec=agreed.codec.encoding if agreed is not None else None,
                local_candidate=local,
                remote_candidate=remote,
                dtls_fingerprint=fingerprint,
                elapsed_ms=(self._loop.time() - self._begun) * 1000,
            )
        )


def _shown(candidate: Candidate) -> SelectedCandidate:
    return SelectedCandidate(
        type=str(candidate.type),
        protocol=candidate.protocol,
        address=candidate.address,
        port=candidate.port,
    )
