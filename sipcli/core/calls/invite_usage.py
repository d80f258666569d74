"""The INVITE usage of a dialog: the state that the parts of a session share (RFC 5057 §3.2)."""

from typing import Protocol

from sipcli.core.calls.events import By, CallEvent, CallId
from sipcli.core.calls.gate import Gate
from sipcli.core.calls.offer_answer import OfferAnswer
from sipcli.core.calls.session_timer import SessionTimer
from sipcli.core.dialogs.dialog import Dialog
from sipcli.core.dialogs.services import DialogServices
from sipcli.core.dialogs.usage import DialogUsage
from sipcli.core.requests.requester import ALLOW, CALL_SUPPORTED
from sipcli.sip.message import Request


class DialogOwner(Protocol):
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
        usage: "InviteUsage",
        by: By,
        status: int | None,
        reason: str,
        now: float,
        *,
        message: Request | None = None,
    ) -> None:
        """The dialog has ended: by their BYE (`message`) or, if not by `remote`, ours is due."""


class InviteUsage(DialogUsage):
    """A dialog of a call: offer/answer, session timer, ACKs."""

    session_timer: SessionTimer
    """Set by `Session`, which handles what is due."""

    def __init__(
        self, dialog: Dialog, services: DialogServices, call: DialogOwner, offer_answer: OfferAnswer
    ) -> None:
        super().__init__(dialog, services, self._on_dialog_gone)
        self.call = call
        self.offer_answer = offer_answer
        self._ack: Request | None = None

    def acknowledge(self, invite: Request) -> None:
        """Send the ACK for a 2xx to `invite`, ours; again for every repeated one (§13.2.2.4).

        It carries the credentials of the INVITE (§22.1).
        """
        number, requester = invite.cseq.number, self.services.requester
        if self._ack is None or self._ack.cseq.number != number:
            kinds = ("Authorization", "Proxy-Authorization")
            headers = [(kind, value) for kind in kinds for value in invite.headers.all(kind)]
            agent = requester.user_agent
            self._ack = self.dialog.request("ACK", agent, cseq=number, headers=headers)
        flow = self.services.flow
        if flow is not None:
            requester.send_ack(self._ack, flow)

    def _on_dialog_gone(self, status: int, reason: str, now: float) -> None:
        final = None if self.is_confirmed else status
        self.call.dialog_over(self, "network", final, reason, now)


def capabilities(*, without: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """The Allow and Supported fields of INVITE, UPDATE and their 2xx (RFC 3261 §13.2.1)."""
    tags = [tag for tag in CALL_SUPPORTED if tag not in without]
    return [("Allow", ", ".join(ALLOW)), ("Supported", ", ".join(tags))]
