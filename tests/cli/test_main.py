"""The `sipcli` command itself: help, usage errors, what is imported, completion."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sipcli import __version__
from sipcli.cli.main import COMMANDS
from tests.cli.program import Sipcli


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_its_purpose_first(sipcli: Sipcli, command: str) -> None:
    for flag in ("-h", "--help"):
        ended = sipcli(command, flag)
        assert ended.code == 0
        assert ended.out.startswith(f"Usage: sipcli {command} ")
        assert ended.err == ""


def test_the_help_lists_every_command(sipcli: Sipcli) -> None:
    ended = sipcli("-h")
    assert ended.code == 0
    for name, purpose in COMMANDS.items():
        assert f"  {name} " in ended.out
        assert purpose in " ".join(ended.out.split())


def test_without_a_command_there_is_help(sipcli: Sipcli) -> None:
    ended = sipcli()
    assert ended.code == 0
    assert ended.out.startswith("Usage: sipcli")


def test_the_version(sipcli: Sipcli) -> None:
    assert sipcli("--version").out == f"sipcli {__version__}\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["cal", "bob"], "No such command 'cal'; did you mean call?"),
        (["config", "shwo"], "No such command 'shwo'; did you mean show?"),
        (["help", "lisen"], "No such command 'lisen'; did you mean listen?"),
        (["frobnicate"], "No such command 'frobnicate'; `sipcli -h` lists what there is"),
        (["--jsno", "call"], "No such option '--jsno'; did you mean --json?"),
        (["call", "b", "--duratoin", "3"], "No such option '--duratoin'; did you mean --duration?"),
        (
            ["ping", "b", "--max-cals"],
            "No such option '--max-cals'; did you mean --max-calls?",
        ),
        (["ping", "b", "--frob"], "No such option '--frob'; `sipcli ping -h` lists what there is"),
    ],
)
def test_a_mistyped_name_gets_the_one_that_was_meant(
    sipcli: Sipcli, words: list[str], told: str
) -> None:
    ended = sipcli(*words)
    assert (ended.code, ended.err) == (2, f"error: {told}\n")


def test_a_mistyped_option_is_told_in_the_junit_report_alike(
    sipcli: Sipcli, tmp_path: Path
) -> None:
    report = tmp_path / "report.xml"
    assert sipcli("call", "bob", "--duratoin", "3", "--junit", str(report)).code == 2
    assert "did you mean --duration?" in report.read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["ping", "bob", "--count", "x"], "'--count': 'x' is not a valid whole number."),
        (["ping", "bob", "--interval", "x"], "'--interval': 'x' is not a valid time in seconds."),
        (["ping", "bob", "--interval", "inf"], "'inf' is not a valid time in seconds."),
        (["call", "bob", "--min-mos", "x"], "'--min-mos': 'x' is not a valid number."),
    ],
)
def test_a_value_that_is_none_is_told_in_words_of_ours(
    sipcli: Sipcli, words: list[str], told: str
) -> None:
    ended = sipcli(*words)
    assert ended.code == 2
    assert told in ended.err


@pytest.mark.parametrize("command", ["call", "message", "ping"])
def test_the_help_lists_options_among_the_options(sipcli: Sipcli, command: str) -> None:
    lines = sipcli(command, "-h").out.splitlines()
    options = lines[lines.index("Options:") + 1 :]
    assert [line for line in options if line.strip() in ("TARGET", "TEXT")] == []
    assert options[0].lstrip().startswith("--")


USAGE = [
    ["listen", "--reject", "486", "--auto-answer", "--sandbox"],
    ["frobnicate"],
    ["--frobnicate"],
    ["register", "--frobnicate"],
    ["register", "argument"],
    ["register", "--duration", "0"],
    ["register", "--duration", "x"],
    ["register", "--duration", "nan"],
    ["ping", "bob", "--interval", "inf"],
    ["ping"],
    ["ping", "bob", "--count", "0"],
    ["ping", "bob", "--interval", "-1"],
    ["message", "bob"],
    ["message", "bob", "x", "--register-expires", "0", "--ws-servers", "ws://x"],
    ["ping", "bob", "--ws-servers", "http://x"],
    ["ping", "bob", "--ws-servers", "ws://x"],
    ["register", "--ws-servers", "ws://x"],
    ["ping", "http://x", "--ws-servers", "ws://x", "--uri", "sip:a@b", "--no-register"],
    ["register", "--config", "/does/not/exist"],
    ["register", "--log-file", "/does/not/exist", "--ws-servers", "ws://x", "--uri", "sip:a@b"],
]


@pytest.mark.parametrize("arguments", USAGE, ids=" ".join)
def test_a_usage_error_is_exit_2_with_words_on_stderr(sipcli: Sipcli, arguments: list[str]) -> None:
    ended = sipcli(*arguments)
    assert ended.code == 2
    assert ended.out == ""
    assert ended.err.startswith("error: ")


@pytest.mark.parametrize("place", [0, None])
@pytest.mark.parametrize("arguments", USAGE, ids=" ".join)
def test_a_usage_error_is_told_to_a_program_in_json(
    sipcli: Sipcli, arguments: list[str], place: int | None
) -> None:
    words = ["--json", *arguments] if place == 0 else [*arguments, "--json"]
    ended = sipcli(*words)
    assert ended.code == 2
    assert ended.kinds[-2:] == ["error", "finished"]
    assert ended.kinds[:-2] in ([], ["started"])
    assert ended.the("finished")["exit_code"] == 2
    assert ended.the("finished")["reason"]
    assert [event.get("schema") for event in ended.events] == [1] + [None] * (len(ended.events) - 1)
    assert ended.err == ""


def run(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout


def test_the_command_starts_without_the_heavy_packages() -> None:
    heavy = {
        "aioice",
        "aiortc",
        "asyncio",
        "av",
        "cryptography",
        "hypothesis",
        "keyring",
        "numpy",
        "OpenSSL",
        "rich",
        "sounddevice",
        "ssl",
        "websockets",
    }
    loaded = run("import sys, json, sipcli.cli.main; print(json.dumps(sorted(sys.modules)))")
    assert heavy & {name.split(".")[0] for name in json.loads(loaded)} == set()


@pytest.mark.parametrize("command", ["register", "ping", "message", "doctor"])
def test_what_needs_no_media_does_without_their_packages(command: str) -> None:
    heavy = {"aioice", "aiortc", "av", "numpy", "OpenSSL", "pylibsrtp", "sounddevice"}
    loaded = run(
        f"import sys, json, sipcli.cli.commands.{command}, sipcli.cli.output.terminal,"
        " sipcli.cli.output.json_screen;"
        " print(json.dumps(sorted(sys.modules)))"
    )
    assert heavy & {name.split(".")[0] for name in json.loads(loaded)} == set()


@pytest.mark.parametrize("command", ["call", "listen"])
def test_the_help_of_a_call_does_without_what_the_call_needs(command: str) -> None:
    heavy = {"aioice", "aiortc", "asyncio", "av", "cryptography", "OpenSSL", "rich", "websockets"}
    loaded = run(
        f"import sys, json; from sipcli.cli.main import run; run(['{command}', '-h']);"
        " print(json.dumps(sorted(sys.modules)))"
    )
    assert loaded.startswith(f"Usage: sipcli {command} ")
    assert heavy & {name.split(".")[0] for name in json.loads(loaded.splitlines()[-1])} == set()


def test_garbage_is_looked_for_in_what_a_call_makes_and_not_in_what_was_imported() -> None:
    code = """
