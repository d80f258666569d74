"""An incoming call: one INVITE from its arrival to the 2xx or the refusal (RFC 3261 §13.3).

    RINGING --accept--> ANSWERED (the session repeats the 2xx until its ACK)
       |  \\--accept, a PRACK is missing--> ACCEPTING --PRACK--> ANSWERED
       +--refused, cancelled, timed out--> OVER

RFC 3261 §13.3, §9.2 (CANCEL), RFC 3262 §3 (reliable provisional responses), RFC 3891 (Replaces).
"""

from collections.abc import Iterator
from enum import Enum, auto
from typing import Final

from sipcli.core.calls.call import Call
from sipcli.core.calls.events import CallId, Incoming
from sipcli.core.calls.invite_usage import InviteUsage, capabilities
from sipcli.core.calls.offer_answer import OutOfTurn, Turn, description
from sipcli.core.calls.provisional import FIRST_RSEQ_LIMIT, TAG, Draft, ReliableSender
from sipcli.core.calls.reasons import why
from sipcli.core.calls.session import Session
from sipcli.core.connection.flow import Flow
from sipcli.core.dialogs.dialog import Dialog
from sipcli.core.dialogs.services import HeaderFields
from sipcli.core.requests.route import needs_sips_contact
from sipcli.core.transactions.layer import Inbound
from sipcli.sip.header_values import RAck
from sipcli.sip.message import Request

RING_INTERVAL_S: Final = 60.0
"""Seconds between provisional responses: proxies give a silent INVITE 3 minutes (§13.3.1.1)."""


class IncomingState(Enum):
    """See the figure above."""

    RINGING = auto()
    ACCEPTING = auto()
    ANSWERED = auto()
    OVER = auto()


