"""Build the session descriptions that we send (RFC 8829 §5.2, §5.3)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from sipcli.sdp.audio import DISCARD_PORT, MAX_PACKET_MS, VOIP_METRICS, Carrier, read_mid
from sipcli.sdp.description import (
    UNSPECIFIED,
    Attribute,
    ConnectionData,
    Direction,
    MediaDescription,
    SdpOrigin,
    SessionDescription,
)
from sipcli.sdp.formats import Format
from sipcli.sdp.rtp_sources import HeaderExtension, RtpSource, write_mid_extension, write_source
from sipcli.sdp.transport import (
    DtlsSetup,
    LocalTransport,
    default_candidate,
    ip_version,
    write_candidate,
)

PTIME: Final = 20
"""ms of sound that we want in each packet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The media of a description of ours. Their number never shrinks (RFC 3264 §8)."""

    media: tuple[MediaDescription, ...]
    place: int
    """The index of the audio; the others are refused."""
    mid: str | None
    """The audio's name; None if the far end does not use names."""
    bundled: bool
    """True if the audio is in a BUNDLE group; without a `carrier` it is the only member."""
    carrier: int | None = None
    """The index of the medium that carries the audio (RFC 9143 §7.3.1); None if none does."""

    def with_audio(self, audio: MediaDescription) -> "Layout":
        """Return a copy with this audio in its place."""
        return replace(
            self, media=(*self.media[: self.place], audio, *self.media[self.place + 1 :])
        )

    def with_carrier(
        self, media: MediaDescription, local: LocalTransport, setup: DtlsSetup
    ) -> "Layout":
        """Return a copy with a carrier like `media` in its place, if there is one."""
        at = self.carrier
        if at is None:
            return self
        ours = _carrying(media, local, setup)
        return replace(self, media=(*self.media[:at], ours, *self.media[at + 1 :]))

    def carried_by(self, carrier: Carrier | None) -> "Layout":
        """Return a copy for after an answer that drops the carrier: it is refused from now on."""
        if self.carrier is None or carrier is not None:
            return self
        media = list(self.media)
        media[self.carrier] = refused(media[self.carrier])
        return replace(self, media=tuple(media), carrier=None)

    @property
    def bundle(self) -> tuple[str, ...]:
        """The names of the BUNDLE group, the one with the transport first; empty for no group."""
        tagged = None if self.carrier is None else read_mid(self.media[self.carrier])
        return tuple(filter(None, (tagged, self.mid))) if self.bundled else ()


FIRST_LAYOUT: Final = Layout(media=(), place=0, mid="0", bundled=True)
"""The layout of a first offer, before its audio."""


def session(session_id: int, version: int, layout: Layout) -> SessionDescription:
    """Return a whole description.

    It has no `ice-options`: `trickle` would promise that we accept later candidates, and `ice2` a
    nomination (RFC 8445 §8.1.1) that our ICE agent does not always follow.
    """
    # Our address is no business of those who get the description (RFC 8829 §5.2.1).
    origin = SdpOrigin("-", str(session_id), str(version), "IN", "IP4", "0.0.0.0")
    members = layout.bundle
    group = (Attribute("group", f"BUNDLE {' '.join(members)}"),) if members else ()
    return SessionDescription(origin=origin, attributes=group, media=layout.media)


def audio(
    local: LocalTransport,
    *,
    mid: str | None,
    protocol: str,
    formats: Iterable[Format],
    direction: Direction,
    setup: DtlsSetup,
    metrics: bool,
    extension: HeaderExtension | None,
    source: RtpSource | None,
    carried: bool,
    offering: bool,
) -> MediaDescription:
    """Return our audio; `metrics` asks for those of RFC 3611, `offering` adds the offer-only lines.

    `extension` carries the MID in packets, and `source` identifies our packets; None leaves them
    out. If the audio is `carried`, its transport is described by another medium.
    """
    port, connection = _address(local)
    formats = tuple(formats)
    return MediaDescription(
        kind="audio",
        port=port,
        protocol=protocol,
        formats=tuple(str(each.payload_type) for each in formats),
        connection=connection,
        attributes=(
            *([Attribute("mid", mid)] if mid is not None else []),
            *([write_mid_extension(extension)] if extension is not None else []),
            Attribute(direction.value),
            *_formats(formats),
            Attribute("ptime", str(PTIME)),
            Attribute("maxptime", str(MAX_PACKET_MS)),
            *([Attribute("rtcp-xr", VOIP_METRICS)] if metrics else []),
            Attribute("rtcp-mux"),
            # Without it we could not take an answer that refuses rtcp-mux (RFC 8858 §4.2).
            *([Attribute("rtcp-mux-only")] if offering else []),
            *(() if carried else _transport(local, setup)),
            *([write_source(source)] if source is not None else []),
        ),
    )


def refused(media: MediaDescription) -> MediaDescription:
    """Return a medium that we refuse: it keeps its place, name, protocol and formats."""
    mid = read_mid(media)
    name = [Attribute("mid", mid)] if mid is not None else []
    return MediaDescription(
        kind=media.kind,
        port=0,
        protocol=media.protocol,
        formats=media.formats,
        connection=UNSPECIFIED,
        attributes=(*name, Attribute(Direction.INACTIVE.value)),
    )


def _carrying(media: MediaDescription, local: LocalTransport, setup: DtlsSetup) -> MediaDescription:
    """Return a medium that we do not use but accept, since it carries the audio.

    Refusing it would refuse the audio as well (RFC 9143 §7.3.1).
    """
    port, connection = _address(local)
    number, *_ = (*media.formats, "0")
    mid = read_mid(media)
    about = [
        Attribute(name, value)
        for name in ("rtpmap", "fmtp")
        for value in media.values(name)
        if value.split()[:1] == [number]
    ]
    return MediaDescription(
        kind=media.kind,
        port=port,
        protocol=media.protocol,
        formats=(number,),
        connection=connection,
        attributes=(
            *([Attribute("mid", mid)] if mid is not None else []),
            Attribute(Direction.INACTIVE.value),
            *about,
            Attribute("rtcp-mux"),
            *_transport(local, setup),
        ),
    )


def _address(local: LocalTransport) -> tuple[int, ConnectionData]:
    chosen = default_candidate(local.candidates)
    if chosen is None:
        return DISCARD_PORT, UNSPECIFIED
    version = ip_version(chosen.address)
    return chosen.port, ConnectionData("IN", f"IP{version}", chosen.address)


def _formats(formats: Iterable[Format]) -> Iterator[Attribute]:
    for each in formats:
        yield Attribute("rtpmap", each.rtpmap)
        if each.parameters:
            yield Attribute("fmtp", f"{each.payload_type} {each.parameters}")


def _transport(local: LocalTransport, setup: DtlsSetup) -> Iterator[Attribute]:
    yield Attribute("ice-ufrag", local.ufrag)
    yield Attribute("ice-pwd", local.pwd)
    yield Attribute("fingerprint", str(local.fingerprint))
    yield Attribute("setup", setup.value)
    for candidate in local.candidates:
        yield Attribute("candidate", write_candidate(candidate))
    yield Attribute("end-of-candidates")
