"""How the media of one call fare: connected, lost and won back once, or failed for good."""

import asyncio
from collections.abc import Callable
from typing import Final, Literal

from sipcli.calls.digits import Digits
from sipcli.calls.events import CallWarned, CandidateShown, Media
from sipcli.calls.thread import Thread
from sipcli.errors import MediaError, Phase
from sipcli.media.session import events
from sipcli.sdp.transport import Candidate

RESTART_LIMIT: Final = 13.0
"""Seconds that an ICE restart gets to bring lost media back."""
RESTART_SPACING: Final = 60.0
"""Seconds that media must last after an ICE restart to be worth another one."""
OPENING_DUE: Final = 2.0
"""Seconds after the answer by which media flow where all is well; a call may end before."""
CLOSED_GRACE: Final = 2.0
"""Seconds that the BYE may come after the far end has closed its media."""
_IN_VAIN: Final = "an ICE restart did not help"


class MediaPath:
    """Tells how the media fare, asks for one ICE restart where they are lost, then gives up."""

    def __init__(
        self,
        thread: Thread,
        digits: Digits,
        *,
        restart: Callable[[], None],
        give_up: Callable[[str], None],
    ) -> None:
        self.failure: MediaError | None = None
        """Why the media came to nothing; None while they did not."""
        self.codec: Callable[[], str | None] = lambda: None
        """What the sound is encoded with just now."""
        self.way: tuple[CandidateShown, CandidateShown] | None = None
        """Where the media flow, our end first; None while they have not."""
        self.settled = asyncio.Event()
        """Set once media can flow, or never will."""
        self._thread = thread
        self._digits = digits
        self._restart = restart
        self._give_up = give_up
        self._loop = asyncio.get_running_loop()
        self._begun = self._loop.time()
        self._restarted_at: float | None = None
        self._is_over = False
        self._patience: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """The INVITE goes out, or has come in, now."""
        self._begun = self._loop.time()

    def end(self, duration_s: float, unopened: MediaError | None) -> None:
        """The call is over, this long after its answer; what the media tell now has no meaning.

        Where it had time enough, and they never came to flow, `unopened` is how it failed.
        """
        late = duration_s >= OPENING_DUE and not self.settled.is_set()
        if late and unopened is not None and self.failure is None:
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
            case events.MediaLost(reason=reason, closed=closed):
                self._lost(reason, closed=closed)
            case events.DigitHeard(direction=direction, digit=digit):
                self._digits.tell(direction, digit, "rtp")
            case events.MediaWarned(text=text):
                self._thread.tell(CallWarned(text=text))

    def fail(self, reason: str, phase: Phase = Phase.AUDIO) -> None:
        """The call is of no use without media: remember why, and end it."""
        if self.failure is None and not self._is_over:
            self.failure = MediaError(reason, phase)
            self._tell("failed", None, None, None)
            self._give_up(reason)

    def _connected(self, event: events.MediaConnected) -> None:
        self._stop_waiting()
        self.settled.set()
        self.way = _shown(event.local), _shown(event.remote)
        self._tell(
            "restarted" if event.restarted else "connected",
            *self.way,
            str(event.fingerprint) if event.fingerprint is not None else None,
        )

    def _lost(self, reason: str, *, closed: bool) -> None:
        self._stop_waiting()
        now = self._loop.time()
        if closed:
            limit = CLOSED_GRACE
        elif self._restarted_at is not None and now - self._restarted_at < RESTART_SPACING:
            self.fail(f"{reason}; {_IN_VAIN}")
            return
        else:
            limit, self._restarted_at = RESTART_LIMIT, now
            self._thread.tell(CallWarned(text=f"{reason}; trying an ICE restart"))
            self._restart()
            reason = f"{reason}; {_IN_VAIN}"
        self._patience = self._loop.call_later(limit, self.fail, reason)

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
        self._thread.tell(
            Media(
                call=self._thread.call,
                state=state,
                codec=self.codec(),
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
