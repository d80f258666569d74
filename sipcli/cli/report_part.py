"""The report of a command (`--report`): begun before it connects, written when it has ended."""

import platform
import socket
import ssl
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from sipcli import __version__
from sipcli.cli.command_line import repeatable
from sipcli.cli.commands.config import in_force
from sipcli.cli.evidence_options import RunEnd
from sipcli.cli.evidence_part import RunBegin
from sipcli.cli.output.report_file import begin, cannot_write, finish, hold_fifo
from sipcli.config.format import toml_text
from sipcli.config.settings import KEYS
from sipcli.errors import Interrupted
from sipcli.evidence.recording import Recording
from sipcli.evidence.report_builder import RunOutcome, report_content
from sipcli.evidence.report_content import ReportContent, RunFacts, SettingInForce
from sipcli.evidence.report_writer import check_form, report_bytes
from sipcli.evidence.waterfall import Fact
from sipcli.text import rfc3339

_LIBRARIES: Final = ("aiortc", "aioice", "av", "websockets")
_PLACE_CALLS: Final = ("call", "doctor")
_UNFINISHED: Final = RunEnd(exit_code=Interrupted.exit_code, reason="not finished")


class ReportPart:
    """The part of a command's evidence that is its report."""

    def __init__(self, path: Path, option: str = "--report") -> None:
        """Write to `path`, whose suffix says in which form. Raises `ConfigError`.

        `option` is the one that asks for it, for errors.
        """
        check_form(path)
        self._option = option
        self._path = path
        self._recording = Recording()
        self._run: RunBegin | None = None
        self._fifo: int | None = None
        self._began = 0.0

    def begin(self, run: RunBegin) -> None:
        """Record the journal from now on. Raises `ConfigError` if the file cannot be written.

        Until the command ends, the file says that it has not.
        """
        self._run, self._began = run, run.journal.now()
        unfinished = self._content(_UNFINISHED)
        try:
            begin(self._path, report_bytes(self._path, unfinished), is_private=True)
            self._fifo = hold_fifo(self._path)
        except OSError as error:
            raise cannot_write(self._option, self._path, error) from error
        self._recording.attach(run.journal)

    def finish(self, end: RunEnd) -> None:
        """Write the report. Raises `ConfigError` if that fails."""
        self._recording.detach()
        fifo, self._fifo = self._fifo, None
        try:
            document = report_bytes(self._path, self._content(end))
            finish(self._path, document, fifo, is_private=True)
        except OSError as error:
            raise cannot_write(self._option, self._path, error) from error

    def discard(self) -> None:
        """Remove the file: there is nothing to report."""
        self._recording.detach()
        self._path.unlink(missing_ok=True)

    def _content(self, end: RunEnd) -> ReportContent:
        if self._run is None:
            raise RuntimeError("the report has not begun")
        settings, now = self._run.loaded.settings, self._run.journal.now()
        facts = RunFacts(
            command=self._run.command,
            target=self._run.target,
            command_line=repeatable(),
            began=rfc3339(self._began),
            duration_ms=(now - self._began) * 1000,
            host=socket.gethostname(),
            versions=tuple(_versions()),
            settings=tuple(_settings(self._run)),
        )
        outcome = RunOutcome(
            exit_code=end.exit_code,
            reason=end.reason,
            phase=end.phase,
            began=self._began,
            ended=now,
            registers=settings.register or self._run.command in ("register", "doctor"),
            places_call=self._run.command in _PLACE_CALLS,
            is_secure=any(server.secure for server in settings.ws_servers),
            is_server=self._run.command == "sandbox",
            is_over=end is not _UNFINISHED,
        )
        return report_content(self._recording, facts, outcome)


def _versions() -> list[Fact]:
    facts = [
        ("sipcli", __version__),
        ("Python", platform.python_version()),
        ("system", platform.platform()),
        ("OpenSSL", ssl.OPENSSL_VERSION),
    ]
    for name in _LIBRARIES:
        try:
            facts.append((name, version(name)))
        except PackageNotFoundError:  # as in a program that was frozen
            continue
    return [Fact(name=name, value=value) for name, value in facts]


def _settings(run: RunBegin) -> Iterator[SettingInForce]:
    """Yield the settings in force; of those that a sandbox has set, only that."""
    replaced: tuple[str, ...] = ()
    if run.in_sandbox:
        from sipcli.sandbox.sandbox import REPLACED  # late: it loads all of the media

        replaced = REPLACED
    for key in KEYS:
        value, origin = in_force(key, run.loaded)
        if key.name in replaced:
            yield SettingInForce(name=key.name, value="", source="the sandbox")
        else:
            shown = "" if value is None else toml_text(value)
            yield SettingInForce(name=key.name, value=shown, source=str(origin))
