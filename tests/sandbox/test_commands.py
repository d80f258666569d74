"""`sipcli sandbox`, and the commands with `--sandbox`."""

import signal
import socket
import subprocess
import sys
from json import loads
from typing import Any

import pytest

from tests.cli.program import Sipcli, sipcli
from tests.home import home

__all__ = ["home", "sipcli"]

QUIET = ("--audio-in", "silence", "--audio-out", "null")


def test_a_call_in_the_sandbox_needs_nothing_but_an_extension(sipcli: Sipcli) -> None:
    outcome = sipcli("call", "--sandbox", "tone", *QUIET, "--duration", "1", "--json")
    assert outcome.code == 0
    ended = outcome.the("ended")
    assert ended["stats"]["packets_received"] > 20
    assert ended["stats"]["level_received_dbfs"] > -30
    assert outcome.the("calling")["to"] == "sip:tone@sandbox.invalid"
    assert outcome.kinds[-2:] == ["unregistered", "finished"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("call", "busy", *QUIET), 5),
        (("call", "decline", *QUIET), 5),
        (("call", "nobody", *QUIET), 5),
        (("call", "bob", *QUIET), 6),
        (("call", "ring", *QUIET, "--ring-timeout", "0.2"), 6),
        (("ping", "echo"), 0),
        (("message", "message", "hello"), 0),
        (("register", "--once"), 0),
        (("listen", *QUIET, "--duration", "0.5"), 0),
    ],
)
def test_each_command_ends_with_the_code_of_its_outcome(
    sipcli: Sipcli, arguments: tuple[str, ...], code: int
) -> None:
    command, *rest = arguments
    assert sipcli(command, "--sandbox", *rest).code == code


@pytest.mark.parametrize("method", ["auto", "rtp", "info"])
def test_digits_that_were_sent_are_no_expectation(sipcli: Sipcli, method: str) -> None:
    digits = ("--dtmf", "12", "--dtmf-method", method)
    outcome = sipcli("call", "--sandbox", "echo", *QUIET, *digits, "--duration", "1.5", "--json")
    assert outcome.code == 0
    assert "expectation" not in outcome.kinds


def test_digits_that_came_to_nothing_are_a_failure(sipcli: Sipcli) -> None:
    digits = ("--dtmf", "1,,23")
    outcome = sipcli("call", "--sandbox", "echo", *QUIET, *digits, "--duration", "1.5", "--json")
    assert outcome.code == 8
    verdict = outcome.the("expectation")
    assert (verdict["name"], verdict["met"]) == ("dtmf", False)
    assert verdict["actual"] == "the call is over, we ended it: 23 not sent"
    assert outcome.the("warning")["text"] == verdict["actual"]


def test_too_many_digits_are_a_usage_error(sipcli: Sipcli) -> None:
    assert sipcli("call", "--sandbox", "echo", *QUIET, "--dtmf", "1" * 1001).code == 2


def test_the_account_that_is_set_up_is_left_alone(
    sipcli: Sipcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "URI": "sip:me@example.com",
        "WS_SERVERS": "wss://sip.example.com",
        "REGISTRAR_SERVER": "sip:elsewhere.example.com",
        "TLS_CA_FILE": "/nowhere",
        "ICE_TRANSPORT_POLICY": "relay",
        "PASSWORD_COMMAND": "false",
    }.items():
        monkeypatch.setenv(f"SIPCLI_{name}", value)
    outcome = sipcli("call", "--sandbox", "echo", *QUIET, "--duration", "0.3", "--json")
    assert outcome.code == 0, outcome.err
    assert outcome.the("registered")["uri"] == "sip:alice@sandbox.invalid"


def test_who_waits_in_a_sandbox_says_how_to_be_reached(sipcli: Sipcli) -> None:
    outcome = sipcli("listen", "--sandbox", *QUIET, "--duration", "0.5", "--json")
    told = outcome.the("sandbox")
    assert told["server"].startswith("ws://127.0.0.1:")
    assert [account["uri"] for account in told["accounts"]] == [
        "sip:alice@sandbox.invalid",
        "sip:bob@sandbox.invalid",
    ]
    assert all(account["password"] for account in told["accounts"])


