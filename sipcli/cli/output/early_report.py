"""The first JUnit report, written before a command is loaded.

Loading takes most of a second. A process that is killed meanwhile must not leave the green report
of an earlier run. Light on purpose: this runs before anything else of the command.
"""

import socket
from contextlib import suppress
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Final

from sipcli.cli.output.report_file import begin
from sipcli.expect.junit import Report, TestCase, junit

COMMANDS: Final = ("call", "listen")
"""Commands with `--junit`."""
UNFINISHED: Final = "not finished"
"""The error of each test case until the command ends."""
STDOUT: Final = Path("-")
"""The path that stands for stdout."""
_HELP: Final = {"-h", "--help"}


def begin_early(command: str, words: list[str]) -> None:
    """Write an unfinished report where the words behind a command's name have `--junit PATH`.

    The command itself says what is wrong with a path that cannot be written.
    """
    path = junit_path(words)
    if command not in COMMANDS or path in (None, STDOUT) or _HELP & set(_options(words)):
        return
    case = TestCase(name="call", seconds=0.0, error=UNFINISHED)
    document = junit(
        Report(
            suite=f"sipcli {command}",
            classname=f"sipcli.{command}",
            cases=[case],
            began=datetime.now(UTC),
            seconds=0.0,
            host=socket.gethostname(),
        )
    )
    with suppress(OSError, ValueError):
        begin(path, document)


def junit_path(words: list[str]) -> Path | None:
    """Return the file that `--junit` names among the words of a command, valid or not."""
    words = _options(words)
    named = [word.partition("=")[2] for word in words if word.startswith("--junit=")]
    named += [path for option, path in pairwise(words) if option == "--junit"]
    return Path(named[-1]) if named else None


def _options(words: list[str]) -> list[str]:
    return words[: words.index("--")] if "--" in words else words
