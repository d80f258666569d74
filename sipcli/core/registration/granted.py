"""What a 2xx to REGISTER says (RFC 3261 §10.2.4, 10.3, RFC 5626 §4.2, RFC 5627 §4.2, RFC 3608)."""

from dataclasses import dataclass
from typing import Final

from sipcli.core.events import Binding
from sipcli.core.requests.identity import Granted
from sipcli.sip.address import Address
from sipcli.sip.grammar import Malformed, integer
from sipcli.sip.message import Request, Response
from sipcli.sip.uri import SipUri

MOST_BINDINGS: Final = 100
"""Bound on what a registrar can make us show."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The registrar's answer, understood."""

    expires: int
    """Seconds for which our binding was granted; 0: it was not."""
    bindings: tuple[Binding, ...]
    granted: Granted
    warnings: tuple[str, ...]


def read(request: Request, response: Response, instance: str, asked: int) -> Reading:
    """Understand the 2xx `response` to our REGISTER `request` for `asked` seconds.

    Our own binding is found by instance and reg-id, else by its URI; a 2xx that does not
    show it counts all the same, with a warning.
    """
    contacts = response.contacts[:MOST_BINDINGS]
    own = _own(request.contacts[0], contacts, instance)
    warnings = []
    if own is None:
        warnings.append("the registrar's 200 does not show our binding; taken as registered")
    times = (_expires(own) if own is not None else None, response.expires, asked)
    return Reading(
        expires=next(time for time in times if time is not None),
        bindings=tuple(
            Binding(
                contact=str(contact.uri),
                expires_s=_expires(contact),
                ours=contact is own,
            )
            for contact in contacts
        ),
        granted=Granted(
            pub_gruu=_gruu(own, "pub-gruu"),
            temp_gruu=_gruu(own, "temp-gruu"),
            service_routes=response.service_routes,
            outbound="outbound" in response.require,
        ),
        warnings=tuple(warnings),
    )


def _own(sent: Address, contacts: tuple[Address, ...], instance: str) -> Address | None:
    """Ours among the `contacts`: by instance and reg-id, else by URI, else by instance alone."""
    reg_id = sent.params.get("reg-id")
    same = [one for one in contacts if _instance(one) == instance.lower()]
    by_flow = (one for one in same if one.params.get("reg-id") == reg_id)
    by_uri = (one for one in contacts if isinstance(sent.uri, SipUri) and sent.uri.matches(one.uri))
    return next(by_flow, None) or next(by_uri, None) or next(iter(same), None)


def _instance(contact: Address) -> str:
    return (contact.params.get("+sip.instance") or "").lower()


def _expires(contact: Address) -> int | None:
    text = contact.params.get("expires")
    try:
        return None if text is None else integer(text, 0, 2**32 - 1, "expires")
    except Malformed:
        return None


def _gruu(own: Address | None, name: str) -> str | None:
    """The GRUU in a parameter of our binding; None where there is none that can be used."""
    text = own.params.get(name) if own is not None else None
    try:
        return text if text and SipUri.parse(text) else None
    except Malformed:
        return None
