"""What a peer may make us start: where its transfers and redirections may lead, and how many.

Everything that a peer can cause us to call passes here, so that it is authorised and counted.
"""

from collections.abc import Callable
from typing import Final

from sipcli.config.settings import Permission, Settings
from sipcli.core.calls.target import reachable
from sipcli.core.requests.route import lack_of_secure_servers
from sipcli.sip.uri import SipUri, Uri

ASK_LIMIT: Final = 25.0
"""Seconds to decide about a transfer or redirection: a peer waits for our answer to its REFER
for 32 (RFC 3261 §17.1.2.2, Timer F)."""
UNDECIDED: Final = f"no decision within {ASK_LIMIT:g} s"
NOT_PERMITTED: Final = "not permitted by the settings (transfers, redirects)"
REFUSED: Final = "refused"
NO_ROOM: Final = "there are as many calls as max_calls allows"

_STRICTEST: Final = (Permission.REFUSE, Permission.ASK, Permission.ACCEPT)


class Gate:
    """The policy of one phone; `has_room` says whether there may be another call."""

    def __init__(self, settings: Settings, has_room: Callable[[], bool]) -> None:
        self.has_room = has_room
        self._settings = settings

    def reachable(self, uri: Uri) -> SipUri | None:
        """Where an address that a peer names can be called; None where it cannot.

        A `tel:` number is at our own domain, and `sips:` needs TLS to our server.
        """
        return None if self.obstacle(uri) else reachable(uri, self._settings.uri)

    def obstacle(self, uri: Uri) -> str | None:
        """Return why an address that a peer names cannot be called; None if it can."""
        target = reachable(uri, self._settings.uri)
        if target is None:
            return "only sip:, sips: and tel: addresses can be reached"
        return lack_of_secure_servers(target, self._settings.ws_servers)

    def transfer(self, target: SipUri) -> Permission:
        """What becomes of a REFER to `target`."""
        return self._settings.transfers.decide(target, self._settings.uri)

    def redirect(self, target: SipUri, *, is_transfer: bool) -> Permission:
        """What becomes of a 3xx to `target`; of a call that a transfer started, by both keys.

        Else whoever may be called by a transfer could send us anywhere.
        """
        decision = self._settings.redirects.decide(target, self._settings.uri)
        if not is_transfer:
            return decision
        return min(decision, self.transfer(target), key=_STRICTEST.index)
