"""The media session of one call, from the first offer to the last packet."""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final, Literal

from sipcli.errors import MediaError, Phase
from sipcli.journal.journal import CallJournal
from sipcli.media.audio_io.open import AudioSink, AudioSource, AudioTap
from sipcli.media.audio_io.ticker import Ticker
from sipcli.media.dtmf.dtmf_digits import DialStep, Digit
from sipcli.media.events import (
    DigitHeard,
    MediaBroke,
    MediaConnected,
    MediaEvent,
    MediaWarned,
)
from sipcli.media.rtp.xr import VoipMetrics
from sipcli.media.session.audio_stream import (
    AudioStream,
    RandomValues,
    StreamOutputs,
)
from sipcli.media.session.media_config import MediaConfig
from sipcli.media.session.sampler import Sampler
from sipcli.media.session.silence_watch import SilenceWatch
from sipcli.media.session.transport_manager import TransportManager
from sipcli.sdp.description import Direction
from sipcli.sdp.negotiated import NegotiatedMedia
from sipcli.sdp.negotiation import Negotiation, NegotiationState, ReceivedOffer
from sipcli.sdp.rtp_sources import RtpSource
from sipcli.sdp.transport import Candidate, Fingerprint
from sipcli.sdp.validation import Refused

_LOGGER: Final = logging.getLogger(__name__)
RESTART_PAUSE: Final = 0.3
"""Seconds that our checks of an ICE restart wait once the far end has our answer: Chromium gives a
pair up for good if checks arrive before it has applied that. The old pair carries the media."""
ARRIVAL_LIMIT: Final = 2.0
"""Seconds after which an answer without any confirmation is assumed to have arrived."""


class NotAcceptable(MediaError):  # noqa: N818 - the reason phrase of the 488 it becomes
    """A session description that cannot become a call."""

    phase = Phase.OFFER_ANSWER

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.text)
        self.refused = refused


class Withdrawn(MediaError):  # noqa: N818 - says what the far end has done
    """The far end has withdrawn the offer that was to be answered."""

    phase = Phase.OFFER_ANSWER


