"""One call: the core's events joined to the media they are about.

What the core tells goes through `take` into one queue, and one task works it off in order:
offers and answers wait for ICE, and must not overtake each other. The end alone overtakes.
"""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial

from sipcli.calls.audio_endpoints import AudioEndpoints
from sipcli.calls.call_stats import call_stats
from sipcli.calls.context import CallContext, OnEvent
from sipcli.calls.digits import Digits, Method, Sending
from sipcli.calls.events import CallEnded, CallWarned
from sipcli.calls.null_audio import NullAudio
from sipcli.calls.offers import Offers
from sipcli.calls.questions import Questions
from sipcli.calls.trouble import explained
from sipcli.core.calls import events as core
from sipcli.core.calls.remote_offers import warning_field
from sipcli.errors import MediaError, Phase
from sipcli.media.session.config import MediaConfig
from sipcli.media.session.events import MediaBroke, MediaEvent, MediaFailed, MediaLost
from sipcli.media.session.session import MediaSession
from sipcli.runner import UserAgentRunner
from sipcli.sip.uri import Uri


class Call:
    """A call from its INVITE to its end; the switchboard makes it."""

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
        """Whom it is with, as a URI."""
        self.display_name: str | None = None
        self.progress: int | None = None
        """Status of the last provisional response to our INVITE; None before the first."""
        self.takes_place = False
        """Whether it takes the place of a call that we are in (RFC 3891): no need to ring."""
        self.is_answered = False
        self.answered_at = 0.0
        """When it was answered, in seconds on the loop's clock."""
        self.ended: CallEnded | None = None
        """How it ended, once `over` is set."""
        self.needs_password = False
        """Whether a password, which is not set, would have helped."""
        self.over = asyncio.Event()
        """Set when all of it is over, media and files too."""
        self.questions = Questions()
        """What its far end wants us to do, and waits for us to decide."""
        self.transfer_of: core.CallId | None = None
        """The call whose far end asked for this one; None where we wanted it ourselves."""
        self.came_of: core.CallId | None = None
        """The first of the calls that led to this one, each transferred to the next or replaced
        by it (RFC 3891); None where this is the first."""
        self._runner = runner
        self._context = CallContext(runner, on_event, self.fail)
        quiet = NullAudio()
        self.media = MediaSession(media_config, quiet, quiet, (), self._on_media_event)
        """The media, from the first description to the end."""
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
        """Whether it waits for us to answer or reject it."""
        return self.is_incoming and not (self._is_answering or self._is_ending)

    @property
    def is_pending(self) -> bool:
        """Whether it is neither answered nor over."""
        return not (self.is_answered or self._is_ending)

    @property
    def sound(self) -> AudioEndpoints | None:
        """What it sounds like at our end; None until that is known."""
        return self._sound

    @property
    def media_failure(self) -> MediaError | None:
        """Why the media came to nothing; None while they did not."""
        return self._supervisor.failure

    @property
    def is_held(self) -> bool:
        """Whether we hold the far end, or are about to."""
        return self._offers.is_held

    @property
    def is_held_by_remote(self) -> bool:
        """Whether the far end does not want to hear us just now."""
        return self._offers.is_held_by_remote

    @property
    def is_muted(self) -> bool:
        """Whether silence is sent in place of our sound."""
        return self._offers.is_muted

    @property
    def codec(self) -> str | None:
        """What our sound is encoded with; None before that is agreed."""
        agreed = self.media.agreed
        return agreed.codec.encoding if agreed is not None else None

    async def answered_or_over(self) -> None:
        """Wait until it is answered, or over without."""
        await self._settled.wait()

    async def connected_or_over(self) -> None:
        """Wait until media can flow, or it is over without."""
        await self._supervisor.settled.wait()

    def disturbed(self) -> None:
        """This machine has another network, or has slept: see that the media still flow."""
        self._supervisor.disturbed()

    # What its user does

    async def place(
        self,
        target: Uri,
        sound: AudioEndpoints,
        on_id: Callable[[], None],
        *,
        headers: tuple[tuple[str, str], ...] = (),
        transfer: core.CallId | None = None,
    ) -> None:
        """Send the INVITE; `on_id` is called when `id` is known, before any event of the call.

        `sound` is closed in the end, also where this is interrupted or raises: `Malformed`, or
        `MediaError` where the machine has not what a call takes.
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
        """Take an incoming call. Raises `NotAcceptable` for an offer that cannot become one."""
        self._supervisor.begin()
        self.display_name = event.display_name
        self.takes_place = event.replaces is not None
        if event.offer is not None:
            self._offers.check_offer(event.offer)
        self._context.spawn(self._context.work(self._offers.catch_up))
        self._context.queue(self.media.prepare)  # so that the answer need not wait for ICE

    def answer(self, sound: AudioEndpoints) -> None:
        """Accept the incoming call; `sound` is closed in the end, or now if nothing rings."""
        if not self.is_ringing:
            sound.close()
            return
        self._is_answering = True
        self._use(sound)
        self._context.queue(self._offers.accept)

    def reject(self, status: int, reason: str | None = None, warning: str = "") -> None:
        """Refuse the incoming call with 300 to 699."""
        headers = [warning_field(warning)] if warning else []
        self._context.act(
            lambda calls, now: calls.reject(self.id, status, now, reason=reason, headers=headers)
        )

    def hang_up(self, reason: str = "hung up") -> None:
        """End it, in whatever state it is; `over` is set when all is done."""
        self._context.hang_up(reason)

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Run `work` until it is done or the call is over; what it raises ends the call."""
        self._context.spawn(work)

    def fail(self, error: Exception) -> None:
        """Something that this call cannot go on with: end it, and it alone (exit code 7).

        A bug is told now, and comes to light at the end of the phone.
        """
        known = explained(error)
        if known is None:
            self._runner.found_bug(error)
            known = MediaError(f"a bug in sipcli: {type(error).__name__}: {error}")
        self._supervisor.fail(known.text, known.phase or Phase.AUDIO)

    def hold(self, *, on: bool) -> None:
        """Hold the far end, or take it back; `Held` or `Resumed` tells of success."""
        if self.is_answered:
            self._context.queue(partial(self._offers.hold, on=on))

    def mute(self, *, on: bool) -> None:
        """Send silence in place of our sound."""
        self._offers.mute(on=on)

    def send_dtmf(self, digits: str, method: Method = "auto") -> Sending:
        """Send digits (`,` pauses 2 s, `w` 0.5 s). Raises `InvalidDigits`."""
        return self._digits.send(digits, method)

    def transfer(self, target: Uri | None, replaces: "Call | None" = None) -> None:
        """Ask the far end to call `target`, or to take our place in `replaces` (RFC 3515)."""
        other = replaces.id if replaces is not None else None
        self._context.act(
            lambda calls, now: calls.refer(self.id, now, target=target, replaces=other)
        )

    def accept_transfer(self) -> bool:
        """Agree to call whom the far end names; `place` with `transfer` is next.

        False where nothing is asked any more, or there are too many calls.
        """
        return self._context.act(lambda calls, now: calls.accept_transfer(self.id, now)) is True

    def abandon_transfer(self, status: int, reason: str) -> None:
        """Tell the far end that the call it asked for could not be placed."""
        self._context.act(lambda calls, now: calls.abandon_transfer(self.id, status, reason, now))

    def refuse_transfer(self, status: int = 603) -> None:
        """Decline to."""
        self._context.act(lambda calls, now: calls.refuse_transfer(self.id, now, status=status))

    def accept_redirect(self) -> None:
        """Agree to call where the far end's answer leads."""
        self._context.act(lambda calls, now: calls.accept_redirect(self.id, now))

    def refuse_redirect(self) -> None:
        """Decline to: the next address of that answer is asked about, or the call ends."""
        self._context.act(lambda calls, now: calls.refuse_redirect(self.id, now))

    # What the core tells

    def on_event(self, event: core.CallEvent) -> None:
        """Take what the core tells of this call."""
        match event:
            case core.Ended():
                self._end(event)
            case core.InfoDelivered(status=status):
                self._digits.delivered(status)
            case core.InfoReceived(content_type=content_type, body=body):
                self._digits.received(content_type, body)
            case core.Calling(call=name) | core.Incoming(call=name):
                self._context.call = name
                self._context.tell(event)
            case core.Progress() | core.Answered() | core.TransferProgress():
                self._on_progress(event)
            case (
                core.TransferRequested()
                | core.TransferDecided()
                | core.RedirectRequested()
                | core.RedirectDecided()
            ):
                self.questions.on_event(event)
                self._context.tell(event)
            case _:
                self._on_offer_event(event)

    def _tell_trouble(self, error: Exception) -> None:
        """What went wrong when nothing was left to end."""
        known = explained(error)
        if known is None:
            self._runner.found_bug(error)
        else:
            self._context.tell(CallWarned(text=str(known)))

    def _on_progress(self, event: core.Progress | core.Answered | core.TransferProgress) -> None:
        self._context.tell(event)
        match event:
            case core.Progress(status=status, body=body, fork=fork):
                self.progress = status
                if body is not None:
                    self._offers.early_answer(body, fork)
            case core.Answered(body=answer, fork=fork):
                self.is_answered = True
                self.answered_at = asyncio.get_running_loop().time()
                self._settled.set()
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
        except Exception as error:  # noqa: BLE001 - the call is over whatever comes
            self._tell_trouble(error)
        try:
            if self._sound is not None:
                self._sound.close()
        except Exception as error:  # noqa: BLE001
            self._tell_trouble(error)
        failure = self.media_failure
        self.needs_password = event.needs_password
        self.ended = CallEnded(
            call=self.id,
            by="network" if failure is not None else event.by,
            status=event.status,
            reason=str(failure) if failure is not None else event.reason,
            duration_s=event.duration_s,
            stats=stats,
            q850_cause=event.q850_cause,
            q850_text=event.q850_text,
            way=self._supervisor.way,
        )
        self._context.tell(self.ended)
        self._settled.set()
        self._supervisor.settled.set()
        self.over.set()
