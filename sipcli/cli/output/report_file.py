"""The files of `--junit` and `--report`: unfinished at first, then replaced as a whole.

A pipeline takes any file it finds. If the command is killed or the disk is full, neither the
report of an earlier run nor half of this one may be there, and loading a command takes most of a
second: so `begin_early` runs before anything else of it. Light on purpose.
"""

import socket
from contextlib import suppress
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Final

from sipcli.errors import ConfigError
from sipcli.evidence.report_forms import is_report
from sipcli.expect.junit import Report, TestCase, junit
from sipcli.files import is_fifo, open_fifo, replace_whole, write_to_fifo

COMMANDS: Final = ("call", "listen")
"""Commands with `--junit`."""
REPORTED: Final = (*COMMANDS, "doctor", "register", "message", "ping", "sandbox")
"""Commands with `--report`."""
UNFINISHED: Final = "not finished"
"""The error of each test case until the command ends."""
STDOUT: Final = Path("-")
"""The path that stands for stdout."""
_HELP: Final = {"-h", "--help"}


def begin_early(command: str, words: list[str]) -> None:
    """Write an unfinished report where the words behind a command's name have `--junit PATH`.

    An old report of `--report PATH` is removed, but nothing that by its name is no report. The
    command itself says what is wrong with a path that cannot be written.
    """
    report = _option_path(words, "--report")
    if report is not None and command in REPORTED and not _HELP & set(_options(words)):
        _remove(report)
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
    return _option_path(words, "--junit")


def _option_path(words: list[str], option: str) -> Path | None:
    words = _options(words)
    named = [word.partition("=")[2] for word in words if word.startswith(f"{option}=")]
    named += [path for before, path in pairwise(words) if before == option]
    return Path(named[-1]) if named else None


def _remove(path: Path) -> None:
    with suppress(OSError, ValueError):
        if is_report(path.suffix) and path.is_file():
            path.unlink()


def _options(words: list[str]) -> list[str]:
    return words[: words.index("--")] if "--" in words else words


def begin(path: Path, unfinished: bytes, *, is_private: bool = False) -> None:
    """Write the report `unfinished`, a private file with mode 0600. Raises `OSError`.

    An old report that cannot be replaced is removed. A path that is not a regular file, such
    as a FIFO, gets only the finished report.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        return
    try:
        replace_whole(path, unfinished, is_private=is_private)
    except OSError:
        if path.is_file():
            path.unlink()
        raise


def hold_fifo(path: Path) -> int | None:
    """Open a FIFO, to keep its reader until `finish`; None for anything else.

    Raises `OSError` if no program reads from it.
    """
    return open_fifo(path) if is_fifo(path) else None


def finish(path: Path, report: bytes, fifo: int | None = None, *, is_private: bool = False) -> None:
    """Replace the report atomically with the finished one. Raises `OSError`.

    `fifo` is the descriptor from `hold_fifo`; the report goes there, and it is closed.
    """
    if fifo is None:
        replace_whole(path, report, is_private=is_private)
    else:
        write_to_fifo(fifo, report)


def cannot_write(option: str, path: Path, error: OSError) -> ConfigError:
    """Return the error that says why the file of an option cannot be written."""
    is_homeless = isinstance(error, FileNotFoundError)
    why = "there is no such folder" if is_homeless else error.strerror or error
    return ConfigError(f"{option}: {path}: {why}")
