"""Ctrl-C while modules are loaded: no traceback, and the usual end."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PREAMBLE = "import os, signal, sys; from sipcli.start import entry; sys.argv[1:] = "
PRESS = "os.kill(os.getpid(), signal.{})"
"""What is as good as Ctrl-C; the handler runs at once."""


def ended(code: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=20, env=environment, check=False
    )


def test_ctrl_c_while_the_program_loads_ends_it_once_it_can_say_so(tmp_path: Path) -> None:
    press = PRESS.format("SIGINT")
    process = ended(f"{PREAMBLE}['config', 'path', '--json']; {press}; entry()", tmp_path)
    assert process.returncode == 130
    events = [json.loads(line) for line in process.stdout.splitlines()]
    assert [event["event"] for event in events] == ["error", "finished"]
    assert events[-1]["exit_code"] == 130
    assert "Traceback" not in process.stderr


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_while_a_command_loads_waits_until_it_has(tmp_path: Path, name: str) -> None:
    # As a library does that makes something else of KeyboardInterrupt.
    (tmp_path / "greedy.py").write_text(
        "import os, signal\n"
        "try:\n"
        f"    {PRESS.format(name)}\n"
        "except BaseException as error:\n"
        "    raise ImportError('half of it is missing') from error\n"
    )
    code = (
        f"sys.path.insert(0, {str(tmp_path)!r});"
        " import sipcli.cli.main as main;"
        " real = main.import_module;"
        " main.import_module = lambda name: (__import__('greedy'), real(name))[1];"
    )
    process = ended(f"{PREAMBLE}['config', 'path']; {code} entry()", tmp_path)
    assert process.returncode == 130
    assert process.stderr == "error: interrupted\n"
    assert process.stdout == ""


def test_where_ctrl_c_is_ignored_it_still_is(tmp_path: Path) -> None:
    """As a shell has it for what runs in the background."""
    code = f"{PREAMBLE}['config', 'path']; {PRESS.format('SIGINT')}; entry()"
    process = ended(
        f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); {code}", tmp_path
    )
    assert process.returncode == 0
    assert process.stdout.startswith("config ")


def test_ctrl_c_after_the_last_word_leaves_no_traceback(tmp_path: Path) -> None:
    late = f"import atexit; atexit.register(lambda: {PRESS.format('SIGINT')});"
    process = ended(f"{PREAMBLE}['config', 'path']; {late} entry()", tmp_path)
    assert process.returncode == -signal.SIGINT
    assert process.stdout.startswith("config ")
    assert process.stderr == ""
