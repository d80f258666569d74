"""The events of a media transport."""

from dataclasses import dataclass
from typing import TypeAlias

from sipcli.errors import Phase
from sipcli.sdp.transport import Candidate


@dataclass(frozen=True, slots=True)
class Connected:
    """Media can flow: after `start`, and again after each ICE restart."""

    local: Candidate
    """Our address as the far end sees it."""
    remote: Candidate


@dataclass(frozen=True, slots=True)
class Failed:
    """The transport could not be opened; after a failed restart the old path may still work."""

    phase: Phase
    """ICE or DTLS."""
    reason: str


@dataclass(frozen=True, slots=True)
class Lost:
    """An open transport has failed, or seems to have: an ICE restart may help, unless `closed`."""

    reason: str
    closed: bool = False
    """True if the far end closed it (DTLS close_notify)."""


@dataclass(frozen=True, slots=True)
class Back:
    """The far end answers again, over the same path as before."""


@dataclass(frozen=True, slots=True)
class Warned:
    """Something does not work, but the call continues."""

    text: str


TransportEvent: TypeAlias = Connected | Failed | Lost | Back | Warned
