"""Offers and answers of one call: the core says whose turn it is, the media what they say.

All of it that waits for ICE is awaited by the call's one worker, in order. So when it comes to
speak, the core may have moved on: what is not its turn by then is taken back, and made up for
by `catch_up`.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Final, TypeAlias

from sipcli.calls.events import CallWarned, ChangeRefused, Held, Resumed
from sipcli.calls.path import MediaPath
from sipcli.calls.quiet import Quiet
from sipcli.calls.sound import Sound
from sipcli.calls.thread import Thread
from sipcli.errors import Phase
from sipcli.media.session.events import MediaEvent
from sipcli.media.session.kit import MediaKit
from sipcli.media.session.session import MediaSession, MovedAway, NotAcceptable
from sipcli.sdp.direction import Direction

Job: TypeAlias = Callable[[], Coroutine[None, None, None]]
"""Something that waits, and has its place in the order of what happens to a call."""

RESTART_AGAIN: Final = 1.0
"""Seconds until an ICE restart is offered again that found no connection to the server."""


class Offers:
    """The session descriptions of one call, and the hold that they speak of."""

    def __init__(
        self,
        thread: Thread,
        kit: MediaKit,
        path: MediaPath,
        on_media: Callable[[MediaEvent], None],
        queue: Callable[[Job], None],
    ) -> None:
        self.is_held = False
        """Whether we want to hold the far end."""
        self.is_held_by_remote = False
        self.is_muted = False
        self._is_hold_offered = False
        self._is_hold_agreed = False
        self._thread = thread
        self._kit = kit
        self._on_media = on_media
        self._path = path
        self._queue = queue
        self._quiet = Quiet()
        self._sound: Sound | None = None
        self._fork: str | None = None
        """Whose answer the media go by already; None: nobody's."""
        self._answers: dict[str, bytes] = {}
        self._is_due = False
        """Whether an offer of ours waits for its moment."""
        self._wants_restart = False
        self._has_lost_early = False
        self._remote_offers = 0
        """Counts their offers, and those withdrawn: another one makes the one before void."""
        self.media = self._new_media()

    # At the beginning

    def use(self, sound: Sound) -> None:
        """Have the media take and bring their sound there."""
        self._sound = sound
        self.media.stream.use(sound.source, sound.sink, sound.taps)

    async def first_offer(self) -> bytes:
        """The offer for our INVITE."""
        return await self.media.offer(self._direction)

    def consider(self, offer: bytes) -> None:
        """Look at the offer of an INVITE, before it rings. Raises `NotAcceptable`."""
        self.media.receive_offer(offer)

    async def accept(self) -> None:
        """Answer the INVITE, with our answer or (where they made no offer) our offer."""
        if self.media.considers_offer:
            body = await self.media.answer(self._direction)
        else:
            body = await self.media.offer(self._direction)
        with self._thread.verbs() as (calls, now):
            calls.accept(self._thread.call, body, now)

    def early_answer(self, body: bytes, fork: str) -> None:
        """The answer of one fork; the media go with the first that has one."""
        self._answers.setdefault(fork, body)
        if self._fork is None and self.media.awaits_answer:
            with suppress(NotAcceptable):  # the final answer may be better
                self.media.receive_answer(body, provisional=True)
                self._fork = fork

    def early_lost(self, reason: str) -> None:
        """The early media came to nothing: the answer of the call gets others."""
        if not self._has_lost_early:
            self._has_lost_early = True
            self._thread.tell(CallWarned(text=f"there is no sound before the answer: {reason}"))

    async def final_answer(self, body: bytes | None, fork: str) -> None:
        """The fork that answered the call, with its answer unless it came early."""
        if self._has_lost_early or self._fork not in (None, fork):
            await self._begin_anew()
            return
        answer = body if body is not None else self._answers.get(fork)
        if answer is not None:
            self.take_answer(answer)
        if self.media.agreed is None:
            self._path.fail("the far end gave no answer that can be used", Phase.OFFER_ANSWER)

    async def _begin_anew(self) -> None:
        """Who has answered is not where the media lead to: offer other media."""
        old, self.media = self.media, self._new_media()
        self._fork, self._has_lost_early = None, False
        await old.close()
        if self._sound is not None:
            self.use(self._sound)
        self._apply_mute()
        await self.offer()

    def _new_media(self) -> MediaSession:
        return MediaSession(self._kit, self._quiet, self._quiet, (), self._on_media)

    # While it lasts

    async def hold(self, *, on: bool) -> None:
        """Hold the far end, or take it back; `Held` or `Resumed` tells when it has agreed."""
        if on != self.is_held:
            self.is_held = on
            await self.offer()

    def mute(self, *, on: bool) -> None:
        """Send silence in place of our sound."""
        self.is_muted = on
        self._apply_mute()

    async def offer(self, *, restart: bool = False) -> None:
        """Offer what is wanted by now; if it is not the moment, `catch_up` does."""
        self._wants_restart = restart or self._wants_restart
        self._is_due = True
        await self.catch_up()

    async def catch_up(self) -> None:
        """Make the offer that is due, if it is the moment by now."""
        if not self._is_due or self.media.awaits_answer or not self._can_offer():
            return
        is_hold = self.is_held
        body = await self.media.offer(self._direction, restart=self._wants_restart)
        with self._thread.verbs() as (calls, now):
            calls.offer(self._thread.call, body, now)
            self._is_due, self._is_hold_offered = False, is_hold
        if self._is_due:  # the far end has made one while we gathered: theirs comes first
            await self.media.rollback()

    def take_answer(self, body: bytes) -> None:
        """The answer to our offer."""
        if not self.media.awaits_answer:
            return
        try:
            self.media.receive_answer(body)
        except NotAcceptable as refused:
            reason = f"the far end's answer cannot be used: {refused.text}"
            self._path.fail(reason, Phase.OFFER_ANSWER)
            return
        except MovedAway:
            self._queue(self._begin_anew)
            return
        self._wants_restart = False
        self._tell_hold(self._is_hold_offered)

    async def refused(self, status: int | None, reason: str, *, will_retry: bool) -> None:
        """Our offer had no success."""
        await self.media.rollback()
        if will_retry:
            return
        if self._wants_restart and status is None:  # the server may be back before we give up
            again = asyncio.get_running_loop().call_later
            again(RESTART_AGAIN, self._queue, lambda: self.offer(restart=True))
            return
        if self._wants_restart:
            self._wants_restart = False
            self._path.restart_refused(reason)
            return
        self.is_held = self._is_hold_agreed
        why = reason if status is None else f"{status} {reason}"
        text = f"the far end refused to change the call: {why}"
        self._thread.tell(ChangeRefused(call=self._thread.call, text=text))

    def remote_offer(self, body: bytes | None) -> None:
        """The far end made an offer or, without one, asks for ours: answer in its turn."""
        self._remote_offers += 1
        number = self._remote_offers
        self._queue(lambda: self._answer(body, lambda: number == self._remote_offers))

    def withdrawn(self) -> None:
        """Their offer is void, answered by the media or not."""
        self._remote_offers += 1
        self._queue(lambda: self.media.rollback())

    async def _answer(self, body: bytes | None, is_wanted: Callable[[], bool]) -> None:
        if not is_wanted():
            return
        is_hold = self.is_held
        try:
            mine = await self._answer_to(body)
        except NotAcceptable as refused:
            with self._thread.verbs() as (calls, now):
                calls.refuse_offer(self._thread.call, now, warning=refused.text)
            return
        if is_wanted():
            with self._thread.verbs() as (calls, now):
                calls.answer(self._thread.call, mine, now)
        if body is None:
            self._is_hold_offered = is_hold
        else:
            self._tell_hold(is_hold)

    async def _answer_to(self, body: bytes | None) -> bytes:
        if self.media.awaits_answer:
            # They want to change a call that is not answered yet: their early answer stands.
            early = self._answers.get(self._fork or "", b"")
            self.media.receive_answer(early)
        if body is None:
            return await self.media.offer(self._direction)
        self.media.receive_offer(body)
        return await self.media.answer(self._direction)

    def _can_offer(self) -> bool:
        with self._thread.verbs() as (calls, _):
            return calls.can_offer(self._thread.call)

    @property
    def _direction(self) -> Direction:
        return Direction.SENDONLY if self.is_held else Direction.SENDRECV

    def _apply_mute(self) -> None:
        self.media.mute(self.is_muted or self._is_hold_agreed)

    def _tell_hold(self, is_hold: bool) -> None:
        """Tell what has changed about who hears whom; we agreed to hold them, or not to."""
        agreed = self.media.agreed
        if agreed is None:
            return
        call = self._thread.call
        if self._is_hold_agreed != is_hold:
            self._is_hold_agreed = is_hold
            self._thread.tell((Held if is_hold else Resumed)(call=call, by="local"))
        self._apply_mute()
        by_remote = not agreed.direction.sends
        if by_remote != self.is_held_by_remote:
            self.is_held_by_remote = by_remote
            self._thread.tell((Held if by_remote else Resumed)(call=call, by="remote"))
