"""A dialog in use, early or confirmed: its requests in and out, until BYE (RFC 3261 §12.2, §15).

OPEN --BYE of ours--> BYE_SENT --answered, or no response--> CLOSED
  |  \\--no connection, or no ACK yet--> BYE_OWED --either--> BYE_SENT
  +--BYE of theirs--> CLOSED
"""

from enum import Enum, auto
from typing import Final, Protocol

from sipcli.core.calls.events import Acknowledged, InfoDelivered, InfoReceived
from sipcli.core.calls.invite_usage import DialogOwner, InviteUsage
from sipcli.core.calls.local_offers import LocalOffers
from sipcli.core.calls.offer_answer import OfferAnswer, OutOfTurn, Turn, description
from sipcli.core.calls.reasons import why
from sipcli.core.calls.remote_offers import RemoteOffers
from sipcli.core.calls.session_timer import SessionTimer
from sipcli.core.calls.transfer import Transferee, Transferor
from sipcli.core.connection.flow import Flow
from sipcli.core.dialogs.dialog import Dialog
from sipcli.core.dialogs.services import DialogServices, HeaderFields
from sipcli.core.requests import uas_checks
from sipcli.core.requests.exchange import ConnectionLost, NotSent, Outcome
from sipcli.core.requests.queries import final_status
from sipcli.core.transactions.layer import Inbound
from sipcli.sip.bodies import find_body
from sipcli.sip.header_values import RAck
from sipcli.sip.message import Request

MAX_BYES: Final = 3
"""Connections on which a BYE is tried; after that the far end has to notice on its own."""


class SessionState(Enum):
    """See the figure above."""

    OPEN = auto()
    BYE_OWED = auto()
    BYE_SENT = auto()
    CLOSED = auto()


class PrackUser(Protocol):
    """The sender of reliable provisional responses in this dialog."""

    def pracked(self, rack: RAck, now: float) -> bool:
        """Handle a PRACK; False if it acknowledges nothing outstanding."""

    def settle(self, now: float) -> None:
        """The PRACK was answered: do what had to wait for it."""


