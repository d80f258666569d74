"""What a command leaves behind of its run: capture, report, ladder (`evidence_options`).

Each is a part that reads the journal. Parts begin before the command connects, and finish when it
has ended, before its last line is written. What cannot be written at the end is a warning, and
turns a success into exit code 2: who asked for evidence relies on it.
"""

import os
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from sipcli.cli.context import current_screen
from sipcli.cli.evidence_options import EvidenceOptions, RunEnd, finish_at_end
from sipcli.cli.evidence_part import EvidencePart, RunBegin
from sipcli.cli.output.report_file import STDOUT
from sipcli.errors import ConfigError, SipcliError
from sipcli.log import LOGGER

_LEFT: Final = (".html", ".xml")
"""Suffixes of what `--evidence` leaves beside a capture."""


class EvidenceRun:
    """The evidence of one command, made by `begin` and ended by `finish`."""

    def __init__(self, wanted: EvidenceOptions, command: str) -> None:
        stem = f"{command}-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}"
        self._folder = wanted.folder
        path = wanted.folder / stem if wanted.folder is not None else None
        captures = _captures(wanted.capture)
        left_captures = _captures(path and path.with_suffix(".pcapng"))
        others = _documents(wanted.report, ladder=wanted.ladder)
        left_others = _documents(*(path.with_suffix(each) for each in _LEFT) if path else ())
        self._parts = (*captures, *left_captures, *others, *left_others)
        """The captures first: whether they are whole is a part of how the command ended."""
        self._left = (*left_captures, *left_others)
        """Those of `--evidence`."""
        self._always = wanted.always
        self._begun: list[EvidencePart] = []

    def begin(self, run: RunBegin) -> None:
        """Read the journal from now on. Raises `ConfigError` if a file cannot be written."""
        if self._folder is not None:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                text = f"--evidence {self._folder}: {error.strerror}: expected a folder"
                raise ConfigError(text) from error
        for part in self._parts:
            part.begin(run)
            self._begun.append(part)

    def finish(self, end: RunEnd) -> SipcliError | None:
        """Write the evidence. Return the first error; each is shown as a warning.

        Not even a bug in it may hide how the command itself ended.
        """
        failed: SipcliError | None = None
        for part in self._begun:
            try:
                if part in self._left and end.exit_code == 0 and not self._always:
                    part.discard()
                else:
                    part.finish(end)
            except ConfigError as error:
                if error.brief is None:  # else it has been said when it happened
                    current_screen().warning(str(error))
                failed = failed or error
                end = _worse(end, failed)
            except Exception as error:  # noqa: BLE001
                bug = SipcliError(f"a bug in sipcli: {type(error).__name__}: {error}")
                LOGGER.debug("%s", "".join(traceback.format_exception(error)))
                current_screen().warning(f"some evidence is lost: {bug}")
                failed = failed or bug
                end = _worse(end, failed)
        self._begun.clear()
        return failed


def _worse(end: RunEnd, error: SipcliError) -> RunEnd:
    """Return how the command ends if some evidence of it is lost."""
    return RunEnd.of(error) if end.exit_code == 0 else end


def _captures(path: Path | None) -> Sequence[EvidencePart]:
    if path is None:
        return ()
    from sipcli.cli.capture_part import CapturePart  # late: only those who ask for it wait

    return (CapturePart(path),)


def _documents(
    report: Path | None = None, junit: Path | None = None, *, ladder: bool = False
) -> Sequence[EvidencePart]:
    """Return the parts that say how the command ended. Raises `ConfigError`."""
    parts: list[EvidencePart] = []
    if report is not None:
        from sipcli.cli.report_part import ReportPart  # late, too; so is the next

        parts.append(ReportPart(report, "--report" if junit is None else "--evidence"))
    if junit is not None:
        from sipcli.cli.junit_part import JUnitPart

        parts.append(JUnitPart(junit))
    if ladder:
        from sipcli.cli.ladder_part import LadderPart

        parts.append(LadderPart())
    return parts


_OUTPUTS: Final = ("capture", "report", "junit", "record")
"""Options that name a file to write."""


def _check_outputs(run: RunBegin) -> None:
    """Raise `ConfigError` if two outputs are one file: the last would hide the other."""
    given = click.get_current_context().params
    paths = {f"--{name}": given[name] for name in _OUTPUTS if given.get(name) is not None}
    if run.loaded.settings.log.file is not None:
        paths["log.file"] = run.loaded.settings.log.file
    seen: dict[str, str] = {}
    for name, path in paths.items():
        real = os.path.realpath(path)
        if Path(path) == STDOUT or (os.path.exists(real) and not os.path.isfile(real)):
            continue  # such as /dev/null
        other = seen.setdefault(real, name)
        if other != name:
            raise ConfigError(f"{path} is used twice: {other} and {name} need a file each")


def begin_evidence(wanted: EvidenceOptions, run: RunBegin) -> None:
    """Begin the evidence of this invocation, if any was asked for. Raises `ConfigError`."""
    _check_outputs(run)
    if not wanted.is_empty:
        evidence = EvidenceRun(wanted, run.command)
        finish_at_end(evidence.finish)
        evidence.begin(run)
