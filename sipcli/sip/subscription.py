"""Event packages and the state of a subscription (RFC 6665 §8.2)."""

import re
from dataclasses import dataclass
from typing import Final

from sipcli.sip.grammar import TOKEN_CHARS, Malformed
from sipcli.sip.params import NO_PARAMS, Params

_WORD: Final = re.compile(rf"([{TOKEN_CHARS}]++)[ \t]*+")


@dataclass(frozen=True, slots=True)
class Event:
    """Which event package a SUBSCRIBE or NOTIFY is about."""

    package: str
    """As written: packages are told apart by case (RFC 6665 §8.2.1)."""
    params: Params = NO_PARAMS

    @property
    def id(self) -> str | None:
        """Tells subscriptions to one package in one dialog apart."""
        return self.params.get("id")

    @classmethod
    def parse(cls, text: str) -> "Event":
        """Read the value; raises `Malformed`."""
        package, params = _word_and_params(text)
        return cls(package, params)

    def __str__(self) -> str:
        return f"{self.package}{self.params}"


@dataclass(frozen=True, slots=True)
class SubscriptionState:
    """The state of a subscription: `active`, `pending`, `terminated`, in lower case."""

    state: str
    params: Params = NO_PARAMS

    @property
    def reason(self) -> str | None:
        """Why it ended, in lower case; None if it did not say."""
        value = self.params.get("reason")
        return None if value is None else value.lower()

    @classmethod
    def parse(cls, text: str) -> "SubscriptionState":
        """Read the value; raises `Malformed`."""
        state, params = _word_and_params(text)
        return cls(state.lower(), params)

    def __str__(self) -> str:
        return f"{self.state}{self.params}"


def _word_and_params(text: str) -> tuple[str, Params]:
    found = _WORD.match(text)
    if found is None:
        raise Malformed("a token is missing")
    return found[1], Params.parse(text, found.end())
