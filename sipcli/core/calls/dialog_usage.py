"""A dialog of a call and the state its parts share: offer/answer, session timer, ACKs."""

from typing import Final, Protocol

from sipcli.core.calls.call_services import CallServices, Fields, OnOutcome
from sipcli.core.calls.dialog import Dialog
from sipcli.core.calls.events import By, CallEvent, CallId
from sipcli.core.calls.gate import Gate
from sipcli.core.calls.offer_answer import OfferAnswer
from sipcli.core.calls.session_timer import SessionTimer
from sipcli.core.requests.exchange import Answered, Outcome, Unanswered
from sipcli.core.transactions.layer import Inbound
from sipcli.sip.bodies import SDP
from sipcli.sip.message import Request

DIALOG_GONE: Final = frozenset({408, 481})
"""Responses that end the dialog (RFC 3261 §12.2.1.2, RFC 5057)."""


NOT_SERVED: Final = frozenset({403, 405, 501})
"""Responses after which a method is not tried again in a dialog (RFC 3261 §21.4.4, §21.4.6)."""


class DialogUsageOwner(Protocol):
    """The call that the dialog belongs to."""

    @property
    def id(self) -> CallId:
        """The Call-ID."""

    @property
    def gate(self) -> Gate:
        """The policy for what a peer may make us start."""

    def emit(self, event: CallEvent) -> None:
        """Emit an event, unless the call is over."""

    def dialog_over(
        self,
        usage: "DialogUsage",
        by: By,
        status: int | None,
        reason: str,
        now: float,
        *,
        said: Request | None = None,
    ) -> None:
        """The dialog is at its end: by a BYE of theirs, `said`, or (not `remote`) it now deserves
        ours.
        """


class DialogUsage:
    """The state that the parts of a session share."""

    def __init__(
        self, dialog: Dialog, services: CallServices, user: DialogUsageOwner, turn: OfferAnswer
    ) -> None:
        self.dialog = dialog
        self.services = services
        self.user = user
        self.turn = turn
        self.timer = SessionTimer()
        self.is_confirmed = False
        """True if a 2xx has gone over it; early before (§12)."""
        self.is_over = False
        self._ack: Request | None = None

    def ask(
        self,
        method: str,
        on_outcome: OnOutcome,
        now: float,
        *,
        headers: Fields = (),
        body: bytes = b"",
        content_type: str = SDP,
    ) -> None:
        """Send a request that is no INVITE; `on_outcome` is called once.

        An outcome that says that the far end has no such dialog ends it, after `on_outcome`
        was told (RFC 3261 §12.2.1.2).
        """
        was_confirmed = self.is_confirmed

        def on_end(outcome: Outcome, at: float) -> None:
            on_outcome(outcome, at)
            # A 2xx to the INVITE that came meanwhile is the newer word: a PRACK that it
            # crossed may get a 481 that speaks of the provisional response (RFC 3262 §3).
            if not self.is_over and self.is_confirmed == was_confirmed:
                self._end_if_gone(method, outcome, at)

        self.services.ask(
            self.dialog,
            method,
            on_end,
            now,
            headers=headers,
            body=body,
            content_type=content_type,
        )

    def respond(
        self,
        inbound: Inbound,
        status: int,
        now: float,
        *,
        reason: str | None = None,
        headers: Fields = (),
        body: bytes = b"",
    ) -> None:
        """Answer a request of this dialog, or the one that opens it."""
        self.services.respond(
            inbound,
            status,
            now,
            reason=reason,
            to_tag=self.dialog.local.tag,
            headers=headers,
            body=body,
        )

    def _end_if_gone(self, method: str, outcome: Outcome, now: float) -> None:
        """End the dialog where the outcome of a request in it says that there is none."""
        match outcome:
            case Answered(_, response) if response.status in DIALOG_GONE:
                status, said = response.status, f"said {response.status} {response.reason}".strip()
            # No answer to a NOTIFY ends the subscription alone (RFC 6665 §4.2.2, RFC 5057 §5.2).
            case Unanswered() if method != "NOTIFY":
                status, said = 408, "gave no answer"
            case _:
                return
        note = outcome.note if isinstance(outcome, Unanswered) else ""
        reason = f"the far end {said} to our {method}{note}"
        final = None if self.is_confirmed else status
        self.user.dialog_over(self, "network", final, reason, now)

    def acknowledge(self, invite: Request) -> None:
        """Send the ACK for a 2xx to `invite`, ours; again for every repeated one (§13.2.2.4).

        It carries the credentials of the INVITE (§22.1).
        """
        number = invite.cseq.number
        if self._ack is None or self._ack.cseq.number != number:
            kinds = ("Authorization", "Proxy-Authorization")
            headers = [(kind, value) for kind in kinds for value in invite.headers.all(kind)]
            self._ack = self.services.build(self.dialog, "ACK", cseq=number, headers=headers)
        flow = self.services.flow
        if flow is not None:
            self.services.requester.send_ack(self._ack, flow)
