"""The JSON report: one line of plain values, with the keys of the model."""

import json
import math
from typing import Any

from sipcli.evidence.report_json import report_json
from sipcli.phone.events import Warned
from tests.evidence.entries import content, event, good_call, message, sample, verdict


def read(*entries: Any, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(report_json(content(*entries, **changes)))
    return found


def test_it_says_what_the_model_says() -> None:
    found = read(*good_call(), verdict())
    assert found["schema"] == 1
    assert found["verdict"] == {
        "result": "passed",
        "sentence": "The expectation is met.",
        "exit_code": 0,
        "phase": None,
    }
    (call,) = found["calls"]
    assert call["waterfall"]["bars"][0] == {
        "phase": "ring",
        "state": "done",
        "begin_ms": 100.0,
        "end_ms": 150.0,
        "text": "INVITE until 180 Ringing",
        "server": None,
        "facts": [],
    }
    assert call["samples"][0]["level_received_dbfs"] == -20.0
    assert [each["label"] for each in call["ladder"]["messages"]] == [
        "INVITE",
        "180 Ringing (INVITE)",
        "200 OK (INVITE)",
    ]
    assert [each["label"] for each in found["ladder"]["messages"]] == ["REGISTER"]


def test_messages_of_calls_that_pass_through_us_are_there_as_in_a_sandbox() -> None:
    found = read(message(100, "received", "INVITE sip:bob@example.com SIP/2.0"))
    assert found["calls"] == []
    assert [each["label"] for each in found["ladder"]["messages"]] == ["INVITE"]
    assert found["ladder"]["left_out"] == 0


def test_there_is_no_number_that_json_has_not() -> None:
    entries = [*good_call()[:-1], sample(4000, level_received_dbfs=-math.inf, jitter_ms=math.nan)]
    points = read(*entries)["calls"][0]["samples"]
    assert points[-1]["level_received_dbfs"] == -96.0
    assert points[-1]["jitter_ms"] is None


def test_counts_are_since_the_point_before() -> None:
    entries = [
        *good_call()[:-2],
        sample(3000, packets_received=50, packets_lost=10, concealed_ms=100.0),
        sample(4000, packets_received=90, packets_lost=20, concealed_ms=160.0),
    ]
    points = read(*entries)["calls"][0]["samples"]
    figures = [(each["packets_received"], each["lost"], each["concealed_ms"]) for each in points]
    assert figures == [(50, 10, 100.0), (40, 10, 60.0)]
    assert [each["loss_percent"] for each in points] == [16.667, 20.0]


def test_no_secret_and_no_control_character_is_in_it() -> None:
    hostile = "REGISTER sip:a\x1b[2J SIP/2.0"
    credentials = 'Authorization: Digest username="alice", response="5ec4e7"'
    data = report_json(
        content(
            *good_call(),
            message(70, "sent", hostile, call="reg", fields=(credentials,)),
            event(80, Warned(text="call sip:bob:hunter2@example.com \x1b]0;x\x07\u202e")),
        )
    )
    for secret in (b"5ec4e7", b"hunter2"):
        assert secret not in data
    assert not any(byte < 32 for byte in data[:-1])
    assert "\u202e" not in data.decode()
