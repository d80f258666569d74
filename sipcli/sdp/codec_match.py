"""Match our formats with the far end's, and number them (RFC 3264 §5.1, §6.1, §8.3.2).

Each side has its own payload types. A number, once used in a dialog, keeps its meaning.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from sipcli.sdp.formats import OPUS, RED, Format, FormatKey, Preferences, first_of_each

_DYNAMIC: Final = (*range(96, 128), *range(35, 64))
"""The dynamic ones, the usual ones first; without 64 to 95, which look like RTCP (RFC 5761 §4)."""


class PayloadTypes:
    """Both sides' payload types of one audio medium: neither redefines what the other has used."""

    __slots__ = ("_latest", "_meaning")

    def __init__(self) -> None:
        self._meaning: dict[int, FormatKey] = {}
        self._latest: dict[FormatKey, int] = {}

    def note(self, formats: Iterable[Format]) -> None:
        """Remember the meaning of the far end's numbers."""
        for each in formats:
            self._meaning.setdefault(each.payload_type, each.key)

    def give(self, key: FormatKey, usual: int, offered: int | None = None) -> int:
        """Return the number for `key` in our descriptions.

        The offered one, else the one it had before, the usual one, or any, whichever is free
        first. If the far end has used up all numbers, the usual one again.
        """
        wanted = (offered, self._latest.get(key), usual, *_DYNAMIC)
        free = (n for n in wanted if n is not None and self._meaning.get(n, key) == key)
        number = next(free, usual)
        self._meaning[number] = key
        self._latest[key] = number
        return number

    def meanings(self) -> Iterable[tuple[int, FormatKey]]:
        """Return all numbers with their meanings, of both directions."""
        return self._meaning.items()


def common(
    theirs: Iterable[Format], preferences: Preferences, *, own_order: bool
) -> tuple[Format, ...]:
    """Return the formats of theirs that we can use, codecs first, in their order or in ours."""
    known = first_of_each(theirs)
    codecs = [each for each in known.values() if each.key in preferences.codec_keys]
    if own_order:
        codecs.sort(key=lambda each: preferences.codec_keys.index(each.key))
    others = [
        known[each.key]
        for each in preferences.formats
        if each.key in known and each.key not in preferences.codec_keys
    ]
    return (*codecs, *(each for each in others if _is_meant(each, codecs)))


def answered(formats: tuple[Format, ...], theirs: Iterable[Format]) -> tuple[Format, ...]:
    """Return the common formats in the order of an answer: RED first if the offer has it first.

    A browser sends RED only if it precedes the codec it carries.
    """
    keys = {each.key for each in formats}
    first = next(each for each in theirs if each.key in keys)
    if first.encoding != RED:
        return formats
    return tuple(sorted(formats, key=lambda each: each.encoding != RED))


def continued(preferences: Preferences, last: Iterable[Format]) -> tuple[Format, ...]:
    """Return our formats with the codecs of the last exchange first, in its order.

    So a later offer does not change the codec without need (RFC 8829 §5.2.2), unless the user's
    list asks for it.
    """
    formats = preferences.formats
    if preferences.own_order:
        return formats
    places = {each.key: place for place, each in enumerate(last)}
    count = len(preferences.codec_keys)
    codecs = sorted(formats[:count], key=lambda each: places.get(each.key, len(places)))
    return (*codecs, *formats[count:])


def numbered(
    formats: Iterable[Format], numbers: PayloadTypes, offered: Iterable[Format] = ()
) -> tuple[Format, ...]:
    """Return our formats with the payload types to use: the offered ones if possible."""
    wanted = {each.key: each.payload_type for each in offered}
    result = [
        replace(each, payload_type=numbers.give(each.key, each.payload_type, wanted.get(each.key)))
        for each in formats
    ]
    opus = next((each.payload_type for each in result if each.encoding == OPUS), None)
    return tuple(
        replace(each, parameters=f"{opus}/{opus}") if each.encoding == RED else each
        for each in result
    )


def receivable(numbers: PayloadTypes, preferences: Preferences) -> tuple[Format, ...]:
    """Return all formats ever announced in the dialog that we understand, by payload type.

    On purpose more than the last description has: packets in flight when the formats change
    can still be decoded, and so can peers that send with their own numbers instead of ours.
    """
    ours = {each.key: each for each in preferences.formats}
    return tuple(
        replace(ours[key], payload_type=number)
        for number, key in sorted(numbers.meanings())
        if key in ours
    )


def _is_meant(other: Format, codecs: Iterable[Format]) -> bool:
    """Return True unless it is RED for anything but Opus: `fmtp:63 111/111` (RFC 2198 §5)."""
    if other.encoding != RED:
        return True
    opus = {str(each.payload_type) for each in codecs if each.encoding == OPUS}
    return opus == set(other.parameters.replace(" ", "").split("/"))
