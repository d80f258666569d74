"""Offer and answer through the life of one dialog (RFC 3264, RFC 8829 §4.1.10 and §5).

    STABLE --create_offer--> HAVE_LOCAL_OFFER --provisional answer--> HAVE_REMOTE_PRANSWER
    HAVE_LOCAL_OFFER, HAVE_REMOTE_PRANSWER --final answer or rollback--> STABLE
    STABLE --receive_offer--> HAVE_REMOTE_OFFER --create_answer or rollback--> STABLE

The agreement stays in force until the next exchange is complete. A failed exchange leaves only
the payload types we assigned and the version of our next description.
"""

from copy import deepcopy
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final

from sipcli.sdp import builder
from sipcli.sdp.audio import AudioMedia, audio_media
from sipcli.sdp.builder import FIRST_LAYOUT, Layout
from sipcli.sdp.codec_match import PayloadTypes, answered, common, continued, numbered, receivable
from sipcli.sdp.description import Direction, MediaDescription, SessionDescription
from sipcli.sdp.formats import Format, Preferences
from sipcli.sdp.negotiated import (
    NegotiatedMedia,
    NegotiatedTransport,
    is_same_transport,
    next_transport,
)
from sipcli.sdp.read import BadDescription, read
from sipcli.sdp.rtp_sources import OFFERED_EXTENSION, RtpSource, agreed_extension, answer_to
from sipcli.sdp.transport import DtlsSetup, Fingerprint, LocalTransport, setup_answered
from sipcli.sdp.validation import BAD_PARAMETER, Refused, choose
from sipcli.sdp.write import write

PROTOCOL: Final = "UDP/TLS/RTP/SAVPF"
"""The protocol of our offers (RFC 8829 §5.1.2); an answer repeats that of the offer."""


class WrongState(RuntimeError):  # noqa: N818 - says what is wrong with the call
    """A description at the wrong time: a bug in the caller."""


class NegotiationState(Enum):
    """The state of the offer/answer exchange."""

    STABLE = auto()
    HAVE_LOCAL_OFFER = auto()
    HAVE_REMOTE_PRANSWER = auto()
    HAVE_REMOTE_OFFER = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedOffer:
    """The far end's offer, as far as the caller needs to know it to answer."""

    direction: Direction
    """The widest direction that an answer can have, as we see it."""
    codec: Format
    """The codec that our audio would have."""
    transport: NegotiatedTransport
    """If True, our answer needs new ICE credentials as well (RFC 8839 §4.4.2.1)."""
    sources: tuple[int, ...]
    """The SSRCs that it announces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Session:
    """The result of a complete exchange that the next one needs."""

    layout: Layout
    """Of our description."""
    had_address: bool
    """True once the far end has named an address of its own."""
    agreed: NegotiatedMedia
    numbers: PayloadTypes
    """Those of the dialog so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Offered:
    """Our offer, waiting for its answer."""

    layout: Layout
    direction: Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class _Received:
    """The far end's offer, waiting for our answer."""

    media: tuple[MediaDescription, ...]
    audio: AudioMedia
    formats: tuple[Format, ...]
    """The common ones, with the far end's numbers."""
    numbers: PayloadTypes
    """Those of the dialog once the answer is sent."""
    transport: NegotiatedTransport


