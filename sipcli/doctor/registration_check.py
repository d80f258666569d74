"""Check the registration, and record the digest challenge of the server."""

from collections.abc import Mapping
from typing import Final

from sipcli.doctor.check import Check, bad, good, not_run
from sipcli.doctor.probe_phone import ProbePhone
from sipcli.errors import MissingPassword, Phase, SipcliError
from sipcli.journal.entries import SipEntry
from sipcli.journal.journal import Journal
from sipcli.net.errors import excerpt
from sipcli.phone.events import Registered
from sipcli.phone.waiter import FOREVER
from sipcli.sip.auth import Challenge, parse_challenges
from sipcli.sip.message import Response
from sipcli.sip.parser import parse

_HINTS: Final[Mapping[int | None, str]] = {
    None: "is that a SIP server? check the path in ws_servers, and registrar_server",
    401: "check password, and authorization_user if the server's user name is not that of uri",
    403: "check the password, too: some servers answer 403 to a wrong one",
    404: "check uri and registrar_server",
    407: "check password, and authorization_user if the server's user name is not that of uri",
}
_HINT: Final = "ask the administrator of the server; --trace-sip shows the messages"
_CHALLENGE_FIELDS: Final = {401: "WWW-Authenticate", 407: "Proxy-Authenticate"}


class ChallengeWatch:
    """Keeps the first challenge that a journal shows (RFC 3261 §22)."""

    def __init__(self, journal: Journal) -> None:
        self._found: list[Challenge] = []
        journal.subscribe(SipEntry, self._look)

    def _look(self, entry: SipEntry) -> None:
        if self._found or entry.direction == "sent":
            return
        message = parse(entry.data).message
        if isinstance(message, Response) and message.status in _CHALLENGE_FIELDS:
            field = _CHALLENGE_FIELDS[message.status]
            self._found = parse_challenges(message.headers.all(field))

    @property
    def shown(self) -> str:
        """The challenge in words, safe to print."""
        if not self._found:
            return "no password requested"
        algorithms = dict.fromkeys(each.algorithm or "MD5" for each in self._found)
        first = self._found[0]
        listed = excerpt(" or ".join(algorithms))
        return f"password requested with {first.scheme}, realm {excerpt(first.realm)!r}, {listed}"


async def check_registration(phone: ProbePhone, challenges: ChallengeWatch) -> Check:
    """Wait for the registration. Raises `MissingPassword`, so that the caller can ask for one."""
    try:
        await phone.register(timeout=FOREVER)
    except MissingPassword:
        raise
    except SipcliError as error:
        return _refused(error, phone, challenges)
    registered = phone.registration.registered
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
    found = [f"{granted} ({registered.elapsed_ms:.0f} ms)"]
    others = sum(not binding.ours for binding in registered.bindings)
    if others:
        many = f"{others} other devices of this account are"
        found.append(f"{'another device of this account is' if others == 1 else many} registered")
    if registered.pub_gruu is not None:
        found.append("a GRUU was granted: each device can be called on its own")
    return tuple(found)


def _refused(error: SipcliError, phone: ProbePhone, challenges: ChallengeWatch) -> Check:
    if phone.registration.refused is None:
        return bad(Phase.REGISTRATION, error.text, hint=_HINT)
    hint = _HINTS.get(phone.registration.refused.status, _HINT)
    return bad(Phase.REGISTRATION, phone.registration.refused.reason, challenges.shown, hint=hint)
