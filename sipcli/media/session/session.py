"""One call's media from the first offer to the last packet."""

import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, Final, Literal, TypeAlias

from sipcli.errors import MediaError, Phase
from sipcli.media.dtmf.digits import Digit, Step
from sipcli.media.rtp.xr import VoipMetrics
from sipcli.media.session.events import (
    DigitHeard,
    MediaConnected,
    MediaEvent,
    MediaFailed,
    MediaLost,
    MediaWarned,
)
from sipcli.media.session.kit import MediaKit
from sipcli.media.session.silence import SilenceWatch
from sipcli.media.session.stream import Randomness, Sink, Source, Stream, Tap, Wire
from sipcli.media.session.ticker import Ticker
from sipcli.media.transport import events as transport_events
from sipcli.media.transport.failure import IceFailed
from sipcli.media.transport.media_transport import MediaTransport
from sipcli.sdp.agreed import Agreed
from sipcli.sdp.direction import Direction
from sipcli.sdp.negotiation import Negotiation, RemoteOffer, State
from sipcli.sdp.path import Path
from sipcli.sdp.refusal import Refused
from sipcli.sdp.sources import RtpSource
from sipcli.sdp.transport import Candidate, Fingerprint, LocalTransport

RESTART_PAUSE: Final = 0.3
"""Seconds that our checks of an ICE restart wait once the far end has our answer: Chromium gives a
pair up for good whose checks come before it goes by that. The old pair carries the media."""
ARRIVAL_LIMIT: Final = 2.0
"""Seconds after which an answer is taken to have arrived that nothing is heard of."""

Work: TypeAlias = Callable[[], Coroutine[Any, Any, None]]


class NotAcceptable(MediaError):  # noqa: N818 - the reason phrase of the 488 it becomes
    """A session description that cannot become a call."""

    phase = Phase.OFFER_ANSWER

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.text)
        self.refused = refused


class MovedAway(MediaError):  # noqa: N818 - says what the far end has done
    """An answer leads elsewhere than the media do: only an offer of other media helps."""

    phase = Phase.OFFER_ANSWER