class Negotiation:
    """The session descriptions of one dialog.

    Methods called in the wrong state raise `WrongState`; input from the far end never raises.
    """

    __slots__ = (
        "_id",
        "_numbers",
        "_offered",
        "_preferences",
        "_provisional",
        "_received",
        "_sent",
        "_session",
        "_version",
        "certificate",
        "source",
    )

    def __init__(
        self, session_id: int, preferences: Preferences, source: RtpSource | None = None
    ) -> None:
        """Start without a session; `session_id` is random, 0 to 2**63 - 2 (RFC 8829 §5.2.1).

        `source` identifies our RTP packets; a new value applies from the next description on.
        """
        if not 0 <= session_id < 2**63 - 1:
            raise ValueError("the session id is not a number of 63 bits")
        self.source = source
        self.certificate: tuple[Fingerprint, ...] = ()
        """The far end's certificate, by all hashes. The caller sets it after each handshake."""
        self._id = session_id
        self._version = 0
        self._sent: Layout | None = None
        self._preferences = preferences
        self._numbers = PayloadTypes()
        self._session: _Session | None = None
        self._provisional: _Session | None = None
        self._offered: _Offered | None = None
        self._received: _Received | None = None

    @property
    def state(self) -> NegotiationState:
        """The state of the offer/answer exchange."""
        if self._received is not None:
            return NegotiationState.HAVE_REMOTE_OFFER
        if self._offered is None:
            return NegotiationState.STABLE
        return (
            NegotiationState.HAVE_REMOTE_PRANSWER
            if self._provisional
            else NegotiationState.HAVE_LOCAL_OFFER
        )

    @property
    def agreed(self) -> NegotiatedMedia | None:
        """The agreement in force, even if provisional; None before the first answer."""
        return None if self._latest is None else self._latest.agreed

    def create_offer(self, local: LocalTransport, direction: Direction) -> str:
        """Return our offer; new ICE credentials in `local` make it an ICE restart.

        Our certificate must stay the same throughout the dialog. `direction` is what we want:
        `sendonly` holds the far end (RFC 3264 §8.4).
        """
        if self.state is not NegotiationState.STABLE:
            raise WrongState(f"an offer of ours in {self.state.name}")
        before = self._session
        layout = before.layout if before else FIRST_LAYOUT
        formats = continued(self._preferences, before.agreed.sends if before else ())
        audio = builder.audio(
            local,
            mid=layout.mid,
            protocol=PROTOCOL,
            formats=numbered(formats, self._numbers),
            direction=direction,
            setup=DtlsSetup.ACTPASS,
            metrics=True,
            extension=OFFERED_EXTENSION if layout.mid is not None else None,
            source=self.source,
            carried=layout.carrier is not None,
            offering=True,
        )
        layout = layout.with_audio(audio)
        if layout.carrier is not None:
            layout = layout.with_carrier(layout.media[layout.carrier], local, DtlsSetup.ACTPASS)
        self._offered = _Offered(layout=layout, direction=direction)
        return self._issue(self._offered.layout)

    def receive_answer(
        self, text: bytes | str, *, provisional: bool = False
    ) -> NegotiatedMedia | Refused:
        """Apply the answer to our offer; after a provisional one another may follow.

        An unusable answer is ignored if provisional, else it ends the exchange. The next answer
        may come from another fork: it continues a provisional one only if both lead to the same
        far end (RFC 3261 §12.1.2: a session for each early dialog).
        """
        if self._offered is None:
            raise WrongState(f"an answer in {self.state.name}")
        session = self._answered(self._offered, text)
        if provisional:
            self._provisional = self._provisional if isinstance(session, Refused) else session
        else:
            self._offered = self._provisional = None
            if not isinstance(session, Refused):
                self._session, self._numbers = session, session.numbers
        return session if isinstance(session, Refused) else session.agreed

    def receive_offer(self, text: bytes | str) -> ReceivedOffer | Refused:
        """Apply the far end's offer; an unusable one is ignored."""
        if self.state is not NegotiationState.STABLE:
            raise WrongState(f"an offer in {self.state.name}")
        description = _read(text)
        if isinstance(description, Refused):
            return description
        place = self._session.layout.place if self._session else None
        codecs = self._preferences.codec_keys
        audio = choose(audio_media(description), codecs, place, self.certificate)
        if isinstance(audio, Refused):
            return audio
        transport = next_transport(
            audio, self._transport, offering=False, certificate=self.certificate
        )
        if isinstance(transport, Refused):
            return transport
        # Packets of two DTLS associations cannot be confused, so a new one may redefine payload
        # types. Servers need that when they connect a call to another party.
        numbers = PayloadTypes() if transport.new_association else deepcopy(self._numbers)
        numbers.note(audio.formats)
        formats = common(audio.formats, self._preferences, own_order=self._preferences.own_order)
        self._received = _Received(
            media=description.media,
            audio=audio,
            formats=formats,
            numbers=numbers,
            transport=transport,
        )
        return ReceivedOffer(
            direction=self._direction(audio).reversed,
            codec=formats[0],
            transport=transport,
            sources=audio.sources,
        )

    def create_answer(
        self, local: LocalTransport, direction: Direction
    ) -> tuple[str, NegotiatedMedia]:
        """Return our answer to the offer received, and the agreement.

        `direction` is what we want; the answer grants as much of it as the offer allows.
        """
        offer = self._received
        if offer is None:
            raise WrongState(f"an answer of ours in {self.state.name}")
        audio = offer.audio
        allowed = self._direction(audio).reversed.within(direction)
        own = {each.key: each for each in self._preferences.formats}
        formats = answered(offer.formats, audio.formats)
        setup = setup_answered(audio.setup, offer.transport.dtls_role)
        ours = builder.audio(
            local,
            mid=audio.mid,
            protocol=audio.protocol,
            formats=numbered((own[each.key] for each in formats), offer.numbers, offer.formats),
            direction=allowed,
            setup=setup,
            metrics=audio.voip_metrics,
            extension=answer_to(audio.mid_extension, audio.mid),
            source=self.source,
            carried=audio.carrier is not None,
            offering=False,
        )
        layout = Layout(
            media=tuple(map(builder.refused, offer.media)),
            place=audio.place,
            mid=audio.mid,
            bundled=audio.bundled,
            carrier=audio.carrier.place if audio.carrier is not None else None,
        ).with_audio(ours)
        if audio.carrier is not None:
            layout = layout.with_carrier(offer.media[audio.carrier.place], local, setup)
        self._numbers, self._received = offer.numbers, None
        self._session = self._concluded(
            audio, offer.transport, offer.formats, allowed, layout, offer.numbers
        )
        return self._issue(layout), self._session.agreed

    def rollback(self) -> None:
        """Drop the outstanding offer: refused, withdrawn, or collided with another (glare)."""
        if self.state is NegotiationState.STABLE:
            raise WrongState(f"a rollback in {self.state.name}")
        self._offered = self._received = self._provisional = None

    @property
    def _latest(self) -> _Session | None:
        return self._provisional or self._session

    @property
    def _transport(self) -> NegotiatedTransport | None:
        return None if self._latest is None else self._latest.agreed.transport

    @property
    def _had_address(self) -> bool:
        return self._latest is not None and self._latest.had_address

    def _answered(self, offer: _Offered, text: bytes | str) -> _Session | Refused:
        description = _read(text)
        if isinstance(description, Refused):
            return description
        # Media match by position only, whatever their names and number are now.
        place = offer.layout.place
        matching = [each for each in audio_media(description) if each.place == place]
        audio = choose(matching, self._preferences.codec_keys, place, self.certificate)
        if isinstance(audio, Refused):
            return audio
        early, before = self._provisional, self._session
        if early is not None and is_same_transport(audio, early.agreed.transport, self.certificate):
            before = early
        transport = next_transport(
            audio,
            before.agreed.transport if before else None,
            offering=True,
            certificate=self.certificate,
        )
        if isinstance(transport, Refused):
            return transport
        numbers = deepcopy(self._numbers)
        numbers.note(audio.formats)
        formats = common(audio.formats, self._preferences, own_order=False)
        allowed = self._direction(audio).reversed.within(offer.direction)
        layout = replace(offer.layout, bundled=audio.bundled).carried_by(audio.carrier)
        return self._concluded(audio, transport, formats, allowed, layout, numbers)

    def _direction(self, audio: AudioMedia) -> Direction:
        """Return the far end's direction; a zero address is the old form of hold (RFC 3264 §8.4).

        It counts only after a real address: browsers start with a zero one without meaning hold.
        """
        if self._had_address and audio.takes_address_away:
            return audio.direction.within(Direction.SENDONLY)
        return audio.direction

    def _concluded(
        self,
        audio: AudioMedia,
        transport: NegotiatedTransport,
        formats: tuple[Format, ...],
        direction: Direction,
        layout: Layout,
        numbers: PayloadTypes,
    ) -> _Session:
        ptime = audio.ptime or builder.PTIME
        agreed = NegotiatedMedia(
            direction=direction,
            sends=formats,
            receives=receivable(numbers, self._preferences),
            ptime=min(ptime, audio.max_ptime or ptime),
            bandwidth=audio.bandwidth,
            avpf=audio.protocol.upper().endswith("AVPF"),
            voip_metrics=audio.voip_metrics,
            sources=audio.sources,
            mid_extension=agreed_extension(audio.mid_extension, layout.mid, audio.other_mids),
            transport=transport,
        )
        return _Session(
            layout=layout,
            had_address=self._had_address or audio.has_address,
            agreed=agreed,
            numbers=numbers,
        )

    def _issue(self, layout: Layout) -> str:
        """Return our description; its version rises by one if anything changes (RFC 3264 §8)."""
        if self._sent != layout:
            self._sent = layout
            self._version += 1
        return write(builder.session(self._id, self._version, layout))


def _read(text: bytes | str) -> SessionDescription | Refused:
    try:
        return read(text)
    except BadDescription as bad:
        return Refused(BAD_PARAMETER, f"the session description cannot be read: {bad}")
