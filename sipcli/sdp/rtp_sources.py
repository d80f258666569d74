"""How RTP packets are matched to a medium: by SSRC (RFC 5576) or by its name (RFC 9143 §9.2).

The name (MID) travels in a header extension (RFC 8285), whose number is agreed per session.
Some servers drop packets that they can match by neither.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sipcli.sdp.description import (
    Attribute,
    Direction,
    MediaDescription,
    SessionDescription,
    number,
)

MID_URI: Final = "urn:ietf:params:rtp-hdrext:sdes:mid"
MAX_SOURCES: Final = 16
"""Maximum SSRCs remembered of one far end; a phone has one."""
MAX_MID: Final = 16
"""Maximum bytes of a name in packets: the limit of the one-byte form (RFC 8285 §4.2)."""
HIGHEST_NUMBER: Final = 255
"""Of a header extension; higher ones ask the answerer to choose another (RFC 8285 §7)."""


@dataclass(frozen=True, slots=True)
class RtpSource:
    """The SSRC and CNAME of our packets, as descriptions announce them (RFC 5576 §6.1)."""

    ssrc: int
    """32 bits."""
    cname: str
    """As in our RTCP."""


@dataclass(frozen=True, slots=True)
class HeaderExtension:
    """One line of `extmap`, as its describer sees it (RFC 8285 §5)."""

    number: int
    """1 to 255; from 15 on it takes the two-byte form."""
    direction: Direction = Direction.SENDRECV


@dataclass(frozen=True, slots=True)
class MidExtension:
    """How packets name the medium they belong to."""

    number: int
    mid: str
    sends: bool
    """True if the far end wants it in our packets."""
    others: tuple[str, ...] = ()
    """The names of the far end's other media, whose packets we must not play."""


OFFERED_EXTENSION: Final = HeaderExtension(4)
"""The extension of our offers; the number is Chromium's."""


def read_sources(media: MediaDescription) -> tuple[int, ...]:
    """Return the SSRCs that a medium announces, in order, each once; at most 16."""
    found = (number(value.partition(" ")[0], 0, 2**32 - 1) for value in media.values("ssrc"))
    return tuple(dict.fromkeys(each for each in found if each is not None))[:MAX_SOURCES]


def read_mid_extension(
    media: MediaDescription, session: SessionDescription
) -> HeaderExtension | None:
    """Return the extension that carries the MID in packets; None if the description has none."""
    return next(_mid_extensions(media), None) or next(_mid_extensions(session), None)


def answer_to(offered: HeaderExtension | None, mid: str | None) -> HeaderExtension | None:
    """Return the extension for our answer: same number, direction reversed (RFC 8285 §6)."""
    if offered is None or mid is None or len(mid.encode()) > MAX_MID:
        return None
    return HeaderExtension(offered.number, offered.direction.reversed)


def agreed_extension(
    theirs: HeaderExtension | None, mid: str | None, others: tuple[str, ...]
) -> MidExtension | None:
    """Return what both sides agreed on; `mid` is the name of the medium in our description.

    `others` are the far end's names for its other media.
    """
    ours = answer_to(theirs, mid)
    if ours is None or mid is None or ours.direction is Direction.INACTIVE:
        return None
    return MidExtension(ours.number, mid, ours.direction.sends, others)


def write_mid_extension(extension: HeaderExtension) -> Attribute:
    """Return the `extmap` line."""
    is_both = extension.direction is Direction.SENDRECV
    direction = "" if is_both else f"/{extension.direction.value}"
    return Attribute("extmap", f"{extension.number}{direction} {MID_URI}")


def write_source(source: RtpSource) -> Attribute:
    """Return the `ssrc` line."""
    return Attribute("ssrc", f"{source.ssrc} cname:{source.cname}")


def _mid_extensions(level: MediaDescription | SessionDescription) -> Iterator[HeaderExtension]:
    directions = {each.value: each for each in Direction}
    for value in level.values("extmap"):
        words = value.split()
        if len(words) < 2 or words[1].lower() != MID_URI:
            continue
        digits, slash, said = words[0].partition("/")
        which = number(digits, 1, HIGHEST_NUMBER)
        direction = directions.get(said.lower()) if slash else Direction.SENDRECV
        if which is not None and direction is not None:
            yield HeaderExtension(which, direction)
