"""Call transfer: REFER, its implicit subscription, and Replaces (RFC 3515, 4488, 3891).

Each side of a dialog takes part in one transfer at a time.
"""

import re
from dataclasses import dataclass, replace
from typing import Final, Literal, Protocol

from sipcli.config.policies import Permission
from sipcli.core.calls.events import TransferDecided, TransferProgress, TransferRequested
from sipcli.core.calls.gate import DECISION_TIMEOUT_S, NO_ROOM, REFUSED, UNDECIDED
from sipcli.core.calls.invite_usage import InviteUsage
from sipcli.core.calls.offer_answer import OutOfTurn
from sipcli.core.dialogs.subscription import Notifier, receive_notify
from sipcli.core.requests.exchange import FinalResponse, Outcome
from sipcli.core.requests.queries import final_status
from sipcli.core.transactions.layer import Inbound
from sipcli.sip.address import Address
from sipcli.sip.grammar import Malformed
from sipcli.sip.header_values import Replaces
from sipcli.sip.headers import Headers
from sipcli.sip.uri import SipUri, Uri

SUBSCRIPTION_S: Final = 180
"""Seconds that our NOTIFY says the subscription lasts; longer than a phone rings."""

MAX_REFERS: Final = 10
"""Most REFERs of one dialog that reach the owner; further ones are declined."""

_SIPFRAG: Final = re.compile(rb"SIP/2\.0 ([1-6][0-9]{2})(?![0-9])")


class Transferor:
    """Asks the far end to call a third party, and receives its progress."""

    def __init__(self, usage: InviteUsage) -> None:
        self._usage = usage
        self._target: Uri | None = None
        """The target of the transfer under way."""
        self._has_ended_early = False
        """True if the far end ended the subscription before a final status. SIP.js ends it with its
        100, and sends the other NOTIFYs all the same."""
        self._count = 0

    def refer(self, target: Uri, replaces: Replaces | None, now: float) -> None:
        """Send REFER; with `replaces` the target has a call with us that the new one replaces.

        Raises `OutOfTurn` while a transfer is under way or there is no confirmed dialog, and
        `Malformed` for a `replaces` with a target that is no SIP URI.
        """
        usage = self._usage
        is_under_way = self._target is not None and not self._has_ended_early
        if is_under_way or not usage.is_confirmed:
            raise OutOfTurn("no transfer can be started now")
        refer_to = target
        if replaces is not None:
            if not isinstance(target, SipUri):
                raise Malformed("only a sip: or sips: address can be asked to replace a call")
            refer_to = replace(target, headers=(("Replaces", str(replaces)),))
        headers = [("Refer-To", str(Address(refer_to)))]
        if not usage.dialog.headers:  # an anonymous caller does not say who refers
            headers.append(("Referred-By", str(Address(usage.dialog.local.uri))))
        self._target = target
        self._has_ended_early = False
        self._count += 1
        count = self._count

        def on_outcome(outcome: Outcome, at: float) -> None:
            if self._target is not None and self._count == count:
                self._referred(outcome, at)

        usage.ask("REFER", on_outcome, now, headers=headers)

    def notified(self, inbound: Inbound, now: float) -> None:
        """Take a NOTIFY: it may come before the answer to the REFER (RFC 3515 §2.4.4)."""
        is_subscribed = self._target is not None
        notification = receive_notify(
            self._usage, inbound, "refer", now, is_subscribed=is_subscribed
        )
        if notification is None:
            return
        found = _SIPFRAG.match(notification.body or b"")
        status = int(found[1]) if found else None
        is_over = notification.is_last
        self._has_ended_early = is_over and status is not None and status < 200
        is_final = (is_over and not self._has_ended_early) or (status or 0) >= 200
        self._progress(status, is_final=is_final)

    def _referred(self, outcome: Outcome, now: float) -> None:
        status = final_status(outcome)
        match outcome:
            case FinalResponse(_, response) if response.status < 300:
                no_subscription = (response.headers.get("Refer-Sub") or "").lower() == "false"
                self._progress(status, is_final=no_subscription)
            case _:
                self._progress(status, is_final=True)

    def _progress(self, status: int | None, *, is_final: bool) -> None:
        usage, target = self._usage, self._target
        if is_final:
            self._target = None
        usage.call.emit(
            TransferProgress(
                call=usage.call.id, target=str(target), status=status, is_final=is_final
            )
        )


class StartedCall(Protocol):
    """The call that a transfer has started."""

    @property
    def is_over(self) -> bool:
        """True if it has ended."""


@dataclass(frozen=True, slots=True)
class _PendingRefer:
    """A REFER that waits for the owner's decision."""

    inbound: Inbound
    target: SipUri


