"""What a person, or a script on stdin, can do during a call: one set of verbs for both."""

from collections.abc import Callable
from typing import Final

from sipcli.calls.call import Call
from sipcli.calls.figures import figures
from sipcli.cli.call_session import Desk
from sipcli.cli.call_summary import in_words
from sipcli.core.target import resolve
from sipcli.media.dtmf.digits import InvalidDigits
from sipcli.sip.grammar import Malformed

HELP: Final = (
    "a answer · r reject · h hold/resume · m mute · 0-9*# digits · t transfer"
    " · s statistics · q hang up"
)


class UnknownVerb(ValueError):  # noqa: N818 - a fact about what was typed
    """A line or key that means nothing here, or not now; the text says what would."""


class Verbs:
    """Does what it is told to the call that it is about: the answered one, else the newest."""

    def __init__(self, here: Desk) -> None:
        self._here = here
        self._words: dict[str, Callable[[str], None]] = {
            "answer": self._answer,
            "reject": self._reject,
            "hold": lambda _: self._call().hold(on=True),
            "resume": lambda _: self._call().hold(on=False),
            "mute": lambda _: self._call().mute(on=True),
            "unmute": lambda _: self._call().mute(on=False),
            "dtmf": self._dtmf,
            "transfer": self._transfer,
            "stats": self._stats,
            "hangup": lambda _: self._call().hang_up(),
        }

    @property
    def call(self) -> Call | None:
        """The call that verbs are about."""
        calls = self._here.switchboard.calls
        answered = [call for call in calls if call.is_answered]
        return next(iter([*answered, *reversed(calls)]), None)

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
                call = self._call()
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
                raise UnknownVerb(HELP)

    def _call(self) -> Call:
        call = self.call
        if call is None:
            raise UnknownVerb("there is no call")
        return call

    def _ringing(self) -> Call:
        ringing = [c for c in self._here.switchboard.calls if c.is_incoming and not c.is_answered]
        if not ringing:
            raise UnknownVerb("nothing rings here")
        return ringing[0]

    def _answer(self, _: str) -> None:
        call = self._ringing()
        for other in self._here.switchboard.calls:
            if other.is_answered and not other.is_held:
                other.hold(on=True)
        call.answer(self._here.switchboard.make_sound())

    def _reject(self, rest: str) -> None:
        status = int(rest) if rest.isdecimal() and len(rest) == 3 else 486
        if rest and not 300 <= status <= 699:
            raise UnknownVerb("reject takes a status from 300 to 699")
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
        self._call().transfer(uri)

    def _stats(self, _: str) -> None:
        now = figures(self._call().media)
        words = in_words(now) if now is not None else "no media yet"
        self._here.session.screen.say(words)
