"""Choose the next target after a 3xx (RFC 3261 §8.1.3.4): few, each once, each permitted."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final, Literal

from sipcli.config.policies import Permission
from sipcli.core.calls.call import Call
from sipcli.core.calls.events import RedirectDecided, RedirectRequested
from sipcli.core.calls.gate import DECISION_TIMEOUT_S, REFUSED, UNDECIDED
from sipcli.core.calls.offer_answer import OutOfTurn
from sipcli.sip.address import Address
from sipcli.sip.message import Response
from sipcli.sip.uri import SipUri, Uri

MAX_REDIRECTIONS: Final = 5
"""Most targets tried, or asked about, after the first."""


class Redirection:
    """The target set of one call, preferred targets first.

    `next` returns the target to call now. If the owner has to decide first, `is_asking` is True
    until `accept` or `refuse`; `on_undecided` is called if neither was in time.
    """

    def __init__(self, call: Call, target: Uri, on_undecided: Callable[[float], None]) -> None:
        self._call = call
        self._tried: list[Uri] = [target]
        self._waiting: list[SipUri] = []
        self._has_secure_target = isinstance(target, SipUri) and target.scheme == "sips"
        self._asked: SipUri | None = None
        self._on_undecided = on_undecided
        self._decision_timer = call.services.new_timer(call.id, self._refuse_undecided)
        self._status = 0
        self.refused: list[str] = []
        """The targets that were not permitted or cannot be called, with the reason."""

    def add(self, response: Response) -> None:
        """Add the Contacts of a 3xx by falling `q`, except those that must not be tried."""
        for contact in sorted(response.contacts[:MAX_REDIRECTIONS], key=_weight, reverse=True):
            uri = self._call.gate.reachable(contact.uri)
            if uri is None:
                self.refused.append(f"{contact.uri} ({self._call.gate.obstacle(contact.uri)})")
                continue
            if self._has_secure_target and uri.scheme == "sip":
                self.refused.append(f"{uri} (a call to a sips: address stays with sips:)")
                continue
            # Header fields and a method in a URI are the redirecting server's, not our user's.
            uri = replace(uri, headers=(), params=uri.params.without("method"))
            if not any(uri.matches(other) for other in (*self._tried, *self._waiting)):
                self._waiting.append(uri)

    def next(self, status: int, now: float) -> SipUri | None:
        """Return the next permitted target; `status` is the response of the last one.

        None if there is none, if enough were tried, and while `is_asking`.
        """
        self._status = status
        while self._waiting and len(self._tried) <= MAX_REDIRECTIONS:
            uri = self._waiting.pop(0)
            self._tried.append(uri)
            call = self._call
            decision = call.gate.redirect(uri, is_transfer=call.transfer is not None)
            call.emit(RedirectRequested(call=call.id, target=uri, status=status, decision=decision))
            match decision:
                case Permission.ACCEPT:
                    self._emit_decision(uri, "accepted", None)
                    return uri
                case Permission.ASK:
                    self._asked = uri
                    self._decision_timer.start(now + DECISION_TIMEOUT_S)
                    return None
                case Permission.REFUSE:
                    self._refused(uri, self._policy_refusal)
        return None

    def permits_proxy(self, uri: Uri, status: int) -> bool:
        """Return whether the call may go through the proxy of a 305, which sees and routes it all.

        A proxy is never asked about: `ask` means refuse.
        """
        target = self._call.gate.reachable(uri)
        if target is None:
            return False
        self._status = status
        decision = self._call.gate.redirect(target, is_transfer=self._call.transfer is not None)
        is_permitted = decision is Permission.ACCEPT
        decision = decision if is_permitted else Permission.REFUSE
        call = self._call
        call.emit(RedirectRequested(call=call.id, target=target, status=status, decision=decision))
        if is_permitted:
            self._emit_decision(target, "accepted", None)
        else:
            self._refused(target, self._policy_refusal)
        return is_permitted

    @property
    def is_asking(self) -> bool:
        """True if the owner has to decide about a target."""
        return self._asked is not None

    def accept(self) -> SipUri:
        """Agree to call the target that was asked about; raises `OutOfTurn`."""
        uri = self._pop_asked()
        self._emit_decision(uri, "accepted", None)
        return uri

    def refuse(self, reason: str = REFUSED) -> None:
        """Refuse the target that was asked about; raises `OutOfTurn`."""
        self._refused(self._pop_asked(), reason)

    def drop(self) -> None:
        """The call is over: forget pending targets."""
        self._asked = None
        self._decision_timer.stop()
        self._waiting.clear()

    @property
    def _policy_refusal(self) -> str:
        is_transfer = self._call.transfer is not None
        return self._call.gate.refusal(is_redirect=True, is_transfer=is_transfer)

    def _refuse_undecided(self, now: float) -> None:
        self.refuse(UNDECIDED)
        self._on_undecided(now)

    def _pop_asked(self) -> SipUri:
        uri, self._asked = self._asked, None
        self._decision_timer.stop()
        if uri is None:
            raise OutOfTurn("no redirect is waiting for a decision")
        return uri

    def _refused(self, uri: SipUri, reason: str) -> None:
        self.refused.append(str(uri))
        self._emit_decision(uri, "refused", reason)

    def _emit_decision(
        self, uri: SipUri, decision: Literal["accepted", "refused"], reason: str | None
    ) -> None:
        call = self._call
        call.emit(
            RedirectDecided(
                call=call.id,
                target=str(uri),
                status=self._status,
                decision=decision,
                reason=reason,
            )
        )


def _weight(contact: Address) -> float:
    """The `q` of a Contact, 0 to 1; 1 if missing or malformed (§20.10)."""
    try:
        return min(max(float(contact.params.get("q") or 1), 0.0), 1.0)
    except ValueError:
        return 1.0
