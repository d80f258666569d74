"""Journal entries of a made-up call, for tests: times are milliseconds of a run that began at 0."""

from typing import Any, Literal

from sipcli.errors import Phase, SipcliError
from sipcli.evidence.recording import Recording
from sipcli.evidence.report_builder import RunOutcome, report_content
from sipcli.evidence.report_content import ReportContent, RunFacts
from sipcli.evidence.waterfall import Fact
from sipcli.journal.entries import (
    Entry,
    EventEntry,
    SampleEntry,
    SipEntry,
    StepEntry,
    VerdictEntry,
)
from sipcli.journal.journal import Journal
from sipcli.phone.events import Answered, CallEnded, Calling, Event, Media, Progress, Registered
from tests.sip_entries import sip_entry

BEGAN = 1_800_000_000.0
CALL = "call-1"
SERVER = "wss://sip.example.com"

RUN = RunFacts(
    command="call",
    target="bob",
    command_line="sipcli call bob",
    began="2027-01-15T08:00:00.000Z",
    duration_ms=9000.0,
    host="here",
    versions=(Fact(name="sipcli", value="1.0"),),
    settings=(),
)


def at(ms: float) -> float:
    return BEGAN + ms / 1000


def event(ms: float, what: Event) -> EventEntry:
    return EventEntry(at=at(ms), event=what)


def step(
    ms: float,
    phase: Phase,
    state: Literal["begun", "done", "failed"],
    text: str = "",
    *,
    call: str | None = None,
    server: str | None = None,
    facts: tuple[tuple[str, str], ...] = (),
) -> StepEntry:
    return StepEntry(
        at=at(ms), phase=phase, state=state, text=text, call=call, server=server, facts=facts
    )


def message(ms: float, direction: Literal["sent", "received"], first: str, **more: Any) -> SipEntry:
    """A message of the call `call`, or of none: `method` is that in CSeq, `body` what follows."""
    method = more.get("method", first.split()[0])
    lines = (
        first,
        "Via: SIP/2.0/WSS a.invalid;branch=z9hG4bK1",
        f"From: <sip:{more.get('user', 'alice')}@example.com>;tag=1",
        "To: <sip:bob@example.com>",
        f"Call-ID: {more.get('call', CALL)}",
        f"CSeq: 1 {method}",
        *more.get("fields", ()),
        "Content-Length: 0",
    )
    data = "\r\n".join((*lines, "", "")).encode("utf-8", "surrogateescape")
    return sip_entry(direction, data, SERVER, at=at(ms))


def sample(ms: float, **changes: Any) -> SampleEntry:
    usual: dict[str, Any] = {
        "at": at(ms),
        "call": CALL,
        "packets_sent": 50,
        "packets_received": 50,
        "packets_lost": 0,
        "packets_late": 0,
        "concealed_ms": 0.0,
        "recovered_ms": 0.0,
        "jitter_ms": 2.0,
        "playout_delay_ms": 20.0,
        "rtt_ms": None,
        "remote_loss_percent": None,
        "remote_jitter_ms": None,
        "level_sent_dbfs": -20.0,
        "level_received_dbfs": -20.0,
        "mos": 4.4,
        "codec": "opus",
    }
    return SampleEntry(**usual | changes)


def verdict(met: bool = True, **changes: Any) -> VerdictEntry:
    usual: dict[str, Any] = {
        "at": at(5000),
        "call": CALL,
        "name": "expect-audio",
        "met": met,
        "expected": "0.5 s of audible sound received",
        "actual": "3.0 s",
        "phase": Phase.AUDIO,
    }
    return VerdictEntry(**usual | changes)


def connection(begin: float = 0.0, server: str = SERVER) -> list[Entry]:
    """DNS to WebSocket, 10 ms each."""
    entries = list[Entry]()
    for number, phase in enumerate((Phase.DNS, Phase.TCP, Phase.TLS, Phase.WEBSOCKET)):
        entries.append(step(begin + 10 * number, phase, "begun", server=server))
        entries.append(step(begin + 10 * (number + 1), phase, "done", server=server))
    return entries


REGISTERED = Registered(
    uri="sip:alice@example.com",
    registrar="sip:example.com",
    expires_s=600,
    contact="sip:x@a.invalid",
    bindings=(),
    pub_gruu=None,
    temp_gruu=None,
    elapsed_ms=20.0,
)


def media(state: Literal["connected", "failed", "restarted"] = "connected") -> Media:
    return Media(
        call=CALL,
        state=state,
        codec="opus",
        local_candidate=None,
        remote_candidate=None,
        dtls_fingerprint=None,
        elapsed_ms=100.0,
    )


def ended(failure: SipcliError | None = None, **changes: Any) -> CallEnded:
    usual: dict[str, Any] = {
        "call": CALL,
        "by": "local",
        "status": None,
        "reason": "hung up",
        "duration_s": 3.0,
        "stats": None,
        "failure": failure,
    }
    return CallEnded(**usual | changes)


def good_call() -> list[Entry]:
    """A connection, a registration, and a call that lasts until 5 s."""
    return [
        *connection(),
        message(45, "sent", "REGISTER sip:example.com SIP/2.0", call="reg"),
        event(65, REGISTERED),
        message(100, "sent", "INVITE sip:bob@example.com SIP/2.0"),
        event(100, Calling(call=CALL, to="sip:bob@example.com")),
        message(150, "received", "SIP/2.0 180 Ringing", method="INVITE"),
        event(150, Progress(call=CALL, status=180, reason="Ringing", early_media=False)),
        message(1999, "received", "SIP/2.0 200 OK", method="INVITE"),
        event(2000, Answered(call=CALL, status=200, elapsed_ms=1900.0)),
        step(2001, Phase.ICE, "begun", call=CALL),
        step(2051, Phase.ICE, "done", "host to host", call=CALL),
        step(2051, Phase.DTLS, "begun", call=CALL),
        step(2071, Phase.DTLS, "done", call=CALL, facts=(("DTLS version", "DTLSv1.2"),)),
        event(2071, media()),
        sample(3000),
        event(5000, ended()),
    ]


def recorded(*entries: Entry) -> Recording:
    journal = Journal()
    recording = Recording().attach(journal)
    for entry in entries:
        journal.record(entry)
    return recording


def outcome(**changes: Any) -> RunOutcome:
    usual: dict[str, Any] = {
        "exit_code": 0,
        "reason": "done",
        "phase": None,
        "began": BEGAN,
        "ended": at(9000),
        "registers": True,
        "places_call": True,
        "is_secure": True,
    }
    return RunOutcome(**usual | changes)


def content(*entries: Entry, **changes: Any) -> ReportContent:
    """The report on a run with these entries; `changes` are of its outcome."""
    return report_content(recorded(*entries), RUN, outcome(**changes))
