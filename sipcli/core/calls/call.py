"""A call from its INVITE to its end: first its setup, then its session."""

from collections.abc import Callable, Iterator
from typing import Protocol, TypeAlias

from sipcli.core.calls.events import Answered, By, CallEvent, CallId, Ended, Progress
from sipcli.core.calls.gate import Gate
from sipcli.core.calls.invite_usage import InviteUsage
from sipcli.core.calls.reasons import q850, reason_field
from sipcli.core.calls.session import Session
from sipcli.core.connection.flow import Flow
from sipcli.core.dialogs.services import DialogServices, HeaderFields
from sipcli.sip.message import Message, Request

OnProgress: TypeAlias = Callable[[int, str, bool, float], None]
"""Told of a call's progress: status, reason, whether it is final, the time in seconds."""


EmitCallEvent: TypeAlias = Callable[[CallEvent], None]


class Setup(Protocol):
    """The INVITE that makes the call, ours or theirs."""

    @property
    def is_done(self) -> bool:
        """True if nothing of it is left, on the wire or in timers."""

    def hang_up(self, status: int | None, headers: HeaderFields, now: float) -> int:
        """Want no call any more: CANCEL, or a refusal with `status`; returns the final status."""

    def sessions(self) -> Iterator[Session]:
        """The dialogs that it has opened."""

    def dialog_over(self, usage: InviteUsage, now: float) -> bool:
        """One of its early dialogs has ended; says whether that is the end of the call."""

    def flow_lost(self, flow: Flow, now: float) -> None:
        """The connection ended."""


class Call:
    """A call, known by its Call-ID; after its end it lingers until nothing is outstanding."""

    def __init__(
        self,
        call_id: CallId,
        services: DialogServices,
        gate: Gate,
        emit: EmitCallEvent,
        now: float,
    ) -> None:
        self._id = call_id
        self.services = services
        self._gate = gate
        self._emit = emit
        self.transfer: CallId | None = None
        """The call whose far end asked for this one by REFER; None where we wanted it."""
        self.setup: Setup | None = None
        self.session: Session | None = None
        """The dialog that the owner's verbs are about; early ones only where there is just one."""
        self.report: OnProgress | None = None
        """Reports progress to the far end that asked for this call by REFER."""
        self.is_over = False
        """True once `Ended` was emitted."""
        self._begun = now
        self._answered_at: float | None = None

    @property
    def id(self) -> CallId:
        """The Call-ID."""
        return self._id

    @property
    def gate(self) -> Gate:
        """The policy for what the far end may make us start."""
        return self._gate

    @property
    def is_answered(self) -> bool:
        """True once a 2xx was received or sent."""
        return self._answered_at is not None

    @property
    def is_done(self) -> bool:
        """True if it can be forgotten."""
        sessions = self.is_over and all(session.is_done for session in self.sessions())
        return sessions and (self.setup is None or self.setup.is_done)

    def sessions(self) -> Iterator[Session]:
        """All dialogs of this call."""
        if self.session is not None:
            yield self.session
        if self.setup is not None:
            yield from (one for one in self.setup.sessions() if one is not self.session)

    def emit(self, event: CallEvent) -> None:
        """Emit an event, unless the call is over."""
        if not self.is_over:
            self._emit(event)

    def progress(
        self, status: int, reason: str, now: float, *, body: bytes | None = None, fork: str = ""
    ) -> None:
        """Emit a provisional response."""
        self.emit(
            Progress(
                call=self.id,
                status=status,
                reason=reason,
                early_media=body is not None,
                body=body,
                fork=fork,
            )
        )
        if self.report is not None and status < 200:  # a redirect is not final
            self.report(status, reason, False, now)

    def answered(
        self, session: Session, body: bytes | None, now: float, *, status: int = 200
    ) -> None:
        """Emit that the call is up, with this dialog."""
        session.usage.is_confirmed = True
        self.session = session
        self._answered_at = now
        dialog = session.dialog
        self.services.log("dialog %s: confirmed, towards %s", dialog, dialog.remote_target)
        self.emit(
            Answered(
                call=self.id,
                status=status,
                elapsed_s=now - self._begun,
                body=body,
                fork=(dialog.remote.tag if dialog.owns_call_id else dialog.local.tag) or "",
            )
        )
        self._report_end(200, "OK", now)

    def hang_up(self, now: float, status: int | None = None, reason: str = "hung up") -> None:
        """End it from our side; `status` explains it to the far end (RFC 3326)."""
        if self.is_over:
            return
        headers = [] if status is None else [reason_field(status, reason)]
        final = None
        if self.is_answered and self.session is not None:
            self.session.bye(now, headers)
        elif self.setup is not None:
            final = self.setup.hang_up(status, headers, now)
        self.end("local", final, reason, now)

    def dialog_over(
        self,
        usage: InviteUsage,
        by: By,
        status: int | None,
        reason: str,
        now: float,
        *,
        message: Request | None = None,
    ) -> None:
        """A dialog of this call has ended (invite_usage.DialogOwner)."""
        is_chosen = self.is_answered and self.session is not None and self.session.usage is usage
        if is_chosen and self.session is not None:
            self.session.bye(now)  # does nothing if their BYE ended it
            self.end(by, status, reason, now, message=message)
        elif not self.is_answered and self.setup is not None:
            if self.setup.dialog_over(usage, now):
                self.end(by, status or 487, reason, now, message=message)
            elif by == "network" and not any(self.setup.sessions()):
                # The only early dialog is gone, so no other phone is ringing.
                self.setup.hang_up(None, (), now)
                self.end(by, status or 487, reason, now)

    def end(
        self,
        by: By,
        status: int | None,
        reason: str,
        now: float,
        *,
        needs_password: bool = False,
        message: Message | None = None,
    ) -> None:
        """Emit `Ended`, once; `message` is the far end's message that ended the call."""
        if self.is_over:
            return
        duration = 0.0 if self._answered_at is None else now - self._answered_at
        cause = q850(message)
        self.emit(
            Ended(
                call=self.id,
                by=by,
                status=status,
                reason=reason,
                duration_s=duration,
                needs_password=needs_password,
                q850_cause=cause.cause if cause is not None else None,
                q850_text=cause.text if cause is not None else None,
            )
        )
        self.is_over = True
        self._report_end(status or 503, reason, now)

    def flow_up(self, now: float) -> None:
        """The connection is back."""
        for session in list(self.sessions()):
            session.flow_up(now)

    def flow_lost(self, flow: Flow, now: float) -> None:
        """The connection was lost; answered calls outlive it."""
        for session in list(self.sessions()):
            session.flow_lost(flow)
        if self.setup is not None:
            self.setup.flow_lost(flow, now)

    def slept(self, seconds: float, now: float) -> None:
        """The machine slept: the far end's clock ran on for `seconds` while ours stood still."""
        if self._answered_at is not None:
            self._answered_at -= seconds
        for session in self.sessions():
            session.usage.session_timer.slept(seconds, now)

    def _report_end(self, status: int, reason: str, now: float) -> None:
        report, self.report = self.report, None
        if report is not None:
            report(status, reason, True, now)
