"""Call a second phone of the same account, which sends back what it hears."""

from dataclasses import replace
from typing import Final
from uuid import uuid4

from sipcli.core.events import Registered
from sipcli.core.requests.credentials import Credentials
from sipcli.doctor.check import Check
from sipcli.doctor.probe_phone import ProbePhone
from sipcli.doctor.trial_call import call_checks, is_routing_fault, place, unreachable
from sipcli.errors import SipcliError
from sipcli.phone.observer import Observer
from sipcli.sip.uri import SipUri, Uri

_HINT: Final = "use --echo TARGET to call a phone that sends back what it hears"


async def call_ourselves(
    phone: ProbePhone, credentials: Credentials | None, observer: Observer
) -> tuple[Check, ...]:
    """Return the checks of ICE, DTLS and audio, made by a call to our own address.

    No other phone may ring: if the account has other devices and the registrar grants no
    GRUU (RFC 5627) to tell them apart, no call is placed.
    """
    registered, server = phone.registered, phone.server
    if registered is None or server is None:
        return unreachable("we cannot be called without a registration", _HINT)
    # Use the same server: another one need not know of this registration.
    settings = replace(phone.settings, instance_id=uuid4(), ws_servers=(server,))
    async with ProbePhone(settings, credentials, observer, echoes=True) as second:
        try:
            await second.runner.ready()
        except SipcliError as error:
            return unreachable(f"the second phone of the account failed: {error}", _HINT)
        target = _target(registered, second)
        if target is None:
            return unreachable("other devices of the account would ring", _HINT)
        found = await place(phone, target)
    if is_routing_fault(found):
        why = f"the server does not route a call from us to ourselves ({found.failure})"
        return unreachable(why, _HINT)
    ice, dtls, audio = call_checks(found)
    note = "both ends are on this machine; --echo TARGET tests the path to another"
    return replace(ice, found=(*ice.found, note)), dtls, audio


def _target(first: Registered, second: ProbePhone) -> Uri | None:
    """Return a URI that reaches only the second phone; None if there is none."""
    gruu = second.registered.pub_gruu if second.registered is not None else None
    if gruu is not None:
        return SipUri.parse(gruu)
    is_alone = all(binding.ours for binding in first.bindings)
    return second.settings.uri if is_alone else None
