"""What each line of a script asks for, and which events a wait has."""

import asyncio
from typing import Literal, get_args

import pytest

from sipcli.cli.script.call_commands import InvalidCommand, TypedCommand
from sipcli.cli.script.event_log import EventLog
from sipcli.cli.script.script_parser import (
    EVENTS,
    WAIT_TIMEOUT_S,
    Expect,
    Help,
    ScriptStep,
    Sleep,
    Wait,
    parse,
)
from sipcli.errors import MediaError, Phase
from sipcli.expect.expectations import Expectations
from sipcli.phone.events import (
    Answered,
    CallEvent,
    Dtmf,
    Event,
    Incoming,
    Media,
    Progress,
    Unregistered,
)
from sipcli.sip.uri import SipUri
from tests.expect.told_calls import FakeCall

OWN = SipUri.parse("sip:alice@example.com")


def command(text: str) -> TypedCommand:
    """What is equal to the command of this text."""
    return TypedCommand(text, lambda _: None)


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("", None),
        ("  \t", None),
        ("# a comment", None),
        ("#!/usr/bin/env sipcli", None),
        ("#", command("#")),
        ("5", command("5")),
        ("h\r", command("h")),
        ("?", Help()),
        ("t carol", command("transfer carol")),
        (" HOLD ", command("HOLD")),
        ("dtmf 1,2w3", command("dtmf 1,2w3")),
        ("reject 603", command("reject 603")),
        ("sleep 0.5", Sleep(0.5)),
        ("wait answered", Wait("answered", WAIT_TIMEOUT_S)),
        ("Wait dtmf 5", Wait("dtmf", 5.0)),
        ("expect tone 440", Expect(Expectations(tone_hz=440.0))),
        ("expect audio both", Expect(Expectations(audio="both"))),
        ("expect dtmf 4a", Expect(Expectations(dtmf="4A"))),
        ("expect setup 2000", Expect(Expectations(max_setup_ms=2000))),
        ("expect mos 4", Expect(Expectations(min_mos=4.0))),
        ("expect loss 1", Expect(Expectations(max_loss_percent=1.0))),
    ],
)
def test_each_line_asks_for_one_thing(text: str, step: ScriptStep | None) -> None:
    assert parse(text, OWN) == step


@pytest.mark.parametrize(
    "text",
    [
        "dance",
        "answer now",
        "dtmf",
        "dtmf 1!",
        "t",
        "transfer http://x",
        "reject 200",
        "sleep",
        "sleep -1",
        "sleep nan",
        "sleep 1e3",
        "sleep 999999",
        "sleep ٣",
        "wait",
        "wait finished",
        "wait answered soon",
        "expect",
        "expect tone",
        "expect tone nan",
        "expect audio loud",
        "expect status 180",
    ],
)
def test_what_can_never_mean_anything_is_known_before_its_turn(text: str) -> None:
    with pytest.raises(InvalidCommand):
        parse(text, OWN)


def dtmf(direction: Literal["sent", "received"]) -> Event:
    return Dtmf(call="1", direction=direction, digit="5", duration_ms=100, method="rtp")


def media(state: Literal["connected", "failed"]) -> Media:
    return Media(
        call="1",
        state=state,
        codec=None,
        local_candidate=None,
        remote_candidate=None,
        dtls_fingerprint=None,
        elapsed_ms=1,
    )


def progress(status: int) -> Progress:
    return Progress(call="1", status=status, reason="", early_media=False)


ANSWERED = Answered(call="1", status=200, elapsed_ms=1)
INCOMING = Incoming(call="2", sender="sip:b@b", display_name=None, to="sip:a@a")


def event_log(*events: Event) -> EventLog:
    told = EventLog()
    for event in events:
        told.on_event(event, None)
    return told


def test_each_event_serves_one_wait_in_whatever_order_they_are_asked_for() -> None:
    told = event_log(media("connected"), ANSWERED, dtmf("received"), dtmf("received"))
    for name in ("answered", "media", "dtmf", "dtmf"):
        assert told.has(name)
        told.use(name)
    assert not any(told.has(name) for name in ("answered", "media", "dtmf"))


def test_a_call_that_comes_in_begins_anew() -> None:
    told = event_log(ANSWERED, INCOMING, dtmf("received"))
    told.use("incoming")
    assert not told.has("answered")
    assert told.has("dtmf")


@pytest.mark.parametrize(
    ("event", "name", "counts"),
    [
        (dtmf("received"), "dtmf", True),
        (dtmf("sent"), "dtmf", False),
        (media("connected"), "media", True),
        (media("failed"), "media", False),
        (progress(180), "progress", True),
        (progress(100), "progress", False),
    ],
)
def test_what_is_worth_waiting_for_counts(event: Event, name: str, counts: bool) -> None:
    assert event_log(event).has(name) == counts


def test_a_script_can_wait_for_events_of_the_contract_only() -> None:
    assert set(EVENTS) <= {kind.name for kind in get_args(Event)}


async def test_nobody_waits_any_more_once_all_is_over() -> None:
    told = event_log()
    asyncio.get_running_loop().call_soon(told.end)
    async with asyncio.timeout(5):
        is_so = await told.until(lambda: told.has("dtmf"), None)
    assert is_so is False


@pytest.mark.parametrize(
    ("told", "phase"),
    [
        ((), Phase.RING),
        ((progress(180),), Phase.RING),
        ((ANSWERED,), Phase.ICE),
        ((ANSWERED, media("connected")), Phase.AUDIO),
        ((media("connected"),), Phase.RING),
        ((media("connected"), ANSWERED), Phase.AUDIO),
    ],
)
def test_a_wait_fails_at_the_step_that_its_call_has_reached(
    told: tuple[CallEvent, ...], phase: Phase
) -> None:
    log, call = EventLog(), FakeCall("1")
    for event in told:
        call.take(event)
        log.on_event(event, call)
    log.on_event(Unregistered(), None)
    assert log.phase is phase


def test_a_wait_fails_at_the_step_at_which_the_media_failed() -> None:
    log, call = EventLog(), FakeCall("1", media_failure=MediaError("no keys", Phase.DTLS))
    call.take(ANSWERED)
    log.on_event(media("failed"), call)
    assert log.phase is Phase.DTLS
