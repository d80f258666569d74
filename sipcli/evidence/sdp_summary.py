"""A session description in short: codecs, direction, DTLS role, candidates by kind."""

from collections import Counter
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from sipcli.evidence.sip_facts import brief
from sipcli.sdp.audio import DISCARD_PORT
from sipcli.sdp.description import Direction, MediaDescription, SessionDescription
from sipcli.sdp.formats import read_formats
from sipcli.sdp.read import BadDescription, read
from sipcli.sdp.transport import read_candidate

SdpRole: TypeAlias = Literal["offer", "answer"]

MAX_CODECS: Final = 12
"""Codecs that are named; the last is then `…`."""
MAX_SUMMARIES: Final = 8
"""Media that are described."""
_MAX_ENCODING: Final = 20
_NAMES: Final = {"opus": "Opus", "cn": "CN"}
"""Encodings that are not written in capital letters or as registered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaSummary:
    """One medium of a session description."""

    kind: str
    """`audio`, `video`, …"""
    is_rejected: bool
    """True if its port is 0 (RFC 3264 §6)."""
    codecs: tuple[str, ...]
    """The encodings in order, each once."""
    direction: str
    """`sendrecv`, `sendonly`, `recvonly` or `inactive`, as its sender sees it."""
    is_hold: bool
    """True if its sender wants to receive nothing, or has no address (RFC 3264 §8.4)."""
    setup: str | None
    """Who starts DTLS: `active`, `passive`, `actpass` (RFC 4145)."""
    security: str
    """`DTLS-SRTP`, `SDES-SRTP` or `RTP`."""
    candidates: tuple[tuple[str, int], ...]
    """How many there are of each type."""

    def __str__(self) -> str:
        if self.is_rejected:
            return f"{self.kind} rejected"
        keys = f"{self.security} {self.setup}" if self.setup else self.security
        held = " (hold)" if self.is_hold else ""
        found = ", ".join(f"{kind} {count}" for kind, count in self.candidates)
        ice = f", candidates: {found}" if found else ""
        return f"{self.kind} {' '.join(self.codecs)}, {self.direction}{held}, {keys}{ice}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SdpSummary:
    """A session description in short."""

    role: SdpRole | None
    """None if the message that it answers, or that answers it, is not known."""
    media: tuple[MediaSummary, ...]
    ice_ufrag: str | None = None
    """The user name fragment of its ICE credentials, which an ICE restart changes."""
    fault: str | None = None
    """Why it could not be read."""

    @property
    def word(self) -> str:
        """What it is, in one word."""
        return self.role or "SDP"

    def __str__(self) -> str:
        shown = "; ".join(map(str, self.media)) or "no media"
        return f"{self.word}: {self.fault or shown}"


def sdp_summary(data: bytes, role: SdpRole | None) -> SdpSummary:
    """Return a session description in short. Never raises."""
    try:
        session = read(data)
    except BadDescription as fault:
        return SdpSummary(role=role, media=(), fault=f"not readable: {fault}")
    media = tuple(_media(session, each) for each in session.media[:MAX_SUMMARIES])
    levels = (*session.media, session)
    ufrag = next((value for level in levels if (value := level.value("ice-ufrag"))), None)
    return SdpSummary(role=role, media=media, ice_ufrag=ufrag)


def _media(session: SessionDescription, media: MediaDescription) -> MediaSummary:
    levels = (media, session)
    candidates = filter(None, map(read_candidate, media.values("candidate")))
    kinds = Counter(str(each.type) for each in candidates)
    direction = next(
        (each for level in levels for each in Direction if level.has(each.value)),
        Direction.SENDRECV,
    )
    return MediaSummary(
        kind=brief(media.kind, _MAX_ENCODING),
        is_rejected=media.port == 0 and not media.has("bundle-only"),
        codecs=_codecs(media),
        direction=str(direction),
        is_hold=not direction.receives or _has_no_address(session, media),
        setup=next(
            (brief(value, _MAX_ENCODING) for level in levels if (value := level.value("setup"))),
            None,
        ),
        security=_security(session, media),
        candidates=tuple(sorted(kinds.items())),
    )


def _has_no_address(session: SessionDescription, media: MediaDescription) -> bool:
    """True if the address is zero and none is to come from ICE, as old phones hold a call."""
    connection = media.connection or session.connection
    return connection is not None and connection.is_unspecified and media.port != DISCARD_PORT


def _codecs(media: MediaDescription) -> tuple[str, ...]:
    names = dict.fromkeys(each.encoding for each in read_formats(media))
    shown = [_NAMES.get(name, name if "-" in name else name.upper()) for name in names]
    if not shown:
        shown = list(media.formats)  # not RTP, or no rtpmap
    short = [brief(name, _MAX_ENCODING) for name in shown[:MAX_CODECS]]
    return (*short, "…") if len(shown) > MAX_CODECS else tuple(short)


def _security(session: SessionDescription, media: MediaDescription) -> str:
    if any(level.has("fingerprint") for level in (media, session)):
        return "DTLS-SRTP" if "RTP" in media.protocol.upper() else "DTLS"
    if any(level.has("crypto") for level in (media, session)):
        return "SDES-SRTP"
    return brief(media.protocol, _MAX_ENCODING)
