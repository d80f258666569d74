"""What a person reads of each event, whatever the far end has put into it."""

from dataclasses import fields, replace
from typing import Any, Literal

import pytest

from sipcli.cli.output.wording import bindings, next_try, wording
from sipcli.config.policies import Permission
from sipcli.core.calls.gate import REFUSED
from sipcli.errors import Phase
from sipcli.phone import events
from sipcli.phone.events import (
    Answered,
    Calling,
    Incoming,
    Progress,
    RedirectDecided,
    TransferDecided,
    TransferProgress,
)
from tests.cli.call_session_fixture import ASKED, MOVED

SERVER = "wss://edge.example.com"


def registered(**changes: Any) -> events.Registered:
    usual: dict[str, Any] = {
        "uri": "sip:alice@example.com",
        "registrar": "sip:example.com",
        "expires_s": 600,
        "contact": "sip:x@y.invalid",
        "bindings": (),
        "pub_gruu": None,
        "temp_gruu": None,
        "elapsed_ms": 42,
    }
    return events.Registered(**usual | changes)


def refused(wait: float | None) -> events.RegistrationFailed:
    return events.RegistrationFailed(status=403, reason="403 No", retry_in_s=wait)


def failed(wait: float | None) -> events.ConnectFailed:
    return events.ConnectFailed(server=SERVER, phase=Phase.TCP, reason="refused", retry_in_s=wait)


def lost(wait: float | None, server: str = SERVER, code: int | None = 1006) -> events.Disconnected:
    return events.Disconnected(server=server, code=code, reason="gone", retry_in_s=wait)


def message(direction: Literal["sent", "received"], status: int | None) -> events.InstantMessage:
    return events.InstantMessage(
        direction=direction, sender="sip:bob@x", to="sip:carol@x", text="hi\nyou", status=status
    )


CONNECTED = events.Connected(server=SERVER, elapsed_ms=12.4)


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (events.Connecting(server=SERVER), f"… connecting to {SERVER}"),
        (CONNECTED, f"✓ connected to {SERVER} in 12 ms"),
        (failed(None), f"✗ {SERVER}: TCP: refused"),
        (failed(0.0), f"✗ {SERVER}: TCP: refused; trying the next server"),
        (failed(2.4999), f"✗ {SERVER}: TCP: refused; next try in 2.5 s"),
        (lost(2.0), f"✗ {SERVER}: gone (1006); next try in 2 s"),
        (lost(None, code=None), f"✗ {SERVER}: gone"),
        (
            registered(),
            "✓ registered sip:alice@example.com at sip:example.com for 600 s (42 ms)",
        ),
        (refused(60.0), "✗ registration: 403 No; next try in 60 s"),
        (refused(None), "✗ registration: 403 No"),
        (events.Unregistered(), "• unregistered"),
        (message("sent", 200), "✓ message to sip:carol@x: 200"),
        (message("sent", 404), "✗ message to sip:carol@x: 404"),
        (message("sent", None), "✗ message to sip:carol@x: no answer, it may have arrived"),
        (events.Pong(target="sip:b@x", status=200, rtt_ms=1.4999), "✓ sip:b@x: 200 in 1.5 ms"),
        (events.Pong(target="sip:b@x", status=404, rtt_ms=2.0), "✗ sip:b@x: 404 in 2 ms"),
        (events.Pong(target="sip:b@x", status=401, rtt_ms=None), "✗ sip:b@x: 401"),
        (events.Pong(target="sip:b@x", status=None, rtt_ms=None), "✗ sip:b@x: no answer"),
        (events.Warned(text="mind this"), "! mind this"),
    ],
)
def test_the_line_of_an_event(event: events.PhoneEvent, line: str) -> None:
    found = wording(event)
    assert found is not None
    assert f"{found.mark} {found.text}" == line


def test_a_received_message_shows_who_and_what_and_nothing_that_a_terminal_obeys() -> None:
    line = wording(message("received", 200))
    assert line is not None
    assert (line.mark, line.style) == ("✉", "bold")
    assert line.text.startswith("sip:bob@x: hi")
    evil = events.InstantMessage(
        direction="received", sender="sip:\x9b@x", to="", text="\x1b[2J\u202e\udcff", status=200
    )
    shown = wording(evil)
    assert shown is not None
    assert shown.text == "sip:\\x9b@x: \\x1b[2J\\u202e\\xff"


def test_our_own_binding_is_marked() -> None:
    event = registered(
        bindings=(
            events.Binding(contact="sip:a@x", expires_s=10, ours=True),
            events.Binding(contact="sip:\x1b@x", expires_s=None, ours=False),
        )
    )
    assert bindings(event) == ["  * sip:a@x  10 s", "    sip:\\x1b@x"]


def test_no_next_try_needs_no_words() -> None:
    assert next_try(None) == ""


