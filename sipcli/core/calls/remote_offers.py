"""Change a session at the far end's request, and repeat our 2xx until its ACK.

INVITE, UPDATE and PRACK may bring an offer (RFC 3261 §14.2, RFC 3311 §5.2, RFC 3262 §5); the
answer comes later, from the owner. The 2xx to an INVITE, the first of the dialog included,
is repeated until its ACK (RFC 3261 §13.3.1.4).
"""

from dataclasses import dataclass, replace
from typing import Final

from sipcli.core.calls.events import Acknowledged, OfferRefused, OfferWithdrawn, RemoteOffer
from sipcli.core.calls.invite_usage import InviteUsage, capabilities
from sipcli.core.calls.offer_answer import Turn, description
from sipcli.core.calls.retransmit import T2, Retransmission
from sipcli.core.calls.session_timer import refuse_interval
from sipcli.core.connection.flow import Flow
from sipcli.core.transactions.layer import Inbound
from sipcli.sip.grammar import quote
from sipcli.sip.message import Request

ANSWER_TIMEOUT_S: Final = 30.0
"""Seconds the owner has to answer; then the offer gets a 504 (RFC 3311 §5.2)."""
MISCELLANEOUS: Final = 399
"""Warning code for free text (RFC 3261 §20.43)."""


@dataclass(slots=True)
class _Accepted:
    """Our 2xx to an INVITE, not acknowledged yet."""

    inbound: Inbound
    headers: list[tuple[str, str]]
    body: bytes
    is_first: bool
    """True if it confirms the dialog: no BYE of ours before its ACK (RFC 3261 §15)."""
    offers: bool
    """True if it made an offer, which the ACK has to answer."""


