"""An outgoing call: one INVITE after another until one dialog is confirmed.

RFC 3261 §13.2 (forks, ACK), §9.1 (CANCEL and a 2xx that crosses it), §8.1.3.4 (3xx), RFC 3262
(PRACK), RFC 4028 §7.3 (422).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from sipcli.core.calls.call import Call
from sipcli.core.calls.events import Calling
from sipcli.core.calls.invite_usage import InviteUsage, capabilities
from sipcli.core.calls.offer_answer import Turn, description, why_missing
from sipcli.core.calls.provisional import ReliableReceiver, is_reliable
from sipcli.core.calls.reasons import reason_field
from sipcli.core.calls.redirection import Redirection
from sipcli.core.calls.session import Session
from sipcli.core.calls.session_timer import TAG as TIMER
from sipcli.core.calls.session_timer import MinInterval
from sipcli.core.connection.flow import Flow
from sipcli.core.dialogs.dialog import Dialog
from sipcli.core.dialogs.invite_exchange import Failure, InviteExchange
from sipcli.core.dialogs.services import HeaderFields
from sipcli.core.dialogs.usage import NOT_SERVED
from sipcli.core.requests.exchange import (
    ConnectionLost,
    FinalResponse,
    Outcome,
    Unanswered,
    Unauthorized,
)
from sipcli.core.requests.requester import CALL_SUPPORTED
from sipcli.core.requests.route import Proxies, lack_of_security
from sipcli.core.transactions.transaction import TRANSACTION_TIMEOUT_S
from sipcli.sip.address import Address
from sipcli.sip.header_values import RAck
from sipcli.sip.message import Request, Response
from sipcli.sip.uri import SipUri, Uri

MAX_FORKS: Final = 8
"""Most dialogs (forks) of one INVITE; responses of further ones are ignored."""
MAX_INVITES: Final = 20
"""Most INVITEs of one call, counting challenges, longer intervals and other targets: enough for
five redirects that each need credentials for two parties."""


@dataclass(slots=True)
class _Fork:
    """One dialog that our INVITE has opened."""

    session: Session
    receiver: ReliableReceiver = field(default_factory=ReliableReceiver)
    takes_prack: bool = True
    """False once it has refused a PRACK."""
    preview: bytes | None = None
    """The description in an unreliable response: the answer, unless a reliable one has it."""


class OutgoingInvite:
    """The INVITE client side of a call (call.Setup)."""

    def __init__(
        self, call: Call, target: Uri, offer: bytes, headers: HeaderFields, *, anonymous: bool
    ) -> None:
        self._call = call
        self._services = call.services
        self._to = target
        self._offer = offer
        self._target = target
        """The current target of the INVITE."""
        self._via: Address | None = None
        """The proxy that the INVITE has to pass (305)."""
        identity = call.services.identity
        tag = identity.new_tag()
        self._is_anonymous = anonymous
        self._headers = list(headers)
        self._sender = identity.from_address(tag)
        if anonymous:
            # Kept for the whole dialog (RFC 3323 §4.1, RFC 3325 §9.2).
            self._sender = identity.anonymous_address(tag)
            self._headers += [
                ("Privacy", "id"),
                ("P-Preferred-Identity", f"<{identity.aor}>"),
            ]
        self._min_interval = MinInterval()
        self._unsupported: set[str] = set()
        """Option tags that the far end does not support; `replaces` names its header field, too."""
        self._redirection = Redirection(call, target, self._try_next)
        self._refusal: Response | None = None
        """The response of the last target, while looking for another one."""
        self._proxies = Proxies()
        self._exchange: InviteExchange | None = None
        self._cseq = 0
        self._forks: dict[str, _Fork] = {}
        """To tag -> fork: early ones, then the confirmed one and those that get a BYE."""
        self._chosen: str | None = None

    def start(self, now: float) -> None:
        """Send the first INVITE."""
        call = self._call
        call.emit(Calling(call=call.id, to=str(self._to), transfer=call.transfer))
        self._invite(self._to, now)

    def accept_redirect(self, now: float) -> None:
        """Call the target that a `RedirectRequested` asks about; raises `OutOfTurn`."""
        self._follow(self._redirection.accept(), now)

    def refuse_redirect(self, now: float) -> None:
        """Do not call it; try the next one, if any. Raises `OutOfTurn`."""
        self._redirection.refuse()
        self._try_next(now)

    # What the call asks (call.Setup)

    @property
    def is_done(self) -> bool:
        """True if nothing is outstanding."""
        return self._exchange is None or self._exchange.is_over

    def hang_up(self, status: int | None, headers: HeaderFields, now: float) -> int:
        """CANCEL, as soon as that is allowed; a 2xx that crosses it gets ACK and BYE."""
        if self._exchange is not None:
            self._exchange.cancel(now, headers)
        self._redirection.drop()
        self._drop_early(now)
        return 487

    def sessions(self) -> Iterator[Session]:
        """All dialogs of the INVITE."""
        return (fork.session for fork in self._forks.values())

    def dialog_over(self, usage: InviteUsage, now: float) -> bool:
        """An early dialog has ended: the others continue."""
        for tag, fork in list(self._forks.items()):
            if fork.session.usage is usage:
                fork.session.drop(now)
                del self._forks[tag]
        self._choose_early()
        return False

    def flow_lost(self, flow: Flow, now: float) -> None:
        """Do nothing: the INVITE reports it."""

    # What the INVITE reports (InviteExchangeUser)

    def on_provisional(self, response: Response, now: float) -> None:
        """Ringing, early media, a new fork, the end of one (199, RFC 6228)."""
        if self._call.is_over:
            return
        tag = response.to.tag
        body = None
        if response.status == 199 and tag in self._forks:
            self.dialog_over(self._forks[tag].session.usage, now)
        elif tag:
            fork = self._fork(tag, response)
            if fork is None or not self._is_new(fork, response, now):
                return
            body = self._early_description(fork, response)
        call = self._call
        call.progress(response.status, response.reason, now, body=body, fork=tag or "")

    def on_success(self, request: Request, response: Response, now: float) -> None:
        """A 2xx: the first one makes the call, those of other forks get ACK and BYE (§13.2.2.4)."""
        tag = response.to.tag or ""
        known = self._forks.get(tag)
        if known is not None and known.session.usage.is_confirmed:
            known.session.usage.acknowledge(request)
            return
        if known is None and len(self._forks) == MAX_FORKS:
            self._drop_early(now)  # none of them can be confirmed any more
        fork = known or self._fork(tag, response)
        if fork is None:
            return
        usage = fork.session.usage
        usage.is_confirmed = True
        usage.dialog.learn_route(response)
        usage.acknowledge(request)
        if self._call.is_over or self._chosen is not None:
            fork.session.bye(now)
        else:
            self._chosen = tag
            self._answered(fork, response, now)

    def on_failure(self, failure: Failure, now: float) -> None:
        """The INVITE failed, at this target at least."""
        self._drop_early(now)
        call = self._call
        if call.is_over:
            return
        match failure:
            case FinalResponse(response=response):
                self._refused(response, now)
            case Unauthorized(response, reason, needs_password):
                call.end(
                    "remote",
                    response.status,
                    reason,
                    now,
                    needs_password=needs_password,
                    message=response,
                )
            case Unanswered(note=note):
                reason = f"no response to the INVITE within {TRANSACTION_TIMEOUT_S:g} s{note}"
                call.end("network", 408, reason, now)
            case ConnectionLost():
                call.end("network", None, "the connection was lost", now)

    # Inside

    def _invite(self, target: Uri, now: float, via: Address | None = None) -> None:
        services = self._services
        flow = services.flow
        if flow is None:
            self._call.end("network", None, "there is no connection", now)
            return
        lack = lack_of_security(target, flow.server)
        if lack is not None:
            self._call.end("local", None, lack, now)
            return
        self._target, self._via = target, via
        contact = services.requester.contact(
            "INVITE", target, flow, via=via, anonymous=self._is_anonymous
        )
        headers = [
            ("Contact", contact),
            *(one for one in self._headers if one[0].lower() not in self._unsupported),
            *capabilities(without=tuple(self._unsupported)),
            *(self._min_interval.headers() if TIMER not in self._unsupported else ()),
            ("Content-Type", "application/sdp"),
        ]
        request = services.requester.out_of_dialog(
            "INVITE",
            target,
            flow,
            to=self._to,
            sender=self._sender,
            call_id=self._call.id,
            cseq=self._next_cseq(),
            headers=headers,
            body=self._offer,
            via=via,
        )
        self._exchange = InviteExchange(request, flow, services, self, self._next_cseq)
        self._exchange.start(now)

    def _next_cseq(self) -> int:
        self._cseq += 1
        return self._cseq

    def _fork(self, tag: str, response: Response) -> _Fork | None:
        """The dialog of this To tag, opened if it is new; None beyond `MAX_FORKS`."""
        fork = self._forks.get(tag)
        if fork is None and self._exchange is not None and len(self._forks) < MAX_FORKS:
            dialog = Dialog.of_uac(self._exchange.request, response, self._target)
            fork = _Fork(Session(dialog, self._services, self._call, Turn.OURS))
            self._forks[tag] = fork
            self._choose_early()
        if fork is None:
            self._services.ignored(f"{response.status} of one fork too many")
        return fork

    def _is_new(self, fork: _Fork, response: Response, now: float) -> bool:
        """True if a provisional response is new; a reliable one gets its PRACK."""
        if not is_reliable(response) or response.rseq is None:
            return True
        if not fork.receiver.accepts(response.rseq):
            self._services.ignored(f"{response.status} with RSeq {response.rseq} out of order")
            return False
        fork.session.dialog.learn_route(response)
        rack = RAck(response.rseq, response.cseq)
        if not fork.takes_prack:
            return True

        def on_outcome(outcome: Outcome, at: float) -> None:
            """Note a refusal; the far end retransmits unacknowledged responses on its own."""
            if isinstance(outcome, FinalResponse) and outcome.response.status in NOT_SERVED:
                fork.takes_prack = False

        fork.session.usage.ask("PRACK", on_outcome, now, headers=(("RAck", str(rack)),))
        return True

    def _early_description(self, fork: _Fork, response: Response) -> bytes | None:
        body = description(response)
        offers = fork.session.usage.offer_answer
        if body is None or offers.agreed:
            return None
        if is_reliable(response):
            offers.they_answer()
        else:
            fork.preview = body
        return body

    def _answered(self, fork: _Fork, response: Response, now: float) -> None:
        session, offers = fork.session, fork.session.usage.offer_answer
        session.usage.session_timer.answered(response, now)
        body = None
        if not offers.agreed:
            body = description(response) or fork.preview
        if body is not None:
            offers.they_answer()
        self._drop_early(now)
        if offers.agreed:
            self._call.answered(session, body, now, status=response.status)
        else:
            reason = f"the answer brings no session description{why_missing(response)}"
            session.bye(now, (reason_field(488, reason),))
            self._call.end("local", 488, reason, now)

    def _refused(self, response: Response, now: float) -> None:
        if self._cseq >= MAX_INVITES:
            reason = f"{response.reason} (given up after {self._cseq} INVITEs)"
            self._call.end("remote", response.status, reason, now, message=response)
            return
        if response.status // 100 == 3 and response.status != 305:
            self._redirection.add(response)
        if response.status == 422 and self._min_interval.raise_by(response) and self._exchange:
            self._invite(self._target, now, self._via)
            return
        if response.status == 420 and self._drops_unsupported(response):
            self._invite(self._target, now, self._via)
            return
        proxy = self._proxies.named_by(response)
        if proxy is not None and self._redirection.permits_proxy(proxy.uri, response.status):
            self._call.progress(response.status, response.reason, now)
            self._invite(self._target, now, proxy)
            return
        self._refusal = response
        if response.status >= 600:
            self._redirection.drop()
        self._try_next(now)

    def _drops_unsupported(self, response: Response) -> bool:
        """True if a 420 names extensions that the INVITE can do without (RFC 3261 §8.1.3.5)."""
        named = {tag.lower() for tag in response.unsupported} & set(CALL_SUPPORTED)
        is_news = not named <= self._unsupported
        self._unsupported |= named
        return is_news

    def _try_next(self, now: float) -> None:
        """Call the next redirect target; end the call if none is left, or to be decided on."""
        response = self._refusal
        if response is None or self._call.is_over:
            return
        target = self._redirection.next(response.status, now)
        if target is not None:
            self._follow(target, now)
        elif not self._redirection.is_asking:
            text = next((f": {warning.text}" for warning in response.warnings), "")
            if self._redirection.refused:
                text += f"; not followed to {', '.join(self._redirection.refused)}"
            reason = f"{response.reason}{text}"
            self._call.end("remote", response.status, reason, now, message=response)

    def _follow(self, target: SipUri, now: float) -> None:
        if self._refusal is not None:
            self._call.progress(self._refusal.status, self._refusal.reason, now)
        self._invite(target, now)

    def _drop_early(self, now: float) -> None:
        """All dialogs that were never confirmed are over."""
        for tag, fork in list(self._forks.items()):
            if not fork.session.usage.is_confirmed:
                fork.session.drop(now)
                del self._forks[tag]
        self._choose_early()

    def _choose_early(self) -> None:
        """Let the owner use an early dialog if there is exactly one."""
        if not self._call.is_answered:
            only = list(self._forks.values()) if len(self._forks) == 1 else []
            self._call.session = only[0].session if only else None
