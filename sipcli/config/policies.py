"""Whom a far end may send us to (REFER and 3xx): the values of `transfers` and `redirects`."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from sipcli.config.list_types import elements
from sipcli.config.types import Kind, Unacceptable, string
from sipcli.sip.grammar import Malformed
from sipcli.sip.uri import SipUri
from sipcli.sip.uri_pattern import UriPattern


class Permission(StrEnum):
    """The decision on a request of the far end."""

    ASK = "ask"
    """The user of the call decides: a person, a script or a program."""
    ACCEPT = "accept"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class PeerPolicy:
    """Which targets a far end may send us to: `accepted` ones; for others, `otherwise` decides."""

    otherwise: Permission = Permission.ASK
    accepted: tuple[UriPattern, ...] = ()
    is_unattended: bool = field(default=False, compare=False)
    """True if `otherwise` was to ask, but there is no one to ask."""

    def decide(self, target: SipUri, home: SipUri) -> Permission:
        """Return the decision on a request to call `target`; `home` is our own URI."""
        if any(pattern.matches(target, home) for pattern in self.accepted):
            return Permission.ACCEPT
        return self.otherwise

    @property
    def unattended(self) -> "PeerPolicy":
        """The same policy without a user to ask: refuse instead of asking."""
        is_asking = self.otherwise is Permission.ASK
        if not is_asking:
            return self
        return replace(self, otherwise=Permission.REFUSE, is_unattended=True)


def peer_policy() -> Kind[PeerPolicy]:
    """Return the kind: a `Permission`, URI patterns, or patterns and `ask` or `refuse`."""
    words = ", ".join(Permission)
    accepts = f"one of {words}; or patterns such as sip:*@example.com or tel:+49*"

    def read(word: str) -> Permission | UriPattern:
        if word.lower() in list(Permission):
            return Permission(word.lower())
        try:
            return UriPattern.parse(word)
        except Malformed:
            raise Unacceptable from None

    def policy(items: Sequence[Permission | UriPattern]) -> PeerPolicy:
        others = [item for item in items if isinstance(item, Permission)]
        accepted = tuple(item for item in items if isinstance(item, UriPattern))
        if not items:
            raise Unacceptable("it is empty")
        if len(others) > 1:
            raise Unacceptable(f"{' and '.join(others)} contradict each other")
        if accepted and Permission.ACCEPT in others:
            raise Unacceptable("accept allows every address: it cannot be combined with patterns")
        return PeerPolicy(others[0] if others else Permission.ASK, accepted)

    def from_toml(value: object) -> PeerPolicy:
        values = value if isinstance(value, list) else [value]
        return policy(elements(values, lambda item: read(string(item))))

    def plain(value: PeerPolicy) -> object:
        patterns = [str(pattern) for pattern in value.accepted]
        return [*patterns, str(value.otherwise)] if patterns else str(value.otherwise)

    return Kind(
        accepts=accepts,
        metavar="ask|accept|refuse|PATTERN",
        from_toml=from_toml,
        from_words=lambda given: policy(elements(given, read)),
        plain=plain,
        split=str.split,
        many=True,
    )
