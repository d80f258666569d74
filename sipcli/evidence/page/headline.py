"""What the page says first: how the run ended, and which step failed."""

from dataclasses import dataclass
from typing import Final

from sipcli.errors import Phase
from sipcli.evidence.report_content import RunVerdict

_PHASES: Final = {phase.lower(): phase for phase in Phase}


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """The verdict in the largest letters."""

    outcome: str
    """`Failed at TCP`."""
    sentence: str
    """What was found, without the name of the step that `outcome` has."""


def headline(verdict: RunVerdict) -> Headline:
    """Return the headline of a verdict."""
    if verdict.result == "passed":
        return Headline(outcome="Passed", sentence=verdict.sentence)
    if verdict.result == "unknown":
        return Headline(outcome="Not known", sentence=verdict.sentence)
    if verdict.phase is None:
        return Headline(outcome="Failed", sentence=verdict.sentence)
    phase = _PHASES.get(verdict.phase.lower(), verdict.phase)
    sentence = verdict.sentence
    begin = f"{phase}: "
    if sentence.lower().startswith(begin.lower()):
        sentence = sentence[len(begin) :]
    return Headline(outcome=f"Failed at {phase}", sentence=sentence)
