"""What a person, or a script on stdin, can do during a call: one set of verbs for both."""

import re
from collections.abc import Callable
from typing import Final

from sipcli.calls.call import Call
from sipcli.calls.figures import figures
from sipcli.cli.call_session import Desk
from sipcli.cli.call_summary import in_words
from sipcli.core.calls.target import resolve
from sipcli.media.dtmf.digits import InvalidDigits
from sipcli.sip.grammar import Malformed

HELP: Final = (
    "a answer · r reject · h hold/resume · m mute · 0-9*# digits · t transfer"
    " · s statistics · q hang up"
)


BUSY_HERE: Final = 486
"""What a call is refused with where nothing else is said."""

_STATUS: Final = re.compile("[3-6][0-9][0-9]", re.ASCII)


class UnknownVerb(ValueError):  # noqa: N818 - a fact about what was typed
    """A line or key that means nothing here, or not now; the text says what would."""


class Verbs:
    """Does what it is told to the switchboard's current call, or to the one that rings."""

    def __init__(self, here: Desk) -> None:
        self._here = here
        self._words: dict[str, Callable[[str], None]] = {
            "answer": self._answer,
            "reject": self._reject,
            "hold": lambda _: self._answered().hold(on=True),
            "resume": lambda _: self._answered().hold(on=False),
            "mute": lambda _: self._call().mute(on=True),
            "unmute": lambda _: self._call().mute(on=False),
            "dtmf": self._dtmf,
            "transfer": self._transfer,
            "stats": self._stats,
            "hangup": lambda _: self._call().hang_up(),
        }

    def do(self, line: str) -> None:
        """Do what a line says: a verb, then what it needs. Raises `UnknownVerb`."""
        word, _, rest = line.strip().partition(" ")
        act = self._words.get(word.lower())
        if act is None:
            raise UnknownVerb(f"{word!r} is none of {', '.join(self._words)}")
        act(rest.strip())

    def press(self, key: str) -> None:
        """Do what a key means. Raises `UnknownVerb`."""
        match key:
            case "a":
                self._answer("")
            case "r":
                self._reject("")
            case "h":
                call = self._answered()
                call.hold(on=not call.is_held)
            case "m":
                call = self._call()
                call.mute(on=not call.is_muted)
            case "s":
                self._stats("")
            case "q":
                self._call().hang_up()
            case _ if key in "0123456789*#":
                self._dtmf(key)
            case _:
                raise UnknownVerb(f"{key!r} means nothing here: ? shows the keys")

    def _call(self) -> Call:
        call = self._here.switchboard.current
        if call is None:
            raise UnknownVerb("there is no call (Ctrl-C ends sipcli)")
        return call

    def _answered(self) -> Call:
        call = self._call()
        if not call.is_answered:
            raise UnknownVerb("the call is not answered yet")
        return call

    def _ringing(self) -> Call:
        call = self._here.switchboard.ringing
        if call is None:
            raise UnknownVerb("nothing rings here")
        return call

    def _answer(self, _: str) -> None:
        call, sound = self._ringing(), self._here.switchboard.make_sound()
        for other in self._here.switchboard.calls:
            if other.is_answered and not other.is_held:
                other.hold(on=True)
        call.answer(sound)

    def _reject(self, rest: str) -> None:
        if rest and not _STATUS.fullmatch(rest):
            raise UnknownVerb("reject takes a status from 300 to 699")
        status = int(rest) if rest else BUSY_HERE
        self._ringing().reject(status)

    def _dtmf(self, digits: str) -> None:
        try:
            self._call().send_dtmf(digits)
        except InvalidDigits as error:
            raise UnknownVerb(str(error)) from None

    def _transfer(self, target: str) -> None:
        try:
            uri = resolve(target, self._here.session.settings.uri)
        except Malformed as fault:
            raise UnknownVerb(f"{target!r}: {fault.reason}") from None
        self._answered().transfer(uri)

    def _stats(self, _: str) -> None:
        now = figures(self._call().media)
        words = in_words(now) if now is not None else "no media yet"
        self._here.session.screen.say(words)
