"""Offers and answers of one call: the core says whose turn it is, the media what they say.

All of it that waits for ICE is awaited by the call's one worker, in order.
"""

from collections.abc import Callable
from contextlib import suppress

from sipcli.calls.events import CallWarned, Held, Resumed
from sipcli.calls.quiet import Quiet
from sipcli.calls.sound import Sound
from sipcli.calls.thread import Thread
from sipcli.media.session.events import MediaEvent
from sipcli.media.session.kit import MediaKit
from sipcli.media.session.session import MediaSession, NotAcceptable
from sipcli.sdp.direction import Direction


class Offers:
    """The session descriptions of one call, and the hold that they speak of."""

    def __init__(
        self,
        thread: Thread,
        kit: MediaKit,
        on_media: Callable[[MediaEvent], None],
        on_failure: Callable[[str], None],
    ) -> None:
        self.is_held = False
        """Whether we want to hold the far end."""
        self.is_held_by_remote = False
        self.is_muted = False
        self._is_hold_told = False
        self._thread = thread
        self._kit = kit
        self._on_media = on_media
        self._on_failure = on_failure
        self._quiet = Quiet()
        self._sound: Sound | None = None
        self._fork: str | None = None
        """Whose answer the media go by already; None: nobody's."""
        self._answers: dict[str, bytes] = {}
        self._wants_restart = False
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

    async def final_answer(self, body: bytes | None, fork: str) -> None:
        """The fork that answered the call, with its answer unless it came early."""
        body = body if body is not None else self._answers.get(fork)
        if body is None or not self.media.awaits_answer:
            return
        if self._fork in (None, fork):
            self.take_answer(body)
        else:
            await self._begin_anew()

    async def _begin_anew(self) -> None:
        """Another fork has answered than the one that the media lead to: offer other media."""
        old, self.media = self.media, self._new_media()
        await old.close()
        if self._sound is not None:
            self.use(self._sound)
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
        """Offer what is wanted by now, if it is the moment; else the core says when it is."""
        self._wants_restart = restart or self._wants_restart
        with self._thread.verbs() as (calls, _):
            can_offer = calls.can_offer(self._thread.call)
        if can_offer:
            body = await self.media.offer(self._direction, restart=self._wants_restart)
            with self._thread.verbs() as (calls, now):
                calls.offer(self._thread.call, body, now)

    def take_answer(self, body: bytes) -> None:
        """The answer to our offer."""
        if not self.media.awaits_answer:
            return
        try:
            self.media.receive_answer(body)
        except NotAcceptable as refused:
            self._on_failure(f"the far end's answer cannot be used: {refused}")
            return
        self._wants_restart = False
        self._tell_hold()

    async def refused(self, reason: str, *, will_retry: bool) -> None:
        """Our offer had no success."""
        await self.media.rollback()
        if will_retry:
            return
        if self._wants_restart:
            self._on_failure(f"the media were lost, and the far end refused a restart: {reason}")
            return
        self.is_held = self._is_hold_told
        text = f"the far end refused to change the call: {reason}"
        self._thread.tell(CallWarned(text=text))

    async def remote_offer(self, body: bytes | None) -> None:
        """Answer an offer of the far end's; None: make one, since they asked for it."""
        if body is None:
            mine = await self.media.offer(self._direction)
        else:
            try:
                self.media.receive_offer(body)
            except NotAcceptable as refused:
                with self._thread.verbs() as (calls, now):
                    calls.refuse_offer(self._thread.call, now, warning=str(refused))
                return
            mine = await self.media.answer(self._direction)
        with self._thread.verbs() as (calls, now):
            calls.answer(self._thread.call, mine, now)
        if body is not None:
            self._tell_hold()

    @property
    def _direction(self) -> Direction:
        return Direction.SENDONLY if self.is_held else Direction.SENDRECV

    def _apply_mute(self) -> None:
        self.media.mute(self.is_muted or self.is_held)

    def _tell_hold(self) -> None:
        """Tell what has changed about who hears whom."""
        agreed = self.media.agreed
        if agreed is None:
            return
        self._apply_mute()
        call = self._thread.call
        if self._is_hold_told != self.is_held:
            self._is_hold_told = self.is_held
            self._thread.tell((Held if self.is_held else Resumed)(call=call, by="local"))
        by_remote = not agreed.direction.sends
        if by_remote != self.is_held_by_remote:
            self.is_held_by_remote = by_remote
            self._thread.tell((Held if by_remote else Resumed)(call=call, by="remote"))
