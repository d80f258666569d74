"""What a media transport tells its owner."""

from dataclasses import dataclass
from typing import TypeAlias

from sipcli.errors import Phase
from sipcli.sdp.transport import Candidate


@dataclass(frozen=True, slots=True)
class Connected:
    """Media can flow: after `start`, and again after an ICE restart."""

    local: Candidate
    """Our address as the far end sees it."""
    remote: Candidate


@dataclass(frozen=True, slots=True)
class Failed:
    """The way could not be opened; after a failed restart the old one may still be open."""

    phase: Phase
    """ICE or DTLS."""
    reason: str


@dataclass(frozen=True, slots=True)
class Lost:
    """An open way has ended, or seems to have: an ICE restart may help, unless `closed`."""

    reason: str
    closed: bool = False
    """The far end has said that it is over (DTLS close_notify)."""


@dataclass(frozen=True, slots=True)
class Back:
    """The far end answers again, the same way as before."""


@dataclass(frozen=True, slots=True)
class Warned:
    """Something does not work as it should, and the call goes on."""

    text: str


TransportEvent: TypeAlias = Connected | Failed | Lost | Back | Warned