def test_the_sandbox_tells_where_it_is_and_not_what_it_was_told(sipcli: Sipcli) -> None:
    outcome = sipcli("sandbox", "--user", "carl:s3cret", "--duration", "0.1", "--json")
    told = outcome.the("sandbox")
    assert told["accounts"] == [{"uri": "sip:carl@sandbox.invalid", "password": None}]
    assert "echo" in told["extensions"]
    assert "s3cret" not in outcome.out + outcome.err


def test_the_sandbox_shows_command_lines_to_copy(sipcli: Sipcli) -> None:
    out = sipcli("sandbox", "--tls", "--duration", "0.1").out
    for words in ("export SIPCLI_WS_SERVERS=wss://127.0.0.1:", "SIPCLI_TLS_CA_FILE=", "call echo"):
        assert words in out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--host", "0.0.0.0"), "--allow-remote"),
        (("--host", "sip.example.com"), "--allow-remote"),
        (("--user", "carl"), "NAME:PASSWORD"),
        (("--user", "carl:"), "NAME:PASSWORD"),
        (("--user", "a b:s3cret"), "NAME:PASSWORD"),
        (("--user", "echo:s3cret"), "echo is an extension"),
    ],
)
def test_what_the_sandbox_will_not_do_is_a_usage_error(
    sipcli: Sipcli, options: tuple[str, ...], words: str
) -> None:
    outcome = sipcli("sandbox", *options, "--duration", "0.1")
    assert outcome.code == 2
    assert words in outcome.err
    assert "s3cret" not in outcome.err


def test_a_port_that_is_taken_is_a_usage_error(sipcli: Sipcli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        outcome = sipcli("sandbox", "--port", port, "--duration", "0.1")
    assert outcome.code == 2
    assert f"port {port}" in outcome.err


@pytest.mark.parametrize(("words", "warned"), [(("--count", "3"), 0), (("--max-calls", "3"), 1)])
def test_the_old_word_for_how_many_calls_are_answered_warns(
    sipcli: Sipcli, words: tuple[str, ...], warned: int
) -> None:
    outcome = sipcli("listen", "--sandbox", *QUIET, "--duration", "0.5", *words, "--json")
    assert outcome.code == 0
    warnings = [event["text"] for event in outcome.events if event["event"] == "warning"]
    assert len([text for text in warnings if "--max-calls no longer sets" in text]) == warned


def test_both_words_for_how_many_calls_are_answered_are_one_too_many(sipcli: Sipcli) -> None:
    outcome = sipcli("listen", "--sandbox", "--count", "1", "--max-calls", "1")
    assert outcome.code == 2
    assert "--max-calls is the old name of --count" in outcome.err
    shown = sipcli("listen", "-h").out
    assert "--count N" in shown
    assert "--max-calls" not in shown


def test_how_many_calls_there_may_be_at_a_time_keeps_its_key(sipcli: Sipcli) -> None:
    assert "--max-calls N" in sipcli("help", "settings").out
    assert "--count N" not in sipcli("call", "-h").out


def test_listening_for_other_machines_warns(sipcli: Sipcli) -> None:
    outcome = sipcli("sandbox", "--host", "0.0.0.0", "--allow-remote", "--duration", "0.1")
    assert outcome.code == 0
    assert "warning" in outcome.err


def test_verbose_shows_each_message(sipcli: Sipcli) -> None:
    err = sipcli("sandbox", "-v", "--duration", "0.1").err
    assert "client 1 → REGISTER" in err
    assert "echo ← 200 OK (REGISTER)" in err


def test_a_signal_ends_the_sandbox_at_once_and_with_0() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "sipcli", "sandbox", "--json"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        events: list[Any] = []
        while not events or events[-1]["event"] != "sandbox":
            events.append(loads(process.stdout.readline()))
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=3)
    assert process.returncode == 0
    assert loads(rest.splitlines()[-1])["event"] == "finished"
