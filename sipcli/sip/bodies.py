"""Find the body to read in a message: its own, or a part of a multipart.

RFC 5621 (bodies in SIP), RFC 3261 §7.4, §20.11 and §20.12, RFC 2046 §5.1 and RFC 2387.
"""

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeAlias

from sipcli.sip.faults import Fault, Layer
from sipcli.sip.grammar import Malformed
from sipcli.sip.media_type import MediaType
from sipcli.sip.multipart import CPIM, Part, read_parts, unwrap
from sipcli.sip.typed import Message

SDP: Final = "application/sdp"
MULTIPART: Final = ("multipart/mixed", "multipart/alternative", "multipart/related")
"""Multipart types that are searched for accepted body types."""
DEEPEST: Final = 5
"""Levels of parts within parts."""

Entity: TypeAlias = Message | Part
"""Anything with a Content-Type and a body."""


@dataclass(frozen=True, slots=True)
class Body:
    """A body of a kind that was asked for."""

    kind: MediaType
    content: bytes


def find_body(message: Message, kinds: Collection[str]) -> Body | None:
    """The body of one of these `kinds` (`application/sdp`); None: there is none to be read.

    In a multipart body the first part of such a kind counts, and in multipart/related the root
    before the others.
    """
    return next(find_bodies(message, kinds), None)


def find_bodies(message: Message, kinds: Collection[str]) -> Iterator[Body]:
    """All bodies of these `kinds`; of multipart/alternative the one its sender likes best.

    A session description that is meant for something else (RFC 3959) is none. A part that is
    malformed costs itself alone.
    """
    return _found(message, kinds, 0) if message.body else iter(())


def body_fault(message: Message) -> Fault | None:
    """Return why a body cannot be split into its parts; None if it can."""
    kind = message.content_type
    try:
        if message.body and kind is not None and is_plain(message):
            _read(message, kind)
    except Malformed as fault:
        return Fault(Layer.HEADER, "Content-Type", None, f"Malformed Body: {fault.reason}")
    return None


def must_refuse(message: Message, kinds: Collection[str], *, is_strict: bool) -> bool:
    """True if there is something in the body that has to be understood, and is not of `kinds`.

    That is the whole body, unless its handling is optional. Of the parts beside the one that is
    asked for, it is those that are required: by their own word or, where `is_strict`, also
    without one (RFC 3261 §20.11). Gateways add locations and ISUP to a call without a word, for
    those who can read them.
    """
    if not message.body or _is_optional(message):
        return False
    parts = _parts(message)
    if find_body(message, kinds) is None:
        return not parts or not all(_is_optional(part) for part in parts)
    wanted = ("required", None) if is_strict else ("required",)
    return any(_handling(part) in wanted and not _is_known(part, kinds) for part in parts)


def is_plain(entity: Entity) -> bool:
    """True if no Content-Encoding has to be undone."""
    return all(name.lower() == "identity" for name in entity.content_encoding)


def _found(entity: Entity, kinds: Collection[str], depth: int) -> Iterator[Body]:
    kind = _kind(entity)
    if kind is None or not is_plain(entity):
        return
    if kind.essence in kinds and kind.essence != CPIM:
        meant = entity.content_disposition
        if kind.essence != SDP or meant is None or meant.kind == "session":
            with suppress(Malformed):
                yield Body(kind, _content(entity))
        return
    if kind.essence == CPIM and CPIM not in kinds:
        return
    for part in _children(entity, kind, depth):
        found = list(_found(part, kinds, depth + 1))
        yield from found
        if found and kind.subtype == "alternative":
            return


def _parts(entity: Entity, depth: int = 0) -> list[Part]:
    """The parts of a multipart body, on all levels; an alternative counts as one part."""
    kind = _kind(entity)
    if kind is None or kind.type != "multipart" or kind.subtype == "alternative":
        return []
    parts: list[Part] = []
    for part in _children(entity, kind, depth):
        parts += _parts(part, depth + 1) or [part]
    return parts


def _children(entity: Entity, kind: MediaType, depth: int) -> tuple[Part, ...]:
    """The parts, the one to be looked at first in front; none where they cannot be told."""
    try:
        parts = _read(entity, kind) if depth < DEEPEST else ()
    except Malformed:
        return ()
    if kind.subtype == "alternative":
        return parts[::-1]
    if kind.subtype == "related":
        root = kind.params.get("start")
        return tuple(sorted(parts, key=lambda part: root is None or part.content_id != root))
    return parts


def _read(entity: Entity, kind: MediaType) -> tuple[Part, ...]:
    """The parts in their order; raises `Malformed`."""
    if kind.essence == CPIM:
        return (unwrap(_content(entity)),)
    return read_parts(_content(entity), kind) if kind.type == "multipart" else ()


def _kind(entity: Entity) -> MediaType | None:
    kind = entity.content_type
    if kind is None and isinstance(entity, Part) and not entity.headers.get("Content-Type"):
        return MediaType("text", "plain")  # RFC 2046 §5.1
    return kind


def _content(entity: Entity) -> bytes:
    return entity.content if isinstance(entity, Part) else entity.body


def _is_known(part: Part, kinds: Collection[str]) -> bool:
    return next(_found(part, kinds, 0), None) is not None


def _is_optional(entity: Entity) -> bool:
    return _handling(entity) == "optional"


def _handling(entity: Entity) -> str | None:
    meant = entity.content_disposition
    return None if meant is None else meant.handling
