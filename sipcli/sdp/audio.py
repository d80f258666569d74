"""Collect what a phone needs to know of an audio medium from a whole description (RFC 8829 §5.8).

Nothing is validated here and nothing raises: missing or invalid values are None or left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from sipcli.sdp.description import (
    ConnectionData,
    Direction,
    MediaDescription,
    SdpLine,
    SessionDescription,
    number,
)
from sipcli.sdp.formats import Format, read_formats
from sipcli.sdp.rtp_sources import HeaderExtension, read_mid_extension, read_sources
from sipcli.sdp.transport import (
    Candidate,
    DtlsSetup,
    Fingerprint,
    is_usable,
    read_candidate,
    read_fingerprint,
    read_setup,
)

MAX_CANDIDATES: Final = 64
"""Of one far end. Each is paired with each of ours (RFC 8445 §6.1.2.5 requires such a limit)."""
MAX_CREDENTIAL: Final = 256
"""Characters of an ICE user name fragment or password (RFC 8839 §5.4)."""
VOIP_METRICS: Final = "voip-metrics"
"""In `a=rtcp-xr`: the report block of RFC 3611 §4.7."""
DISCARD_PORT: Final = 9
"""The port in a description whose sender does not know its address yet (RFC 8829 §5.2.1)."""
MAX_PACKET_MS: Final = 120
"""Maximum ms of sound in a packet: that of Opus (RFC 7587 §6.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioMedia:
    """One `m=audio` of a session description, with the values it inherits from the session."""

    place: int
    """Its position among all media, counted from 0."""
    port: int
    """That of its carrier, if another medium carries it."""
    protocol: str
    formats: tuple[Format, ...]
    direction: Direction
    """As its sender sees it; `sendrecv` by default (RFC 8866 §6.7)."""
    connection: ConnectionData | None
    mid: str | None
    other_mids: tuple[str, ...]
    """The names (MIDs) of the other media."""
    bundled: bool
    """True if it is in a BUNDLE group (RFC 9143 §7)."""
    bundle_only: bool
    """True if it is unusable outside its group (`bundle-only`, RFC 9143 §6)."""
    carrier: "Carrier | None"
    """The medium whose transport it uses; None if it has its own."""
    rtcp_mux: bool
    ptime: int | None
    """ms of sound the sender wants in each packet."""
    max_ptime: int | None
    """Maximum ms of sound in a packet."""
    bandwidth: int | None
    """Maximum bit/s the sender wants to receive, RTP payload only."""
    voip_metrics: bool
    """True if the sender wants VoIP metrics in RTCP (RFC 3611 §5)."""
    has_keys: bool
    """True if it carries SDES keys (RFC 4568)."""
    fingerprints: tuple[Fingerprint, ...]
    """All of them, including those by weak hashes."""
    setup: DtlsSetup | None
    ufrag: str | None
    pwd: str | None = field(repr=False)
    lite: bool
    candidates: tuple[Candidate, ...]
    """The usable ones, at most `MAX_CANDIDATES`."""
    sources: tuple[int, ...]
    """The SSRCs its sender announces (RFC 5576), at most 16."""
    mid_extension: HeaderExtension | None
    """How its packets carry the MID."""

    @property
    def has_address(self) -> bool:
        """True if there is an address to send to, ICE aside."""
        return self.connection is not None and not self.connection.is_unspecified

    @property
    def takes_address_away(self) -> bool:
        """True if the address is `0.0.0.0` and ICE is not meant to find another.

        With ICE the port would be 9 (RFC 8839 §4.2.5). This is old-style hold (RFC 3264 §8.4).
        """
        zero = self.connection is not None and self.connection.is_unspecified
        return zero and self.port != DISCARD_PORT


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """The tagged medium of a BUNDLE group, the only one with a transport (RFC 9143 §7.1.3)."""

    place: int
    kind: str
    protocol: str


def audio_media(description: SessionDescription) -> list[AudioMedia]:
    """Return all audio media of a description, in order, including those with port 0."""
    return [
        _audio(description, place, media)
        for place, media in enumerate(description.media)
        if media.kind == "audio"
    ]


def read_mid(media: MediaDescription) -> str | None:
    """Return the name (MID) of a medium (RFC 5888 §4); None if it has none."""
    return next(iter((media.value("mid") or "").split()), None)


def _audio(session: SessionDescription, place: int, media: MediaDescription) -> AudioMedia:
    mid = read_mid(media)
    carrier = _carrier(session, media, mid)
    own = media if carrier is None else session.media[carrier.place]
    levels = media, own, session
    return AudioMedia(
        place=place,
        port=own.port,
        protocol=media.protocol,
        formats=read_formats(media),
        direction=_direction(media) or _direction(session) or Direction.SENDRECV,
        connection=own.connection or session.connection,
        mid=mid,
        other_mids=tuple(
            name for each in session.media if each is not media and (name := read_mid(each))
        ),
        bundled=_bundle(session, mid) is not None,
        bundle_only=media.has("bundle-only"),
        carrier=carrier,
        rtcp_mux=media.has("rtcp-mux") or own.has("rtcp-mux"),
        ptime=number(media.value("ptime"), 1, MAX_PACKET_MS),
        max_ptime=number(media.value("maxptime"), 1, MAX_PACKET_MS),
        bandwidth=_bandwidth(media.others),
        voip_metrics=any(
            VOIP_METRICS in value.lower().split()
            for level in levels
            for value in level.values("rtcp-xr")
        ),
        has_keys=any(level.has("crypto") for level in levels),
        fingerprints=next(filter(None, (_fingerprints(level) for level in levels)), ()),
        setup=next(filter(None, (read_setup(level.value("setup")) for level in levels)), None),
        ufrag=_credential(levels, "ice-ufrag"),
        pwd=_credential(levels, "ice-pwd"),
        lite=any(level.has("ice-lite") for level in levels),
        candidates=tuple(islice(_candidates(own), MAX_CANDIDATES)),
        sources=read_sources(media),
        mid_extension=read_mid_extension(media, session),
    )


def _direction(level: MediaDescription | SessionDescription) -> Direction | None:
    return next((each for each in Direction if level.has(each.value)), None)


def _bundle(session: SessionDescription, mid: str | None) -> list[str] | None:
    """Return the names in the BUNDLE group of this medium; None if it is in none."""
    groups = (group.split() for group in session.values("group"))
    members = (words[1:] for words in groups if words and words[0].upper() == "BUNDLE")
    return next((group for group in members if mid in group), None)


def _carrier(
    session: SessionDescription, media: MediaDescription, mid: str | None
) -> Carrier | None:
    """Return the medium that carries this one: the first live one in its group (RFC 9143 §7.3.1).

    A later member with a transport of its own needs no carrier: browsers write it that way.
    """
    has_transport = media.port > 0 and any(level.has("ice-ufrag") for level in (media, session))
    group = None if has_transport else _bundle(session, mid)
    if group is None or (media.port == 0 and not media.has("bundle-only")):
        return None
    places = {read_mid(each): place for place, each in enumerate(session.media)}
    tagged = (places[name] for name in group if name in places)
    place = next((each for each in tagged if session.media[each].port > 0), None)
    if place is None or session.media[place] is media:
        return None
    found = session.media[place]
    return Carrier(place=place, kind=found.kind, protocol=found.protocol)


def _bandwidth(lines: tuple[SdpLine, ...]) -> int | None:
    """Return what `b=` leaves for RTP payload, in bit/s, as computed in RFC 8829 §5.10."""
    values = (line.value.upper() for line in reversed(lines) if line.type == "b")
    limits = dict(value.partition(":")[::2] for value in values)
    total = number(limits.get("TIAS"), 1, 10**9)
    if total is None and (kilobits := number(limits.get("AS"), 1, 10**6)) is not None:
        # RTCP gets a twentieth (5 %), and 50 packets a second have 40 bytes of headers each.
        total = max(kilobits * 950 - 50 * 40 * 8, 0) or None
    return total


def _fingerprints(level: MediaDescription | SessionDescription) -> tuple[Fingerprint, ...]:
    return tuple(filter(None, map(read_fingerprint, level.values("fingerprint"))))


def _credential(levels: tuple[MediaDescription | SessionDescription, ...], name: str) -> str | None:
    value = next(filter(None, (level.value(name) for level in levels)), None)
    # Too short ones are accepted: they only put their owner at risk.
    if not value or not value.isascii() or " " in value or len(value) > MAX_CREDENTIAL:
        return None
    return value


def _candidates(media: MediaDescription) -> Iterator[Candidate]:
    read = map(read_candidate, media.values("candidate"))
    return (each for each in read if each is not None and is_usable(each))