import click, gc
from sipcli.cli import main
main.sys.argv = ["sipcli", "call", "bob"]
seen = []
gc.callbacks.append(lambda phase, about: seen.append(phase))
def invoke(self, context):
    if self.name == "call":
        print("while importing:", len(seen))
        print("then:", gc.isenabled(), gc.get_freeze_count() > 50_000)
click.Command.invoke = invoke
seen.clear()
main.entry()
"""
    assert run(code).splitlines() == ["while importing: 0", "then: True True"]


def complete(words: str, current: int) -> list[str]:
    environment = os.environ | {
        "_SIPCLI_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(current),
    }
    code = "from sipcli.cli.main import entry; entry()"
    ended = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    return [line.partition(",")[2] for line in ended.stdout.split()]


def test_the_shell_completes_commands_options_and_words() -> None:
    assert complete("sipcli re", 1) == ["register"]
    assert complete("sipcli --jso", 1) == ["--json"]
    assert "--ws-servers" in complete("sipcli ping --ws", 2)
    assert complete("sipcli call --opus-b", 2) == ["--opus-bitrate"]
    assert complete("sipcli ping --audio", 2) == []
    assert complete("sipcli help s", 2) == ["sandbox", "settings"]
    assert complete("sipcli ping bob --log-level w", 4) == ["warning"]


def test_names_of_commands_are_completed_without_loading_the_commands() -> None:
    code = """
import sys
from click.shell_completion import BashComplete
from sipcli.cli.main import main
found = BashComplete(main, {}, "sipcli", "_").get_completions([], "")
print(len(found), [name for name in sys.modules if name.startswith("sipcli.cli.commands.")])
"""
    assert run(code) == f"{len(COMMANDS)} []\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_there_is_a_completion_script(shell: str, sipcli: Sipcli) -> None:
    environment = os.environ | {"_SIPCLI_COMPLETE": f"{shell}_source"}
    code = "from sipcli.cli.main import entry; entry()"
    ended = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert "_SIPCLI_COMPLETE" in ended.stdout
    assert ended.returncode == 0
    assert sipcli("completion", shell).out == ended.stdout
