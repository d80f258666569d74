"""How messages belong together: calls, forks, repetitions, offers, ICE restarts."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

from sipcli.evidence.sdp_summary import SdpRole, SdpSummary
from sipcli.evidence.sip_facts import SipFacts
from sipcli.sip.bodies import SDP, find_body
from sipcli.sip.message import Request

_Exchange: TypeAlias = tuple[str | None, str | None, int | None, str]
"""Call-ID, tag in From, number and method: a request and its responses, on all their hops."""
_DIALOG: Final = range(101, 300)
"""Responses to INVITE that make a dialog, if they have a tag in To (RFC 3261 §12.1)."""


def call_numbers(messages: Iterable[SipFacts]) -> dict[str, int]:
    """Return Call-ID -> number, from 1, of each call in order of appearance."""
    calls: dict[str, int] = {}
    for each in messages:
        if each.method == "INVITE" and each.call_id is not None:
            calls.setdefault(each.call_id, len(calls) + 1)
    return calls


class Forks:
    """Which branch of a forked INVITE a message belongs to (RFC 3261 §16.7, §12.1).

    Each has a tag of its own in To. Failures make no dialog, so their tags do not count.
    """

    def __init__(self, messages: Iterable[SipFacts]) -> None:
        self._tags: dict[_Exchange, dict[str, int]] = defaultdict(dict)
        self._exchange: dict[tuple[str, str], _Exchange] = {}
        for each in messages:
            if (
                each.method == "INVITE"
                and each.status in _DIALOG
                and each.to_tag is not None
                and each.call_id is not None
                and (each.call_id, each.to_tag) not in self._exchange
            ):
                tags = self._tags[_exchange(each)]
                tags[each.to_tag] = len(tags) + 1
                self._exchange[each.call_id, each.to_tag] = _exchange(each)

    def number(self, message: SipFacts) -> int | None:
        """Return the number of the fork, from 1; None if there was only one, or none."""
        if message.call_id is None:
            return None
        for tag in (message.to_tag, message.from_tag):
            exchange = self._exchange.get((message.call_id, tag)) if tag is not None else None
            if exchange is not None and tag is not None:
                tags = self._tags[exchange]
                return tags[tag] if len(tags) > 1 else None
        return None


class Repetitions:
    """Counts how often a message has been sent again on the same hop (RFC 3261 §17, §13.3.1.4)."""

    def __init__(self) -> None:
        self._seen: Counter[tuple[object, ...]] = Counter()

    def count(self, message: SipFacts, ends: tuple[int, int]) -> int:
        """Return how many times the message was there before; 0 if it is new."""
        found = message.message
        if found is None:
            return 0
        start = (found.method, found.target) if isinstance(found, Request) else found.status
        key = (
            *ends,
            start,
            *_exchange(message),
            message.branch,
            message.to_tag,
            found.headers.get("RSeq"),
            found.body,
        )
        self._seen[key] += 1
        return self._seen[key] - 1


class IceRestarts:
    """Finds offers whose sender has new ICE credentials in the same dialog (RFC 8445 §9)."""

    def __init__(self) -> None:
        self._known: dict[tuple[str | None, str | None], str] = {}

    def is_one(self, message: SipFacts, sdp: SdpSummary) -> bool:
        """True if the session description asks for an ICE restart. Call it for each, in order."""
        if sdp.ice_ufrag is None:
            return False
        sender = message.call_id, message.from_tag if message.is_request else message.to_tag
        before = self._known.get(sender)
        self._known[sender] = sdp.ice_ufrag
        return before not in (None, sdp.ice_ufrag) and sdp.role == "offer"


def sdp_roles(messages: Sequence[SipFacts]) -> list[SdpRole | None]:
    """Return for each message what its session description is (RFC 3264, RFC 6337 §2.2).

    None for a message without one, and where the request it answers is not there.
    """
    offers: dict[_Exchange, bool] = {}
    roles: list[SdpRole | None] = []
    for each in messages:
        has_sdp = session_description(each) is not None
        if each.is_request and each.method != "ACK":
            offers[_exchange(each)] = has_sdp
        roles.append(_role(each, offers) if has_sdp else None)
    return roles


def session_description(message: SipFacts) -> bytes | None:
    """Return the session description in a message; None if there is none."""
    found = message.message
    body = find_body(found, (SDP,)) if found is not None else None
    return None if body is None else body.content


def _role(message: SipFacts, offers: dict[_Exchange, bool]) -> SdpRole | None:
    if not message.is_request:  # it answers the offer in the request, or makes one itself
        has_offered = offers.get(_exchange(message))
        return None if has_offered is None else "answer" if has_offered else "offer"
    if message.method not in ("ACK", "PRACK"):
        return "offer"
    # These answer an offer in a response to INVITE; a PRACK may also make a further one.
    has_offered = offers.get(_invite_of(message))
    if has_offered is None or (has_offered and message.method == "ACK"):
        return None
    return "offer" if has_offered else "answer"


def _exchange(message: SipFacts) -> _Exchange:
    return message.call_id, message.from_tag, message.number, message.method


def _invite_of(message: SipFacts) -> _Exchange:
    """Return the INVITE that an ACK or a PRACK is about."""
    number = message.number
    if message.method == "PRACK":
        rack = message.message.rack if message.message is not None else None
        number = rack.cseq.number if rack is not None else None
    return message.call_id, message.from_tag, number, "INVITE"