NASTY = "\x1b[2Jb\no\rb\x9b\u202e"
HOST = events.SelectedCandidate(type="host", protocol="udp", address="192.0.2.1", port=4000)
FIGURES = events.CallStats(
    packets_sent=100,
    packets_received=99,
    packets_lost=1,
    packets_late=0,
    packets_concealed=1,
    loss_percent=1.0,
    jitter_ms=2.5,
    rtt_ms=20.0,
    playout_delay_ms=40.0,
    mos=4.21,
    level_sent_dbfs=-20.0,
    level_received_dbfs=-30.0,
    codec="opus",
)
INCOMING = Incoming(call="1", sender="sip:bob@b", display_name="Bob", to="sip:a@a")
PROGRESS = Progress(call="1", status=180, reason="Ringing", early_media=False)
ENDED = events.CallEnded(
    call="1",
    by="remote",
    status=None,
    reason="hung up",
    duration_s=2.04,
    stats=FIGURES,
    candidates=(HOST, replace(HOST, type="relay")),
)
MEDIA = events.Media(
    call="1",
    state="connected",
    codec="opus",
    local_candidate=HOST,
    remote_candidate=replace(HOST, type="relay"),
    dtls_fingerprint=None,
    elapsed_ms=40.3,
)
EVENTS = (
    Calling(call="1", to="sip:bob@b"),
    INCOMING,
    PROGRESS,
    Answered(call="1", status=200, elapsed_ms=1500),
    MEDIA,
    events.Dtmf(call="1", direction="sent", digit="5", duration_ms=100, method="rtp"),
    events.Held(call="1", by="remote"),
    events.Resumed(call="1", by="local"),
    TransferProgress(call="1", target="sip:c@c", status=202, is_final=False),
    events.Stats(call="1", stats=FIGURES),
    ENDED,
)


def words(event: events.CallEvent) -> str:
    line = wording(event)
    assert line is not None
    return "\n  ".join((line.text, *line.more))


def test_each_event_has_its_words() -> None:
    assert [words(event) for event in EVENTS] == [
        "calling sip:bob@b",
        'incoming call from "Bob" sip:bob@b',
        "180 Ringing",
        "answered after 1.5 s",
        "media connected: opus, host 192.0.2.1 ↔ relay 192.0.2.1, 40 ms",
        "sent 5",
        "held by the far end",
        "resumed",
        "transfer to sip:c@c: 202",
        "sent 100, received 99 packets, loss 1.0 %, jitter 2.5 ms, round trip 20 ms, MOS 4.2",
        "call ended by the far end: hung up\n  2.0 s, opus, ICE host ↔ relay\n"
        "  sent 100, received 99 packets, loss 1.0 %, jitter 2.5 ms, round trip 20 ms, MOS 4.2",
    ]


def test_where_a_far_end_sends_us_is_told_once() -> None:
    decided = TransferDecided(call="1", target="sip:c@c", status=202, decision="accepted")
    followed = RedirectDecided(call="1", target="sip:c@c", status=302, decision="accepted")
    assert words(ASKED) == "the far end asks us to call sip:carol@example.com"
    assert words(MOVED) == "the call is redirected to sip:carol@example.com"
    assert words(decided) == "transferred to sip:c@c"
    assert words(followed) == "redirected to sip:c@c"
    refused = replace(decided, status=603, decision="refused", reason="why")
    assert words(refused) == "transfer to sip:c@c refused: why"
    refused_redirect = replace(followed, decision="refused", reason="why")
    assert words(refused_redirect) == "redirection to sip:c@c not followed: why"
    ours = replace(refused, reason=REFUSED)
    assert words(ours) == "transfer to sip:c@c refused"
    for known in (Permission.ACCEPT, Permission.REFUSE):
        assert wording(replace(ASKED, decision=known)) is None
        assert wording(replace(MOVED, decision=known)) is None


@pytest.mark.parametrize(
    ("loss", "mos", "told"),
    [
        (0.5, 4.32, "at the far end: loss 0.5 %, MOS 4.3"),
        (0.0, None, "at the far end: loss 0.0 %"),
        (None, 3.0, "at the far end: MOS 3.0"),
    ],
)
def test_the_far_end_is_quoted_where_it_tells(
    loss: float | None, mos: float | None, told: str
) -> None:
    stats = replace(FIGURES, remote_loss_percent=loss, remote_mos=mos)
    assert words(events.Stats(call="1", stats=stats)).endswith(f"MOS 4.2\n  {told}")
    assert words(replace(ENDED, stats=stats)).endswith(f"MOS 4.2\n  {told}")


def test_trying_is_not_worth_a_line() -> None:
    assert wording(replace(PROGRESS, status=100)) is None


def test_a_call_without_media_ends_in_one_line() -> None:
    ended = replace(ENDED, by="network", status=408, reason="nobody answered", stats=None)
    assert words(ended) == "call lost: 408 nobody answered"


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_nothing_of_the_far_end_moves_the_cursor_or_begins_a_line(event: Any) -> None:
    texts = [
        field.name
        for field in fields(event)
        if isinstance(getattr(event, field.name), str)
        and field.name not in ("by", "state", "direction", "method")
    ]
    plain, nasty = words(event), words(replace(event, **dict.fromkeys(texts, NASTY)))
    assert nasty.count("\n") == plain.count("\n")
    assert not set("\x1b\r\x9b\u202e") & set(nasty)


def test_what_the_network_says_stands_with_the_call() -> None:
    known = replace(
        INCOMING,
        p_asserted_identity=("<tel:+1555>", "<sip:al@b>"),
        diversion=("<sip:carol@b>;reason=no-answer",),
    )
    assert words(known) == (
        'incoming call from "Bob" sip:bob@b, asserted <tel:+1555>,'
        " diverted by <sip:carol@b>;reason=no-answer"
    )
    assert words(INCOMING) == 'incoming call from "Bob" sip:bob@b'
    for text, shown in ((None, ""), ("No circuit", ": No circuit")):
        over = words(replace(ENDED, q850_cause=34, q850_text=text)).splitlines()[0]
        assert over == f"call ended by the far end: hung up (Q.850 cause 34{shown})"


def test_what_the_network_says_cannot_steer_a_terminal() -> None:
    told: list[events.CallEvent] = [
        replace(INCOMING, p_asserted_identity=(NASTY,), diversion=(NASTY,)),
        replace(ENDED, q850_cause=16, q850_text=NASTY, stats=None, candidates=None),
    ]
    for event in told:
        assert words(event).isprintable()
