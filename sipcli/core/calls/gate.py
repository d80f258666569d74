"""Policy for calls that a peer makes us place: allowed transfer and redirect targets, and how many.

Every call that a peer can cause is checked here, so that it is authorised and counted.
"""

from collections.abc import Callable
from typing import Final

from sipcli.config.account import ANONYMOUS_HOST
from sipcli.config.policies import Permission
from sipcli.config.settings import Settings
from sipcli.core.calls.target import reachable
from sipcli.core.requests.route import lack_of_secure_servers
from sipcli.sip.message import Request
from sipcli.sip.uri import SipUri, Uri

DECISION_TIMEOUT_S: Final = 25.0
"""Seconds to decide about a transfer or redirect: a peer waits for our answer to its REFER for
32 (RFC 3261 §17.1.2.2, Timer F)."""
UNDECIDED: Final = f"no decision within {DECISION_TIMEOUT_S:g} s"
NOT_PERMITTED: Final = "not permitted by the settings (transfers, redirects)"
NO_ONE_TO_ASK: Final = "the settings (transfers, redirects) say ask, and there is no one to ask"
REFUSED: Final = "refused"
NO_ROOM: Final = "there are as many calls as max_calls allows"

_STRICTEST: Final = (Permission.REFUSE, Permission.ASK, Permission.ACCEPT)


class Gate:
    """The policy of one phone; `has_room` returns True if another call is allowed."""

    def __init__(self, settings: Settings, has_room: Callable[[], bool]) -> None:
        self.has_room = has_room
        self._settings = settings

    def reachable(self, uri: Uri) -> SipUri | None:
        """Return the URI to call for an address that a peer names; None if it cannot be called.

        A `tel:` number becomes a user at our own domain; `sips:` needs TLS to our server.
        """
        return None if self.obstacle(uri) else reachable(uri, self._settings.uri)

    def obstacle(self, uri: Uri) -> str | None:
        """Return why an address that a peer names cannot be called; None if it can."""
        target = reachable(uri, self._settings.uri)
        if target is None:
            return "only sip:, sips: and tel: addresses can be reached"
        return lack_of_secure_servers(target, self._settings.ws_servers)

    def refusal(self, *, is_redirect: bool, is_transfer: bool) -> str:
        """Return the reason for a refusal by policy, in the terms of `transfer` and `redirect`."""
        settings = self._settings
        asked = [settings.redirects] * is_redirect + [settings.transfers] * is_transfer
        refusing = [one for one in asked if one.otherwise is Permission.REFUSE]
        is_unattended = bool(refusing) and all(one.is_unattended for one in refusing)
        return NO_ONE_TO_ASK if is_unattended else NOT_PERMITTED

    def transfer(self, target: SipUri) -> Permission:
        """Return the decision for a REFER to `target`."""
        return self._settings.transfers.decide(target, self._settings.uri)

    def redirect(self, target: SipUri, *, is_transfer: bool) -> Permission:
        """Return the decision for a 3xx to `target`; a call started by a transfer needs both keys.

        Otherwise the target of a permitted transfer could redirect us anywhere.
        """
        decision = self._settings.redirects.decide(target, self._settings.uri)
        if not is_transfer:
            return decision
        return min(decision, self.transfer(target), key=_STRICTEST.index)


def may_replace(request: Request, party: Uri) -> bool:
    """True if an INVITE comes from `party`, whose call it is to replace, or by its referral.

    RFC 3891 §3: a caller that replaces a call must be authorised.
    """
    referrer = request.referred_by
    return _is_one_account(request.from_.uri, party) or (
        referrer is not None and _is_one_account(referrer.uri, party)
    )


def _is_one_account(one: Uri, other: Uri) -> bool:
    """True if two addresses are the same account's; who hides is no one in particular."""
    if isinstance(one, SipUri) and isinstance(other, SipUri):
        is_same = (one.user, one.host) == (other.user, other.host)
        return is_same and one.host != ANONYMOUS_HOST
    return one.matches(other)
