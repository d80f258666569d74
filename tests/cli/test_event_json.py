"""The JSON of each event (contract §4), held byte for byte by `event_json.jsonl`."""

import re
from io import StringIO
from pathlib import Path
from typing import Final, get_args

from sipcli.cli.output.event_json import event_fields
from sipcli.cli.output.json_screen import JsonScreen
from sipcli.config.policies import Permission
from sipcli.errors import Phase, RefusedError
from sipcli.phone.events import (
    Answered,
    Binding,
    CallEnded,
    Calling,
    CallStats,
    ChangeRefused,
    Connected,
    ConnectFailed,
    Connecting,
    DigitsNotSent,
    Disconnected,
    Dtmf,
    Event,
    Held,
    Incoming,
    InstantMessage,
    Media,
    Pong,
    Progress,
    RedirectDecided,
    RedirectRequested,
    Registered,
    RegistrationFailed,
    Resumed,
    SelectedCandidate,
    Stats,
    TransferDecided,
    TransferFailed,
    TransferProgress,
    TransferRequested,
    Unregistered,
    Warned,
)
from sipcli.sip.uri import OtherUri, SipUri

CONTRACT: Final = (Path(__file__).parents[2] / "docs" / "contract.md").read_text(encoding="utf-8")
GOLDEN: Final = Path(__file__).with_name("event_json.jsonl")
SERVER: Final = "wss://sip.example.com/ws"
CALL: Final = "1a2b@example.com"
OURS: Final = SelectedCandidate(type="host", protocol="udp", address="192.0.2.1", port=40000)
THEIRS: Final = SelectedCandidate(type="relay", protocol="udp", address="2001:db8::7", port=3478)
STATS: Final = CallStats(
    packets_sent=500,
    packets_received=490,
    packets_lost=10,
    packets_late=2,
    packets_concealed=12,
    loss_percent=2.0,
    jitter_ms=3.25,
    rtt_ms=41.5,
    playout_delay_ms=60.0,
    mos=4.1,
    level_sent_dbfs=-20.5,
    level_received_dbfs=-23.25,
    codec="opus",
    remote_loss_percent=0.4,
    remote_mos=4.2,
)
NO_STATS: Final = CallStats(
    packets_sent=7,
    packets_received=0,
    packets_lost=0,
    packets_late=0,
    packets_concealed=0,
    loss_percent=0.0,
    jitter_ms=0.0,
    rtt_ms=None,
    playout_delay_ms=0.0,
    mos=None,
    level_sent_dbfs=-96.0,
    level_received_dbfs=-96.0,
    codec=None,
)
EVENTS: Final[tuple[Event, ...]] = (
    Connecting(server=SERVER),
    Connected(server=SERVER, elapsed_ms=12.4),
    ConnectFailed(server=SERVER, phase=Phase.DNS, reason="no such name", retry_in_s=0.0),
    ConnectFailed(server=SERVER, phase=Phase.TCP, reason="refused", retry_in_s=2.649),
    ConnectFailed(server=SERVER, phase=Phase.TLS, reason="expired", retry_in_s=None),
    ConnectFailed(server=SERVER, phase=Phase.HTTP, reason="404", retry_in_s=None),
    ConnectFailed(server=SERVER, phase=Phase.SUBPROTOCOL, reason="none", retry_in_s=None),
    Disconnected(server=SERVER, code=1006, reason="gone away", retry_in_s=2.649),
    Disconnected(server=SERVER, code=None, reason="broken", retry_in_s=None),
    Registered(
        uri="sip:alice@example.com",
        registrar="sip:example.com",
        expires_s=600,
        contact="sip:x1@abc.invalid;transport=ws",
        bindings=(
            Binding(contact="sip:x1@abc.invalid;transport=ws", expires_s=600, ours=True),
            Binding(contact="sip:desk@192.0.2.9", expires_s=None, ours=False),
        ),
        pub_gruu="sip:alice@example.com;gr=urn:uuid:1",
        temp_gruu="sip:t@example.com;gr",
        elapsed_ms=82.7,
    ),
    Registered(
        uri="sip:alice@example.com",
        registrar="sip:example.com",
        expires_s=60,
        contact="sip:x1@abc.invalid;transport=ws",
        bindings=(),
        pub_gruu=None,
        temp_gruu=None,
        elapsed_ms=1,
    ),
    RegistrationFailed(status=403, reason="403 Forbidden", retry_in_s=30.4449),
    RegistrationFailed(status=None, reason="no answer", retry_in_s=None),
    RegistrationFailed(status=401, reason="no password", retry_in_s=None, needs_password=True),
    Unregistered(),
    InstantMessage(
        direction="received",
        sender="sip:bob@example.com",
        to="sip:alice@example.com",
        text='grüße "\n\u202e\x1b\ud800',
        status=None,
    ),
    InstantMessage(direction="sent", sender="sip:a@b", to="sip:c@d", text="hi", status=202),
    Pong(target="sip:bob@example.com", status=200, rtt_ms=12.345),
    Pong(target="sip:bob@example.com", status=None, rtt_ms=None),
    Warned(text="the certificate ends in 3 days"),
    Calling(call=CALL, to="sip:bob:secret@example.com"),
    Calling(call=CALL, to="sip:bob@example.com", transfer="first@example.com"),
    Incoming(
        call=CALL,
        sender="sip:bob@example.com",
        display_name="Bob",
        to="sip:alice@example.com",
        p_asserted_identity=("<sip:bob@example.com>", "<tel:+49>"),
        diversion=("<sip:carol@example.com>;reason=no-answer",),
        history_info=("<sip:carol@example.com>;index=1",),
        call_info=("<https://example.com/bob.png>;purpose=icon",),
    ),
    Incoming(call=CALL, sender="sip:b@c", display_name=None, to="sip:a@b"),
    Progress(call=CALL, status=180, reason="Ringing", early_media=False),
    Progress(call=CALL, status=183, reason="", early_media=True),
    Answered(call=CALL, status=200, elapsed_ms=2344.9),
    TransferRequested(
        call=CALL,
        target=SipUri.parse("sip:carol:secret@example.com;transport=ws"),
        referred_by="<sip:bob@example.com>",
        decision=Permission.ASK,
    ),
    TransferRequested(
        call=CALL,
        target=OtherUri("tel", "+491234"),
        referred_by=None,
        decision=Permission.REFUSE,
    ),
    TransferDecided(call=CALL, target="sip:c@d", status=202, decision="accepted"),
    TransferDecided(
        call=CALL, target="sip:c@d", status=603, decision="refused", reason="the user declined"
    ),
    TransferProgress(call=CALL, target="sip:c@d", status=180, is_final=False),
    TransferProgress(call=CALL, target="sip:c@d", status=None, is_final=True),
    RedirectRequested(
        call=CALL, target=SipUri.parse("sip:carol@d"), status=302, decision=Permission.ACCEPT
    ),
    RedirectDecided(call=CALL, target="sip:c@d", status=302, decision="accepted"),
    RedirectDecided(call=CALL, target="sip:c@d", status=302, decision="refused", reason="no"),
    Media(
        call=CALL,
        state="connected",
        codec="opus",
        local_candidate=OURS,
        remote_candidate=THEIRS,
        dtls_fingerprint="sha-256 AB:CD",
        elapsed_ms=512.3,
    ),
    Media(
        call=CALL,
        state="restarted",
        codec="PCMA",
        local_candidate=OURS,
        remote_candidate=THEIRS,
        dtls_fingerprint=None,
        elapsed_ms=60001,
    ),
    Media(
        call=CALL,
        state="failed",
        codec=None,
        local_candidate=None,
        remote_candidate=None,
        dtls_fingerprint=None,
        elapsed_ms=75000,
    ),
    Dtmf(call=CALL, direction="received", digit="#", duration_ms=160, method="rtp"),
    Dtmf(call=CALL, direction="sent", digit="1", duration_ms=100, method="info"),
    Held(call=CALL, by="local"),
    Held(call=CALL, by="remote"),
    Resumed(call=CALL, by="local"),
    Stats(call=CALL, stats=STATS),
    Stats(call=CALL, stats=NO_STATS),
    CallEnded(
        call=CALL,
        by="remote",
        status=None,
        reason="hung up",
        duration_s=12.3456,
        stats=STATS,
        q850_cause=16,
        q850_text="Normal call clearing",
        candidates=(OURS, THEIRS),
        failure=RefusedError("486 Busy Here"),
    ),
    CallEnded(call=CALL, by="network", status=408, reason="no answer", duration_s=0.0, stats=None),
    Warned(text="nothing is received; trying an ICE restart"),
    DigitsNotSent(call=CALL, text="the call is over: 5 not sent"),
    ChangeRefused(call=CALL, text="the far end refused to change the call: 488"),
    TransferFailed(call=CALL, text="the transfer to sip:c@d failed"),
)


def written(*events: Event) -> str:
    """Return the lines of events, without the time of day."""
    out = StringIO()
    screen = JsonScreen(out, out)
    for event in events:
        screen.event(event)
    return re.sub(r'"time": "[^"]*"', '"time": "…"', out.getvalue())


def test_the_json_of_every_event_stays_byte_for_byte_the_same() -> None:
    assert written(*EVENTS) == GOLDEN.read_text(encoding="utf-8")


def test_the_contract_names_every_field() -> None:
    rows = re.findall(r"^\| (`.+`) \| (.+) \|$", CONTRACT, re.MULTILINE)
    fields = {
        name: set(re.findall(r"`(\w+)`", text))
        for names, text in rows
        for name in re.findall(r"`(\w+)`", names)
    }
    for event in EVENTS:
        assert set(event_fields(event)) <= fields[event.name], event.name


def test_every_event_has_its_lines() -> None:
    assert {type(event) for event in EVENTS} >= set(get_args(Event))
