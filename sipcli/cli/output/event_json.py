"""The fields of each event in JSON, as contract §4 has them.

Each field is listed, so that what is new in an event stays out until the contract has it. Times are
rounded here, to what is meaningful of them.
"""

from typing import TypeAlias

from sipcli.phone import events
from sipcli.phone.events import CallStats, Event, SelectedCandidate

JsonObject: TypeAlias = dict[str, object]


def event_fields(event: Event) -> JsonObject:
    """Return the fields of an event, as JSON types. Its name is `event.name`."""
    match event:
        case events.DigitsNotSent() | events.ChangeRefused() | events.TransferFailed():
            return {"text": event.text, "call": event.call}
        case events.Warned(text=text):
            return {"text": text}
        case events.InstantMessage():
            return {
                "direction": event.direction,
                "from": event.sender,
                "to": event.to,
                "text": event.text,
                "status": event.status,
            }
        case events.Pong():
            return {
                "target": event.target,
                "status": event.status,
                "rtt_ms": _rounded(event.rtt_ms),
            }
        case events.Registered() | events.RegistrationFailed() | events.Unregistered():
            return _registration(event)
        case (
            events.Connecting()
            | events.Connected()
            | events.ConnectFailed()
            | events.Disconnected()
        ):
            return _connection(event)
        case events.Calling() | events.Incoming() | events.Progress() | events.Answered():
            return {"call": event.call, **_setup(event)}
        case events.Media() | events.Dtmf() | events.Held() | events.Resumed() | events.Stats():
            return {"call": event.call, **_during(event)}
        case events.CallEnded():
            return {"call": event.call, **_end(event)}
        case _:
            return {"call": event.call, **_transfer(event)}


def _connection(
    event: events.Connecting | events.Connected | events.ConnectFailed | events.Disconnected,
) -> JsonObject:
    match event:
        case events.Connecting(server=server):
            return {"server": server}
        case events.Connected(server=server, elapsed_ms=elapsed):
            return {"server": server, "elapsed_ms": round(elapsed)}
        case events.ConnectFailed():
            return {
                "server": event.server,
                "phase": event.phase.lower(),
                "reason": event.reason,
                "retry_in_s": _rounded(event.retry_in_s),
            }
        case events.Disconnected():
            return {
                "server": event.server,
                "code": event.code,
                "reason": event.reason,
                "retry_in_s": _rounded(event.retry_in_s),
            }


def _registration(
    event: events.Registered | events.RegistrationFailed | events.Unregistered,
) -> JsonObject:
    match event:
        case events.Registered():
            return {
                "uri": event.uri,
                "registrar": event.registrar,
                "expires_s": event.expires_s,
                "contact": event.contact,
                "bindings": [
                    {"contact": one.contact, "expires_s": one.expires_s, "ours": one.ours}
                    for one in event.bindings
                ],
                "pub_gruu": event.pub_gruu,
                "temp_gruu": event.temp_gruu,
                "elapsed_ms": round(event.elapsed_ms),
            }
        case events.RegistrationFailed():
            return {
                "status": event.status,
                "reason": event.reason,
                "retry_in_s": _rounded(event.retry_in_s),
            }
        case events.Unregistered():
            return {}


def _setup(
    event: events.Calling | events.Incoming | events.Progress | events.Answered,
) -> JsonObject:
    match event:
        case events.Calling(to=to, transfer=transfer):
            return {"to": to, "transfer": transfer}
        case events.Incoming():
            return {
                "from": event.sender,
                "display_name": event.display_name,
                "to": event.to,
                "p_asserted_identity": [*event.p_asserted_identity],
                "diversion": [*event.diversion],
                "history_info": [*event.history_info],
                "call_info": [*event.call_info],
            }
        case events.Progress():
            return {
                "status": event.status,
                "reason": event.reason,
                "early_media": event.early_media,
            }
        case events.Answered(status=status, elapsed_ms=elapsed):
            return {"status": status, "elapsed_ms": round(elapsed)}


def _during(
    event: events.Media | events.Dtmf | events.Held | events.Resumed | events.Stats,
) -> JsonObject:
    match event:
        case events.Media():
            return {
                "state": event.state,
                "codec": event.codec,
                "local_candidate": _candidate(event.local_candidate),
                "remote_candidate": _candidate(event.remote_candidate),
                "dtls_fingerprint": event.dtls_fingerprint,
                "elapsed_ms": round(event.elapsed_ms),
            }
        case events.Dtmf():
            return {
                "direction": event.direction,
                "digit": event.digit,
                "duration_ms": event.duration_ms,
                "method": event.method,
            }
        case events.Held(by=by) | events.Resumed(by=by):
            return {"by": by}
        case events.Stats(stats=stats):
            return {"stats": _stats(stats)}


def _end(event: events.CallEnded) -> JsonObject:
    return {
        "by": event.by,
        "status": event.status,
        "reason": event.reason,
        "duration_s": round(event.duration_s, 3),
        "stats": None if event.stats is None else _stats(event.stats),
        "q850_cause": event.q850_cause,
        "q850_text": event.q850_text,
    }


def _transfer(
    event: events.TransferRequested
    | events.TransferDecided
    | events.TransferProgress
    | events.RedirectRequested
    | events.RedirectDecided,
) -> JsonObject:
    match event:
        case events.TransferRequested():
            return {
                "target": str(event.target),
                "referred_by": event.referred_by,
                "decision": event.decision,
            }
        case events.TransferProgress(target=target, status=status):
            return {
                "target": target,
                "status": status,
                "by": "local",
                "decision": None,
                "reason": None,
            }
        case events.TransferDecided():
            return {
                "target": event.target,
                "status": event.status,
                "by": "remote",
                "decision": event.decision,
                "reason": event.reason,
            }
        case events.RedirectRequested():
            return {
                "target": str(event.target),
                "status": event.status,
                "decision": event.decision,
            }
        case events.RedirectDecided():
            return {
                "target": event.target,
                "status": event.status,
                "decision": event.decision,
                "reason": event.reason,
            }


def _stats(stats: CallStats) -> JsonObject:
    return {
        "packets_sent": stats.packets_sent,
        "packets_received": stats.packets_received,
        "packets_lost": stats.packets_lost,
        "packets_late": stats.packets_late,
        "packets_concealed": stats.packets_concealed,
        "loss_percent": stats.loss_percent,
        "jitter_ms": stats.jitter_ms,
        "rtt_ms": stats.rtt_ms,
        "playout_delay_ms": stats.playout_delay_ms,
        "mos": stats.mos,
        "level_sent_dbfs": stats.level_sent_dbfs,
        "level_received_dbfs": stats.level_received_dbfs,
        "codec": stats.codec,
        "remote_loss_percent": stats.remote_loss_percent,
        "remote_mos": stats.remote_mos,
    }


def _candidate(candidate: SelectedCandidate | None) -> JsonObject | None:
    if candidate is None:
        return None
    return {
        "type": candidate.type,
        "protocol": candidate.protocol,
        "address": candidate.address,
        "port": candidate.port,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
