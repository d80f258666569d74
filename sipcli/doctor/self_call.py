"""A call from us to ourselves: a second phone of the account answers with an echo."""

from dataclasses import replace
from typing import Final
from uuid import uuid4

from sipcli.core.events import Registered
from sipcli.core.requests.credentials import Credentials
from sipcli.doctor.check import Check
from sipcli.doctor.probe_phone import ProbePhone
from sipcli.doctor.trial_call import call_checks, is_routing_fault, place, unreachable
from sipcli.errors import SipcliError
from sipcli.observer import Observer
from sipcli.sip.uri import SipUri, Uri

_CURE: Final = "use --echo TARGET to call a phone that sends back what it hears"


async def call_ourselves(
    line: ProbePhone, credentials: Credentials | None, observer: Observer
) -> tuple[Check, ...]:
    """The checks of ICE, DTLS and audio by a call to our own address.

    Nobody else's phone may ring for it: where the account has other devices, and the
    registrar gives no GRUU (RFC 5627) to tell them apart, there is no such call.
    """
    registered, server = line.registered, line.server
    if registered is None or server is None:
        return unreachable("we cannot be called without a registration", _CURE)
    # Two servers need not know of each other's registrations.
    settings = replace(line.settings, instance_id=uuid4(), ws_servers=(server,))
    async with ProbePhone(settings, credentials, observer, echoes=True) as second:
        try:
            await second.runner.ready()
        except SipcliError as error:
            return unreachable(f"the second phone of the account failed: {error}", _CURE)
        target = _target(registered, second)
        if target is None:
            return unreachable("other devices of the account would ring", _CURE)
        found = await place(line, target)
    if is_routing_fault(found):
        why = f"the server does not route a call from us to ourselves ({found.failure})"
        return unreachable(why, _CURE)
    ice, dtls, audio = call_checks(found)
    note = "both ends are on this machine; --echo TARGET tests the path to another"
    return replace(ice, found=(*ice.found, note)), dtls, audio


def _target(first: Registered, second: ProbePhone) -> Uri | None:
    """What reaches the second phone and no stranger's; None where nothing does."""
    gruu = second.registered.pub_gruu if second.registered is not None else None
    if gruu is not None:
        return SipUri.parse(gruu)
    is_alone = all(binding.ours for binding in first.bindings)
    return second.settings.uri if is_alone else None
