"""Expectations that no call of a command can meet: the reasons, told before any call is placed.

One function an expectation. Each takes the expected value and yields its reasons.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sipcli.catalog.codecs import CODECS
from sipcli.expect.call_record import Audio
from sipcli.expect.thresholds import AUDIBLE_S, TONE_S
from sipcli.media.quality.mos import best_mos
from sipcli.media.quality.tone_meter import WINDOW_S

OPENING_S: Final = 0.1
"""Seconds from the answer to the first sound, at least: ICE and DTLS take a few round trips."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Facts about all calls of a command, from its options and settings."""

    codecs: Sequence[str]
    """By the names of the `codecs` setting."""
    lasts_s: float | None = None
    """Seconds after its answer at which sipcli ends each call; None: open."""
    rejects_with: int | None = None
    """The status that sipcli refuses each call with; None: calls may be answered."""
    takes_calls: bool = True
    """True if other phones can call this one."""


def audio(_direction: Audio, terms: Terms) -> Iterator[str]:
    """Half a second of audible sound needs a call that lasts longer: its media have to open."""
    yield from _too_short(AUDIBLE_S + OPENING_S, terms)


def tone(hz: float, terms: Terms) -> Iterator[str]:
    """A tone needs time, and a codec that carries its frequency."""
    # The tone need not begin where a window of the meter does.
    yield from _too_short(TONE_S + WINDOW_S, terms)
    highest = max(CODECS[name].sample_rate / 2 for name in terms.codecs)
    if hz >= highest:
        names = ", ".join(terms.codecs)
        yield f"{hz:g} Hz: {names} carry only what is below {highest:g} Hz"


def status(expected: int, terms: Terms) -> Iterator[str]:
    """A call that is always refused never has a status below 300."""
    if terms.rejects_with is not None and expected < 300:
        yield f"{expected}: {refused(terms)}"


def mos(minimum: float, terms: Terms) -> Iterator[str]:
    """No codec may reach the MOS, even without any loss or delay."""
    best, codec = max((best_mos(name), name) for name in terms.codecs)
    if minimum > best:
        yield f"the best that the E-model gives is {_rounded_down(best):.2f} ({codec})"


def refused(terms: Terms) -> str:
    """Say that each call is refused."""
    return f"every call is refused (--reject {terms.rejects_with})"


def _too_short(needed_s: float, terms: Terms) -> Iterator[str]:
    if terms.lasts_s is not None and terms.lasts_s < needed_s:
        yield (
            f"a call has to last {needed_s:g} s for it,"
            f" and ends {terms.lasts_s:g} s after the answer"
        )


def _rounded_down(value: float) -> float:
    """Round to two digits, never up: the value shown can be reached."""
    return int(value * 100) / 100
