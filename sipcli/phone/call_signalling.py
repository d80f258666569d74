"""Connects the events of the core about one call to its media, and both to its state.

Events of the core arrive at `_on_event`. Work on offers and answers has to wait for ICE, so it is
queued and done in order by one task; only the end of the call does not wait in that queue.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from sipcli.core.calls import events as core
from sipcli.core.calls.remote_offers import warning_field
from sipcli.core.describe import describe_fields
from sipcli.errors import MediaError, Phase, SipcliError
from sipcli.journal.journal import CallJournal
from sipcli.media.audio_io.generators import NullSink, Silence
from sipcli.media.events import MediaBroke, MediaEvent, MediaFailed, MediaLost
from sipcli.media.session.media_config import MediaConfig
from sipcli.media.session.media_session import MediaSession
from sipcli.phone.call_audio import AudioEndpoints
from sipcli.phone.call_context import CallContext, OnCallEvent
from sipcli.phone.call_stats import call_stats
from sipcli.phone.call_waits import CallWaits
from sipcli.phone.digits import Digits
from sipcli.phone.event_translation import call_ended, call_event
from sipcli.phone.events import CallEvent, Warned
from sipcli.phone.offers import Offers
from sipcli.phone.runner import UserAgentRunner
from sipcli.phone.waiter import Waiter
from sipcli.sip.uri import Uri

_LOGGER: Final = logging.getLogger(__name__)
STATS_INTERVAL_S: Final = 5.0
"""Seconds between two log lines with the statistics of a call."""


class CallSignalling(CallWaits):
    """A call that is placed or presented by its phone, and told of what happens to it."""

    def __init__(
        self,
        runner: UserAgentRunner,
        media_config: MediaConfig,
        waiter: Waiter,
        tell: OnCallEvent,
        *,
        is_incoming: bool,
        remote: str,
    ) -> None:
        """`tell` passes events on to the user of the phone."""
        journal = CallJournal(runner.journal, lambda: self.id)
        media = MediaSession(media_config, Silence(), NullSink(), (), self._on_media_event, journal)
        super().__init__(media, waiter, is_incoming=is_incoming, remote=remote)
        self._runner = runner
        self._tell_user = tell
        self._context = CallContext(runner, self._tell, self.fail, lambda: self.id)
        self._digits = Digits(self._context, media, self.connected_or_over)
        self._offers = Offers(self._context, media, self._digits)
        self._supervisor = self._offers.supervisor
        self._is_answering = False
        self._is_ending = False

    # State

    @property
    def is_ringing(self) -> bool:
        """True if it waits for us to answer or reject it."""
        return self.is_incoming and not (self._is_answering or self._is_ending)

    @property
    def is_pending(self) -> bool:
        """True if it is neither answered nor ending."""
        return not (self.is_answered or self._is_ending)

    @property
    def wants_hold(self) -> bool:
        """True if we hold the far end, or have asked for it and it has not agreed yet."""
        return self._offers.is_held

    @property
    def is_held_by_remote(self) -> bool:
        """True if the far end holds us."""
        return self._offers.is_held_by_remote

    @property
    def is_muted(self) -> bool:
        """True if we send silence instead of our audio."""
        return self._offers.is_muted

    @property
    def media_failure(self) -> MediaError | None:
        """Why its media failed; None if they have not."""
        return self._supervisor.failure

    def fail(self, error: Exception) -> None:
        """End this call, and no other, because of `error` (exit code 7).

        A bug is reported now, and raised when the phone ends.
        """
        known = _explained(error)
        if known is None:
            self._runner.found_bug(error)
            known = MediaError(f"a bug in sipcli: {type(error).__name__}: {error}")
        self._supervisor.fail(known.text, known.phase or Phase.AUDIO)

    # For the phone

    async def _place(
        self,
        target: Uri,
        sound: AudioEndpoints,
        on_id: Callable[[], None],
        *,
        headers: tuple[tuple[str, str], ...] = (),
        transfer: core.CallId | None = None,
    ) -> None:
        """Send the INVITE; `on_id` is called once `id` is known, before any event of the call.

        `sound` is always closed in the end, also on errors and cancellation. Raises `Malformed`
        for a target or header that cannot be sent, `MediaError` if the machine lacks a resource.
        """
        self.transfer_of = transfer
        self._use(sound)
        try:
            offer = await self._offers.first_offer()
            self._context.spawn(self._context.work(self._offers.catch_up))
            with self._runner.step() as (agent, now):
                self._supervisor.begin()
                self.id = agent.calls.invite(target, offer, now, headers=headers, transfer=transfer)
                on_id()
        except BaseException as error:
            self._context.cut()
            sound.close()
            await self.media.close()
            known = _explained(error) if isinstance(error, OSError | ImportError) else None
            if known is not None:
                raise known from error
            raise

    def _present(self, event: core.Incoming) -> None:
        """Set up an incoming call. Raises `NotAcceptable` for an offer that cannot be answered."""
        self._supervisor.begin()
        self.replaces_call = event.replaces is not None
        if event.offer is not None:
            self._offers.check_offer(event.offer)
        self._context.spawn(self._context.work(self._offers.catch_up))
        self._context.queue(self.media.prepare)  # gather now, so that the answer does not wait

    def _reject(self, status: int, warning: str = "") -> None:
        headers = [warning_field(warning)] if warning else []
        self._context.act(lambda calls, now: calls.reject(self.id, status, now, headers=headers))

    def _abandon_transfer(self, status: int, reason: str) -> None:
        """Report to the far end that the call it asked for could not be placed (NOTIFY)."""
        self._context.act(lambda calls, now: calls.abandon_transfer(self.id, status, reason, now))

    def _disturbed(self) -> None:
        """Handle a change of network or a sleep of this machine: check the media."""
        self._supervisor.disturbed()

    # Events

    def _tell(self, event: CallEvent) -> None:
        """Take an event of the contract: note it, and tell the user of the phone."""
        self._note(event)
        self._tell_user(event)

    def _on_event(self, event: core.CallEvent) -> None:
        """Take an event of the core about this call. An error ends the call, not the phone."""
        try:
            if isinstance(event, core.SetupEvent | core.TransferEvent):
                self._tell(call_event(event))
            self._act_on(event)
        except Exception as error:  # noqa: BLE001
            self.fail(error)

    def _act_on(self, event: core.CallEvent) -> None:
        match event:
            case core.Calling() | core.Incoming():  # the media log under a name of their own
                _LOGGER.debug("call %s: its media are %s", self.id, self.media.name)
            case core.Ended():
                self._end(event)
            case core.InfoDelivered(status=status):
                self._digits.delivered(status)
            case core.InfoReceived(content_type=content_type, body=body):
                self._digits.received(content_type, body)
            case core.Progress(body=bytes(body), fork=fork):
                self._offers.early_answer(body, fork)
            case core.Answered():
                self._answered(event)
            case core.TransferProgress(is_final=True, status=int(status)) if status // 100 == 2:
                self._context.hang_up("transferred")
            case _:
                self._act_on_offer(event)

    def _answered(self, event: core.Answered) -> None:
        self._runner.spawn(self._log_stats())
        self._supervisor.answered()
        if not self.is_incoming:
            self._offers.final_answer(event.body, event.fork)

    def _act_on_offer(self, event: core.CallEvent) -> None:
        match event:
            case core.RemoteOffer(body=body):
                self._offers.remote_offer(body)
            case core.OfferWithdrawn():
                self._offers.withdrawn()
            case core.OfferAnswered(body=answer):
                self._offers.on_answer(answer)
                self._context.queue(self._offers.catch_up)
            case core.Acknowledged(body=answer):
                if answer is None:
                    self.media.answer_arrived()
                else:
                    self._offers.on_answer(answer)
                self._context.queue(self._offers.catch_up)
            case core.OfferRefused(status=status, reason=reason, will_retry=will_retry):
                self._offers.refused(status, reason, will_retry=will_retry)
            case core.OfferDue():
                self._context.queue(self._offers.offer)
            case _:
                pass

    def _on_media_event(self, event: MediaEvent) -> None:
        if isinstance(event, MediaBroke):
            self.fail(event.error)
            return
        is_early = not (self.is_answered or self.is_incoming)
        match event:
            case MediaFailed(phase=phase, reason=reason) if is_early:
                self._offers.early_lost(MediaLost(reason=reason, closed=False, phase=phase))
            case MediaLost() if is_early:
                self._offers.early_lost(event)
            case _:
                self._supervisor.on_event(event)

    async def _log_stats(self) -> None:
        """Log the statistics every `STATS_INTERVAL_S` and at the end, at level debug."""
        while _LOGGER.isEnabledFor(logging.DEBUG):
            await self.over(timeout=STATS_INTERVAL_S)
            stats = call_stats(self.media)
            if stats is not None:
                text = describe_fields(stats)
                _LOGGER.debug("call %s: playout and figures: %s", self.id, text)
            if self.is_over:
                return

    # The end

    def _use(self, sound: AudioEndpoints) -> None:
        self._sound = sound
        self.media.stream.use(sound.source, sound.sink, sound.taps)

    def _end(self, event: core.Ended) -> None:
        if not self._is_ending:
            self._is_ending = True
            self.transfer_request = self.redirect_request = None
            self._digits.end(event.by)
            self._context.cut()
            self._supervisor.end(event.duration_s)
            self._runner.spawn(self._clean_up(event))

    async def _clean_up(self, event: core.Ended) -> None:
        stats = None
        try:
            await self.media.close()
            stats = call_stats(self.media)  # no packet comes after this
        except Exception as error:  # noqa: BLE001 - the call ends in any case
            self._tell_trouble(error)
        try:
            if self._sound is not None:
                self._sound.close()
        except Exception as error:  # noqa: BLE001
            self._tell_trouble(error)
        failure = str(self.media_failure) if self.media_failure is not None else None
        self._needs_password = event.needs_password
        try:
            ended = call_ended(event, failure, stats, self._supervisor.way)
            self._tell(replace(ended, failure=self._failure_at(ended)))
        finally:  # also if a listener raises
            self.is_over = True  # the waits that the event has woken see it

    def _tell_trouble(self, error: Exception) -> None:
        """Report an error of a call that is ending anyway."""
        known = _explained(error)
        if known is None:
            self._runner.found_bug(error)
        else:
            self._tell(Warned(text=str(known)))


def _explained(error: Exception) -> SipcliError | None:
    """Return the error to end the call with; None if `error` is a bug in sipcli.

    Running out of file descriptors or memory, or a missing module, is not a bug, and the next
    call may succeed.
    """
    if isinstance(error, SipcliError):
        return error
    if isinstance(error, OSError):
        return MediaError(f"the system refused: {error.strerror or error}", Phase.ICE)
    if isinstance(error, ImportError | MemoryError):
        return MediaError(f"{error or 'out of memory'}", Phase.ICE)
    return None
