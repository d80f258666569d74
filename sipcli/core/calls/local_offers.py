"""Change a session from our side: re-INVITE and UPDATE (RFC 3261 §14.1, RFC 3311, RFC 4028)."""

from typing import Final

from sipcli.core.calls.events import OfferAnswered, OfferDue, OfferRefused
from sipcli.core.calls.invite_usage import InviteUsage, capabilities
from sipcli.core.calls.offer_answer import OutOfTurn, description, why_missing
from sipcli.core.calls.provisional import TAG as RELIABLE
from sipcli.core.dialogs.invite_exchange import Failure, InviteExchange
from sipcli.core.dialogs.usage import DIALOG_GONE, NOT_SERVED
from sipcli.core.requests.exchange import (
    ConnectionLost,
    FinalResponse,
    NotSent,
    Outcome,
    Unanswered,
    Unauthorized,
)
from sipcli.sip.message import Request, Response

MAX_WAIT: Final = 32.0
"""Seconds; a refusal with a longer Retry-After counts as final."""
MIN_WAIT: Final = 1.0
"""Seconds; the shortest wait, even after a Retry-After of 0."""
MAX_RETRIES: Final = 5
"""Times in a row that an offer is retried after a refusal that asks for it."""
RECHECK_INTERVAL_S: Final = 0.5
"""Seconds between two checks whether their offer has been answered."""


