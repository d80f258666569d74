"""Errors a user can act on, and the exit code of each.

SipcliError            1    (never raised itself: 1 is a bug in sipcli)
├── ConfigError        2    an option, a variable or the file is wrong
├── ConnectError       3    no WebSocket server could be reached, or the link was lost
├── RegistrationError  4    the registrar refused
├── RefusedError       5    the far end refused the call, message or ping
├── NoAnswerError      6    nobody answered
├── MediaError         7    no common codec, ICE or DTLS failed, media died
├── ExpectationError   8    an expectation was not met
├── DeviceError        9    a named audio device or file could not be used
└── Interrupted        130  ended by the user before the outcome was known
"""

from typing import ClassVar


class SipcliError(Exception):
    """Something sipcli can explain to its user in one sentence."""

    exit_code: ClassVar[int] = 1


class ConfigError(SipcliError):
    """An option, a variable or the configuration file is wrong; the text names the place."""

    exit_code = 2


class ConnectError(SipcliError):
    """No WebSocket server could be reached, or the connection was lost before the outcome."""

    exit_code = 3


class RegistrationError(SipcliError):
    """The registrar's final answer was not 2xx (RFC 3261 §10.3)."""

    exit_code = 4


class RefusedError(SipcliError):
    """The far end's final answer was 300–699 (RFC 3261 §21.3–21.6)."""

    exit_code = 5


class NoAnswerError(SipcliError):
    """Nobody answered: 408, 480, 487, Timer B or F (RFC 3261 §17.1)."""

    exit_code = 6


class MediaError(SipcliError):
    """No common codec, ICE or DTLS failed, or media died during the call."""

    exit_code = 7


class ExpectationError(SipcliError):
    """The call went through, but not the way it was expected to."""

    exit_code = 8


class DeviceError(SipcliError):
    """An audio device or file that was named could not be used."""

    exit_code = 9


class Interrupted(SipcliError):  # noqa: N818 - it is not an error, only an early end
    """A signal came before the outcome was known."""

    exit_code = 130
