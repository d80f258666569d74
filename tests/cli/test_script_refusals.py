"""What a script says of verbs that the far end refuses: its status, and the step it was."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any, Final, NoReturn

import pytest

from sipcli import Phone
from sipcli.core.calls.remote_offers import RemoteOffers
from sipcli.core.calls.session import Session
from sipcli.media.session.media_session import NotAcceptable
from sipcli.sandbox.sandbox import Sandbox
from sipcli.sdp.validation import Refused
from tests.phone.kinds import MakePhone

pytestmark = pytest.mark.asyncio

PATIENCE: Final = 30.0
SOUND: Final = ("--audio-in", "silence", "--audio-out", "null")

Event = dict[str, Any]


async def called(
    monkeypatch: pytest.MonkeyPatch,
    sandbox: Sandbox,
    bob: Phone,
    script: str,
    folder: Path,
    *options: str,
) -> list[Event]:
    """The events of Alice's command that calls Bob and has this script; Bob answers."""
    keys = sandbox.keys("alice")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "SIPCLI_URI": keys["uri"],
        "SIPCLI_PASSWORD": keys["password"],
        "SIPCLI_WS_SERVERS": keys["ws_servers"],
        "SIPCLI_STUN_SERVERS": "none",
    }
    words = ("call", "bob", "--json", "--stdin", *SOUND, *options)
    command = [sys.executable, "-m", "sipcli", *words]
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=environment,
        cwd=folder,
    )
    try:
        talking = asyncio.create_task(process.communicate(script.encode()))
        other = await bob.answer(timeout=PATIENCE)

        def refuse(_: bytes) -> NoReturn:
            raise NotAcceptable(Refused(399, "not now"))

        monkeypatch.setattr(other.media, "receive_offer", refuse)
        out, _ = await asyncio.wait_for(talking, PATIENCE)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return [json.loads(line) for line in out.decode().splitlines()]


def one(events: list[Event], name: str) -> Event:
    (found,) = (event for event in events if event["event"] == name)
    return found


async def test_a_hold_that_is_refused_names_its_status_and_step(
    sip_sandbox: Sandbox,
    sip_phone: MakePhone,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bob = await sip_phone("bob", audio_in="silence")
    events = await called(monkeypatch, sip_sandbox, bob, "wait media\nhold\nsleep 20\n", tmp_path)
    verdict, finished = one(events, "expectation"), one(events, "finished")
    assert (verdict["name"], verdict["met"], verdict["line"]) == ("hold", False, 2)
    assert "the far end refused to change the call: 488 " in verdict["actual"]
    assert (finished["exit_code"], finished["phase"]) == (8, "offer/answer")
    assert one(events, "warning")["call"] == one(events, "calling")["call"]


@pytest.mark.parametrize("status", [408, 481])
async def test_a_hold_that_ends_the_call_names_its_status_and_step(
    sip_sandbox: Sandbox,
    sip_phone: MakePhone,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
) -> None:
    def refuse(remote: RemoteOffers, inbound: Any, now: float) -> None:
        remote._usage.respond(inbound, status, now)  # noqa: SLF001 - by hand

    monkeypatch.setattr(RemoteOffers, "receive", refuse)
    bob = await sip_phone("bob", audio_in="silence")
    events = await called(monkeypatch, sip_sandbox, bob, "wait media\nhold\nsleep 20\n", tmp_path)
    assert f"the far end said {status}" in one(events, "expectation")["actual"]
    assert (one(events, "expectation")["name"], one(events, "finished")["exit_code"]) == ("hold", 8)
    assert one(events, "finished")["phase"] == "offer/answer"


async def test_a_digit_that_is_refused_names_its_status(
    sip_sandbox: Sandbox,
    sip_phone: MakePhone,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(session: Session, inbound: Any, now: float) -> None:
        session.usage.respond(inbound, 415, now)

    monkeypatch.setattr(Session, "_received_info", refuse)
    bob = await sip_phone("bob", audio_in="silence")
    script = "wait media\ndtmf 5\nsleep 20\n"
    events = await called(monkeypatch, sip_sandbox, bob, script, tmp_path, "--dtmf-method", "info")
    text = "the far end did not accept the digit 5: 415 Unsupported Media Type"
    assert one(events, "expectation")["actual"] == text
    assert one(events, "finished")["exit_code"] == 8
    assert one(events, "warning")["text"] == text


async def test_a_transfer_that_is_refused_names_its_status_and_step(
    sip_sandbox: Sandbox,
    sip_phone: MakePhone,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bob = await sip_phone("bob", audio_in="silence")
    script = "wait media\ntransfer busy\nsleep 20\n"
    events = await called(monkeypatch, sip_sandbox, bob, script, tmp_path)
    verdict, finished = one(events, "expectation"), one(events, "finished")
    assert "transfer to sip:busy@sandbox.invalid: " in verdict["actual"]
    assert verdict["actual"][-3:] in ("486", "603")
    assert (finished["exit_code"], finished["phase"]) == (8, "answer")


@pytest.mark.parametrize(("target", "status"), [("carol", 480), ("message", 488)])
async def test_a_transfer_that_fails_is_the_answer_s_step_whatever_its_status(
    sip_sandbox: Sandbox,
    sip_phone: MakePhone,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    target: str,
    status: int,
) -> None:
    """The media of this call are well, and so are its descriptions: another call failed."""
    sip_sandbox.add_user("carol")
    bob = await sip_phone("bob", audio_in="silence", transfers="accept")
    script = f"wait media\ntransfer {target}\nsleep 20\n"
    events = await called(monkeypatch, sip_sandbox, bob, script, tmp_path)
    finished = one(events, "finished")
    assert f": {status}" in one(events, "expectation")["actual"]
    assert (finished["exit_code"], finished["phase"]) == (8, "answer")


async def test_a_far_end_that_hangs_up_during_a_hold_has_not_refused_it(
    sip_sandbox: Sandbox,
    sip_phone: MakePhone,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bob = await sip_phone("bob", audio_in="silence")

    def hang_up(*_: object) -> None:
        asyncio.get_running_loop().call_soon(bob.calls[0].hang_up)

    monkeypatch.setattr(RemoteOffers, "receive", hang_up)
    events = await called(monkeypatch, sip_sandbox, bob, "wait media\nhold\nsleep 20\n", tmp_path)
    verdict, finished = one(events, "expectation"), one(events, "finished")
    assert (verdict["name"], verdict["met"]) == ("hold", False)
    assert (finished["exit_code"], finished["phase"]) == (8, "audio")


@pytest.mark.parametrize("line", ["accept-transfer", "refuse-redirect", "y"])
async def test_a_decision_that_nothing_waits_for_has_a_phase_of_its_own(
    line: str,
    sip_sandbox: Sandbox,
    sip_phone: MakePhone,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The media are well: ICE, the last phase that the call came to, has no part in it."""
    bob = await sip_phone("bob", audio_in="silence")
    script = f"wait answered\n{line}\nsleep 20\n"
    events = await called(monkeypatch, sip_sandbox, bob, script, tmp_path)
    finished = one(events, "finished")
    assert "is waiting for a decision" in one(events, "expectation")["actual"]
    assert (finished["exit_code"], finished["phase"]) == (8, "answer")