class LocalOffers:
    """One offer of ours at a time, or one refresh without an offer."""

    def __init__(self, usage: InviteUsage) -> None:
        self._usage = usage
        self._body = b""
        """The outstanding offer; empty for a refresh without one."""
        self._is_lasting = False
        self._exchange: InviteExchange | None = None
        self._is_given_up = False
        """True if we gave up on a re-INVITE that the far end may still accept."""
        self._method = ""
        """The method that `_body` was sent with."""
        self._refused_methods: set[str] = set()
        """Methods that the far end refuses, whatever its Allow says."""
        self._retries = 0
        """Refusals in a row that asked for a retry."""
        self._retry_timer = usage.new_timer(self._on_retry)

    @property
    def can_offer(self) -> bool:
        """True if `offer` may be called now: nothing is outstanding, and there is a method."""
        usage = self._usage
        if usage.is_over or not usage.offer_answer.is_free:
            return False
        if not self.is_done:
            return False  # a re-INVITE that was given up has no final answer yet (§14.1)
        return usage.is_confirmed or (usage.offer_answer.agreed and self._knows_update)

    @property
    def is_done(self) -> bool:
        """True if nothing is under way on the wire."""
        return self._exchange is None or self._exchange.is_over

    def offer(self, body: bytes, now: float, *, lasting: bool = False) -> None:
        """Send an offer: by re-INVITE, or in an early dialog by UPDATE; raises `OutOfTurn`.

        No response ends the dialog (§12.2.1.2: it SHOULD), unless it is `lasting`: for a call
        whose media are lost too but may come back; its owner sets the time limit.
        """
        if not self.can_offer:
            raise OutOfTurn("no offer can be made now")
        self._usage.offer_answer.we_offer()
        self._body = body
        self._is_lasting = lasting
        self._send(now)

    def refresh(self, now: float) -> None:
        """Refresh the session: by a bare UPDATE, else by an offer of the owner's (§7.4)."""
        usage = self._usage
        usage.session_timer.refresh_failed(now)  # until it succeeds
        if not self.can_offer:
            return
        if self._knows_update:
            self._body = b""
            self._is_lasting = False
            self._send(now)
        else:
            usage.call.emit(OfferDue(call=usage.call.id, is_refresh=True))

    def close(self, now: float) -> None:
        """The dialog is over: wait for nothing."""
        self._usage.offer_answer.drop_own()
        self._retry_timer.stop()
        if self._exchange is not None:
            self._exchange.leave(now)

    # What the INVITE reports (InviteExchangeUser)

    def on_provisional(self, response: Response, now: float) -> None:
        """Do nothing: the far end is still deciding."""

    def on_success(self, request: Request, response: Response, now: float) -> None:
        """A 2xx to a re-INVITE, the first one or a repeated one."""
        if self._usage.offer_answer.is_asking and not self._usage.is_over:
            self._usage.dialog.refresh_target(response)
            self._usage.acknowledge(request)
            self._succeeded(response, now)
        else:
            self._usage.acknowledge(request)
            self._taken_after_all()

    def on_failure(self, failure: Failure, now: float) -> None:
        """The re-INVITE failed."""
        if self._exchange is not None and self._exchange.is_over:
            self._exchange = None
        self._is_given_up = self._exchange is not None
        if not self._usage.is_over:
            self._failed(failure, now)

    # Inside

    def _on_retry(self, now: float) -> None:
        usage = self._usage
        if not usage.offer_answer.is_quiet:  # their offer came first and is not answered yet
            self._retry_timer.start(now + RECHECK_INTERVAL_S)
            return
        usage.offer_answer.awaits_retry = False
        usage.call.emit(OfferDue(call=usage.call.id, is_refresh=False))

    def _taken_after_all(self) -> None:
        """The far end accepted an offer that we gave up: offer again, so that both sides agree."""
        usage = self._usage
        if self._is_given_up and not usage.is_over:
            usage.call.emit(OfferDue(call=usage.call.id, is_refresh=True))
        self._is_given_up = False

    @property
    def _knows_update(self) -> bool:
        return "UPDATE" in self._usage.dialog.remote_allows - self._refused_methods

    def _choose_method(self) -> str:
        is_offer = self._body and self._usage.is_confirmed
        return "INVITE" if is_offer and not self._prefers_update else "UPDATE"

    @property
    def _prefers_update(self) -> bool:
        return "INVITE" in self._refused_methods and self._knows_update

    def _send(self, now: float) -> None:
        usage = self._usage
        usage.offer_answer.is_asking = True
        # A re-INVITE that takes long needs no reliable provisional responses.
        headers = [*capabilities(without=(RELIABLE,)), *usage.session_timer.request_headers()]
        flow, self._method = usage.services.flow, self._choose_method()
        if flow is None:
            self._failed(NotSent(), now)
        elif self._method == "INVITE":
            agent = usage.services.requester.user_agent
            request = usage.dialog.request("INVITE", agent, headers=headers, body=self._body)
            self._exchange = InviteExchange(
                request, flow, usage.services, self, usage.dialog.next_cseq
            )
            self._exchange.start(now)
        else:
            usage.ask("UPDATE", self._on_updated, now, headers=headers, body=self._body)

    def _on_updated(self, outcome: Outcome, now: float) -> None:
        if self._usage.is_over:
            return
        match outcome:
            case FinalResponse(_, response) if response.status < 300:
                self._usage.dialog.refresh_target(response)
                self._succeeded(response, now)
            case _:
                self._failed(outcome, now)

    def _succeeded(self, response: Response, now: float) -> None:
        usage = self._usage
        usage.offer_answer.is_asking = False
        self._retries = 0
        usage.session_timer.answered(response, now)
        if not self._body:
            return
        answer = description(response)
        if answer is None:
            self._refused(
                response.status, f"the answer is missing{why_missing(response)}", None, now
            )
        else:
            usage.offer_answer.they_answer()
            usage.call.emit(OfferAnswered(call=usage.call.id, body=answer))

    def _failed(self, failure: Failure | NotSent, now: float) -> None:
        usage = self._usage
        match failure:
            case FinalResponse(_, Response(status=422) as response) if (
                usage.session_timer.too_small(response)
            ):
                self._send(now)
            case FinalResponse(_, Response(status=408)) | Unanswered() if self._is_lasting:
                self._refused(408, "the far end does not answer", None, now)
            case FinalResponse(_, response) if response.status in DIALOG_GONE:
                reason = f"{response.status} {response.reason}"
                usage.call.dialog_over(usage, "network", None, f"the far end said {reason}", now)
            case FinalResponse(_, response) if self._tries_the_other_way(response, now):
                pass
            case FinalResponse(_, response) | Unauthorized(response):
                self._refused(response.status, response.reason, self._wait(response), now)
            case Unanswered(note=note):
                reason = f"the far end does not answer{note}"
                usage.call.dialog_over(usage, "network", None, reason, now)
            case ConnectionLost() | NotSent():
                self._refused(None, "there is no connection", None, now)

    def _tries_the_other_way(self, response: Response, now: float) -> bool:
        """Try the other method if this one is not supported; True if so.

        A bare UPDATE that is refused for a lasting reason is followed by the owner's re-INVITE:
        without a refresh the call would expire.
        """
        usage, method = self._usage, self._method
        may_pass = response.status == 491 or response.status // 100 == 5
        if response.status not in NOT_SERVED and (self._body or may_pass):
            return False
        if method == "INVITE":
            if (
                response.status == 403 or not self._knows_update
            ):  # the change may be refused, not the method
                return False
        elif not usage.is_confirmed or "INVITE" in self._refused_methods:
            return False
        self._refused_methods.add(method)
        if self._body:
            self._send(now)
        else:
            usage.offer_answer.is_asking = False
            usage.call.emit(OfferDue(call=usage.call.id, is_refresh=True))
        return True

    def _wait(self, response: Response) -> float | None:
        """Seconds until it may be tried again (§14.1); None: not for this answer, or too often."""
        usage = self._usage
        if self._retries == MAX_RETRIES:
            return None
        if response.status == 491:
            draw = usage.services.draw()
            return round(2.1 + 1.9 * draw if usage.dialog.owns_call_id else 2 * draw, 2)
        after = response.retry_after
        if response.status in (500, 503) and after is not None and after.seconds <= MAX_WAIT:
            return max(float(after.seconds), MIN_WAIT)
        return None

    def _refused(self, status: int | None, reason: str, wait: float | None, now: float) -> None:
        usage = self._usage
        usage.offer_answer.is_asking = False
        if not self._body:
            return  # `refresh` has set the time of the next attempt
        self._retries = 0 if wait is None else self._retries + 1
        if wait is not None:
            usage.offer_answer.awaits_retry = True
            self._retry_timer.start(now + wait)
        usage.offer_answer.roll_back()
        usage.call.emit(
            OfferRefused(
                call=usage.call.id, status=status, reason=reason, will_retry=wait is not None
            )
        )