class RemoteOffers:
    """One offer of theirs at a time, and one unacknowledged 2xx of ours."""

    def __init__(self, usage: InviteUsage) -> None:
        self._usage = usage
        self._pending: Inbound | None = None
        self._answer_timer = usage.new_timer(self._on_answer_overdue)
        self._accepted: _Accepted | None = None
        self._repetition = Retransmission(usage.new_timer, T2, self._repeat, self._on_no_ack)

    @property
    def holds_bye(self) -> bool:
        """True if the 2xx that confirms the dialog is not acknowledged yet."""
        return self._accepted is not None and self._accepted.is_first

    def receive(self, inbound: Inbound, now: float) -> None:
        """Handle a request that may change the session: answer it, or tell the owner."""
        usage, request = self._usage, inbound.request
        offer = description(request)
        too_small = refuse_interval(request)
        if too_small is not None:
            usage.respond(inbound, 422, now, headers=too_small)
        elif request.method == "UPDATE" and offer is None:
            usage.dialog.refresh_target(request)
            self._answer(inbound, b"", now)
        elif request.method == "INVITE" and not usage.is_confirmed:
            usage.respond(inbound, 500, now, headers=(usage.services.retry_after(),))
        else:
            self._receive_offer(inbound, offer, now)

    def answer(self, body: bytes, now: float) -> None:
        """Answer the offer (or make the one they asked for); raises `OutOfTurn`."""
        inbound = self._pop_pending()
        if inbound is not None:
            self._usage.offer_answer.we_answer()
            self._answer(inbound, body, now)

    def refuse(self, status: int, warning: str, now: float) -> None:
        """Refuse the offer with a status of 300 to 699; raises `OutOfTurn`."""
        headers = [warning_field(warning)] if warning else []
        inbound = self._pop_pending()
        if inbound is not None:
            self._usage.offer_answer.roll_back()
            self._usage.respond(inbound, status, now, headers=headers)

    def accept(
        self,
        inbound: Inbound,
        headers: list[tuple[str, str]],
        body: bytes,
        now: float,
        *,
        is_first: bool,
    ) -> None:
        """Send a 200 to an INVITE, and again until its ACK comes."""
        offers = self._usage.offer_answer.turn is Turn.OURS
        self._accepted = _Accepted(inbound, headers, body, is_first=is_first, offers=offers)
        self._usage.offer_answer.awaits_ack = True
        self._repetition.start(now)
        self._usage.respond(inbound, 200, now, headers=headers, body=body)

    def acknowledged(self, ack: Request, now: float) -> bool:
        """Take an ACK; False: none was awaited, or not this one."""
        accepted = self._accepted
        if accepted is None or ack.cseq.number != accepted.inbound.request.cseq.number:
            return False
        self.stop_repeating()
        usage, answer = self._usage, description(ack)
        if not accepted.offers:
            usage.call.emit(Acknowledged(call=usage.call.id, body=None))
        elif answer is not None:
            usage.offer_answer.they_answer()
            usage.call.emit(Acknowledged(call=usage.call.id, body=answer))
        else:
            self._left_unanswered(now)
        return True

    def cancelled(self, invite: Inbound, now: float) -> bool:
        """Their CANCEL of a re-INVITE; False: it is not the one that waits for an answer."""
        if self._pending is None or self._pending.key != invite.key:
            return False
        self._usage.respond(self._pending, 487, now)
        self._withdraw()
        return True

    def flow_lost(self, flow: Flow) -> None:
        """The connection was lost, and with it the request that waited for our answer."""
        if self._pending is not None and self._pending.flow == flow:
            self._withdraw()

    def close(self, now: float) -> None:
        """The dialog is over: what is pending gets 487 (RFC 3261 §15.1.2)."""
        if self._pending is not None:
            self._usage.respond(self._pending, 487, now)
            self._withdraw()

    def stop_repeating(self) -> None:
        """The far end has our 2xx, or knows that the dialog is over."""
        self._accepted = None
        self._usage.offer_answer.awaits_ack = False
        self._repetition.stop()

    # Timers

    def _on_answer_overdue(self, now: float) -> None:
        if self._pending is not None:
            self._usage.respond(self._pending, 504, now)
            self._withdraw()

    def _repeat(self, now: float) -> None:
        usage, accepted = self._usage, self._accepted
        if accepted is not None:
            # After a loss the new connection may still find the caller's proxy.
            inbound = replace(accepted.inbound, flow=usage.services.flow or accepted.inbound.flow)
            usage.respond(inbound, 200, now, headers=accepted.headers, body=accepted.body)

    def _on_no_ack(self, now: float) -> None:
        self.stop_repeating()
        usage = self._usage
        usage.call.dialog_over(usage, "network", None, "no ACK came for our answer", now)

    # Inside

    def _receive_offer(self, inbound: Inbound, offer: bytes | None, now: float) -> None:
        usage = self._usage
        status = usage.offer_answer.they_offer(wanted=offer is None)
        if status is not None:
            headers = (usage.services.retry_after(),) if status == 500 else ()
            usage.respond(inbound, status, now, headers=headers)
            return
        usage.dialog.refresh_target(inbound.request)
        self._pending = inbound
        self._answer_timer.start(now + ANSWER_TIMEOUT_S)
        if inbound.request.method == "INVITE":
            self.stop_repeating()  # a peer that sends the next INVITE has received our 2xx
            usage.respond(inbound, 100, now)  # the answer may take a while (§17.2.1)
        usage.call.emit(RemoteOffer(call=usage.call.id, body=offer))

    def _answer(self, inbound: Inbound, body: bytes, now: float) -> None:
        usage, request = self._usage, inbound.request
        headers: list[tuple[str, str]] = []
        if request.method != "PRACK":
            headers += [("Contact", usage.dialog.contact), *capabilities()]
            headers += usage.session_timer.answer_headers(request, now)
        if request.method == "INVITE":
            self.accept(inbound, headers, body, now, is_first=False)
        else:
            usage.respond(inbound, 200, now, headers=headers, body=body)

    def _pop_pending(self) -> Inbound | None:
        """The request to answer; None: it was withdrawn before the owner answered."""
        inbound, self._pending = self._pending, None
        self._answer_timer.stop()
        if inbound is None:
            self._usage.offer_answer.forgive_answer()
        return inbound

    def _withdraw(self) -> None:
        usage = self._usage
        self._pending = None
        self._answer_timer.stop()
        usage.offer_answer.withdraw()
        usage.call.emit(OfferWithdrawn(call=usage.call.id))

    def _left_unanswered(self, now: float) -> None:
        """Their ACK should have answered the offer they had asked for (RFC 3261 §13.2.2.4)."""
        usage, reason = self._usage, "the ACK brings no answer to our offer"
        if not usage.offer_answer.agreed:
            usage.call.dialog_over(usage, "local", None, reason, now)
            return
        usage.offer_answer.roll_back()
        usage.call.emit(
            OfferRefused(call=usage.call.id, status=None, reason=reason, will_retry=False)
        )


def warning_field(text: str) -> tuple[str, str]:
    """A Warning field with free text (RFC 3261 §20.43)."""
    return ("Warning", f"{MISCELLANEOUS} sipcli {quote(text)}")
