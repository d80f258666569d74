"""Check the registration."""

from collections.abc import Mapping
from typing import Final

from sipcli.core.events import Registered
from sipcli.doctor.challenges import ChallengeWatch
from sipcli.doctor.check import Check, bad, good, not_run
from sipcli.doctor.probe_phone import ProbePhone
from sipcli.errors import MissingPassword, Phase, SipcliError

_HINTS: Final[Mapping[int | None, str]] = {
    None: "is that a SIP server? check the path in ws_servers, and registrar_server",
    401: "check password, and authorization_user if the server's user name is not that of uri",
    403: "check the password, too: some servers answer 403 to a wrong one",
    404: "check uri and registrar_server",
    407: "check password, and authorization_user if the server's user name is not that of uri",
}
_HINT: Final = "ask the administrator of the server; --trace-sip shows the messages"


async def check_registration(phone: ProbePhone, challenges: ChallengeWatch) -> Check:
    """Wait for the registration. Raises `MissingPassword`, so that the caller can ask for one."""
    try:
        await phone.runner.ready()
    except MissingPassword:
        raise
    except SipcliError as error:
        return _refused(error, phone, challenges)
    registered = phone.registered
    if registered is None:
        return not_run(Phase.REGISTRATION, "register is off (--no-register)")
    return good(Phase.REGISTRATION, *_granted(registered), challenges.shown)


def missing_password(challenges: ChallengeWatch) -> Check:
    """Return the check for a missing password that cannot be asked for."""
    return bad(
        Phase.REGISTRATION,
        "no password is set",
        challenges.shown,
        hint="set password, password_command or keyring",
    )


def _granted(registered: Registered) -> tuple[str, ...]:
    granted = f"{registered.uri} at {registered.registrar} for {registered.expires_s} s"
    found = [f"{granted} ({registered.elapsed_ms} ms)"]
    others = sum(not binding.ours for binding in registered.bindings)
    if others:
        many = f"{others} other devices of this account are"
        found.append(f"{'another device of this account is' if others == 1 else many} registered")
    if registered.pub_gruu is not None:
        found.append("a GRUU was granted: each device can be called on its own")
    return tuple(found)


def _refused(error: SipcliError, phone: ProbePhone, challenges: ChallengeWatch) -> Check:
    if phone.refused is None:
        return bad(Phase.REGISTRATION, error.text, hint=_HINT)
    hint = _HINTS.get(phone.refused.status, _HINT)
    return bad(Phase.REGISTRATION, phone.refused.reason, challenges.shown, hint=hint)
