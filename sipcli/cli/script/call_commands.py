"""The commands of keys and of a script on stdin: one set for both (contract §2).

The lines of a script are here, the keys in `cli/call_keys.py`.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Final, TypeAlias

from sipcli.cli.call_session import CallSession
from sipcli.cli.output.wording import figures
from sipcli.core.calls.target import resolve
from sipcli.errors import ConfigError, NoAnswerError, Phase, RefusedError, SipcliError
from sipcli.media.dtmf.dtmf_digits import DIGITS, MAX_STEPS, InvalidDigits, Pause, parse_digits
from sipcli.phone.call import Call
from sipcli.phone.digits import Sending
from sipcli.phone.waiter import CallAction, within
from sipcli.sip.grammar import Malformed
from sipcli.sip.status import BUSY_HERE
from sipcli.sip.uri import SipUri, Uri
from sipcli.text import target_without_password

ACTION_TIMEOUT_S: Final = 40.0
"""Seconds for a command to succeed: SIP's own timers end within 32 s."""
DIGIT_TIMEOUT_S: Final = 6.0
"""More seconds for each digit: an INFO waits for its answer."""

_STATUS: Final = re.compile("[3-6][0-9][0-9]", re.ASCII)


class InvalidCommand(ValueError):  # noqa: N818 - a fact about what was typed
    """A line or key that is unknown, or not possible now; the text says what is.

    `phase` is the step that it belongs to; None: the one that the call has reached.
    """

    def __init__(self, text: str, phase: Phase | None = None) -> None:
        super().__init__(text)
        self.phase = phase


class CallCommands:
    """Each method begins a command on the current call, or on the one that rings or asks.

    It returns what to await for the result, or None if there is nothing to wait for. Raises
    `InvalidCommand` if that is not possible now, `DeviceError` for audio that cannot be opened.
    """

    def __init__(self, call_session: CallSession) -> None:
        self._phone = call_session.phone
        self._screen = call_session.session.screen
        self._dtmf_method = call_session.dtmf_method

    def answer(self) -> "Result":
        """Answer the call that rings, and hold the others."""
        call = self._ringing()
        answered = call.answer(timeout=ACTION_TIMEOUT_S)
        for other in self._phone.calls:
            if other is not call and other.is_answered and not other.wants_hold:
                other.hold()
        return answered

    def reject(self, status: int = BUSY_HERE) -> "Result":
        """Reject the call that rings."""
        return self._ringing().reject(status, timeout=ACTION_TIMEOUT_S)

    def hold(self) -> "Result":
        """Hold the far end."""
        return self._answered().hold(timeout=ACTION_TIMEOUT_S)

    def resume(self) -> "Result":
        """Resume the far end."""
        return self._answered().resume(timeout=ACTION_TIMEOUT_S)

    def toggle_hold(self) -> "Result":
        """Hold or resume the far end."""
        return self.resume() if self._answered().wants_hold else self.hold()

    def mute(self) -> "Result":
        """Send silence."""
        self._call().mute()
        return None

    def unmute(self) -> "Result":
        """Send our audio again."""
        self._call().unmute()
        return None

    def toggle_mute(self) -> "Result":
        """Mute or unmute."""
        return self.unmute() if self._call().is_muted else self.mute()

    def dtmf(self, digits: str) -> "Result":
        """Send digits."""
        call = self._call()
        if not call.is_answered and call.media.agreed is None:
            raise InvalidCommand("the call is not answered yet, and has no early media")
        try:
            sending = call.send_dtmf(digits, self._dtmf_method)
        except ConfigError:
            raise InvalidCommand(f"more than {MAX_STEPS} digits are waiting to be sent") from None
        return CallAction(partial(_sent, sending, digits))

    def transfer(self, target: Uri) -> "Result":
        """Transfer the far end to `target`."""
        transferred = self._answered().transfer(target, timeout=ACTION_TIMEOUT_S)
        return CallAction(partial(_phased, transferred, RefusedError, NoAnswerError))

    def accept_transfer(self) -> "Result":
        """Accept the transfer that a far end asks for; the result is that of its INVITE."""
        call = self._asked_to_transfer()
        try:
            accepted = call.accept_transfer(timeout=ACTION_TIMEOUT_S)
        except RefusedError as error:  # `max_calls` leaves no room any more
            raise InvalidCommand(error.text, Phase.ANSWER) from None
        return CallAction(partial(_phased, accepted, SipcliError))

    def refuse_transfer(self) -> "Result":
        """Refuse the transfer that a far end asks for."""
        self._asked_to_transfer().refuse_transfer()
        return None

    def accept_redirect(self) -> "Result":
        """Accept the redirection of a call."""
        self._redirected().accept_redirect()
        return None

    def refuse_redirect(self) -> "Result":
        """Refuse the redirection of a call."""
        self._redirected().refuse_redirect()
        return None

    def accept(self) -> "Result":
        """Accept what a far end asks for."""
        asks_transfer = self._asking().transfer_request is not None
        return self.accept_transfer() if asks_transfer else self.accept_redirect()

    def refuse(self) -> "Result":
        """Refuse what a far end asks for."""
        asks_transfer = self._asking().transfer_request is not None
        return self.refuse_transfer() if asks_transfer else self.refuse_redirect()

    def stats(self) -> "Result":
        """Show the statistics."""
        call = self._call()
        now = call.stats
        if now is not None:
            self._screen.record("stats", {"call": call.id, "stats": asdict(now)})
        self._screen.say(figures(now) if now is not None else "no media yet")
        return None

    def hang_up(self) -> "Result":
        """Hang up."""
        return self._call().hang_up(timeout=ACTION_TIMEOUT_S)

    def _call(self) -> Call:
        call = self._phone.current
        if call is None:
            raise InvalidCommand("there is no call (Ctrl-C ends sipcli)")
        return call

    def _answered(self) -> Call:
        call = self._call()
        if not call.is_answered:
            raise InvalidCommand("the call is not answered yet")
        return call

    def _ringing(self) -> Call:
        call = self._phone.ringing
        if call is None:
            raise InvalidCommand("no call is ringing")
        return call

    def _asking(self) -> Call:
        call = self._phone.asking
        if call is None:
            raise InvalidCommand("no transfer is waiting for a decision", Phase.ANSWER)
        return call

    def _asked_to_transfer(self) -> Call:
        call = self._phone.asking
        if call is None or call.transfer_request is None:
            raise InvalidCommand("no transfer is waiting for a decision", Phase.ANSWER)
        return call

    def _redirected(self) -> Call:
        call = self._phone.asking
        if call is None or call.redirect_request is None:
            raise InvalidCommand("no redirection is waiting for a decision", Phase.ANSWER)
        return call