class IncomingInvite:
    """The INVITE server side of a call (call.Setup)."""

    def __init__(
        self,
        call: Call,
        inbound: Inbound,
        replaces: Call | None,
        no_answer_timeout: float,
        now: float,
    ) -> None:
        request = inbound.request
        services = call.services
        self._call = call
        self._services = services
        self._inbound = inbound
        self._replaces = replaces
        self._offer = description(request)
        # Without Record-Route, requests to the far end go to its Contact (RFC 3261 §12.1.1).
        behind = request.record_routes or request.contacts[:1]
        sips = needs_sips_contact(request.uri, behind)
        tag, contact = services.identity.new_tag(), services.identity.dialog_contact(sips=sips)
        dialog = Dialog.of_uas(request, tag, contact)
        turn = Turn.WANTED if self._offer is None else Turn.THEIRS
        self._session = Session(dialog, services, call, turn)
        self._session.pracks = self
        call.session = self._session
        rseq = 1 + int(services.draw() * (FIRST_RSEQ_LIMIT - 1))
        new_timer = self._session.usage.new_timer
        self._reliable = ReliableSender(rseq, self._send_reliable, self._on_no_prack, new_timer)
        self._ringing = Draft(180)
        self._answer = b""
        self.state = IncomingState.RINGING
        self._no_answer_timer = new_timer(self._on_no_answer)
        self._no_answer_timer.start(now + no_answer_timeout)
        self._ring_timer = new_timer(self._on_ring_again)
        self._ring_timer.start(now + RING_INTERVAL_S)
        self._expiry_timer = new_timer(self._on_expiry)
        if request.expires is not None:
            self._expiry_timer.start(now + request.expires)

    def start(self, now: float) -> None:
        """Tell the owner about the call, and the caller that it rings."""
        request, call, replaces = self._inbound.request, self._call, self._replaces
        replaced: CallId | None = None if replaces is None else replaces.id
        call.emit(
            Incoming(
                call=call.id,
                sender=str(request.from_.uri),
                display_name=request.from_.display_name,
                to=str(request.to.uri),
                p_asserted_identity=request.headers.values("P-Asserted-Identity"),
                diversion=request.headers.values("Diversion"),
                history_info=request.headers.values("History-Info"),
                call_info=request.headers.values("Call-Info"),
                offer=self._offer,
                replaces=replaced,
            )
        )
        if self._offer is None and TAG in request.require:
            # The first reliable response has to bring our offer (RFC 3262 §5): not yet.
            self._session.usage.respond(self._inbound, 100, now)
        else:
            self._provisional(self._ringing, now)

    # What the owner wants

    def progress(self, status: int, body: bytes, now: float) -> None:
        """Send a 101 to 199, with early media where there is a body; raises `OutOfTurn`.

        With a body it is sent reliably if the caller supports that; then `accept` needs none.
        """
        if self.state is not IncomingState.RINGING:
            raise OutOfTurn("the call is no longer ringing")
        if not self._owes_description or (self._offer is None and not self._is_able):
            body = b""  # already agreed, or an offer that might get lost
        if body and self._is_able:
            self._session.usage.offer_answer.we_answer()
        self._ringing = Draft(status, body)
        self._provisional(self._ringing, now)

    def accept(self, body: bytes, now: float) -> None:
        """Answer the call with 200; omit `body` if the session was agreed while it rang.

        Raises `OutOfTurn`.
        """
        if self.state is not IncomingState.RINGING:
            raise OutOfTurn("the call is no longer ringing")
        if self._owes_description:
            if not body:
                raise OutOfTurn("the caller is waiting for our session description")
            self._session.usage.offer_answer.we_answer()
            self._answer = body
        self._enter(IncomingState.ACCEPTING)
        self.settle(now)

    def reject(
        self, status: int, headers: HeaderFields, now: float, reason: str | None = None
    ) -> None:
        """Refuse the call with 300 to 699."""
        if self.state in (IncomingState.RINGING, IncomingState.ACCEPTING):
            self._session.usage.respond(self._inbound, status, now, reason=reason, headers=headers)
            self._reliable.stop()
            self._enter(IncomingState.OVER)
            self._session.drop(now)

    # What the far end wants

    def cancelled(self, invite: Inbound, cancel: Request, now: float) -> bool:
        """Handle a CANCEL; False if it is for another INVITE, or too late."""
        is_ours = invite.key == self._inbound.key
        if not is_ours or self.state not in (IncomingState.RINGING, IncomingState.ACCEPTING):
            return False
        cause, text = why(cancel)
        self.reject(487, (), now)
        self._call.end("remote", cause or 487, text or "cancelled", now, message=cancel)
        return True

    def pracked(self, rack: RAck, now: float) -> bool:
        """Handle a PRACK (session.PrackUser)."""
        is_ours = rack.cseq == self._inbound.request.cseq
        return is_ours and self._reliable.pracked(rack.rseq, now)

    def settle(self, now: float) -> None:
        """Send the 200 once no PRACK is missing (RFC 3262 §3)."""
        if self.state is not IncomingState.ACCEPTING or self._reliable.carries_body:
            return
        self._reliable.stop()
        self._enter(IncomingState.ANSWERED)
        session, request = self._session, self._inbound.request
        headers = self._dialog_headers()
        headers += session.usage.session_timer.answer_headers(request, now)
        session.usage.is_confirmed = True
        session.remote.accept(self._inbound, headers, self._answer, now, is_first=True)
        self._call.answered(session, None, now)
        if self._replaces is not None:
            self._replaces.hang_up(now, reason="replaced by another call")

    # What the call asks (call.Setup)

    @property
    def is_done(self) -> bool:
        """True if nothing is outstanding."""
        return self.state in (IncomingState.ANSWERED, IncomingState.OVER)

    def hang_up(self, status: int | None, headers: HeaderFields, now: float) -> int:
        """Refuse the call: 480 unless another status is given."""
        self.reject(status or 480, (), now)
        return status or 480

    def sessions(self) -> Iterator[Session]:
        """Its one dialog."""
        yield self._session

    def dialog_over(self, usage: InviteUsage, now: float) -> bool:
        """The caller ended its early dialog by BYE: the INVITE gets its answer (§15.1.2)."""
        self.reject(487, (), now)
        return True

    def flow_lost(self, flow: Flow, now: float) -> None:
        """The connection was lost, so no answer can be sent."""
        if flow == self._inbound.flow and not self.is_done:
            self._reliable.stop()
            self._enter(IncomingState.OVER)
            self._session.drop(now)
            self._call.end("network", None, "the connection was lost", now)

    # Timers

    def _on_no_answer(self, now: float) -> None:
        self._time_out(408, "not answered in time", now)

    def _on_expiry(self, now: float) -> None:
        self._time_out(487, "the caller wanted an answer sooner", now)

    def _on_no_prack(self, now: float) -> None:
        self._time_out(500, "the caller does not confirm our progress", now)

    def _on_ring_again(self, now: float) -> None:
        self._ring_timer.start(now + RING_INTERVAL_S)
        if self._reliable.outstanding is None:
            self._provisional(Draft(self._ringing.status), now)

    # Inside

    @property
    def _owes_description(self) -> bool:
        """True if the INVITE still needs our answer or our offer."""
        offers = self._session.usage.offer_answer
        return offers.turn in (Turn.THEIRS, Turn.WANTED) and not offers.agreed

    @property
    def _is_able(self) -> bool:
        request = self._inbound.request
        return TAG in request.supported or TAG in request.require

    def _provisional(self, draft: Draft, now: float) -> None:
        """Send it reliably if the caller requires that, or supports it and there is a body."""
        request = self._inbound.request
        if TAG in request.require or (draft.body and self._is_able):
            self._reliable.submit(draft, now)
        else:
            headers = self._dialog_headers()
            self._session.usage.respond(
                self._inbound, draft.status, now, headers=headers, body=draft.body
            )

    def _send_reliable(self, draft: Draft, rseq: int, now: float) -> None:
        headers = [*self._dialog_headers(), ("Require", TAG), ("RSeq", str(rseq))]
        self._session.usage.respond(
            self._inbound, draft.status, now, headers=headers, body=draft.body
        )

    def _dialog_headers(self) -> list[tuple[str, str]]:
        """The fields of a response that opens a dialog (§12.1.1)."""
        routes = self._inbound.request.record_routes
        contact = self._session.dialog.contact
        return [
            *(("Record-Route", str(route)) for route in routes),
            ("Contact", contact),
            *capabilities(),
        ]

    def _time_out(self, status: int, reason: str, now: float) -> None:
        self.reject(status, (), now)
        self._call.end("local", status, reason, now)

    def _enter(self, state: IncomingState) -> None:
        self.state = state
        if state is not IncomingState.RINGING:
            for timer in (self._no_answer_timer, self._ring_timer, self._expiry_timer):
                timer.stop()
