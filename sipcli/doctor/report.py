"""Collect the checks of one run, and report each as it comes."""

from collections.abc import Callable

from sipcli.doctor.check import ORDER, Check, not_run
from sipcli.errors import Phase, SipcliError


class Report:
    """Reports each check once, even if the run starts again with a password that was missing."""

    def __init__(self, tell: Callable[[Check], None]) -> None:
        self._tell = tell
        self._checks: dict[Phase, Check] = {}

    def add(self, *checks: Check) -> None:
        """Add checks, in the contract's order, and report those that are new."""
        for check in checks:
            if check.phase not in self._checks:
                self._checks[check.phase] = check
                self._tell(check)

    def leave_out(self, why: str) -> None:
        """Add all remaining checks as not run."""
        self.add(*(not_run(phase, why) for phase in ORDER if phase not in self._checks))

    @property
    def is_complete(self) -> bool:
        """True if each check was run or had nothing to look at."""
        return all(check.was_run for check in self._checks.values())

    @property
    def failure(self) -> SipcliError | None:
        """The error of the first failed check; None if there is none."""
        failed = (check for check in self._checks.values() if check.ok is False)
        first = next(failed, None)
        return first.error if first is not None else None
