"""One dialog of a call, and what all its parts share: whose turn it is, the session timer, ACKs."""

from typing import Final, Protocol

from sipcli.core.calls.dialog import SDP, Dialog
from sipcli.core.calls.events import By, CallEvent, CallId
from sipcli.core.calls.line import Fields, Line, OnOutcome
from sipcli.core.calls.offer_answer import OfferAnswer
from sipcli.core.calls.session_timer import SessionTimer
from sipcli.core.transactions.layer import Inbound
from sipcli.sip.message import Request

DIALOG_GONE: Final = frozenset({408, 481})
"""Answers to a request after which there is no dialog any more (RFC 3261 §12.2.1.2, RFC 5057)."""


class LegUser(Protocol):
    """The call that the dialog belongs to."""

    @property
    def id(self) -> CallId:
        """The Call-ID."""

    def emit(self, event: CallEvent) -> None:
        """Take an event of a call that is not over."""

    def dialog_over(self, leg: "Leg", by: By, status: int | None, reason: str, now: float) -> None:
        """The dialog is at its end: by a BYE of theirs, or (not `remote`) it now deserves ours."""


class Leg:
    """What the parts of a session work on."""

    def __init__(self, dialog: Dialog, line: Line, user: LegUser, turn: OfferAnswer) -> None:
        self.dialog = dialog
        self.line = line
        self.user = user
        self.turn = turn
        self.timer = SessionTimer()
        self.is_confirmed = False
        """Whether a 2xx has gone over it; early before (§12)."""
        self.is_over = False
        self.awaits_ack = False
        """Whether a 2xx of ours to an INVITE is not acknowledged yet: no INVITE of ours (§14.1)."""
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
        """Send a request that is no INVITE; `on_outcome` is called once."""
        self.line.ask(
            self.dialog,
            method,
            on_outcome,
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
        self.line.respond(
            inbound,
            status,
            now,
            reason=reason,
            to_tag=self.dialog.local.tag,
            headers=headers,
            body=body,
        )

    def acknowledge(self, invite: Request) -> None:
        """Send the ACK for a 2xx to `invite`, ours; again for every repeated one (§13.2.2.4).

        It carries the credentials of the INVITE (§22.1).
        """
        number = invite.cseq.number
        if self._ack is None or self._ack.cseq.number != number:
            kinds = ("Authorization", "Proxy-Authorization")
            headers = [(kind, value) for kind in kinds for value in invite.headers.all(kind)]
            self._ack = self.line.build(self.dialog, "ACK", cseq=number, headers=headers)
        flow = self.line.flow
        if flow is not None:
            self.line.requester.send_ack(self._ack, flow)
