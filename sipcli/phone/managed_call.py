"""One call: connects the events of the core to the media of the call.

Events of the core arrive at `on_event`. Work on offers and answers has to wait for ICE, so it is
queued and done in order by one task; only the end of the call does not wait in that queue.
"""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial

from sipcli.core.calls import events as core
from sipcli.core.calls.remote_offers import warning_field
from sipcli.errors import MediaError, Phase
from sipcli.media.events import MediaBroke, MediaEvent, MediaFailed, MediaLost
from sipcli.media.session.media_config import MediaConfig
from sipcli.media.session.media_session import MediaSession
from sipcli.phone.audio_endpoints import AudioEndpoints
from sipcli.phone.call_stats import call_stats
from sipcli.phone.context import CallContext, OnEvent
from sipcli.phone.digits import Digits, Method, Sending
from sipcli.phone.event_translation import call_ended, call_event
from sipcli.phone.events import CallEnded, Warned
from sipcli.phone.null_audio import NullAudio
from sipcli.phone.offers import Offers
from sipcli.phone.questions import Questions
from sipcli.phone.runner import UserAgentRunner
from sipcli.phone.trouble import explained
from sipcli.sip.uri import Uri


class Call:
    """A call from its INVITE to its end; `CallManager` creates it."""

    def __init__(
        self,
        runner: UserAgentRunner,
        media_config: MediaConfig,
        on_event: OnEvent,
        *,
        is_incoming: bool,
        remote: str,
    ) -> None:
        self.is_incoming = is_incoming
        self.remote = remote
        """The URI of the far end."""
        self.display_name: str | None = None
        self.progress: int | None = None
        """Status of the last provisional response to our INVITE; None before the first."""
        self.takes_place = False
        """True if it replaces a call that we are in (RFC 3891): it need not ring."""
        self.is_answered = False
        self.answered_at = 0.0
        """The time of the answer, in seconds on the loop's clock."""
        self.ended: CallEnded | None = None
        """How it ended; set before `over` is."""
        self.needs_password = False
        """True if it was refused for want of a password."""
        self.over = asyncio.Event()
        """Set once everything has ended, media and files included."""
        self.questions = Questions()
        """The transfers and redirects that wait for our decision."""
        self.transfer_of: core.CallId | None = None
        """The call whose far end asked for this one by REFER; None if we placed it ourselves."""
        self.came_of: core.CallId | None = None
        """The first call of the chain that led to this one by transfers and replacements
        (RFC 3891); None if this is the first."""
        self._runner = runner
        self._context = CallContext(runner, on_event, self.fail)
        quiet = NullAudio()
        self.media = MediaSession(media_config, quiet, quiet, (), self._on_media_event)
        """The media session, from the first session description to the end."""
        self._digits = Digits(self._context, self.media)
        self._offers = Offers(self._context, self.media, self._digits)
        self._supervisor = self._offers.supervisor
        self._sound: AudioEndpoints | None = None
        self._settled = asyncio.Event()
        self._is_ending = False
        self._is_answering = False

    @property
    def id(self) -> core.CallId:
        """The Call-ID; empty before the INVITE."""
        return self._context.call

    @property
    def is_ringing(self) -> bool:
        """True if it waits for us to answer or reject it."""
        return self.is_incoming and not (self._is_answering or self._is_ending)

    @property
    def is_pending(self) -> bool:
        """True if it is neither answered nor ending."""
        return not (self.is_answered or self._is_ending)

    @property
    def sound(self) -> AudioEndpoints | None:
        """Its audio endpoints; None until they are open."""
        return self._sound

    @property
    def media_failure(self) -> MediaError | None:
        """Why the media failed; None if they have not."""
        return self._supervisor.failure

    @property
    def is_held(self) -> bool:
        """True if we hold the far end, or are about to."""
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
    def codec(self) -> str | None:
        """The encoding name of the codec we send; None before it is agreed."""
        agreed = self.media.agreed
        return agreed.codec.encoding if agreed is not None else None

    async def answered_or_over(self) -> None:
        """Wait until it is answered, or has ended without an answer."""
        await self._settled.wait()

    async def connected_or_over(self) -> None:
        """Wait until media are connected, or the call has ended without."""
        await self._supervisor.settled.wait()

    def disturbed(self) -> None:
        """Handle a change of network or a sleep of this machine: check the media."""
        self._supervisor.disturbed()

    # Actions

    async def place(
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
                self._context.call = agent.calls.invite(
                    target, offer, now, headers=headers, transfer=transfer
                )
                on_id()
        except BaseException as error:
            self._context.cut()
            sound.close()
            await self.media.close()
            known = explained(error) if isinstance(error, OSError | ImportError) else None
            if known is not None:
                raise known from error
            raise

    def present(self, event: core.Incoming) -> None:
        """Set up an incoming call. Raises `NotAcceptable` for an offer that cannot be answered."""
        self._supervisor.begin()
        self.display_name = event.display_name
        self.takes_place = event.replaces is not None
        if event.offer is not None:
            self._offers.check_offer(event.offer)
        self._context.spawn(self._context.work(self._offers.catch_up))
        self._context.queue(self.media.prepare)  # gather now, so that the answer does not wait

    def answer(self, sound: AudioEndpoints) -> None:
        """Accept the incoming call; `sound` is closed in the end, or now if it does not ring."""
        if not self.is_ringing:
            sound.close()
            return
        self._is_answering = True
        self._use(sound)
        self._context.queue(self._offers.accept)

    def reject(self, status: int, reason: str | None = None, warning: str = "") -> None:
        """Reject the incoming call with `status`, 300 to 699."""
        headers = [warning_field(warning)] if warning else []
        self._context.act(
            lambda calls, now: calls.reject(self.id, status, now, reason=reason, headers=headers)
        )

    def hang_up(self, reason: str = "hung up") -> None:
        """End the call, whatever its state; `over` is set when everything has ended."""
        self._context.hang_up(reason)

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Run `work` until it finishes or the call ends; an error in it ends the call."""
        self._context.spawn(work)

    def fail(self, error: Exception) -> None:
        """End this call, and no other, because of `error` (exit code 7).

        A bug is reported now, and raised when the phone ends.
        """
        known = explained(error)
        if known is None:
            self._runner.found_bug(error)
            known = MediaError(f"a bug in sipcli: {type(error).__name__}: {error}")
        self._supervisor.fail(known.text, known.phase or Phase.AUDIO)

    def hold(self, *, on: bool) -> None:
        """Hold or resume the far end; `Held` or `Resumed` follows once it has agreed."""
        if self.is_answered:
            self._context.queue(partial(self._offers.hold, on=on))

    def mute(self, *, on: bool) -> None:
        """Send silence instead of our audio."""
        self._offers.mute(on=on)

    def send_dtmf(self, digits: str, method: Method = "auto") -> Sending:
        """Send digits (`,` pauses 2 s, `w` 0.5 s). Raises `InvalidDigits`."""
        return self._digits.send(digits, method)

    def transfer(self, target: Uri | None, replaces: "Call | None" = None) -> None:
        """Ask the far end to call `target` (RFC 3515), or replace us in `replaces` (RFC 3891)."""
        other = replaces.id if replaces is not None else None
        self._context.act(
            lambda calls, now: calls.refer(self.id, now, target=target, replaces=other)
        )

    def accept_transfer(self) -> bool:
        """Accept the transfer that the far end asks for; `place` with `transfer` is next.

        Return False if nothing is asked any more, or if there are too many calls.
        """
        return self._context.act(lambda calls, now: calls.accept_transfer(self.id, now)) is True

    def abandon_transfer(self, status: int, reason: str) -> None:
        """Report to the far end that the call it asked for could not be placed (NOTIFY)."""
        self._context.act(lambda calls, now: calls.abandon_transfer(self.id, status, reason, now))

    def refuse_transfer(self, status: int = 603) -> None:
        """Decline the transfer that the far end asks for, with `status`."""
        self._context.act(lambda calls, now: calls.refuse_transfer(self.id, now, status=status))

    def accept_redirect(self) -> None:
        """Accept the redirect: call the address that the far end answered with (3xx)."""
        self._context.act(lambda calls, now: calls.accept_redirect(self.id, now))

    def refuse_redirect(self) -> None:
        """Decline the redirect: the next address of the 3xx is asked about, or the call ends."""
        self._context.act(lambda calls, now: calls.refuse_redirect(self.id, now))

    # Events

    def on_event(self, event: core.CallEvent) -> None:
        """Handle an event of the core about this call."""
        match event:
            case core.Ended():
                self._end(event)
            case core.InfoDelivered(status=status):
                self._digits.delivered(status)
            case core.InfoReceived(content_type=content_type, body=body):
                self._digits.received(content_type, body)
            case core.Calling(call=name) | core.Incoming(call=name):
                self._context.call = name
                self._context.tell(call_event(event))
            case core.Progress() | core.Answered() | core.TransferProgress():
                self._on_progress(event)
            case (
                core.TransferRequested()
                | core.TransferDecided()
                | core.RedirectRequested()
                | core.RedirectDecided()
            ):
                told = call_event(event)
                self.questions.on_event(told)
                self._context.tell(told)
            case _:
                self._on_offer_event(event)

    def _tell_trouble(self, error: Exception) -> None:
        """Report an error of a call that is ending anyway."""
        known = explained(error)
        if known is None:
            self._runner.found_bug(error)
        else:
            self._context.tell(Warned(text=str(known)))

    def _on_progress(self, event: core.Progress | core.Answered | core.TransferProgress) -> None:
        self._context.tell(call_event(event))
        match event:
            case core.Progress(status=status, body=body, fork=fork):
                self.progress = status
                if body is not None:
                    self._offers.early_answer(body, fork)
            case core.Answered(body=answer, fork=fork):
                self.is_answered = True
                self.answered_at = asyncio.get_running_loop().time()
                self._settled.set()
                self._supervisor.answered()
                if not self.is_incoming:
                    self._offers.final_answer(answer, fork)
            case core.TransferProgress(is_final=True, status=int(status)) if status // 100 == 2:
                self.hang_up("transferred")

    def _on_offer_event(self, event: core.CallEvent) -> None:
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

    # The end

    def _use(self, sound: AudioEndpoints) -> None:
        self._sound = sound
        self.media.stream.use(sound.source, sound.sink, sound.taps)

    def _end(self, event: core.Ended) -> None:
        if not self._is_ending:
            self._is_ending = True
            self.questions.drop()
            self._digits.end(event.by)
            self._context.cut()
            self._supervisor.end(event.duration_s)
            self._runner.spawn(self._clean_up(event))

    async def _clean_up(self, event: core.Ended) -> None:
        stats = None
        try:
            stats = call_stats(self.media)
            await self.media.close()
        except Exception as error:  # noqa: BLE001 - the call ends in any case
            self._tell_trouble(error)
        try:
            if self._sound is not None:
                self._sound.close()
        except Exception as error:  # noqa: BLE001
            self._tell_trouble(error)
        failure = self.media_failure
        self.needs_password = event.needs_password
        self.ended = call_ended(
            event, None if failure is None else str(failure), stats, self._supervisor.way
        )
        self._context.tell(self.ended)
        self._settled.set()
        self._supervisor.settled.set()
        self.over.set()