class Transferee:
    """Handles the far end's REFER and notifies it of the new call: one at a time."""

    def __init__(self, usage: InviteUsage) -> None:
        self._usage = usage
        self._pending: _PendingRefer | None = None
        self._decision_timer = usage.new_timer(self._on_undecided)
        self._notifier: Notifier | None = None
        """Tells the sender of a REFER how the new call fares."""
        self._is_due = False
        """True if a transfer was accepted and its call is not placed yet."""
        self._started: StartedCall | None = None
        """The call that the last transfer started; it may be over by now."""
        self._count = 0
        self._considered = 0
        self.headers: tuple[tuple[str, str], ...] = ()
        """The header fields that the REFER adds to the INVITE to the target."""

    def receive(self, inbound: Inbound, now: float) -> None:
        """Handle a REFER: refuse it, or ask the owner."""
        usage, request = self._usage, inbound.request
        refer_to = request.refer_to
        if refer_to is None:
            usage.respond(inbound, 400, now, reason="Missing Refer-To")
            return
        uri = usage.call.gate.reachable(refer_to.uri)
        if self._is_busy or not usage.is_confirmed:
            usage.respond(inbound, 491, now)
        elif uri is None:
            usage.respond(inbound, 416, now)
        elif (uri.params.get("method") or "INVITE") != "INVITE":
            usage.respond(inbound, 603, now)
        elif self._considered == MAX_REFERS:
            usage.services.ignored(f"the far end has already asked for {MAX_REFERS} transfers")
            usage.respond(inbound, 603, now)
        else:
            self._considered += 1
            self._consider(inbound, uri, now)

    def accept(self, now: float) -> bool:
        """Answer 202 and start to notify, unless the far end declines that.

        False if there is no room for another call any more: it was refused. Raises `OutOfTurn`.
        """
        pending = self._pop_pending()
        if not self._usage.call.gate.has_room():
            self._decline(pending, 486, NO_ROOM, now)
            return False
        request = pending.inbound.request
        is_unwanted = (request.headers.get("Refer-Sub") or "").strip().lower() == "false"
        self._count += 1
        self._is_due = True
        headers = [("Refer-Sub", "false")] if is_unwanted else []
        headers.append(("Contact", self._usage.dialog.contact))
        self._usage.respond(pending.inbound, 202, now, headers=headers)
        if not is_unwanted:
            # The first subscription of a dialog needs no id, and old peers look for none (§2.4.6).
            event = "refer" if self._count == 1 else f"refer;id={request.cseq.number}"
            self._notifier = Notifier(self._usage, event)
            self.report(100, "Trying", now, is_final=False)
        self._emit_decision(pending.target, 202, "accepted", None)
        return True

    def refuse(self, status: int, now: float) -> None:
        """Answer with a status of 300 to 699; raises `OutOfTurn`."""
        self._decline(self._pop_pending(), status, REFUSED, now)

    def started(self, call: StartedCall) -> None:
        """The call of the transfer was placed."""
        self._is_due = False
        self._started = call

    def failed(self, status: int, reason: str, now: float) -> None:
        """The call of an accepted transfer could not be placed."""
        self._is_due = False
        self.report(status, reason, now, is_final=True)

    def report(self, status: int, reason: str, now: float, *, is_final: bool) -> None:
        """Notify progress of the new call (RFC 3515 §2.4.5); do nothing without a subscription."""
        if self._notifier is not None:
            body = f"SIP/2.0 {status} {_plain(reason)}\r\n".encode()
            kind = "message/sipfrag;version=2.0"
            self._notifier.notify(body, kind, now, expires=SUBSCRIPTION_S, is_final=is_final)

    def close(self, now: float) -> None:
        """The dialog is over: answer a pending REFER (RFC 3261 §15.1.2)."""
        if self._pending is not None:
            self._usage.respond(self._pop_pending().inbound, 487, now)

    @property
    def _is_busy(self) -> bool:
        is_started = self._started is not None and not self._started.is_over
        is_notifying = self._notifier is not None and not self._notifier.is_over
        return self._pending is not None or is_notifying or self._is_due or is_started

    def _consider(self, inbound: Inbound, uri: SipUri, now: float) -> None:
        """Ask the owner, unless the settings decide."""
        usage, request = self._usage, inbound.request
        asked = [value for name, value in uri.headers if name.lower() == "replaces"]
        try:
            headers = [("Replaces", str(Replaces.parse(value))) for value in asked[:1]]
            Headers(headers)  # raises if the unescaped value cannot be a header field
        except Malformed:
            usage.respond(inbound, 400, now, reason="Malformed Replaces")
            return
        referrer = request.referred_by
        if referrer is not None:
            headers.append(("Referred-By", str(referrer)))
        self.headers = tuple(headers)
        target = replace(uri, headers=(), params=uri.params.without("method"))
        gate = usage.call.gate
        decision = gate.transfer(target) if gate.has_room() else Permission.REFUSE
        pending = _PendingRefer(inbound, target)
        if decision is not Permission.REFUSE:
            self._pending = pending
            self._decision_timer.start(now + DECISION_TIMEOUT_S)
        usage.call.emit(
            TransferRequested(
                call=usage.call.id,
                target=target,
                referred_by=None if referrer is None else str(referrer.uri),
                replaces=bool(asked),
                decision=decision,
            )
        )
        if not gate.has_room():
            self._decline(pending, 486, NO_ROOM, now)
        elif decision is Permission.REFUSE:
            reason = gate.refusal(is_redirect=False, is_transfer=True)
            self._decline(pending, 603, reason, now)

    def _on_undecided(self, now: float) -> None:
        self._decline(self._pop_pending(), 603, UNDECIDED, now)

    def _pop_pending(self) -> _PendingRefer:
        pending, self._pending = self._pending, None
        self._decision_timer.stop()
        if pending is None:
            raise OutOfTurn("no transfer is waiting for a decision")
        return pending

    def _decline(self, pending: _PendingRefer, status: int, reason: str, now: float) -> None:
        self._usage.respond(pending.inbound, status, now)
        self._emit_decision(pending.target, status, "refused", reason)

    def _emit_decision(
        self,
        target: SipUri,
        status: int,
        decision: Literal["accepted", "refused"],
        reason: str | None,
    ) -> None:
        call = self._usage.call
        call.emit(
            TransferDecided(
                call=call.id, target=str(target), status=status, decision=decision, reason=reason
            )
        )


def _plain(reason: str) -> str:
    return "".join(c if c.isprintable() else " " for c in reason)
