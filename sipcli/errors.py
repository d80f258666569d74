"""Errors a user can act on: the exit code of each, and the phase that failed.

SipcliError            1    (never raised itself: 1 is a bug in sipcli)
├── ConfigError        2    an option, a variable or the file is wrong
├── ConnectError       3    no WebSocket server could be reached, or the link was lost
├── RegistrationError  4    the registrar refused
│   └── MissingPassword     a password is asked for and none is set
├── RefusedError       5    the far end refused the call, message or ping
├── NoAnswerError      6    no answer
├── MediaError         7    no common codec, ICE or DTLS failed, media died
├── ExpectationError   8    an expectation was not met
├── DeviceError        9    a named audio device or file could not be used
└── Interrupted        130  ended by the user before the outcome was known
"""

import errno
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Final

EXIT_CODES: Final[Mapping[int, str]] = MappingProxyType(
    {
        0: "success; a call that was answered, whichever side ended it",
        1: "a bug in sipcli",
        2: "usage or configuration",
        3: "no WebSocket server could be reached, or the connection was lost before the outcome",
        4: "registration refused",
        5: "the far end refused",
        6: "no answer: 408, 480, 487, --ring-timeout, or no response within 32 s",
        7: "the media failed: no common codec, ICE or DTLS failed, or the media died in the call",
        8: "an expectation was not met",
        9: "a named audio device or file could not be used",
        130: "interrupted before the outcome was known",
    }
)
"""What each exit code means, as the help and the README say it (contract §3)."""


class Phase(StrEnum):
    """The steps of a call in order, named as users see them."""

    CONFIGURATION = "configuration"
    DNS = "DNS"
    TCP = "TCP"
    TLS = "TLS"
    WEBSOCKET = "WebSocket"
    """The upgrade and the subprotocol, and an open connection that is lost."""
    HTTP = "HTTP"
    """A part of WEBSOCKET: the upgrade request and its answer (RFC 6455 §4.1)."""
    SUBPROTOCOL = "subprotocol"
    """A part of WEBSOCKET: the server's choice of `sip` (RFC 7118 §5.1)."""
    REGISTRATION = "registration"
    STUN = "STUN"
    """The server that reports our address. A call works without it, and without TURN."""
    TURN = "TURN"
    RING = "ring"
    """The wait for the final response."""
    ANSWER = "answer"
    """The final response."""
    OFFER_ANSWER = "offer/answer"
    """Session descriptions (RFC 3264)."""
    ICE = "ICE"
    DTLS = "DTLS"
    AUDIO = "audio"
    """The audio once media are connected, and its devices and files."""
    DEVICES = "devices"
    """The audio devices on their own, as `sipcli doctor` checks them."""

    @property
    def whole(self) -> "Phase":
        """The phase that errors and checks name: WEBSOCKET for its parts, itself for others."""
        return Phase.WEBSOCKET if self in (Phase.HTTP, Phase.SUBPROTOCOL) else self


class SipcliError(Exception):
    """An error that sipcli can explain to its user in one sentence.

    Its string begins with its phase: "ICE: no ICE check was answered". A configuration error
    begins with its place instead, and may have several lines, one for each problem.
    """

    exit_code: ClassVar[int] = 1
    phase: Phase | None = None
    """The step that failed; None if it was none of them."""
    brief: str | None = None
    """A shorter text for users who have already seen the details; None if they have not."""

    def __init__(self, text: str, phase: Phase | None = None) -> None:
        super().__init__(text)
        self.text = text
        """The sentence without the phase."""
        if phase is not None:
            self.phase = phase

    def __str__(self) -> str:
        if self.phase in (None, Phase.CONFIGURATION):
            return self.text
        return f"{self.phase}: {self.text}"


class ConfigError(SipcliError):
    """An option, a variable or the configuration file is wrong; the text names the place.

    If only the key is known, `setting` is its name, and the caller adds the place.
    """

    exit_code = 2
    phase = Phase.CONFIGURATION

    def __init__(self, text: str, *, setting: str | None = None) -> None:
        super().__init__(text)
        self.setting = setting


class ConnectError(SipcliError):
    """No WebSocket server could be reached, or the connection was lost before the outcome."""

    exit_code = 3
    phase = Phase.WEBSOCKET


class RegistrationError(SipcliError):
    """The registrar's final answer was not 2xx (RFC 3261 §10.3)."""

    exit_code = 4
    phase = Phase.REGISTRATION


class MissingPassword(RegistrationError):  # noqa: N818 - names what is missing
    """The server requires a password, and none is set."""


class RefusedError(SipcliError):
    """The far end's final answer was 300–699 (RFC 3261 §21.3–21.6)."""

    exit_code = 5
    phase = Phase.ANSWER


class NoAnswerError(SipcliError):
    """No answer: 408, 480, 487, Timer B or F (RFC 3261 §17.1)."""

    exit_code = 6
    phase = Phase.RING


FINAL_ANSWERS: Final = (RefusedError, NoAnswerError, MissingPassword)
"""Errors that can stand for a final answer to the INVITE: no failure where one is expected."""


class MediaError(SipcliError):
    """No common codec, ICE or DTLS failed, or media died during the call."""

    exit_code = 7
    phase: Phase = Phase.AUDIO


class ExpectationError(SipcliError):
    """The call worked, but did not meet an expectation."""

    exit_code = 8


class DeviceError(SipcliError):
    """An audio device or file that was named could not be used."""

    exit_code = 9
    phase = Phase.AUDIO


class Interrupted(SipcliError):  # noqa: N818 - it is not an error, only an early end
    """A signal came before the outcome was known."""

    exit_code = 130


TOO_FEW_DESCRIPTORS: Final = "this process has too few file descriptors"
DESCRIPTORS_HINT: Final = "raise the limit, for example with `ulimit -n 1024`"
"""How to get more file descriptors."""
_OUT_OF_DESCRIPTORS: Final = (errno.EMFILE, errno.ENFILE)


def is_out_of_descriptors(error: BaseException | None) -> bool:
    """Return True if an error, or one that led to it, is due to too few file descriptors.

    The loader of shared libraries gives the reason only as text (ImportError).
    """
    while error is not None:
        if isinstance(error, OSError) and error.errno in _OUT_OF_DESCRIPTORS:
            return True
        if isinstance(error, ImportError) and "Too many open files" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False
