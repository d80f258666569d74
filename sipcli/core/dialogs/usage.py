"""A usage of a dialog: it sends requests in it and answers those of the far end (RFC 5057)."""

from collections.abc import Callable
from typing import Final, TypeAlias

from sipcli.core.dialogs.dialog import Dialog
from sipcli.core.dialogs.services import DialogServices, HeaderFields
from sipcli.core.requests import uas_checks
from sipcli.core.requests.exchange import Exchange, FinalResponse, NotSent, Outcome, Unanswered
from sipcli.core.timers import Timer
from sipcli.core.transactions.layer import Inbound
from sipcli.sip import build
from sipcli.sip.bodies import SDP

DIALOG_GONE: Final = frozenset({408, 481})
"""Responses that end the dialog (RFC 3261 §12.2.1.2, RFC 5057)."""
NOT_SERVED: Final = frozenset({403, 405, 501})
"""Responses after which a method is not tried again in a dialog (RFC 3261 §21.4.4, §21.4.6)."""

OnOutcome: TypeAlias = Callable[[Outcome, float], None]
"""Called once with the outcome of a request and the time in seconds."""
OnGone: TypeAlias = Callable[[int, str, float], None]
"""Called when the far end has no such dialog: 408 or 481, a sentence, the time in seconds."""


class DialogUsage:
    """One usage of a dialog, early or confirmed, until `is_over`."""

    def __init__(self, dialog: Dialog, services: DialogServices, on_gone: OnGone) -> None:
        self.dialog = dialog
        self.services = services
        self._on_gone = on_gone
        self.is_confirmed = False
        """True once a 2xx has confirmed the dialog; before that it is early (RFC 3261 §12)."""
        self.is_over = False

    def new_timer(self, fire: Callable[[float], None]) -> Timer[None]:
        """Return a timer of this dialog; `fire` takes the time in seconds."""
        return self.services.new_timer(self.dialog.call_id, fire)

    def admits(self, inbound: Inbound, now: float) -> bool:
        """True if a request may be served; if not, it was refused here (RFC 3261 §12.2.2)."""
        request = inbound.request
        if not self.dialog.is_in_order(request):
            self.respond(inbound, 500, now, reason="CSeq Out Of Order")
            return False
        refusal = uas_checks.refuse_inside(request)
        if refusal is not None:
            self.respond(
                inbound, refusal.status, now, reason=refusal.reason, headers=refusal.headers
            )
        return refusal is None

    def ask(
        self,
        method: str,
        on_outcome: OnOutcome,
        now: float,
        *,
        headers: HeaderFields = (),
        body: bytes = b"",
        content_type: str = SDP,
    ) -> None:
        """Send a request that is no INVITE; `on_outcome` is called once.

        An outcome that says that the far end has no such dialog ends the usage, after
        `on_outcome` was told (RFC 3261 §12.2.1.2).
        """
        was_confirmed = self.is_confirmed

        def on_end(_: Exchange, outcome: Outcome, at: float) -> None:
            on_outcome(outcome, at)
            # A 2xx to the INVITE that came meanwhile is the newer word: a PRACK that it
            # crossed may get a 481 that speaks of the provisional response (RFC 3262 §3).
            if not self.is_over and self.is_confirmed == was_confirmed:
                self._end_if_gone(method, outcome, at)

        flow, requester = self.services.flow, self.services.requester
        if flow is None:
            on_outcome(NotSent(), now)
            return
        request = self.dialog.request(
            method, requester.user_agent, headers=headers, body=body, content_type=content_type
        )
        Exchange(request, flow, requester, on_end, self.dialog.next_cseq).start(now)

    def respond(
        self,
        inbound: Inbound,
        status: int,
        now: float,
        *,
        reason: str | None = None,
        headers: HeaderFields = (),
        body: bytes = b"",
    ) -> None:
        """Answer a request of this dialog, or the one that opens it."""
        if body:
            headers = (*headers, ("Content-Type", SDP))
        tag = self.dialog.local.tag
        response = build.response(
            inbound.request, status, reason, to_tag=tag, headers=headers, body=body
        )
        self.services.transactions.respond(inbound, response, now)

    def _end_if_gone(self, method: str, outcome: Outcome, now: float) -> None:
        """End the usage where the outcome of a request says that there is no such dialog."""
        if method == "NOTIFY":  # it ends the subscription alone (RFC 5057 §5.1, RFC 6665 §4.2.2)
            return
        match outcome:
            case FinalResponse(_, response) if response.status in DIALOG_GONE:
                status, said = response.status, f"said {response.status} {response.reason}".strip()
            case Unanswered():
                status, said = 408, "gave no answer"
            case _:
                return
        note = outcome.note if isinstance(outcome, Unanswered) else ""
        self._on_gone(status, f"the far end {said} to our {method}{note}", now)
