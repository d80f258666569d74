"""Read a 2xx to REGISTER (RFC 3261 §10.2.4, 10.3, RFC 5626 §4.2, RFC 5627 §4.2, RFC 3608)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from sipcli.core.events import Binding
from sipcli.core.requests.identity import Granted
from sipcli.sip.address import Address
from sipcli.sip.grammar import Malformed, integer
from sipcli.sip.message import Request, Response
from sipcli.sip.uri import SipUri

MIN_ASSUMED_S: Final = 60
"""Seconds assumed for our binding if its `expires` is malformed, unless fewer were asked for.

A registrar has no reason to grant less: it would be asked again more than once a minute, and
RFC 3261 §10.2.8 lets it refuse a short time with 423 instead.
"""
MAX_EXCERPT: Final = 40
"""Most characters of a malformed value in a warning."""
MAX_BINDINGS: Final = 100
"""Most bindings that we show; ours is looked for among all of them."""


@dataclass(frozen=True, slots=True)
class RegistrationGrant:
    """The content of the registrar's 2xx."""

    expires: int
    """Seconds granted for our binding; 0: none."""
    bindings: tuple[Binding, ...]
    granted: Granted
    warnings: tuple[str, ...]


def read(request: Request, response: Response, instance: str, asked: int) -> RegistrationGrant:
    """Read the 2xx `response` to our REGISTER `request` for `asked` seconds.

    `_candidates` finds our own binding. If more than one may be ours, or several are listed and
    none looks like ours (a warning), the shortest time counts: refreshing too early does no harm,
    refreshing too late makes us unreachable.
    """
    contacts = response.contacts
    candidates = _candidates(request.contacts[0], contacts, instance)
    own = min(candidates, key=lambda one: _time(one, response, asked), default=None)
    return RegistrationGrant(
        expires=_granted_time(own, contacts, response, asked),
        bindings=tuple(
            Binding(
                contact=str(contact.uri),
                expires_s=_expires(contact),
                ours=contact is own,
            )
            for contact in _shown(contacts, own)
        ),
        granted=Granted(
            pub_gruu=_gruu(own, "pub-gruu"),
            temp_gruu=_gruu(own, "temp-gruu"),
            service_routes=response.service_routes,
            outbound="outbound" in response.require,
        ),
        warnings=_warnings(own, contacts),
    )


def _candidates(sent: Address, contacts: tuple[Address, ...], instance: str) -> list[Address]:
    """Return those of the `contacts` that may be the one `sent`, by the surest sign that any has.

    Our user part is random, so it is ours even if host and parameters were rewritten. Next come
    instance and reg-id, then the instance alone (a registrar that replaced the URI); a sole
    binding that names no other instance is ours, since we have just made one.
    """
    user = sent.uri.user if isinstance(sent.uri, SipUri) else None
    reg_id = sent.params.get("reg-id")
    wanted = _plain_instance(instance)

    def has_our_user(contact: Address) -> bool:
        return user is not None and isinstance(contact.uri, SipUri) and contact.uri.user == user

    def has_our_instance(contact: Address) -> bool:
        return _plain_instance(contact.params.get("+sip.instance") or "") == wanted

    def has_our_reg_id(contact: Address) -> bool:
        return contact.params.get("reg-id") == reg_id

    is_sole = len(contacts) == 1 and "+sip.instance" not in contacts[0].params
    own = (
        _narrowed(filter(has_our_user, contacts), has_our_instance)
        or list(filter(has_our_instance, contacts))
        or (list(contacts) if is_sole else [])
    )
    return _narrowed(own, has_our_reg_id)


def _narrowed(found: Iterable[Address], is_better: Callable[[Address], bool]) -> list[Address]:
    """Those of `found` that are better; all of them if none is."""
    found = list(found)
    return [one for one in found if is_better(one)] or found


def _shown(contacts: tuple[Address, ...], own: Address | None) -> tuple[Address, ...]:
    """The first `MAX_BINDINGS` bindings, ours included."""
    first = contacts[:MAX_BINDINGS]
    if own is None or any(contact is own for contact in first):
        return first
    return (*first[:-1], own)


def _warnings(own: Address | None, contacts: tuple[Address, ...]) -> tuple[str, ...]:
    if own is None:
        return (_unseen(contacts),)
    if _is_malformed(own):
        shown = (own.params.get("expires") or "")[:MAX_EXCERPT]
        text = f'the registrar\'s 200 has a malformed expires for our binding, "{shown}"'
        return (f"{text}; assuming {MIN_ASSUMED_S} s at most",)
    return ()


def _unseen(contacts: tuple[Address, ...]) -> str:
    """The warning if our binding is not listed."""
    if not contacts:
        return "the registrar's 200 does not list our binding; treating it as registered"
    return (
        f"none of the {len(contacts)} bindings in the registrar's 200 can be recognised as ours; "
        "treating it as registered, with the shortest expiry listed"
    )


def _granted_time(
    own: Address | None, contacts: tuple[Address, ...], response: Response, asked: int
) -> int:
    """Seconds until our binding expires."""
    if own is not None:
        return _time(own, response, asked)
    times = [_time(contact, response, asked) for contact in contacts]
    everywhere = asked if response.expires is None else response.expires
    return min(everywhere, *(time for time in times if time > 0), asked)


def _time(contact: Address, response: Response, asked: int) -> int:
    """Seconds of one binding: its own, else those of all (RFC 3261 §10.3), else as asked.

    A malformed time may be any: refreshing too late makes us unreachable.
    """
    times = (_expires(contact), response.expires, asked)
    time = next(time for time in times if time is not None)
    return min(time, MIN_ASSUMED_S) if _is_malformed(contact) else time


def _is_malformed(contact: Address) -> bool:
    return contact.params.get("expires") is not None and _expires(contact) is None


def _plain_instance(value: str) -> str:
    """An instance id to compare: without quotes, brackets, escapes and case (RFC 5626 §4.1)."""
    return unquote(value).strip('"<> \t').lower()


def _expires(contact: Address) -> int | None:
    text = contact.params.get("expires")
    try:
        return None if text is None else integer(text, 0, 2**32 - 1, "expires")
    except Malformed:
        return None


def _gruu(own: Address | None, name: str) -> str | None:
    """The GRUU in a parameter of our binding; None if missing or malformed."""
    text = own.params.get(name) if own is not None else None
    try:
        return text if text and SipUri.parse(text) else None
    except Malformed:
        return None
