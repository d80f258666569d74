"""The result of an offer/answer exchange: all that the media need to know, without SDP.

The transport is derived from one description to the next (RFC 8842 §3 to §6).
"""

from collections.abc import Collection
from dataclasses import dataclass

from sipcli.sdp.audio import AudioMedia
from sipcli.sdp.description import Direction
from sipcli.sdp.formats import COMFORT_NOISE, OPUS, RED, TELEPHONE_EVENT, Format
from sipcli.sdp.opus_fmtp import OpusWishes
from sipcli.sdp.rtp_sources import MidExtension
from sipcli.sdp.transport import (
    DtlsRole,
    DtlsSetup,
    Fingerprint,
    RemoteTransport,
    is_strong,
    role_left,
)
from sipcli.sdp.validation import MISCELLANEOUS, WEAK_FINGERPRINT, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class NegotiatedTransport:
    """The parameters of ICE and DTLS."""

    remote: RemoteTransport
    controlling: bool
    """True if our ICE agent is the controlling one (RFC 8445 §6.1.1)."""
    dtls_role: DtlsRole
    """Ours."""
    fingerprints: tuple[Fingerprint, ...]
    """The far end's certificate must match one of these; all use strong hashes."""
    ice_restarted: bool
    """True if the far end has new ICE credentials: checks start again."""
    new_association: bool
    """True if a DTLS handshake is due: the first, or for a new certificate or role.

    Otherwise DTLS and SRTP continue, also after an ICE restart.
    """


def is_same_transport(
    audio: AudioMedia, transport: NegotiatedTransport, certificate: Collection[Fingerprint] = ()
) -> bool:
    """Return True if a description has the credentials and certificate of this transport.

    `certificate` is as for `next_transport`.
    """
    theirs = (transport.remote.ufrag, transport.remote.pwd)
    return (audio.ufrag, audio.pwd) == theirs and _is_same(
        audio.fingerprints, transport.fingerprints, certificate
    )


def next_transport(
    audio: AudioMedia,
    before: NegotiatedTransport | None,
    *,
    offering: bool,
    certificate: Collection[Fingerprint] = (),
) -> NegotiatedTransport | Refused:
    """Return the transport as a description has it; `before` is the one so far, if any.

    The description has passed `refusal`; `offering` is True if it answers our offer.
    `certificate` is the one the far end has shown, by all hashes; empty before the handshake.

    A new DTLS association needs an ICE restart, to keep its packets apart from those of the old
    one (RFC 8842 §6). So without a restart a new certificate is refused, and a new role is
    ignored: some peers always answer `active`.
    """
    remote = RemoteTransport(
        ufrag=audio.ufrag or "", pwd=audio.pwd or "", candidates=audio.candidates, lite=audio.lite
    )
    strong = tuple(filter(is_strong, audio.fingerprints))
    restarted = before is not None and (
        (before.remote.ufrag, before.remote.pwd) != (remote.ufrag, remote.pwd)
    )
    is_same = before is not None and _is_same(audio.fingerprints, before.fingerprints, certificate)
    continued = before if is_same else None
    if continued is None:
        if before is not None and not restarted:
            return Refused(MISCELLANEOUS, "the DTLS certificate changes without an ICE restart")
        if not strong:  # the fingerprint matched an earlier certificate, not the current one
            return WEAK_FINGERPRINT
        if audio.setup is DtlsSetup.HOLDCONN:
            return Refused(
                MISCELLANEOUS, "the far end postpones the DTLS connection (setup:holdconn)"
            )
        role = role_left(audio.setup)
    elif restarted:
        role = role_left(audio.setup, continued.dtls_role)
    else:
        role = continued.dtls_role
    return NegotiatedTransport(
        remote=remote,
        # Roles survive ICE restarts, but a lite agent never controls a full one (RFC 8445 §9).
        controlling=remote.lite or (before.controlling if before else offering),
        dtls_role=role,
        fingerprints=strong or (continued.fingerprints if continued is not None else ()),
        ice_restarted=restarted,
        new_association=continued is None or role is not continued.dtls_role,
    )


def _is_same(
    named: Collection[Fingerprint],
    before: Collection[Fingerprint],
    certificate: Collection[Fingerprint],
) -> bool:
    """Return True if a description names the same certificate as the one before (RFC 8122 §5).

    It may use other hashes, which can only be checked against the certificate itself.
    """
    known = {*before, *(() if set(before).isdisjoint(certificate) else certificate)}
    return not known.isdisjoint(named)


@dataclass(frozen=True, slots=True, kw_only=True)
class NegotiatedMedia:
    """The agreed parameters of the call's audio."""

    direction: Direction
    """As we see it: if the far end holds us, we do not send."""
    sends: tuple[Format, ...]
    """The formats we may send, with the far end's numbers; the codec to use comes first."""
    receives: tuple[Format, ...]
    """The formats that may arrive, by payload type, including those from earlier in the dialog."""
    ptime: int
    """ms of sound the far end wants in each packet, 1 to 120."""
    bandwidth: int | None
    """Maximum bit/s the far end wants, RTP payload only; None if it gave no limit."""
    avpf: bool
    """True for an AVPF profile: RTCP may be sent early and often (RFC 4585)."""
    voip_metrics: bool
    """True if the far end wants VoIP metrics in our RTCP (RFC 3611 §5)."""
    sources: tuple[int, ...]
    """The SSRCs the far end announces for its packets (RFC 5576); empty if it names none."""
    mid_extension: MidExtension | None
    """How packets name their medium (RFC 9143 §9.2); None if not agreed."""
    transport: NegotiatedTransport

    def __str__(self) -> str:
        """Return a summary for the log."""
        formats = " ".join(
            f"{each.payload_type}={each.encoding}/{each.clock_rate}" for each in self.sends
        )
        way = "a new association" if self.transport.new_association else "the same association"
        restart = ", ICE restart" if self.transport.ice_restarted else ""
        return f"{formats}, {self.direction}, ptime {self.ptime} ms, {way}{restart}"

    @property
    def codec(self) -> Format:
        """The codec of the audio that we send."""
        return self.sends[0]

    @property
    def telephone_event(self) -> Format | None:
        """The format of the DTMF digits that we send; None if the far end takes none in RTP.

        It has the clock rate of `codec` (RFC 4733 §2.5.1.2), or its own for gateways that support
        no other.
        """
        events = [each for each in self.sends if each.encoding == TELEPHONE_EVENT]
        same = [each for each in events if each.clock_rate == self.codec.clock_rate]
        return next(iter(same + events), None)

    @property
    def comfort_noise(self) -> Format | None:
        """The comfort noise that may replace `codec` in silence (RFC 3389); None if not agreed."""
        return self._send(COMFORT_NOISE)

    @property
    def red(self) -> Format | None:
        """The RED in which `codec` may repeat payloads (RFC 2198); None if not agreed."""
        return self._send(RED)

    @property
    def opus(self) -> OpusWishes | None:
        """The far end's wishes for the Opus it receives; None if `codec` is not Opus."""
        return OpusWishes.of(self.codec.options()) if self.codec.encoding == OPUS else None

    def _send(self, encoding: str) -> Format | None:
        found = (each for each in self.sends if each.encoding == encoding)
        return next((each for each in found if each.clock_rate == self.codec.clock_rate), None)
