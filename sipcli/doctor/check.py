"""The checks of one run: what each found, their order, and the report of all (contract §2)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from sipcli.errors import (
    ConfigError,
    ConnectError,
    DeviceError,
    MediaError,
    Phase,
    RegistrationError,
    SipcliError,
)

ORDER: Final = (
    Phase.CONFIGURATION,
    Phase.DNS,
    Phase.TCP,
    Phase.TLS,
    Phase.WEBSOCKET,
    Phase.REGISTRATION,
    Phase.STUN,
    Phase.TURN,
    Phase.ICE,
    Phase.DTLS,
    Phase.AUDIO,
    Phase.DEVICES,
)
"""All checks, in the order in which they are reported."""

_ERRORS: Final[Mapping[Phase, type[SipcliError]]] = {
    Phase.CONFIGURATION: ConfigError,
    Phase.DNS: ConnectError,
    Phase.TCP: ConnectError,
    Phase.TLS: ConnectError,
    Phase.WEBSOCKET: ConnectError,
    Phase.REGISTRATION: RegistrationError,
    Phase.DEVICES: DeviceError,
}
"""The error of a failed check; `MediaError` for a phase that is not listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: its result, and what was found."""

    phase: Phase
    ok: bool | None
    """None: it was not run, or there was nothing to look at; `was_run` and `found` say which."""
    found: tuple[str, ...]
    """Sentences; faults come first."""
    hint: str | None = None
    """How to fix it."""
    error_kind: type[SipcliError] | None = None
    """The error of this failed check, if it is not the usual one of the phase."""

    was_run: bool = True

    @property
    def name(self) -> str:
        """The name in the event `check` (contract §4)."""
        return self.phase.lower()

    @property
    def detail(self) -> str:
        """Everything that was found, on one line."""
        return "; ".join(self.found)

    @property
    def error(self) -> SipcliError:
        """The error that ends the command: the first fault and its hint."""
        kind = self.error_kind or _ERRORS.get(self.phase, MediaError)
        return kind(f"{self.found[0]}: {self.hint}" if self.hint else self.found[0], self.phase)


def good(phase: Phase, *found: str, hint: str | None = None) -> Check:
    """Return a check that passed."""
    return Check(phase=phase, ok=True, found=found, hint=hint)


def bad(phase: Phase, *found: str, hint: str) -> Check:
    """Return a check that failed: the fault first, then what else was found."""
    return Check(phase=phase, ok=False, found=found, hint=hint)


def idle(phase: Phase, why: str) -> Check:
    """Return a check that had nothing to look at."""
    return Check(phase=phase, ok=None, found=(why,))


def not_run(phase: Phase, why: str, hint: str | None = None) -> Check:
    """Return a check that was not run."""
    return Check(phase=phase, ok=None, found=(f"not run: {why}",), hint=hint, was_run=False)


class DoctorReport:
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
