"""Offer/answer of one call (RFC 3264): the next offer, the pending one, and who holds whom.

    NONE --we offer--> Ours --answered, refused, or void--> NONE
    NONE --they offer, or ask for ours--> Theirs --answered, refused, or withdrawn--> NONE
    Theirs, which asks for ours --we offer--> Ours

The core's events say whose turn it is. Work that waits for ICE is done in order by the call's one
worker. By the time a description is ready, it may no longer be our turn: then it is rolled back,
and `catch_up` makes the offer later. The media session writes and reads the descriptions.
"""

from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from sipcli.core.calls.calls import Calls
from sipcli.errors import Phase
from sipcli.media.events import MediaLost
from sipcli.media.session.media_session import MediaSession, NotAcceptable, Withdrawn
from sipcli.phone.call_context import CallContext
from sipcli.phone.digits import Digits
from sipcli.phone.events import ChangeRefused, Held, Resumed, Warned
from sipcli.phone.media_supervisor import MediaSupervisor
from sipcli.sdp.description import Direction


@dataclass(slots=True)
class NextOffer:
    """What our next offer will ask for."""

    hold: bool = False
    """Put the far end on hold."""
    restart: bool = False
    """Restart ICE."""
    is_due: bool = False
    """Make the offer as soon as it is our turn."""


@dataclass(frozen=True, slots=True, eq=False)
class OurOffer:
    """Our offer that waits for its answer."""

    hold: bool
    restart: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class TheirOffer:
    """An offer of the far end that waits for our answer."""

    body: bytes | None
    """None if the far end asks for our offer."""


@dataclass(slots=True)
class HoldState:
    """Who holds whom, by the last completed offer/answer."""

    by_us: bool = False
    by_remote: bool = False


