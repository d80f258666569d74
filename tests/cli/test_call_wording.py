"""What a person reads of a call, whatever the far end has put into it."""

from dataclasses import fields, replace
from typing import Any

import pytest

from sipcli.cli.output.wording import wording
from sipcli.config.policies import Permission
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
