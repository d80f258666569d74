"""The commands of keys and of a script on stdin: one set for both (contract §2)."""

import re
from collections.abc import Callable
from dataclasses import asdict
from typing import Final

from sipcli.cli.call_session import CallSession
from sipcli.cli.output.wording import figures
from sipcli.core.calls.offer_answer import OutOfTurn
from sipcli.core.calls.target import resolve
from sipcli.media.dtmf.dtmf_digits import DIGITS, InvalidDigits, parse_digits
from sipcli.phone.call_stats import call_stats
from sipcli.phone.managed_call import Call
from sipcli.sip.grammar import Malformed
from sipcli.sip.uri import SipUri
from sipcli.text import target_without_password

HELP: Final = (
    "a answer · r reject · h hold/resume · m mute · 0-9*# digits · t transfer"
    " · s statistics · y/n accept or refuse a transfer · q hang up"
)


BUSY_HERE: Final = 486
"""The status of a `reject` without one (Busy Here)."""

WORDS: Final = (
    "answer",
    "reject",
    "hold",
    "resume",
    "mute",
    "unmute",
    "dtmf",
    "transfer",
    "accept-transfer",
    "refuse-transfer",
    "accept-redirect",
    "refuse-redirect",
    "stats",
    "hangup",
)
_KEYS: Final = {"a": "answer", "r": "reject", "s": "stats", "q": "hangup"}
_STATUS: Final = re.compile("[3-6][0-9][0-9]", re.ASCII)


class InvalidCommand(ValueError):  # noqa: N818 - a fact about what was typed
    """A line or key that is unknown, or not possible now; the text says what is."""


def split(line: str) -> tuple[str, str]:
    """Return a line's command, in lower case, and its argument."""
    word, _, rest = line.strip().partition(" ")
    return word.lower(), rest.strip()


def without_secrets(line: str) -> str:
    """The line as it may be shown."""
    word, rest = split(line)
    return f"transfer {target_without_password(rest)}" if word == "transfer" else line


def check(line: str, own: SipUri) -> None:
    """Raise `InvalidCommand` for a line that can never be valid; `own` is our own URI."""
    word, rest = split(line)
    match word:
        case "dtmf":
            _check_digits(rest)
        case "reject":
            if rest and not _STATUS.fullmatch(rest):
                raise InvalidCommand("reject takes a status from 300 to 699")
        case "transfer":
            try:
                resolve(rest, own)
            except Malformed as fault:
                shown = target_without_password(rest)
                raise InvalidCommand(f"transfer {shown!r}: {fault.reason}") from None
        case _ if word not in WORDS:
            raise InvalidCommand(f"unknown command {word!r}; expected one of {', '.join(WORDS)}")
        case _ if rest:
            raise InvalidCommand(f"{word} takes no argument, but {rest!r} was given")


def _check_digits(digits: str) -> None:
    if not digits:
        raise InvalidCommand(f"dtmf needs digits: any of {DIGITS}, a comma or w")
    try:
        parse_digits(digits)
    except InvalidDigits as error:
        raise InvalidCommand(str(error)) from None


class CallCommands:
    """Runs commands on the current call, or on the one that rings."""

    def __init__(self, call_session: CallSession) -> None:
        self._call_session = call_session
        self._acts: dict[str, Callable[[str], None]] = {
            "answer": lambda _: self._answer(),
            "reject": lambda rest: self._ringing().reject(int(rest or BUSY_HERE)),
            "hold": lambda _: self._answered().hold(on=True),
            "resume": lambda _: self._answered().hold(on=False),
            "mute": lambda _: self._call().mute(on=True),
            "unmute": lambda _: self._call().mute(on=False),
            "dtmf": self._dtmf,
            "transfer": self._transfer,
            "accept-transfer": lambda _: self._accept_transfer(),
            "refuse-transfer": lambda _: self._asked_to_transfer().refuse_transfer(),
            "accept-redirect": lambda _: self._redirected().accept_redirect(),
            "refuse-redirect": lambda _: self._redirected().refuse_redirect(),
            "stats": lambda _: self._stats(),
            "hangup": lambda _: self._call().hang_up(),
        }

    def do(self, line: str) -> None:
        """Run a line: a command and its argument. Raises `InvalidCommand`."""
        check(line, self._call_session.session.settings.uri)
        word, rest = split(line)
        self._acts[word](rest)

    def press(self, key: str) -> None:
        """Run the command of a key. Raises `InvalidCommand`."""
        self.do(self.line_of(key))

    def line_of(self, key: str) -> str:
        """Return the line that a key stands for now. Raises `InvalidCommand`."""
        match key:
            case "h":
                return "resume" if self._answered().is_held else "hold"
            case "m":
                return "unmute" if self._call().is_muted else "mute"
            case "y" | "n":
                return self._decision("accept" if key == "y" else "refuse")
            case _ if key in _KEYS:
                return _KEYS[key]
            case _ if is_digit(key):
                return f"dtmf {key}"
            case _:
                raise InvalidCommand(f"no such key: {key!r}; ? shows the keys")

    def _call(self) -> Call:
        call = self._call_session.call_manager.current
        if call is None:
            raise InvalidCommand("there is no call (Ctrl-C ends sipcli)")
        return call

    def _answered(self) -> Call:
        call = self._call()
        if not call.is_answered:
            raise InvalidCommand("the call is not answered yet")
        return call

    def _ringing(self) -> Call:
        call = self._call_session.call_manager.ringing
        if call is None:
            raise InvalidCommand("no call is ringing")
        return call

    def _answer(self) -> None:
        call, sound = self._ringing(), self._call_session.call_manager.make_sound()
        for other in self._call_session.call_manager.calls:
            if other.is_answered and not other.is_held:
                other.hold(on=True)
        call.answer(sound)

    def _dtmf(self, digits: str) -> None:
        try:
            self._call().send_dtmf(digits, self._call_session.dtmf_method)
        except InvalidDigits as error:  # too many are waiting already
            raise InvalidCommand(str(error)) from None

    def _transfer(self, target: str) -> None:
        self._answered().transfer(resolve(target, self._call_session.session.settings.uri))

    def _decision(self, word: str) -> str:
        """Return the line that accepts or refuses what the far end asks for."""
        call = self._call_session.call_manager.asking
        if call is None:
            raise InvalidCommand("no transfer is waiting for a decision")
        return f"{word}-{'transfer' if call.questions.transfer is not None else 'redirect'}"

    def _asked_to_transfer(self) -> Call:
        call = self._call_session.call_manager.asking
        if call is None or call.questions.transfer is None:
            raise InvalidCommand("no transfer is waiting for a decision")
        return call

    def _redirected(self) -> Call:
        call = self._call_session.call_manager.asking
        if call is None or call.questions.redirect is None:
            raise InvalidCommand("no redirection is waiting for a decision")
        return call

    def _accept_transfer(self) -> None:
        call = self._asked_to_transfer()
        try:
            self._call_session.call_manager.accept_transfer(call)
        except OutOfTurn as error:
            raise InvalidCommand(str(error)) from None

    def _stats(self) -> None:
        call, screen = self._call(), self._call_session.session.screen
        now = call_stats(call.media)
        if now is not None:
            screen.record("stats", {"call": call.id, "stats": asdict(now)})
        screen.say(figures(now) if now is not None else "no media yet")


def is_digit(key: str) -> bool:
    """True for the keys of a telephone: digits, `*` and `#`."""
    return len(key) == 1 and key in "0123456789*#"
