"""The status line, below everything else on a terminal: the state of the registration."""

from collections.abc import Mapping
from typing import Final

from sipcli.phone.registration_status import RegistrationStatus, Step
from sipcli.text import one_line

_STEPS: Final[Mapping[Step, str]] = {
    Step.STARTING: "◌ starting",
    Step.CONNECTING: "◌ connecting to {server}",
    Step.CONNECTED: "◌ registering through {server}",
    Step.REGISTERED: "● registered",
    Step.NOT_CONNECTED: "○ not connected{tries}",
    Step.REFUSED: "○ not registered{tries}",
    Step.UNREGISTERED: "○ not registered",
}


def registration_line(status: RegistrationStatus, now: float) -> str:
    """Return the state of the connection and the registration at `now`, on the loop's clock."""
    if status.is_ending:
        return f"◌ {'unregistering' if status.registers else 'closing'}"
    words = _STEPS[status.step]
    if status.step is Step.CONNECTED and not status.registers:
        words = "● connected to {server}"
    tries = f", {status.attempts} tries failed" if status.attempts > 1 else ""
    parts = [words.format(server=status.server, tries=tries)]
    if status.retry_at is not None:
        parts.append(f"next try in {clock(status.retry_at - now)}")
    if status.expires_at is not None and status.registered is not None:
        parts.append(f"renewal due within {clock(status.expires_at - now)}")
        parts.append(f"{status.registered.uri} through {status.server}")
    return one_line(" · ".join(parts))


def clock(seconds: float) -> str:
    """Return a duration as M:SS or H:MM:SS; negative ones as 0:00."""
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
