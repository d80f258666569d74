"""How the media of one call fare: connected, lost and won back once, or failed for good."""

import asyncio
from collections.abc import Callable
from typing import Final, Literal

from sipcli.calls.digits import Digits
from sipcli.calls.events import CallWarned, CandidateShown, Media
from sipcli.calls.thread import Thread
from sipcli.errors import MediaError, Phase
from sipcli.media.session import events
from sipcli.media.session.session import MediaSession
from sipcli.sdp.transport import Candidate

RESTART_LIMIT: Final = 13.0
"""Seconds that an ICE restart gets to bring lost media back."""
RESTART_SPACING: Final = 60.0
"""Seconds that media must last after an ICE restart to be worth another one."""
OPENING_DUE: Final = 2.0
"""Seconds by which media flow where all is well, after the answer or the agreement to turn to
another far end; a call may end before."""
CLOSED_GRACE: Final = 2.0
"""Seconds that the BYE may come after the far end has closed its media."""
_IN_VAIN: Final = "an ICE restart did not help"


class MediaPath:
    """Tells how the media fare, asks for one ICE restart where they are lost, then gives up."""

    def __init__(
        self,
        thread: Thread,
        media: MediaSession,
        digits: Digits,
        *,
        restart: Callable[[], None],
    ) -> None:
        self.failure: MediaError | None = None
        """Why the media came to nothing; None while they did not."""
        self.way: tuple[CandidateShown, CandidateShown] | None = None
        """Where the media flow, our end first; None while they have not."""
        self.settled = asyncio.Event()
        """Set once media can flow, or never will."""
        self._thread = thread
        self._media = media
        self._digits = digits
        self._restart = restart
        self._loop = asyncio.get_running_loop()
        self._begun = self._loop.time()
        self._restarted_at: float | None = None
        self._is_over = False
        self._patience: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """The INVITE goes out, or has come in, now."""
        self._begun = self._loop.time()

    def end(self, duration_s: float) -> None:
        """The call is over, this long after its answer; what the media tell now has no meaning.

        Where they had time enough, and did not come to flow, that is how it failed.
        """
        unopened = self._media.unopened
        opening_s = min(duration_s, self._loop.time() - self._media.opening_since)
        if unopened is not None and opening_s >= OPENING_DUE and self.failure is None:
            self.failure = unopened
            self._tell("failed", None, None, None)
        self._is_over = True
        self._stop_waiting()

    def take(self, event: events.MediaEvent) -> None:
        """Take what the media tell."""
        if self._is_over:
            return
        match event:
            case events.MediaConnected():
                self._connected(event)
            case events.MediaFailed(phase=phase, reason=reason):
                self.fail(reason, phase)
            case events.MediaLost():
                self._lost(event)
            case events.DigitHeard(direction=direction, digit=digit):
                self._digits.heard(direction, digit)
            case events.MediaWarned(text=text):
                self._thread.tell(CallWarned(text=text))

    def fail(self, reason: str, phase: Phase = Phase.AUDIO) -> None:
        """The call is of no use without media: remember why, and end it."""
        if self.failure is None and not self._is_over:
            self.failure = MediaError(reason, phase)
            self._tell("failed", None, None, None)
            self._thread.hang_up(reason)

    def _connected(self, event: events.MediaConnected) -> None:
        self._stop_waiting()
        self.settled.set()
        self.way = _shown(event.local), _shown(event.remote)
        self._tell(
            "restarted" if event.restarted else "connected",
            *self.way,
            str(event.fingerprint) if event.fingerprint is not None else None,
        )

    def _lost(self, event: events.MediaLost) -> None:
        self._stop_waiting()
        now, reason = self._loop.time(), event.reason
        if event.closed:
            limit = CLOSED_GRACE
        elif self._restarted_at is not None and now - self._restarted_at < RESTART_SPACING:
            self.fail(f"{reason}; {_IN_VAIN}", event.phase)
            return
        else:
            limit, self._restarted_at = RESTART_LIMIT, now
            self._thread.tell(CallWarned(text=f"{reason}; trying an ICE restart"))
            self._restart()
            reason = f"{reason}; {_IN_VAIN}"
        self._patience = self._loop.call_later(limit, self.fail, reason, event.phase)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def restart_refused(self, reason: str) -> None:
        """There will be no ICE restart: the end, unless the media have come back without."""
        if self._patience is not None:
            self.fail(f"the media were lost, and the far end refused a restart: {reason}")

    def _tell(
        self,
        state: Literal["connected", "failed", "restarted"],
        local: CandidateShown | None,
        remote: CandidateShown | None,
        fingerprint: str | None,
    ) -> None:
        agreed = self._media.agreed
        self._thread.tell(
            Media(
                call=self._thread.call,
                state=state,
                codec=agreed.codec.encoding if agreed is not None else None,
                local_candidate=local,
                remote_candidate=remote,
                dtls_fingerprint=fingerprint,
                elapsed_ms=round((self._loop.time() - self._begun) * 1000),
            )
        )


def _shown(candidate: Candidate) -> CandidateShown:
    return CandidateShown(
        type=str(candidate.type),
        protocol=candidate.protocol,
        address=candidate.address,
        port=candidate.port,
    )