class Offers:
    """The offers and answers of one call, and the hold and mute they express."""

    def __init__(self, context: CallContext, media: MediaSession, digits: Digits) -> None:
        self.supervisor = MediaSupervisor(
            context, media, digits, restart=self.restart, forget_restart=self.forget_restart
        )
        self.is_muted = False
        self._context = context
        self._media = media
        self._digits = digits
        self._next_offer = NextOffer()
        self._pending: OurOffer | TheirOffer | None = None
        """The offer that is not answered yet; None if there is none."""
        self._hold_state = HoldState()
        self._fork: str | None = None
        """The fork whose early answer the media use; None if they use none."""
        self._answers: dict[str, bytes] = {}
        self._lost_early: MediaLost | None = None
        """How early media failed; None if they did not."""

    @property
    def is_held(self) -> bool:
        """True if we want to hold the far end."""
        return self._next_offer.hold

    @property
    def is_held_by_remote(self) -> bool:
        """True if the far end holds us."""
        return self._hold_state.by_remote

    # At the beginning

    async def first_offer(self) -> bytes:
        """Return the offer for our INVITE."""
        body = await self._media.offer(self._direction)
        self._pending = OurOffer(hold=self._next_offer.hold)
        return body

    def check_offer(self, offer: bytes) -> None:
        """Check the offer of an INVITE before it rings. Raises `NotAcceptable`."""
        self._media.receive_offer(offer)

    async def accept(self) -> None:
        """Accept the INVITE with our answer or, if it had no offer, with our offer."""
        if self._media.considers_offer:
            body = await self._media.answer(self._direction)
        else:
            body = await self._media.offer(self._direction)
            self._pending = OurOffer(hold=self._next_offer.hold)
        self._context.act(lambda calls, now: calls.accept(self._context.call, body, now))

    def early_answer(self, body: bytes, fork: str) -> None:
        """Handle the early answer of a fork; the media use the first one."""
        self._answers.setdefault(fork, body)
        if self._fork is None and isinstance(self._pending, OurOffer):
            with suppress(NotAcceptable):  # the final answer may be usable
                self._media.receive_answer(body, provisional=True)
                self._fork = fork
                self._digits.agreed()

    def early_lost(self, lost: MediaLost) -> None:
        """Handle the loss of early media; the final answer may bring others."""
        if self._lost_early is None:
            self._lost_early = lost
            more = "no" if self.supervisor.way is None else "no more"
            text = f"{more} audio before the answer: {lost.reason}"
            self._context.tell(Warned(text=text))

    def final_answer(self, body: bytes | None, fork: str) -> None:
        """Handle the answered call; `body` is None if the answer of `fork` came early."""
        answer = body if body is not None else self._answers.get(fork)
        if answer is not None:
            self.on_answer(answer)
        if self._media.agreed is None:
            reason = "the far end sent no usable answer"
            self.supervisor.fail(reason, Phase.OFFER_ANSWER)
        elif self._lost_early is not None and self._media.is_lost:  # the answer brought none
            self.supervisor.on_event(self._lost_early)

    # While it lasts

    async def hold(self, *, on: bool) -> None:
        """Hold or resume the far end; `Held` or `Resumed` follows once it has agreed."""
        if on != self._next_offer.hold:
            self._next_offer.hold = on
            await self.offer()

    def mute(self, *, on: bool) -> None:
        """Send silence instead of our audio."""
        self.is_muted = on
        self._apply_mute()

    def restart(self) -> None:
        """Queue an ICE restart."""
        self._context.queue(partial(self.offer, restart=True))

    def forget_restart(self) -> None:
        """Drop an ICE restart that is not offered yet: the media came back without it."""
        if self._next_offer.restart and not isinstance(self._pending, OurOffer):
            self._next_offer.restart = False
            self._next_offer.is_due = self._next_offer.hold != self._hold_state.by_us

    async def offer(self, *, restart: bool = False) -> None:
        """Make an offer now or, if it is not our turn, when `catch_up` is called."""
        self._next_offer.restart = restart or self._next_offer.restart
        self._next_offer.is_due = True
        await self.catch_up()

    async def catch_up(self) -> None:
        """Make the offer that is due, if it is our turn."""
        due = self._next_offer
        if not due.is_due or self._pending is not None or not self._context.can_offer:
            return
        ours = OurOffer(hold=due.hold, restart=due.restart)
        body = await self._media.offer(self._direction, restart=ours.restart)

        def send(calls: Calls, now: float) -> None:
            calls.offer(self._context.call, body, now, lasting=ours.restart)
            # Within the step: the events that it ends with may already be about this offer.
            due.is_due, self._pending = False, ours

        self._context.act(send)
        if due.is_due:  # the far end made an offer while we gathered: theirs comes first
            await self._media.rollback()

    def on_answer(self, body: bytes) -> None:
        """Handle the answer to our offer."""
        ours = self._pending
        if not isinstance(ours, OurOffer):
            return
        self._pending = None
        try:
            self._media.receive_answer(body)
        except NotAcceptable as refused:
            reason = f"the far end's answer cannot be used: {refused.text}"
            self.supervisor.fail(reason, Phase.OFFER_ANSWER)
            return
        if ours.restart:
            self._next_offer.restart = False
            self.supervisor.restart_answered()
        self._on_agreed(hold=ours.hold)

    def refused(self, status: int | None, reason: str, *, will_retry: bool) -> None:
        """Handle a refused or lost offer of ours; `status` is None without a connection."""
        is_restart = isinstance(self._pending, OurOffer) and self._pending.restart
        self._pending = None
        self._context.queue(self._media.rollback)
        if will_retry:
            return
        if is_restart:
            self._next_offer.restart = False
            self.supervisor.restart_refused(status, reason)
        else:
            self._next_offer.hold = self._hold_state.by_us
            why = reason if status is None else f"{status} {reason}"
            text = f"the far end refused to change the call: {why}"
            self._context.tell(ChangeRefused(call=self._context.call, text=text))

    def remote_offer(self, body: bytes | None) -> None:
        """Queue the answer to an offer of the far end; `body` is None if it asks for ours."""
        early = self._answers.get(self._fork or "") if isinstance(self._pending, OurOffer) else None
        self._pending = theirs = TheirOffer(body)
        self._context.queue(partial(self._answer, theirs, early))

    def withdrawn(self) -> None:
        """Handle the withdrawal of the far end's offer, which the media may have answered."""
        self._pending = None
        self._media.withdraw()
        self._context.queue(self._media.rollback)

    async def _answer(self, theirs: TheirOffer, early: bytes | None) -> None:
        if self._pending is not theirs:
            return
        hold = self._next_offer.hold
        try:
            mine = await self._answer_to(theirs, early)
        except Withdrawn:
            return
        except NotAcceptable as refused:
            self._pending = None
            warning = refused.text
            self._context.act(
                lambda calls, now: calls.refuse_offer(self._context.call, now, warning=warning)
            )
            return
        if self._pending is not theirs:
            return
        self._pending = OurOffer(hold=hold) if theirs.body is None else None
        self._context.act(lambda calls, now: calls.answer(self._context.call, mine, now))
        if theirs.body is not None:
            self._on_agreed(hold=hold)

    async def _answer_to(self, theirs: TheirOffer, early: bytes | None) -> bytes:
        if early is not None:
            # They change a call that is not answered yet (UPDATE): their early answer is final.
            self._media.receive_answer(early)
        if theirs.body is None:  # another far end may answer (RFC 8839 §7.5)
            return await self._media.offer(self._direction, restart=True)
        self._media.receive_offer(theirs.body)
        return await self._media.answer(self._direction)

    @property
    def _direction(self) -> Direction:
        return Direction.SENDONLY if self._next_offer.hold else Direction.SENDRECV

    def _apply_mute(self) -> None:
        self._media.mute(self.is_muted or self._hold_state.by_us)

    def _on_agreed(self, *, hold: bool) -> None:
        """Handle a completed offer/answer: report changes of who holds whom; `hold` is ours."""
        agreed = self._media.agreed
        if agreed is None:
            return
        self.supervisor.agreed()
        self._digits.agreed()
        before, self._hold_state = self._hold_state, HoldState(hold, not agreed.direction.sends)
        self._apply_mute()
        call, now = self._context.call, self._hold_state
        if now.by_us != before.by_us:
            self._context.tell((Held if now.by_us else Resumed)(call=call, by="local"))
        if now.by_remote != before.by_remote:
            self._context.tell((Held if now.by_remote else Resumed)(call=call, by="remote"))