class Session:
    """One dialog and the usages within."""

    def __init__(
        self, dialog: Dialog, services: DialogServices, call: DialogOwner, turn: Turn
    ) -> None:
        offers = OfferAnswer(turn, lambda text: services.log("dialog %s: %s", dialog, text))
        self.usage = InviteUsage(dialog, services, call, offers)
        self.local = LocalOffers(self.usage)
        self.remote = RemoteOffers(self.usage)
        self.transferor = Transferor(self.usage)
        self.transferee = Transferee(self.usage)
        # Made last: of timers that are due at once, those of the parts come first.
        self.usage.session_timer = SessionTimer(
            refresh=self.usage.new_timer(self._on_refresh_due),
            expiry=self.usage.new_timer(self._on_expiry),
        )
        self.pracks: PrackUser | None = None
        self.state = SessionState.OPEN
        self._bye_headers: HeaderFields = ()
        self._byes = 0
        services.log("dialog %s: opened, towards %s", dialog, dialog.remote_target)

    @property
    def dialog(self) -> Dialog:
        """The dialog."""
        return self.usage.dialog

    @property
    def is_done(self) -> bool:
        """True if nothing of it is left."""
        return self.state is SessionState.CLOSED and self.local.is_done

    # Requests of theirs

    def admits(self, inbound: Inbound, now: float) -> bool:
        """True if a request may be served; if not, it was refused here (§12.2.2)."""
        if self.state is not SessionState.OPEN and inbound.request.method != "BYE":
            self.usage.respond(inbound, 481, now)
            return False
        return self.usage.admits(inbound, now)

    def receive(self, inbound: Inbound, now: float) -> None:
        """Serve a request that `admits` has let through."""
        match inbound.request.method:
            case "INVITE" | "UPDATE":
                self.remote.receive(inbound, now)
            case "PRACK":
                self._received_prack(inbound, now)
            case "BYE":
                self._received_bye(inbound, now)
            case "INFO":
                self._received_info(inbound, now)
            case "REFER":
                self.transferee.receive(inbound, now)
            case "NOTIFY":
                self.transferor.notified(inbound, now)
            case _:  # SUBSCRIBE
                self.usage.respond(inbound, 489, now, headers=(uas_checks.ALLOW_EVENTS,))

    def acknowledged(self, ack: Request, now: float) -> None:
        """Handle an ACK; sends a BYE that had to wait for it."""
        self.remote.acknowledged(ack, now)
        self._send_owed_bye(now)

    # What the owner wants

    def info(self, content_type: str, body: bytes, now: float) -> None:
        """Send an INFO of the old kind, without a package (RFC 6086 §10.12); raises `OutOfTurn`."""
        if self.state is not SessionState.OPEN:
            raise OutOfTurn("the call is over")
        self.usage.ask("INFO", self._on_info, now, body=body, content_type=content_type)

    def bye(self, now: float, headers: HeaderFields = ()) -> None:
        """Send BYE: at once, or once there is a connection and their ACK has arrived (§15)."""
        if self.state is SessionState.OPEN:
            self._bye_headers = tuple(headers)
            self._enter(SessionState.BYE_OWED)
            self._close(now)
            if not self.remote.holds_bye:
                self.remote.stop_repeating()
        self._send_owed_bye(now)

    def drop(self, now: float) -> None:
        """End an early dialog that was never confirmed; sends nothing."""
        self._enter(SessionState.CLOSED)
        self._close(now)
        self.remote.stop_repeating()

    # What happens around it

    def flow_up(self, now: float) -> None:
        """The connection is back: send a BYE that had to wait."""
        self._send_owed_bye(now)

    def flow_lost(self, flow: Flow) -> None:
        """The connection was lost; a confirmed dialog outlives it."""
        self.remote.flow_lost(flow)

    # Timers: an early dialog is bounded by its INVITE, and starts them anew when it is confirmed

    def _on_refresh_due(self, now: float) -> None:
        if self.usage.is_confirmed and not self.usage.session_timer.has_expired(now):
            self.local.refresh(now)

    def _on_expiry(self, now: float) -> None:
        if self.usage.is_confirmed:
            reason = "the session was not refreshed in time"
            self.usage.call.dialog_over(self.usage, "network", None, reason, now)

    # Inside

    def _received_prack(self, inbound: Inbound, now: float) -> None:
        rack = inbound.request.rack
        if rack is None or self.pracks is None or not self.pracks.pracked(rack, now):
            self.usage.respond(inbound, 481, now)
            return
        body = description(inbound.request)
        if body is None:
            self.usage.respond(inbound, 200, now)
        elif not self.usage.offer_answer.agreed and self.usage.offer_answer.they_answer():
            self.usage.respond(inbound, 200, now)
            self.usage.call.emit(Acknowledged(call=self.usage.call.id, body=body))
        else:
            self.remote.receive(inbound, now)
        self.pracks.settle(now)

    def _received_bye(self, inbound: Inbound, now: float) -> None:
        self.usage.respond(inbound, 200, now)
        was_open = self.state is SessionState.OPEN
        self.drop(now)
        if was_open:
            message = inbound.request
            cause, text = why(message)
            reason = text or "hung up"
            self.usage.call.dialog_over(self.usage, "remote", cause, reason, now, message=message)

    def _received_info(self, inbound: Inbound, now: float) -> None:
        request = inbound.request
        body = find_body(request, uas_checks.ACCEPT["INFO"])
        self.usage.respond(inbound, 200, now)
        if body is not None:
            kind, call = body.kind.essence, self.usage.call.id
            self.usage.call.emit(InfoReceived(call=call, content_type=kind, body=body.content))

    def _on_info(self, outcome: Outcome, now: float) -> None:
        call = self.usage.call
        call.emit(InfoDelivered(call=call.id, status=final_status(outcome)))

    def _close(self, now: float) -> None:
        self.usage.is_over = True
        self.usage.session_timer.stop()
        self.local.close(now)
        self.remote.close(now)
        self.transferee.close(now)

    def _enter(self, state: SessionState) -> None:
        if state is not self.state:
            log, before = self.usage.services.log, self.state.name
            log("dialog %s: %s -> %s", self.dialog, before, state.name)
        self.state = state

    def _send_owed_bye(self, now: float) -> None:
        """Send the BYE that waits, unless it still has to: for their ACK, or for a connection."""
        is_free = not self.remote.holds_bye and self.usage.services.flow is not None
        if self.state is not SessionState.BYE_OWED or not is_free:
            return
        self._byes += 1
        self._enter(SessionState.BYE_SENT)
        self.usage.ask("BYE", self._on_bye, now, headers=self._bye_headers)

    def _on_bye(self, outcome: Outcome, now: float) -> None:
        is_lost = isinstance(outcome, ConnectionLost | NotSent)
        if self.state is SessionState.BYE_SENT:
            again = is_lost and self._byes < MAX_BYES
            self._enter(SessionState.BYE_OWED if again else SessionState.CLOSED)