class MediaSession:
    """Negotiates, opens the way, and keeps the sound going. `close` it in the end.

    What the far end sends never raises anything but `NotAcceptable`; how the media fare is
    told by `on_event`, from the loop's thread.
    """

    def __init__(
        self,
        kit: MediaKit,
        source: Source,
        sink: Sink,
        taps: tuple[Tap, ...],
        on_event: Callable[[MediaEvent], None],
    ) -> None:
        self._kit = kit
        self._on_event = on_event
        self._loop = asyncio.get_running_loop()
        random = Randomness(
            ssrc=secrets.randbits(32),
            sequence=secrets.randbits(15),  # leaves room before the first wrap
            timestamp=secrets.randbits(32),
            cname=kit.cname,
            draw=secrets.SystemRandom().random,
        )
        self._negotiation = Negotiation(
            secrets.randbits(62), kit.preferences, RtpSource(random.ssrc, random.cname)
        )
        self._transport = self._new_transport()
        self._local: LocalTransport | None = None
        self._next_local: LocalTransport | None = None
        """What an ICE restart of ours has gathered, until it is answered or rolled back."""
        self._considered: RemoteOffer | None = None
        self._opening: asyncio.Task[None] | None = None
        self._restarting: asyncio.Task[None] | None = None
        self._arrival = asyncio.Event()
        """That of our last answer at the far end."""
        self._is_open = False
        self._is_closed = False
        self._has_connected = False
        self._was_lost = False
        self._watch = SilenceWatch(
            lambda: self._transport.last_received,
            lambda: self.agreed is None or self.agreed.direction is not Direction.SENDRECV,
            lambda seconds: self._lost(f"nothing has come from the far end for {seconds:.0f} s"),
            self._tell_connected,
        )
        self.stream = Stream(
            source,
            sink,
            taps,
            Wire(
                send_rtp=lambda packet: self._transport.send_rtp(packet),
                send_rtcp=lambda packet: self._transport.send_rtcp(packet),
                on_digit_sent=lambda digit: self._on_digit("sent", digit),
                on_digit_received=lambda digit: self._on_digit("received", digit),
                on_ssrc=self._on_ssrc,
            ),
            random,
            wall_clock=time.time() - self._loop.time(),
            opus=kit.opus,
        )
        self._ticker = Ticker(self.stream.tick, self.stream.pace, self.stream.skip)

    # Offer and answer

    async def prepare(self) -> None:
        """Gather our addresses ahead of the offer or answer that will name them."""
        await self._own_side()

    @property
    def considers_offer(self) -> bool:
        """Whether an offer of theirs waits for `answer`."""
        return self._considered is not None

    @property
    def awaits_answer(self) -> bool:
        """Whether an offer of ours is out."""
        return self._negotiation.state in (State.HAVE_LOCAL_OFFER, State.HAVE_REMOTE_PRANSWER)

    async def offer(self, direction: Direction, *, restart: bool = False) -> bytes:
        """Our offer; `restart` asks for an ICE restart (RFC 8839 §4.4.1.1)."""
        if restart and self._is_open:
            await self._gather_anew()
        return self._negotiation.create_offer(await self._own_side(), direction).encode()

    def receive_answer(self, body: bytes, *, provisional: bool = False) -> Agreed:
        """Take the answer to our offer, and go by it. Raises `NotAcceptable` or `MovedAway`."""
        agreed = self._negotiation.receive_answer(body, provisional=provisional)
        if isinstance(agreed, Refused):
            raise NotAcceptable(agreed)
        self._go_by(agreed)
        return agreed

    def receive_offer(self, body: bytes) -> None:
        """Look at the far end's offer; `answer` or `rollback` is next. Raises `NotAcceptable`."""
        remote = self._negotiation.receive_offer(body)
        if isinstance(remote, Refused):
            raise NotAcceptable(remote)
        self.stream.avoid(remote.sources)
        self._considered = remote

    async def answer(self, direction: Direction) -> bytes:
        """Our answer to the offer received last; media go by it at once."""
        path = self._considered.path if self._considered is not None else None
        self._considered = None
        if path is not None and self._is_open:
            await self._follow(path)
        text, agreed = self._negotiation.create_answer(await self._own_side(), direction)
        self._arrival = asyncio.Event()
        self._go_by(agreed, before_restart=partial(_has_settled, self._arrival))
        return text.encode()

    def answer_arrived(self) -> None:
        """The far end has our last answer."""
        self._arrival.set()

    async def rollback(self) -> None:
        """Our offer had no success, or theirs was withdrawn: what was agreed stands."""
        self._considered = None
        if self._negotiation.state is not State.STABLE:
            self._negotiation.rollback()
        if self._next_local is not None:
            self._next_local = None
            await self._transport.cancel_restart()

    @property
    def agreed(self) -> Agreed | None:
        """What the media go by; None before the first agreement."""
        return self._negotiation.agreed

    # While it lasts

    @property
    def is_connected(self) -> bool:
        """Whether media can flow."""
        return self._transport.selected_pair is not None and self._transport.protection is not None

    @property
    def selected_pair(self) -> tuple[Candidate, Candidate] | None:
        """Our address as the far end sees it, and the far end's; None before ICE chose them."""
        return self._transport.selected_pair

    @property
    def protection(self) -> tuple[str, str, str] | None:
        """The version of DTLS, its cipher and the SRTP profile; None while DTLS is not up."""
        return self._transport.protection

    @property
    def remote_fingerprint(self) -> Fingerprint | None:
        """Of the certificate that the far end showed; None before it did."""
        return self._transport.remote_fingerprint

    @property
    def remote_metrics(self) -> VoipMetrics | None:
        """How we sound at the far end, as it says itself (RFC 3611 §4.7); None if it does not."""
        return self.stream.reporting.remote_metrics if self.stream.reporting is not None else None

    @property
    def unopened(self) -> MediaError | None:
        """What is in the way of media that were agreed on; None once they can flow."""
        return self._transport.unopened if self.agreed is not None else None

    def send_digits(self, steps: tuple[Step, ...]) -> bool:
        """Send digits in the RTP stream; False where the far end takes none there just now."""
        outbound, agreed = self.stream.outbound, self.agreed
        if outbound is None or agreed is None:
            return False
        if not (outbound.takes_events and agreed.direction.sends):
            return False
        outbound.dial(steps)
        return True

    def mute(self, muted: bool) -> None:
        """Send silence, or what the source has again."""
        self.stream.muted = muted

    async def close(self) -> None:
        """Say goodbye and give everything back; half a second at most."""
        if self._is_closed:
            return
        self._is_closed = True
        self._ticker.stop()
        self._watch.stop()
        self.stream.goodbye(self._loop.time())
        await _end(self._opening)
        await _end(self._restarting)
        await self._transport.close()

    # Inside

    def _new_transport(self) -> MediaTransport:
        return MediaTransport(
            self._kit.certificate,
            self._kit.ice_servers,
            lambda data, now: self.stream.on_rtp(data, now),
            lambda data, now: self.stream.on_rtcp(data, now),
            self._on_transport,
        )

    async def _follow(self, path: Path) -> None:
        """Get ready to answer an offer that may lead elsewhere than our media do."""
        is_unopened = path.ice_restarted and not self.is_connected
        if path.new_association or is_unopened:  # nothing is to be kept of a way not open yet
            await self._replace_transport()
        elif path.ice_restarted:
            await self._gather_anew()

    async def _replace_transport(self) -> None:
        """Begin anew with ICE and DTLS: the far end is somebody else by now."""
        await _end(self._opening)
        await _end(self._restarting)
        old, self._transport = self._transport, self._new_transport()
        self._local = self._next_local = None
        self._is_open = False
        await old.close()

    async def _own_side(self) -> LocalTransport:
        if self._next_local is not None:
            return self._next_local
        if self._local is None:
            self._local = await self._transport.gather()
        return self._local

    async def _gather_anew(self) -> None:
        """Gather for an ICE restart; one that is still looking for a way gives up for it."""
        await _end(self._restarting)
        self._next_local = await self._transport.restart()

    def _go_by(self, agreed: Agreed, *, before_restart: Work | None = None) -> None:
        path, gathered = agreed.path, self._next_local
        self._next_local = None
        if not self._is_open:
            self._is_open = True
            start = partial(
                self._transport.start,
                path.remote,
                path.dtls_role,
                controlling=path.controlling,
                fingerprints=path.fingerprints,
            )
            self._opening = self._loop.create_task(self._open(start))
        elif path.new_association or (path.ice_restarted and gathered is None):
            raise MovedAway("the far end's answer leads elsewhere than its media")
        elif path.ice_restarted:
            self._local = gathered
            restart = partial(self._transport.restart_with, path.remote)
            self._restarting = self._loop.create_task(
                self._open(restart, after=self._opening, before=before_restart)
            )
        self.stream.agree(agreed)

    async def _open(
        self,
        work: Work,
        after: asyncio.Task[None] | None = None,
        before: Work | None = None,
    ) -> None:
        if after is not None:
            await asyncio.wait([after])
        if before is not None:
            await before()
        try:
            await work()
        except IceFailed as failure:
            if self.is_connected:  # a restart that failed: the old way may still be open
                self._tell(MediaWarned(text=f"the ICE restart failed: {failure.text}"))
            else:
                self._tell_failed(failure)
        except MediaError as failure:
            self._tell_failed(failure)

    def _tell_failed(self, failure: MediaError) -> None:
        self._tell(MediaFailed(phase=failure.phase, reason=failure.text))

    def _on_transport(self, event: transport_events.TransportEvent) -> None:
        match event:
            case transport_events.Connected():
                self._ticker.start()
                self._tell_connected()
            case transport_events.Lost(reason, closed):
                self._lost(reason, closed=closed)
            case transport_events.Warned(text):
                self._tell(MediaWarned(text=text))
            case transport_events.Failed():
                pass  # its exception tells the same

    def _tell_connected(self) -> None:
        pair, agreed = self._transport.selected_pair, self.agreed
        if pair is None or agreed is None or self._is_closed:
            return
        self._watch.restart()
        restarted, self._has_connected = self._has_connected, True
        self._was_lost = False
        self._tell(
            MediaConnected(
                restarted=restarted,
                codec=agreed.codec.encoding,
                local=pair[0],
                remote=pair[1],
                fingerprint=self._transport.remote_fingerprint,
            )
        )

    def _lost(self, reason: str, *, closed: bool = False) -> None:
        if not self._was_lost:
            self._was_lost = True
            self._tell(MediaLost(reason=reason, closed=closed))

    def _on_ssrc(self, ssrc: int) -> None:
        """The next description names it."""
        self._negotiation.source = RtpSource(ssrc, self._kit.cname)

    def _on_digit(self, direction: Literal["sent", "received"], digit: Digit) -> None:
        self._tell(DigitHeard(direction=direction, digit=digit))

    def _tell(self, event: MediaEvent) -> None:
        if not self._is_closed:
            self._on_event(event)


async def _end(task: asyncio.Task[None] | None) -> None:
    """Cancel a task and see it end."""
    if task is not None and not task.done():
        task.cancel()
        await asyncio.wait([task])


async def _has_settled(arrival: asyncio.Event) -> None:
    """Wait until the far end has our answer, and goes by it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(ARRIVAL_LIMIT):
            await arrival.wait()
    await asyncio.sleep(RESTART_PAUSE)
