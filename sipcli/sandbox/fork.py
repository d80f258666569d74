"""Forks a request to one or more targets, and merges their responses (RFC 3261 §16.6-16.10)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from sipcli.core.connection.flow import Flow
from sipcli.core.timers import Timers
from sipcli.core.transactions.layer import Inbound, Transactions
from sipcli.core.transactions.transaction import TRANSACTION_TIMEOUT_S
from sipcli.sip import build
from sipcli.sip.build import cancel_for
from sipcli.sip.headers import Headers
from sipcli.sip.message import Request, Response

TIMER_C: Final = 600.0
"""Seconds until Timer C (RFC 3261 §16.6 item 11: more than three minutes)."""


@dataclass(frozen=True, slots=True)
class Outbound:
    """A request ready to be sent, Via included, and its flow."""

    request: Request
    flow: Flow


class Fork:
    """A response context (RFC 3261 §16): forwards responses, and cancels pending branches."""

    def __init__(
        self,
        inbound: Inbound,
        transactions: Transactions,
        timers: Timers[None],
        new_tag: Callable[[], str],
        on_over: Callable[["Fork"], None],
    ) -> None:
        self.inbound = inbound
        self._on_over = on_over
        """Called once every branch has a final response."""
        self._timer = timers.timer(self._expire)
        """Timer C; after a CANCEL, the time that its branches get."""
        self._transactions = transactions
        self._new_tag = new_tag
        self._branches: list[_Branch] = []
        self._is_answered = False
        self._is_cancelled = False

    def start(self, outbounds: Iterable[Outbound], now: float) -> None:
        """Send the request to all targets in parallel."""
        if self.inbound.request.method == "INVITE":
            self._timer.start(now + TIMER_C)
        self._branches = [_Branch(self, outbound) for outbound in outbounds]
        for branch in self._branches:
            self._transactions.send(branch.sent.request, branch.sent.flow, branch, now)

    def cancel(self, now: float) -> None:
        """Cancel every branch without a final response (§16.10); INVITE only."""
        if self._is_cancelled or self.inbound.request.method != "INVITE":
            return
        self._is_cancelled = True
        self._timer.start(now + TRANSACTION_TIMEOUT_S)
        for branch in self._pending():
            branch.cancel(now)

    def stop(self) -> None:
        """Forget the timer of a fork that is over."""
        self._timer.stop()

    def _expire(self, now: float) -> None:
        """Handle Timer C or, after a CANCEL, the timeout of the branches that ignored it."""
        if not self._is_cancelled:
            self.cancel(now)
            return
        for branch in self._pending():
            self._transactions.forget(branch.sent.request)
            self._conclude(branch, self._local_response(487))
        self._settle(now)

    def on_response(self, branch: "_Branch", response: Response, now: float) -> None:
        """Handle a response on a branch, with our Via already removed."""
        kind = response.status // 100
        if kind == 1:
            if response.status != 100 and not self._is_answered:
                self._forward(response, now)
            return
        if kind == 2:
            # Forward every 2xx, also those of further phones that answered (§16.7).
            self._is_answered = True
            self._conclude(branch, response)
            self._forward(response, now)
            self.cancel(now)
            return
        self._conclude(branch, response)
        if kind == 6:
            self.cancel(now)
        self._settle(now)

    def lose(self, branch: "_Branch", status: int, now: float) -> None:
        """Handle a branch that gets no response: `status` replaces it (§16.9)."""
        self._transactions.forget(branch.sent.request)
        if branch.outcome is None:
            self._conclude(branch, self._local_response(status))
            self._settle(now)

    def send_cancel(self, branch: "_Branch", now: float) -> None:
        """Send the CANCEL of a branch."""
        cancel = cancel_for(branch.sent.request)
        self._transactions.send(cancel, branch.sent.flow, _CancelResult(), now)

    def _conclude(self, branch: "_Branch", outcome: Response) -> None:
        branch.outcome = outcome
        if not self._pending():
            self._on_over(self)

    def _settle(self, now: float) -> None:
        """Forward the best response once all branches are final (§16.7 item 6)."""
        outcomes = [branch.outcome for branch in self._branches if branch.outcome is not None]
        if not self._is_answered and len(outcomes) == len(self._branches):
            self._forward(min(outcomes, key=_rank), now)

    def _forward(self, response: Response, now: float) -> None:
        self._transactions.respond(self.inbound, response, now)

    def _local_response(self, status: int) -> Response:
        return build.response(self.inbound.request, status, to_tag=self._new_tag())

    def _pending(self) -> list["_Branch"]:
        return [branch for branch in self._branches if branch.outcome is None]


class _Branch:
    """One target of the request; the user of its client transaction."""

    def __init__(self, fork: Fork, sent: Outbound) -> None:
        self.sent = sent
        self.outcome: Response | None = None
        self._fork = fork
        self._has_response = False
        self._is_cancel_due = False

    def cancel(self, now: float) -> None:
        """Send a CANCEL now, or after the first provisional response (§9.1)."""
        if self._has_response:
            self._fork.send_cancel(self, now)
        else:
            self._is_cancel_due = True

    def on_response(self, response: Response, now: float) -> None:
        """Handle a response; send the CANCEL that waited for it."""
        if not self._has_response:
            self._has_response = True
            if self._is_cancel_due and response.status < 200:
                self._fork.send_cancel(self, now)
        self._fork.on_response(self, _without_our_via(response), now)

    def on_useless(self, response: Response, now: float) -> None:
        """Handle an unreadable final response: cancel the branch, and go on without it."""
        if self.sent.request.method == "INVITE":
            self._fork.send_cancel(self, now)
        self._fork.lose(self, response.status, now)

    def on_timeout(self, now: float, dropped: str | None) -> None:
        """Handle a timeout of the transaction."""
        self._fork.lose(self, 408, now)

    def on_flow_lost(self, now: float) -> None:
        """Handle a lost connection: 480, since 430 is for proxies only (RFC 5626 §5.3.1)."""
        self._fork.lose(self, 480, now)


class _CancelResult:
    """Ignores the response to a CANCEL: the final response to the INVITE is what counts."""

    def on_response(self, response: Response, now: float) -> None:
        """Ignore it."""

    def on_useless(self, response: Response, now: float) -> None:
        """Ignore it."""

    def on_timeout(self, now: float, dropped: str | None) -> None:
        """Ignore it."""

    def on_flow_lost(self, now: float) -> None:
        """Ignore it."""


def _without_our_via(response: Response) -> Response:
    """Return the response without the topmost Via, which is ours (§16.7 item 3)."""
    headers = response.headers.without("Via")
    vias = tuple(f"Via: {value}" for value in response.headers.values("Via")[1:])
    return Response(
        status=response.status,
        reason=response.reason,
        headers=Headers.from_lines((*vias, *headers.lines)),
        body=response.body,
    )


def _rank(response: Response) -> tuple[bool, int, bool, int]:
    """Sort key, best first: 6xx, else the lowest class, and in it specific statuses (§16.7)."""
    status = response.status
    return (status < 600, status // 100, status in (408, 480, 487), status)
