"""All calls of one phone: the owner's operations, and which call a request belongs to.

The operations take `now` (seconds). They raise `NoSuchCall` for a call that is over or never
existed, and `OutOfTurn` if the call is not in a state for them. Both are bugs of the caller, which
learns the state from `Ended` and the other events.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final

from sipcli.config.settings import Settings
from sipcli.core.calls.call import Call, EmitCallEvent
from sipcli.core.calls.call_table import CallTable
from sipcli.core.calls.events import CallEvent, CallId, Ended
from sipcli.core.calls.gate import NO_ROOM, Gate, may_replace
from sipcli.core.calls.incoming import IncomingInvite
from sipcli.core.calls.offer_answer import OutOfTurn
from sipcli.core.calls.outgoing import OutgoingInvite
from sipcli.core.calls.session import Session
from sipcli.core.calls.session_timer import refuse_interval
from sipcli.core.calls.transfer import Transferee
from sipcli.core.connection.flow import Flow
from sipcli.core.dialogs.dialog import DialogId
from sipcli.core.dialogs.services import DialogServices, HeaderFields
from sipcli.core.requests.uas_checks import Answer
from sipcli.core.transactions.layer import Inbound
from sipcli.sip.header_values import Replaces
from sipcli.sip.headers import Headers
from sipcli.sip.message import Request
from sipcli.sip.status import NOT_ACCEPTABLE_HERE
from sipcli.sip.uri import Uri

MAX_TRANSFERS: Final = 16
"""Most accepted transfers whose call is not placed yet; the oldest is forgotten first."""


class NoSuchCall(ValueError):  # noqa: N818 - says what is wrong, as a sentence would
    """The call is over, or never existed."""


class Calls:
    """The calls by their Call-ID; without `takes_calls`, incoming ones get 480."""

    def __init__(
        self,
        services: DialogServices,
        settings: Settings,
        emit: EmitCallEvent,
        *,
        takes_calls: bool,
    ) -> None:
        self._services = services
        services.serve(self.session_of)
        self._emit = emit
        self._takes_calls = takes_calls
        self._most = settings.max_calls
        self._most_lingering = settings.max_lingering_calls
        self._gate = Gate(settings, self._has_room)
        self._no_answer_timeout = float(settings.no_answer_timeout)
        self.bugs: list[Exception] = []
        """Exceptions that ended calls; the owner reads and clears them."""
        self._calls = CallTable()
        self._transfers: dict[CallId, Transferee] = {}
        """Accepted transfers: the far end may hang up before the new call is placed."""

    # What the owner wants of a call to be

    def invite(
        self,
        target: Uri,
        offer: bytes,
        now: float,
        *,
        headers: HeaderFields = (),
        anonymous: bool = False,
        transfer: CallId | None = None,
    ) -> CallId:
        """Call `target`; `headers` go on each INVITE.

        `anonymous` hides who we are for the whole call. `transfer` is the call, perhaps over by
        now, whose far end asked for this one and got `accept_transfer`: its Replaces is sent
        (RFC 3891), and it is notified of progress while its dialog lasts. Raises `Malformed` for
        header fields that cannot be written, and `OutOfTurn` for a transfer that was not accepted,
        or has no room any more (then call `abandon_transfer`).
        """
        fields = list(headers)
        Headers(fields)  # raises before anything has changed
        referring = None if transfer is None else self._transfers.pop(transfer, None)
        if transfer is not None and referring is None:
            raise OutOfTurn("that transfer was not accepted")
        if transfer is not None and referring is not None and not self._has_room():
            self._transfers[transfer] = referring
            raise OutOfTurn(NO_ROOM)
        if referring is not None:
            fields += referring.headers
        call = self._new_call(self._services.identity.new_id(), now)
        call.transfer = transfer
        if referring is not None:
            referring.started(call)
            call.report = lambda status, reason, is_final, at: referring.report(
                status, reason, at, is_final=is_final
            )
        outgoing = OutgoingInvite(call, target, offer, fields, anonymous=anonymous)
        call.setup = outgoing
        self._calls.add(call)
        outgoing.start(now)
        return call.id

    def progress(self, call: CallId, now: float, *, status: int = 183, body: bytes = b"") -> None:
        """Send a provisional response (101 to 199), with early media if `body` is an answer."""
        self._ringing(call).progress(status, body, now)

    def accept(self, call: CallId, body: bytes, now: float) -> None:
        """Answer an incoming call; `body` is our answer or, if they made no offer, our offer."""
        self._ringing(call).accept(body, now)

    def reject(
        self,
        call: CallId,
        status: int,
        now: float,
        *,
        reason: str | None = None,
        headers: HeaderFields = (),
    ) -> None:
        """Refuse an incoming call with 300 to 699."""
        ringing = self._ringing(call)
        if ringing.is_done:
            raise OutOfTurn("the call is no longer ringing")
        ringing.reject(status, headers, now, reason)
        self._call(call).end("local", status, reason or "refused", now)

    # What the owner wants of a call

    def hang_up(
        self, call: CallId, now: float, *, status: int | None = None, reason: str = "hung up"
    ) -> None:
        """End a call in any state by CANCEL, BYE or a refusal; do nothing if it is over.

        `status` refuses an incoming call; otherwise it explains the end (RFC 3326). `Ended` comes
        at once; CANCEL or BYE go out as soon as they may.
        """
        known = self._calls.get(call)
        if known is not None:
            known.hang_up(now, status, reason)

    def can_offer(self, call: CallId) -> bool:
        """True if `offer` may be called now."""
        known = self._calls.get(call)
        session = None if known is None or known.is_over else known.session
        return session is not None and session.local.can_offer

    def offer(self, call: CallId, body: bytes, now: float, *, lasting: bool = False) -> None:
        """Change the session; `OfferAnswered` or `OfferRefused` follows.

        A `lasting` call does not end if this is not answered.
        """
        self._session(call).local.offer(body, now, lasting=lasting)

    def answer(self, call: CallId, body: bytes, now: float) -> None:
        """Answer a `RemoteOffer` (with our offer, if they asked for one)."""
        self._session(call).remote.answer(body, now)

    def refuse_offer(self, call: CallId, now: float, *, warning: str = "") -> None:
        """Refuse a `RemoteOffer` with 488; the session continues unchanged."""
        self._session(call).remote.refuse(NOT_ACCEPTABLE_HERE, warning, now)

    def info(self, call: CallId, content_type: str, body: bytes, now: float) -> None:
        """Send an INFO, as some peers want DTMF; `InfoDelivered` follows."""
        self._session(call).info(content_type, body, now)

    def refer(
        self,
        call: CallId,
        now: float,
        *,
        target: Uri | None = None,
        replaces: CallId | None = None,
    ) -> None:
        """Ask the far end to call `target`, or to take our place in the call `replaces`.

        `TransferProgress` follows; the owner hangs up once the transfer has succeeded.
        """
        transferor = self._session(call).transferor
        if replaces is None:
            if target is None:
                raise OutOfTurn("a transfer needs a target")
            transferor.refer(target, None, now)
            return
        other = self._session(replaces).dialog
        place = Replaces(other.call_id, other.remote.tag or "", other.local.tag or "")
        transferor.refer(target or other.public_target, place, now)

    def accept_transfer(self, call: CallId, now: float) -> bool:
        """Agree to a `TransferRequested`; `invite` with `transfer=call` is next.

        False if `max_calls` leaves no room any more: it was refused.
        """
        transferee = self._session(call).transferee
        if not transferee.accept(now):
            return False
        while len(self._transfers) >= MAX_TRANSFERS:
            del self._transfers[next(iter(self._transfers))]
        self._transfers[call] = transferee
        return True

    def abandon_transfer(self, call: CallId, status: int, reason: str, now: float) -> None:
        """Give up an accepted transfer whose call could not be placed; no effect after `invite`."""
        transferee = self._transfers.pop(call, None)
        if transferee is not None:
            transferee.failed(status, reason, now)

    def refuse_transfer(self, call: CallId, now: float, *, status: int = 603) -> None:
        """Decline a `TransferRequested`."""
        self._session(call).transferee.refuse(status, now)

    def accept_redirect(self, call: CallId, now: float) -> None:
        """Agree to a `RedirectRequested`: the call continues to that target."""
        self._outgoing(call).accept_redirect(now)

    def refuse_redirect(self, call: CallId, now: float) -> None:
        """Decline a `RedirectRequested`."""
        self._outgoing(call).refuse_redirect(now)

    # What the request server asks

    def session_of(self, request: Request) -> Session | None:
        """The dialog that a request of the far end's belongs to (RFC 3261 §12.2.2)."""
        return self._session_in((request.call_id, request.to.tag or "", request.from_.tag or ""))

    def cancelled(self, invite: Inbound, cancel: Request, now: float) -> bool:
        """Handle a CANCEL; False if no call is waiting to answer that INVITE."""
        call = self._calls.get(invite.request.call_id)
        setup = call.setup if call is not None else None
        if isinstance(setup, IncomingInvite) and setup.cancelled(invite, cancel, now):
            return True
        session = self.session_of(invite.request)
        return session is not None and session.remote.cancelled(invite, now)

    def invited(self, inbound: Inbound, now: float) -> Answer | None:
        """Handle an INVITE for a new call; return the response that refuses it, or None."""
        request = inbound.request
        if not self._takes_calls:
            return Answer(480)
        if not request.contacts and request.via.is_of_rfc3261:
            # A peer of RFC 2543 may omit it: it is reached at its From address.
            return Answer(400, "Missing Contact")
        if self._calls.get(request.call_id) is not None:
            return Answer(482)  # our own call came back to us, or one call came twice
        too_small = refuse_interval(request)
        if too_small is not None:
            return Answer(422, headers=too_small)
        replaced = self._replaced(request)
        if isinstance(replaced, Answer):
            return replaced
        if not self._has_room(replaced) or self._calls.lingers(self._most_lingering):
            return Answer(486)
        call = self._new_call(request.call_id, now)
        incoming = IncomingInvite(call, inbound, replaced, self._no_answer_timeout, now)
        call.setup = incoming
        self._calls.add(call)
        incoming.start(now)
        return None

    # What the agent reports

    def flow_up(self, now: float) -> None:
        """A connection is open."""
        self._each(Call.flow_up, now)

    def flow_lost(self, flow: Flow, now: float) -> None:
        """A connection was lost; its transactions have reported that already."""
        self._each(lambda call, at: call.flow_lost(flow, at), now)

    def slept(self, seconds: float, now: float) -> None:
        """The machine slept: the far ends' clocks ran on for `seconds` while ours stood still."""
        for call in self._calls:
            call.slept(seconds, now)

    def stop(self, now: float) -> None:
        """End all calls and refuse new ones; `is_idle` says when that is done."""
        self._takes_calls = False
        self._each(Call.hang_up, now)

    def deadline(self) -> float | None:
        """When to call `tick` next; None: never."""
        return self._services.timers.deadline()

    def tick(self, now: float) -> None:
        """Fire due timers."""
        for timer in self._services.timers.due(now):
            self._contain(timer.owner, timer.fire, now)

    def sweep(self) -> None:
        """Forget calls that are completely finished, of those whose turn it is."""
        self._calls.sweep()

    @property
    def is_idle(self) -> bool:
        """True if there is no call, nor anything left of one."""
        return self._calls.is_idle

    # Inside

    def _new_call(self, call_id: CallId, now: float) -> Call:
        return Call(call_id, self._services, self._gate, self._on_call_event, now)

    def _on_call_event(self, event: CallEvent) -> None:
        if isinstance(event, Ended):
            self._calls.end(event.call)
        self._emit(event)

    def _each(self, act: Callable[[Call, float], None], now: float) -> None:
        """Have every call act."""
        for call in self._calls:
            self._contain(call.id, partial(act, call), now)

    def _contain(self, call_id: CallId, act: Callable[[float], None], now: float) -> None:
        """Have one call act. If that raises, the call is over; the others do not notice."""
        try:
            act(now)
        except Exception as error:  # noqa: BLE001
            self.bugs.append(error)
            with suppress(Exception):
                self._call(call_id).hang_up(now, reason="a bug in sipcli")
            self._calls.forget(call_id)
            self._services.timers.stop_all(call_id)

    def _has_room(self, replaced: Call | None = None) -> bool:
        """True if there may be another call, in the place of `replaced` where that is given."""
        calls = self._calls
        others = calls.live - (replaced is not None and calls.is_live(replaced.id))
        due = sum(map(calls.is_live, self._transfers))  # each of these may still place another
        return others + due < self._most

    def _outgoing(self, call_id: CallId) -> OutgoingInvite:
        setup = self._call(call_id).setup
        if not isinstance(setup, OutgoingInvite):
            raise OutOfTurn("this is an incoming call")
        return setup

    def _call(self, call_id: CallId) -> Call:
        call = self._calls.get(call_id)
        if call is None or call.is_over:
            raise NoSuchCall(f"no such call: {call_id}")
        return call

    def _session_in(self, dialog: DialogId) -> Session | None:
        call = self._calls.get(dialog[0])
        sessions = call.sessions() if call is not None else iter(())
        return next((session for session in sessions if session.dialog.id == dialog), None)

    def _session(self, call_id: CallId) -> Session:
        session = self._call(call_id).session
        if session is None:
            raise OutOfTurn("the call has no dialog yet, or more than one")
        return session

    def _ringing(self, call_id: CallId) -> IncomingInvite:
        setup = self._call(call_id).setup
        if not isinstance(setup, IncomingInvite):
            raise OutOfTurn("this is an outgoing call")
        return setup

    def _replaced(self, request: Request) -> Call | Answer | None:
        """The call whose place an INVITE is to take, or why it may not (RFC 3891 §3).

        It takes the place at once, without ringing, so the far end of that call must be the one
        who calls now, or who has sent the caller.
        """
        replaces = request.replaces
        if replaces is None:
            return None
        session = self._session_in((replaces.call_id, replaces.to_tag, replaces.from_tag))
        if session is None:
            return Answer(481)
        call = self._calls.get(replaces.call_id)
        if call is None or call.is_over:
            return Answer(603)
        if not may_replace(request, session.dialog.remote.uri):
            return Answer(403, "Replaces Not Authorized")
        if call.is_answered:
            return Answer(486) if replaces.early_only else call
        # Only an early dialog that we initiated may be replaced (RFC 3891 §3).
        return Answer(481) if isinstance(call.setup, IncomingInvite) else call
