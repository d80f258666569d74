"""The catalogue of expectations (contract §2): each is declared once, as a field of `Expectations`.

Its option, its word in a script, its help, its checks and its verdict all follow from there. To add
one, declare a field here and write its function in `evaluation.py`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any, Final, TypeAlias, get_args

from sipcli.expect import evaluation, feasible
from sipcli.expect.call_record import Audio, CallRecord
from sipcli.expect.evaluation import Verdict
from sipcli.expect.feasible import Terms

_DECLARATION: Final = "expectation"
"""Key of a field's metadata."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that is one of a few words."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A finite number within bounds, both included."""

    min: float
    max: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeNumber:
    """A whole number within bounds, both included."""

    min: int
    max: int | None = None


@dataclass(frozen=True, slots=True)
class DtmfDigits:
    """DTMF digits, perhaps none."""


Value: TypeAlias = Choice | Number | WholeNumber | DtmfDigits


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """The declaration of one expectation. `Any` is the type of its field, without None."""

    option: str
    word: str
    """In a script, after `expect`."""
    help: str
    value: Value
    """The kind of value that it takes."""
    metavar: str | None = None
    evaluate: Callable[[str, Any, CallRecord], Verdict]
    """Takes its name, the expected value and the call."""
    never_met: Callable[[Any, Terms], Iterator[str]] = lambda _value, _terms: iter(())
    """Yields the reasons why no call on these terms can meet the expected value."""
    needs_media: bool = True
    """True if only an answered call can meet it."""
    counts_from_answer: bool = False
    """True if it counts from the answer on, so that the result may grow while the call goes on."""

    @property
    def name(self) -> str:
        """The name in verdicts, events and reports: the option without dashes in front."""
        return self.option.removeprefix("--")


def _declare(**declaration: Any) -> Mapping[str, Expectation]:
    """Return the metadata of a field of `Expectations`."""
    return {_DECLARATION: Expectation(**declaration)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """The expectations of one command, in the order of their verdicts; None: not expected."""

    audio: Audio | None = field(
        default=None,
        metadata=_declare(
            option="--expect-audio",
            word="audio",
            help="At least 0.5 s of audible sound, received, sent or both.",
            value=Choice(get_args(Audio)),
            evaluate=evaluation.audio,
            never_met=feasible.audio,
            counts_from_answer=True,
        ),
    )
    tone_hz: float | None = field(
        default=None,
        metadata=_declare(
            option="--expect-tone",
            word="tone",
            help="This tone received for at least 1 s, 10 dB above all else.",
            value=Number(min=20, max=20_000),
            metavar="HZ",
            evaluate=evaluation.tone,
            never_met=feasible.tone,
            counts_from_answer=True,
        ),
    )
    dtmf: str | None = field(
        default=None,
        metadata=_declare(
            option="--expect-dtmf",
            word="dtmf",
            help="Exactly these digits received, in this order.",
            value=DtmfDigits(),
            metavar="DIGITS",
            evaluate=evaluation.dtmf,
            counts_from_answer=True,
        ),
    )
    """Exactly the digits to receive, in order; empty: none may come."""
    status: int | None = field(
        default=None,
        metadata=_declare(
            option="--expect-status",
            word="status",
            help="This final answer; an expected refusal is a success.",
            value=WholeNumber(min=200, max=699),
            metavar="CODE",
            evaluate=evaluation.status,
            never_met=feasible.status,
            needs_media=False,
        ),
    )
    """Of the final answer to the INVITE."""
    max_setup_ms: int | None = field(
        default=None,
        metadata=_declare(
            option="--max-setup-ms",
            word="setup",
            help="At most N ms from the INVITE until audio can flow.",
            value=WholeNumber(min=1),
            metavar="N",
            evaluate=evaluation.setup,
        ),
    )
    """From the INVITE until media can flow."""
    min_mos: float | None = field(
        default=None,
        metadata=_declare(
            option="--min-mos",
            word="mos",
            help="A MOS of at least X, as the E-model estimates it; 4.5 is the best.",
            value=Number(min=1, max=5),
            metavar="X",
            evaluate=evaluation.mos,
            never_met=feasible.mos,
        ),
    )
    max_loss_percent: float | None = field(
        default=None,
        metadata=_declare(
            option="--max-loss",
            word="loss",
            help="At most this share of the expected packets lost.",
            value=Number(min=0, max=100),
            metavar="PERCENT",
            evaluate=evaluation.loss,
        ),
    )


EXPECTATIONS: Final[Mapping[str, Expectation]] = MappingProxyType(
    {each.name: each.metadata[_DECLARATION] for each in fields(Expectations)}
)
"""All declarations, by the name of their field."""
STATUS: Final = EXPECTATIONS["status"]


def evaluate(wanted: Expectations, found: CallRecord) -> tuple[Verdict, ...]:
    """Return a verdict on each expectation, in the order of the contract.

    A verdict whose own function knows no time was decided at the end of the call.
    """
    verdicts = [each.evaluate(each.name, value, found) for each, value in _given(wanted)]
    return tuple(
        replace(one, seconds=found.elapsed_s) if one.seconds is None else one for one in verdicts
    )


def unreached(wanted: Expectations, reason: str) -> tuple[Verdict, ...]:
    """Return the verdicts where there was no call to judge: none is met."""
    outcome = "; ".join(line.strip() for line in reason.splitlines())
    nothing = CallRecord(
        status=None, outcome=outcome, setup_ms=None, answer_ms=None, digits="", flow=None
    )
    return evaluate(wanted, nothing)


def never_met(wanted: Expectations, terms: Terms) -> Iterator[tuple[str, str]]:
    """Yield each expectation that no call on these terms can meet: its name, and why."""
    for each, value in _given(wanted):
        if each.needs_media and terms.rejects_with is not None:
            yield each.name, f"{feasible.refused(terms)}: there is no sound to judge"
        for reason in each.never_met(value, terms):
            yield each.name, reason


def _given(wanted: Expectations) -> Iterator[tuple[Expectation, Any]]:
    for name, each in EXPECTATIONS.items():
        value = getattr(wanted, name)
        if value is not None:
            yield each, value
