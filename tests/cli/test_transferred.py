"""Being asked by the far end to call someone else: who decides, and what is told."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.test_script import PATIENCE, Event, events_of, named, started

SOUND = ("--audio-in", "silence", "--audio-out", "null", "--json")


@contextmanager
def listening(folder: Path, *arguments: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """A sandbox, and its second user who listens; its name, and its process once registered."""
    with started("sandbox", "--json", folder=folder) as server:
        assert server.stdout is not None
        server.stdout.readline()
        call_session = json.loads(server.stdout.readline())
        names = []
        for account in call_session["accounts"]:
            name = account["uri"].removeprefix("sip:").partition("@")[0]
            names.append(name)
            (folder / f"{name}.toml").write_text(
                f'uri = "{account["uri"]}"\npassword = "{account["password"]}"\n'
                f'ws_servers = "{call_session["server"]}"\nstun_servers = []\n'
            )
            (folder / f"{name}.toml").chmod(0o600)
        first, second = sorted(names)
        (folder / f"{first}.toml").rename(folder / "caller.toml")
        command = ("listen", "--config", f"{second}.toml", *SOUND, *arguments)
        with started(*command, folder=folder) as callee:
            assert callee.stdout is not None
            for line in callee.stdout:
                if json.loads(line)["event"] == "registered":
                    break
            yield second, callee


def talk(
    folder: Path, script: str, *arguments: str, theirs: str = ""
) -> tuple[int, list[Event], list[Event]]:
    """Call who listens; the caller's exit code, its events, and those of who listens."""
    with listening(folder, *arguments) as (name, callee):
        assert callee.stdin is not None
        callee.stdin.write(theirs)
        callee.stdin.flush()
        if theirs:
            callee.stdin.close()
        command = ("call", name, "--config", "caller.toml", *SOUND, "--stdin")
        with started(*command, folder=folder) as caller:
            out, _ = caller.communicate(script, timeout=PATIENCE)
        if not theirs:
            callee.terminate()
        assert callee.stdout is not None
        heard = callee.stdout.read()
        callee.wait(PATIENCE)
    return caller.returncode, events_of(out), events_of(heard)


def test_where_there_is_no_one_to_ask_a_transfer_is_refused(tmp_path: Path) -> None:
    code, ours, theirs = talk(tmp_path, "wait media\nt tone\n", "--auto-answer")
    assert code == 8
    assert named(ours, "transfer")[-1]["status"] == 603
    assert (named(ours, "transfer")[-1]["by"], named(ours, "transfer")[-1]["decision"]) == (
        "local",
        None,
    )
    (asked,) = named(theirs, "transfer_requested")
    assert (asked["target"], asked["decision"]) == ("sip:tone@sandbox.invalid", "refuse")
    (told,) = named(theirs, "transfer")
    assert (told["target"], told["by"]) == ("sip:tone@sandbox.invalid", "remote")
    assert (told["decision"], told["status"]) == ("refused", 603)
    assert "transfers" in told["reason"]
    assert named(theirs, "calling") == []


def test_a_script_decides(tmp_path: Path) -> None:
    code, ours, theirs = talk(
        tmp_path,
        "wait media\nsleep 1\nt tone\n",
        "--stdin",
        theirs="wait incoming\nanswer\nwait answered\nwait transfer_requested 20\n"
        "accept-transfer\nwait answered 20\nhangup\n",
    )
    assert code == 0, ours
    (asked,) = named(theirs, "transfer_requested")
    assert asked["decision"] == "ask"
    (told,) = named(theirs, "transfer")
    assert (told["decision"], told["status"], told["reason"]) == ("accepted", 202, None)
    (calling,) = named(theirs, "calling")
    assert (calling["to"], calling["transfer"]) == ("sip:tone@sandbox.invalid", asked["call"])


@pytest.mark.parametrize("word", ["refuse-transfer", "n"])
def test_a_script_refuses(word: str, tmp_path: Path) -> None:
    code, ours, theirs = talk(
        tmp_path,
        "wait media\nsleep 1\nt tone\n",
        "--stdin",
        theirs=f"wait incoming\nanswer\nwait transfer_requested 20\n{word}\nwait ended 20\n",
    )
    assert code == 8, ours
    assert named(theirs, "transfer")[0]["decision"] == "refused"
    assert named(theirs, "calling") == []


def test_a_pattern_decides_without_anyone(tmp_path: Path) -> None:
    patterns = ("--transfers", "sip:tone@sandbox.invalid", "--transfers", "refuse")
    script = "wait media\nt sip:busy@sandbox.invalid\n"
    code, ours, theirs = talk(tmp_path, script, "--auto-answer", *patterns)
    assert (code, named(ours, "transfer")[-1]["status"]) == (8, 603)
    assert named(theirs, "calling") == []


def test_a_decision_that_nothing_asks_for_is_no_success(tmp_path: Path) -> None:
    code, ours, _ = talk(tmp_path, "wait media\naccept-transfer\n", "--auto-answer")
    assert code == 8
    assert "no transfer is waiting for a decision" in named(ours, "expectation")[0]["actual"]


def test_header_fields_that_ask_us_to_answer_are_not_obeyed(tmp_path: Path) -> None:
    asking = (
        "Alert-Info: <http://127.0.0.1:9/ring.wav>;info=alert-autoanswer;delay=0",
        "Call-Info: <sip:sandbox.invalid>;answer-after=0",
        "Answer-Mode: Auto;require",
        "Priv-Answer-Mode: Auto",
        "P-Auto-Answer: normal",
    )
    headers = [word for line in asking for word in ("--header", line)]
    with listening(tmp_path) as (name, callee):
        command = ("call", name, "--config", "caller.toml", *SOUND, "--ring-timeout", "3", *headers)
        with started(*command, folder=tmp_path) as caller:
            out, _ = caller.communicate(timeout=PATIENCE)
        callee.terminate()
        assert callee.stdout is not None
        theirs = events_of(callee.stdout.read())
    assert caller.returncode == 6, out
    assert named(theirs, "incoming")
    assert named(theirs, "answered") == []


def test_what_the_network_says_of_a_call_is_told(tmp_path: Path) -> None:
    values = {
        "P-Asserted-Identity": '"Al" <sip:al@example.com>',
        "Diversion": "<sip:carol@example.com>;reason=no-answer",
        "History-Info": "<sip:carol@example.com>;index=1",
        "Call-Info": "<http://example.com/al.png>;purpose=icon",
    }
    headers = [word for pair in values.items() for word in ("--header", ": ".join(pair))]
    with listening(tmp_path, "--auto-answer") as (name, callee):
        command = ("call", name, "--config", "caller.toml", *SOUND, "--duration", "0.3", *headers)
        with started(*command, folder=tmp_path) as caller:
            caller.communicate(timeout=PATIENCE)
        callee.terminate()
        assert callee.stdout is not None
        theirs = events_of(callee.stdout.read())
    (incoming,) = named(theirs, "incoming")
    for header, value in values.items():
        assert incoming[header.lower().replace("-", "_")] == [value]
    (ended,) = named(theirs, "ended")
    assert (ended["q850_cause"], ended["q850_text"]) == (None, None)
