"""Makes the public events of what the core emits: without what only the phone itself needs."""

from sipcli.core import events as core
from sipcli.core.calls import events as core_calls
from sipcli.phone import events
from sipcli.phone.events import CallEvent, CallStats, PhoneEvent, SelectedCandidate


def phone_event(event: core.Event) -> PhoneEvent:
    """Return the public event for one of the user agent."""
    match event:
        case core.Connecting() | core.Connected() | core.ConnectFailed() | core.Disconnected():
            return _connection_event(event)
        case core.Registered() | core.RegistrationFailed() | core.Unregistered():
            return _registration_event(event)
        case core.InstantMessage():
            return events.InstantMessage(
                direction=event.direction,
                sender=event.sender,
                to=event.to,
                text=event.text,
                status=event.status,
            )
        case core.Pong(target=target, status=status, rtt_s=rtt):
            rtt_ms = None if rtt is None else rtt * 1000
            return events.Pong(target=target, status=status, rtt_ms=rtt_ms)
        case core.Warned(text=text):
            return events.Warned(text=text)


def call_event(event: core_calls.SetupEvent | core_calls.TransferEvent) -> CallEvent:
    """Return the public event for one of a call, but for its end."""
    match event:
        case core_calls.Calling(call=call, to=to, transfer=transfer):
            return events.Calling(call=call, to=to, transfer=transfer)
        case core_calls.Incoming():
            return events.Incoming(
                call=event.call,
                sender=event.sender,
                display_name=event.display_name,
                to=event.to,
                p_asserted_identity=event.p_asserted_identity,
                diversion=event.diversion,
                history_info=event.history_info,
                call_info=event.call_info,
            )
        case core_calls.Progress():
            return events.Progress(
                call=event.call,
                status=event.status,
                reason=event.reason,
                early_media=event.early_media,
            )
        case core_calls.Answered(call=call, status=status, elapsed_s=elapsed):
            return events.Answered(call=call, status=status, elapsed_ms=elapsed * 1000)
        case _:
            return _transfer_event(event)


def call_ended(
    event: core_calls.Ended,
    media_failure: str | None,
    stats: CallStats | None,
    candidates: tuple[SelectedCandidate, SelectedCandidate] | None,
) -> events.CallEnded:
    """Return the public event for the end of a call; `media_failure` is why its media failed."""
    return events.CallEnded(
        call=event.call,
        by="network" if media_failure is not None else event.by,
        status=event.status,
        reason=media_failure if media_failure is not None else event.reason,
        duration_s=event.duration_s,
        stats=stats,
        q850_cause=event.q850_cause,
        q850_text=event.q850_text,
        candidates=candidates,
    )


def _connection_event(
    event: core.Connecting | core.Connected | core.ConnectFailed | core.Disconnected,
) -> PhoneEvent:
    match event:
        case core.Connecting(server=server):
            return events.Connecting(server=server)
        case core.Connected(server=server, elapsed_s=elapsed):
            return events.Connected(server=server, elapsed_ms=elapsed * 1000)
        case core.ConnectFailed():
            return events.ConnectFailed(
                server=event.server,
                phase=event.phase,
                reason=event.reason,
                retry_in_s=event.retry_in_s,
            )
        case core.Disconnected():
            return events.Disconnected(
                server=event.server,
                code=event.code,
                reason=event.reason,
                retry_in_s=event.retry_in_s,
            )


def _registration_event(
    event: core.Registered | core.RegistrationFailed | core.Unregistered,
) -> PhoneEvent:
    match event:
        case core.Registered():
            return events.Registered(
                uri=event.uri,
                registrar=event.registrar,
                expires_s=event.expires_s,
                contact=event.contact,
                bindings=tuple(
                    events.Binding(contact=one.contact, expires_s=one.expires_s, ours=one.ours)
                    for one in event.bindings
                ),
                pub_gruu=event.pub_gruu,
                temp_gruu=event.temp_gruu,
                elapsed_ms=event.elapsed_s * 1000,
            )
        case core.RegistrationFailed():
            return events.RegistrationFailed(
                status=event.status,
                reason=event.reason,
                retry_in_s=event.retry_in_s,
                needs_password=event.needs_password,
            )
        case core.Unregistered():
            return events.Unregistered()


def _transfer_event(event: core_calls.TransferEvent) -> CallEvent:
    match event:
        case core_calls.TransferRequested():
            return events.TransferRequested(
                call=event.call,
                target=event.target,
                referred_by=event.referred_by,
                decision=event.decision,
            )
        case core_calls.TransferDecided():
            return events.TransferDecided(
                call=event.call,
                target=event.target,
                status=event.status,
                decision=event.decision,
                reason=event.reason,
            )
        case core_calls.RedirectRequested():
            return events.RedirectRequested(
                call=event.call,
                target=event.target,
                status=event.status,
                decision=event.decision,
            )
        case core_calls.RedirectDecided():
            return events.RedirectDecided(
                call=event.call,
                target=event.target,
                status=event.status,
                decision=event.decision,
                reason=event.reason,
            )
        case core_calls.TransferProgress():
            return events.TransferProgress(
                call=event.call, target=event.target, status=event.status, is_final=event.is_final
            )
