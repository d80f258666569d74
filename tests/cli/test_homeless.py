"""A user id without a home, as containers have them: there is no file and no state, and no bug."""

import json
import os
import pwd
from typing import NoReturn

import pytest

from tests.cli.program import Sipcli, account
from tests.sip_server import Behaviour, in_a_thread

QUIET = ("--audio-in", "silence", "--audio-out", "null")


@pytest.fixture(autouse=True)
def homeless(home: object, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(uid: int) -> NoReturn:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    for variable in [name for name in os.environ if name == "HOME" or name.startswith("XDG_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setattr(pwd, "getpwuid", unknown)


def test_a_call_needs_no_home(sipcli: Sipcli) -> None:
    outcome = sipcli("call", "--sandbox", "echo", *QUIET, "--duration", "0.3", "--json")
    assert outcome.code == 0, outcome.out


def test_who_registers_is_told_that_the_instance_id_is_not_kept(sipcli: Sipcli) -> None:
    with in_a_thread(Behaviour()) as server:
        outcome = sipcli("register", "--once", *account(server), "--json")
    assert outcome.code == 0, outcome.out
    (warning,) = (one["text"] for one in outcome.events if one["event"] == "warning")
    assert warning.startswith("no home folder is known: ")
    assert "every start uses a new instance id" in warning


def test_what_would_stand_in_the_file_is_told_without_one(sipcli: Sipcli) -> None:
    outcome = sipcli("register", "--uri", "sip:alice@example.com")
    assert outcome.code == 2
    assert "or set ws_servers in a configuration file (--config)" in outcome.err


def test_the_config_commands_say_that_there_are_no_places(sipcli: Sipcli) -> None:
    assert "config  none  (no home folder is known" in sipcli("config", "path").out
    (found,) = (
        event
        for event in map(json.loads, sipcli("config", "path", "--json").out.splitlines())
        if event["event"] == "config"
    )
    nowhere = {"path": None, "exists": False}
    assert (found["config"], found["state"]) == (nowhere, nowhere)
    for command in ("show", "check"):
        outcome = sipcli("config", command)
        assert outcome.code == 0
        assert "no configuration file" in outcome.out


@pytest.mark.parametrize("words", [("--audio-in", "file:~/in.wav"), ("--record", "~/out.wav")])
def test_a_file_in_a_home_that_is_not_there_is_no_bug(
    sipcli: Sipcli, words: tuple[str, ...]
) -> None:
    outcome = sipcli("call", "--sandbox", "echo", *QUIET, *words, "--duration", "0.3")
    assert outcome.code == 9
    assert "bug" not in outcome.err


def test_a_home_that_is_no_absolute_path_is_none(
    sipcli: Sipcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "somewhere")
    outcome = sipcli("call", "--sandbox", "echo", *QUIET, "--duration", "0.3")
    assert outcome.code == 0, outcome.err