class MediaSession:
    """Negotiates, opens the transport, and runs the audio. `close` it at the end.

    It lives as long as the call. The transport may change: another ICE generation, or another
    far end with its own keys. Candidates are gathered first, and the new transport replaces the
    current one only once agreed; counters, levels and digits of the call continue.

    Input from the far end raises only `NotAcceptable`. `on_event` is called with the media's
    events, from the loop's thread. `journal` gets its packets and steps while somebody listens.
    """

    def __init__(
        self,
        media_config: MediaConfig,
        source: AudioSource,
        sink: AudioSink,
        taps: tuple[AudioTap, ...],
        on_event: Callable[[MediaEvent], None],
        journal: CallJournal,
    ) -> None:
        self._on_event = on_event
        self._media_config = media_config
        self._loop = asyncio.get_running_loop()
        random = RandomValues(
            ssrc=secrets.randbits(32),
            sequence=secrets.randbits(15),  # leaves room before the first wrap
            timestamp=secrets.randbits(32),
            cname=media_config.cname,
            draw=secrets.SystemRandom().random,
        )
        self._negotiation = Negotiation(
            secrets.randbits(62), media_config.preferences, RtpSource(random.ssrc, random.cname)
        )
        self._transports = TransportManager(
            media_config,
            lambda data, now: self.stream.on_rtp(data, now),
            lambda data, now: self.stream.on_rtcp(data, now),
            self._on_connected,
            self._emit,
            journal,
        )
        self._transport = self._transports.transport
        self._remote_offer: ReceivedOffer | None = None
        self._arrival = asyncio.Event()
        """Set when our last answer has arrived at the far end."""
        self._is_closed = False
        self._watch = SilenceWatch(
            lambda: self._transport.last_received,
            self._is_silence_expected,
            self._on_silence,
        )
        self.stream = AudioStream(
            source,
            sink,
            taps,
            StreamOutputs(
                send_rtp=lambda packet: self._transport.send_rtp(packet),
                send_rtcp=lambda packet: self._transport.send_rtcp(packet),
                on_digit_sent=lambda digit: self._on_digit("sent", digit),
                on_digit_received=lambda digit: self._on_digit("received", digit),
                is_open=lambda: self._transport.can_send,
                on_ssrc=self._on_ssrc,
            ),
            random,
            wall_clock=time.time() - self._loop.time(),
            opus=media_config.opus,
        )
        self._sampler = Sampler(journal, self.stream)
        self._ticker = Ticker(self._tick, self.stream.pace, self.stream.skip)

    # Offer and answer

    async def prepare(self) -> None:
        """Gather our candidates for the next offer or answer."""
        await self._transports.local_transport()

    @property
    def considers_offer(self) -> bool:
        """True if an offer of the far end waits for `answer`."""
        return self._remote_offer is not None

    @property
    def awaits_answer(self) -> bool:
        """True if our offer waits for an answer."""
        return self._negotiation.state in (
            NegotiationState.HAVE_LOCAL_OFFER,
            NegotiationState.HAVE_REMOTE_PRANSWER,
        )

    async def offer(self, direction: Direction, *, restart: bool = False) -> bytes:
        """Return our offer; `restart` asks for an ICE restart (RFC 8839 §4.4.1.1)."""
        if restart:
            await self._transports.propose()
        return self._negotiation.create_offer(
            await self._transports.local_transport(), direction
        ).encode()

    def receive_answer(self, body: bytes, *, provisional: bool = False) -> NegotiatedMedia:
        """Apply the answer to our offer. Raises `NotAcceptable`.

        After a provisional answer, one from another fork may follow: the media switch to it.
        """
        agreed = self._negotiation.receive_answer(body, provisional=provisional)
        if isinstance(agreed, Refused):
            raise NotAcceptable(agreed)
        self._agree(agreed, anew=self._transports.apply(agreed.transport))
        return agreed

    def receive_offer(self, body: bytes) -> None:
        """Process the far end's offer; call `answer` or `rollback` next. Raises `NotAcceptable`."""
        remote = self._negotiation.receive_offer(body)
        if isinstance(remote, Refused):
            raise NotAcceptable(remote)
        self.stream.avoid_ssrcs(remote.sources)
        self._remote_offer = remote

    async def answer(self, direction: Direction) -> bytes:
        """Return our answer to the last offer, which applies at once. Raises `Withdrawn`."""
        transport = self._remote_offer.transport if self._remote_offer is not None else None
        self._remote_offer = None
        if transport is not None and (transport.ice_restarted or transport.new_association):
            await self._transports.propose()
        local = await self._transports.local_transport()
        if self._negotiation.state is not NegotiationState.HAVE_REMOTE_OFFER:
            raise Withdrawn("the far end has withdrawn its offer")
        text, agreed = self._negotiation.create_answer(local, direction)
        self._arrival = asyncio.Event()
        settled = partial(_has_settled, self._arrival)
        self._agree(agreed, anew=self._transports.apply(agreed.transport, before_restart=settled))
        return text.encode()

    def answer_arrived(self) -> None:
        """Call when the far end has received our last answer."""
        self._arrival.set()

    def withdraw(self) -> None:
        """Drop the far end's offer, if not answered yet; call `rollback` next."""
        self._remote_offer = None
        if self._negotiation.state is NegotiationState.HAVE_REMOTE_OFFER:
            self._negotiation.rollback()

    async def rollback(self) -> None:
        """Drop our failed offer or their withdrawn one; the current agreement stays in force."""
        self._remote_offer = None
        if self._negotiation.state is not NegotiationState.STABLE:
            self._negotiation.rollback()
        await self._transports.roll_back()

    @property
    def agreed(self) -> NegotiatedMedia | None:
        """The agreement in force; None before the first."""
        return self._negotiation.agreed

    # While it lasts

    @property
    def is_connected(self) -> bool:
        """True if media can flow."""
        return self._transports.is_open

    @property
    def is_lost(self) -> bool:
        """True after `MediaLost`, until media are back."""
        return self._transports.is_lost

    @property
    def name(self) -> str:
        """The name of the transport in logs."""
        return self._transport.name

    @property
    def selected_pair(self) -> tuple[Candidate, Candidate] | None:
        """Our address as the far end sees it, and the far end's; None before ICE chose them."""
        return self._transport.selected_pair

    @property
    def protection(self) -> tuple[str, str, str] | None:
        """DTLS version, cipher and SRTP profile; None while DTLS is not up."""
        return self._transport.protection

    @property
    def remote_fingerprint(self) -> Fingerprint | None:
        """The fingerprint of the far end's certificate; None before the handshake."""
        return self._transport.remote_fingerprint

    @property
    def remote_metrics(self) -> VoipMetrics | None:
        """The far end's VoIP metrics on our audio (RFC 3611 §4.7); None if it reports none."""
        return self.stream.reporting.remote_metrics if self.stream.reporting is not None else None

    @property
    def unopened(self) -> MediaError | None:
        """Why the agreed media cannot flow yet; None once they can."""
        return self._transport.unopened if self.agreed is not None else None

    @property
    def opening_since(self) -> float:
        """When the current transport was agreed (loop's clock); before, when this was created."""
        return self._transports.opening_since

    @property
    def takes_digits(self) -> bool:
        """True if the far end currently accepts digits in RTP."""
        outbound, agreed = self.stream.outbound, self.agreed
        if outbound is None or agreed is None:
            return False
        return outbound.takes_events and agreed.direction.sends

    def send_digits(self, steps: tuple[DialStep, ...]) -> bool:
        """Send digits in RTP; returns False if the far end currently accepts none there."""
        if not self.takes_digits or self.stream.outbound is None:
            return False
        self.stream.outbound.queue_digits(steps)
        return True

    def take_back_digits(self) -> tuple[DialStep, ...]:
        """Remove and return the digits queued for RTP that have not been started."""
        outbound = self.stream.outbound
        return outbound.dtmf.take_back() if outbound is not None else ()

    def mute(self, muted: bool) -> None:
        """Send silence, or the source's audio again."""
        self.stream.muted = muted

    def doubt(self) -> None:
        """Check now whether the far end is still reachable, after a sleep or network change."""
        self._transport.doubt()

    async def close(self) -> None:
        """Send goodbye and release everything, within half a second."""
        if self._is_closed:
            return
        self._is_closed = True
        self._ticker.stop()
        self._watch.stop()
        self.stream.goodbye(self._loop.time())
        await self._transports.close()
        self._sampler.finish(self._loop.time())

    # Inside

    def _agree(self, agreed: NegotiatedMedia, *, anew: bool) -> None:
        _LOGGER.debug("%s: offer/answer: agreed on %s", self.name, agreed)
        self.stream.agree(agreed, anew=anew)

    def _on_connected(self, event: MediaConnected) -> None:
        if self._is_closed:
            return
        self._negotiation.certificate = self._transport.remote_certificate
        self._ticker.start()
        self._watch.restart()
        self._transports.is_lost = False
        self._emit(event)

    def _is_silence_expected(self) -> bool:
        """True if silence is expected: on hold, before media are up, and while they are lost."""
        agreed = self.agreed
        if agreed is None or not self.is_connected or self._transports.is_lost:
            return True
        return agreed.direction is not Direction.SENDRECV

    def _on_silence(self, seconds: float) -> None:
        silence = f"no audio has arrived from the far end for {seconds:.0f} s"
        self._emit(MediaWarned(text=f"{silence}, although it still answers ICE checks"))

    def _tick(self, now: float) -> None:
        """Process a frame; an exception stops the clock and ends the call."""
        try:
            if now >= self._sampler.due:
                self._sampler.tick(now)
            self.stream.tick(now)
        except Exception as error:  # noqa: BLE001
            self._ticker.stop()
            self._emit(MediaBroke(error=error))

    def _on_ssrc(self, ssrc: int) -> None:
        """Announce the new SSRC in the next description."""
        self._negotiation.source = RtpSource(ssrc, self._media_config.cname)

    def _on_digit(self, direction: Literal["sent", "received"], digit: Digit) -> None:
        self._emit(DigitHeard(direction=direction, digit=digit))

    def _emit(self, event: MediaEvent) -> None:
        if not self._is_closed:
            self._on_event(event)


async def _has_settled(arrival: asyncio.Event) -> None:
    """Wait until the far end has received and applied our answer."""
    with suppress(TimeoutError):
        async with asyncio.timeout(ARRIVAL_LIMIT):
            await arrival.wait()
    await asyncio.sleep(RESTART_PAUSE)
