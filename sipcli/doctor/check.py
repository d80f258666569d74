"""What the doctor finds: one check after the other, in the contract's order (§2)."""

from collections.abc import Mapping
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
"""All checks there are."""

_ERRORS: Final[Mapping[Phase, type[SipcliError]]] = {
    Phase.CONFIGURATION: ConfigError,
    Phase.DNS: ConnectError,
    Phase.TCP: ConnectError,
    Phase.TLS: ConnectError,
    Phase.WEBSOCKET: ConnectError,
    Phase.REGISTRATION: RegistrationError,
    Phase.DEVICES: DeviceError,
}
"""What a failed check amounts to; where none is named, media have failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: how it came out, and what was found."""

    phase: Phase
    ok: bool | None
    """None: it was not run, or there was nothing to look at; `was_run` and `found` say which."""
    found: tuple[str, ...]
    """In words; what is wrong stands first."""
    hint: str | None = None
    """What to do about it."""
    error_kind: type[SipcliError] | None = None
    """What it amounts to, where that is not what the phase stands for."""

    was_run: bool = True

    @property
    def name(self) -> str:
        """The contract's word for it (§4)."""
        return self.phase.lower()

    @property
    def detail(self) -> str:
        """All that was found, in one line."""
        return "; ".join(self.found)

    @property
    def error(self) -> SipcliError:
        """The failed check as what ends the command: the first fault and its cure."""
        kind = self.error_kind or _ERRORS.get(self.phase, MediaError)
        return kind(f"{self.found[0]}: {self.hint}" if self.hint else self.found[0], self.phase)


def good(phase: Phase, *found: str, hint: str | None = None) -> Check:
    """A check that went well."""
    return Check(phase=phase, ok=True, found=found, hint=hint)


def bad(phase: Phase, *found: str, hint: str) -> Check:
    """A check that failed: the fault first, then what else was found."""
    return Check(phase=phase, ok=False, found=found, hint=hint)


def idle(phase: Phase, why: str) -> Check:
    """A check that had nothing to look at."""
    return Check(phase=phase, ok=None, found=(why,))


def not_run(phase: Phase, why: str, hint: str | None = None) -> Check:
    """A check that was not run."""
    return Check(phase=phase, ok=None, found=(f"not run: {why}",), hint=hint, was_run=False)