Result: TypeAlias = Awaitable[object] | None
Begin: TypeAlias = Callable[[CallCommands], Result]
Read: TypeAlias = Callable[[str, SipUri], Begin]
"""Reads an argument, given our own URI, too. Raises `InvalidCommand`."""


@dataclass(frozen=True, slots=True)
class TypedCommand:
    """A command that was typed."""

    text: str
    """As it may be shown."""
    begin: Begin = field(compare=False)


def command_of_line(line: str, own: SipUri) -> TypedCommand:
    """Return the command of a line; `own` is our own URI, whose domain is that of bare names.

    Raises `InvalidCommand` for a line that can never be valid.
    """
    word, rest = split(line)
    if word not in _READ:
        raise InvalidCommand(f"unknown command {word!r}; expected one of {', '.join(WORDS)}")
    begin = _READ[word](rest, own)
    text = f"transfer {target_without_password(rest)}" if word == "transfer" else line
    return TypedCommand(text, begin)


def split(line: str) -> tuple[str, str]:
    """Return a line's command, in lower case, and its argument."""
    word, _, rest = line.strip().partition(" ")
    return word.lower(), rest.strip()


def _alone(word: str, begin: Begin) -> Read:
    def read(rest: str, _: SipUri) -> Begin:
        if rest:
            raise InvalidCommand(f"{word} takes no argument, but {rest!r} was given")
        return begin

    return read


def _status(rest: str, _: SipUri) -> Begin:
    if rest and not _STATUS.fullmatch(rest):
        raise InvalidCommand("reject takes a status from 300 to 699")
    return lambda commands: commands.reject(int(rest or BUSY_HERE))


def _digits(rest: str, _: SipUri) -> Begin:
    if not rest:
        raise InvalidCommand(f"dtmf needs digits: any of {DIGITS}, a comma or w")
    try:
        parse_digits(rest)
    except InvalidDigits as error:
        raise InvalidCommand(str(error)) from None
    return lambda commands: commands.dtmf(rest)


def _target(rest: str, own: SipUri) -> Begin:
    try:
        target = resolve(rest, own)
    except Malformed as fault:
        shown = target_without_password(rest)
        raise InvalidCommand(f"transfer {shown!r}: {fault.reason}") from None
    return lambda commands: commands.transfer(target)


_READ: Final[Mapping[str, Read]] = {
    "answer": _alone("answer", CallCommands.answer),
    "reject": _status,
    "hold": _alone("hold", CallCommands.hold),
    "resume": _alone("resume", CallCommands.resume),
    "mute": _alone("mute", CallCommands.mute),
    "unmute": _alone("unmute", CallCommands.unmute),
    "dtmf": _digits,
    "transfer": _target,
    "accept-transfer": _alone("accept-transfer", CallCommands.accept_transfer),
    "refuse-transfer": _alone("refuse-transfer", CallCommands.refuse_transfer),
    "accept-redirect": _alone("accept-redirect", CallCommands.accept_redirect),
    "refuse-redirect": _alone("refuse-redirect", CallCommands.refuse_redirect),
    "stats": _alone("stats", CallCommands.stats),
    "hangup": _alone("hangup", CallCommands.hang_up),
}
"""The word of a line -> what reads its argument, and returns the command."""
WORDS: Final = tuple(_READ)


async def _phased(result: Awaitable[object], *errors: type[SipcliError]) -> None:
    """Wait for a transfer; those errors are of the step in which it is answered."""
    try:
        await result
    except errors as error:
        raise InvalidCommand(error.text, Phase.ANSWER) from None


async def _sent(sending: Sending, digits: str) -> None:
    """Wait until digits are sent. Raises `RefusedError` if some were not, else `TimeoutError`."""
    wanted = parse_digits(digits)
    count = sum(not isinstance(step, Pause) for step in wanted)
    pauses = sum(step.seconds for step in wanted if isinstance(step, Pause))
    await within(ACTION_TIMEOUT_S + pauses + DIGIT_TIMEOUT_S * count, sending)
