"""The checks of one examination, told as they come."""

from collections.abc import Callable

from sipcli.doctor.check import ORDER, Check, not_run
from sipcli.errors import Phase, SipcliError


class Report:
    """Tells each check once: an examination may begin anew, with a password that it lacked."""

    def __init__(self, tell: Callable[[Check], None]) -> None:
        self._tell = tell
        self._checks: dict[Phase, Check] = {}

    def add(self, *checks: Check) -> None:
        """Take checks, in the contract's order."""
        for check in checks:
            if check.phase not in self._checks:
                self._checks[check.phase] = check
                self._tell(check)

    def leave_out(self, why: str) -> None:
        """Note that nothing of what is left was run."""
        self.add(*(not_run(phase, why) for phase in ORDER if phase not in self._checks))

    @property
    def is_complete(self) -> bool:
        """Whether every check was run, or had nothing to look at."""
        return all(check.was_run for check in self._checks.values())

    @property
    def failure(self) -> SipcliError | None:
        """The first check that failed, as an error; None if all is well."""
        failed = (check for check in self._checks.values() if check.ok is False)
        first = next(failed, None)
        return first.error if first is not None else None
