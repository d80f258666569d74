"""Expectations that no call of a command can meet, whatever happens in it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sipcli.expect.expectations import AUDIBLE_S, TONE_S, Expectations
from sipcli.media.codecs.registry import CODECS
from sipcli.media.mos import best_mos
from sipcli.media.tone_meter import WINDOW_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a command's options and settings say of all its calls."""

    codecs: Sequence[str]
    """By the names of the `codecs` setting."""
    lasts_s: float | None = None
    """Seconds after its answer at which each call is ended; None: that is open."""
    rejects_with: int | None = None
    """The status that each call is refused with; None: they may be answered."""
    takes_calls: bool = True
    """Whether anyone can call."""


def never_met(wanted: Expectations, terms: Terms) -> Iterator[tuple[str, str]]:
    """Each expectation that can never be met: its name (the option's, without dashes), and why."""
    if terms.rejects_with is not None:
        yield from _rejected(wanted, terms.rejects_with)
    if wanted.audio is not None and not _lasts(terms, AUDIBLE_S):
        yield "expect-audio", _too_short(AUDIBLE_S, terms)
    if wanted.tone_hz is not None:
        yield from _tone(wanted.tone_hz, terms)
    if wanted.min_mos is not None:
        best, codec = max((best_mos(name), name) for name in terms.codecs)
        if wanted.min_mos > best:
            yield "min-mos", f"the best that the E-model gives is {_down(best):.2f} ({codec})"


def _tone(hz: float, terms: Terms) -> Iterator[tuple[str, str]]:
    needed = TONE_S + WINDOW_S  # the tone need not begin where a window of the meter does
    if not _lasts(terms, needed):
        yield "expect-tone", _too_short(needed, terms)
    highest = max(CODECS[name].sample_rate / 2 for name in terms.codecs)
    if hz >= highest:
        names = ", ".join(terms.codecs)
        yield "expect-tone", f"{hz:g} Hz: {names} carry only what is below {highest:g} Hz"


def _rejected(wanted: Expectations, status: int) -> Iterator[tuple[str, str]]:
    of_media = {
        "expect-audio": wanted.audio,
        "expect-tone": wanted.tone_hz,
        "expect-dtmf": wanted.dtmf,
        "max-setup-ms": wanted.max_setup_ms,
        "min-mos": wanted.min_mos,
        "max-loss": wanted.max_loss_percent,
    }
    for name, value in of_media.items():
        if value is not None:
            yield name, f"every call is refused (--reject {status}): there is no sound to judge"
    if wanted.status is not None and wanted.status < 300:
        yield "expect-status", f"{wanted.status}: every call is refused (--reject {status})"


def _lasts(terms: Terms, needed_s: float) -> bool:
    return terms.lasts_s is None or terms.lasts_s >= needed_s


def _too_short(needed_s: float, terms: Terms) -> str:
    return (
        f"a call has to last {needed_s:g} s for it, and ends {terms.lasts_s:g} s after the answer"
    )


def _down(value: float) -> float:
    """To two digits, never up: what is shown can be had."""
    return int(value * 100) / 100
