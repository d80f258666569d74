"""What each kind of evidence of a command is made of (`evidence_run`)."""

from dataclasses import dataclass
from typing import Protocol

from sipcli.cli.evidence_options import RunEnd
from sipcli.config.load import Loaded
from sipcli.journal.journal import Journal


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBegin:
    """What a command is about to do."""

    command: str
    """Its name: `call`."""
    target: str = ""
    """The far end, without a password; empty for a command without one."""
    loaded: Loaded
    """The settings, and where each comes from."""
    journal: Journal
    in_sandbox: bool = False
    """True if its account and its connection are those of a sandbox in this process."""


class EvidencePart(Protocol):
    """One kind of evidence."""

    def begin(self, run: RunBegin) -> None:
        """Read the journal from now on. Raises `ConfigError` if its file cannot be written."""

    def finish(self, end: RunEnd) -> None:
        """Write it. Raises `ConfigError` if that fails."""

    def discard(self) -> None:
        """Leave nothing: evidence is wanted of failures only, and this was none."""
