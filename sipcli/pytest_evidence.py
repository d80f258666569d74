"""What a failed test leaves behind about its phones: a section of its report, and files.

Each phone is recorded on its own: those of one call have its Call-ID in common, and would mix.
"""

import re
import shlex
import socket
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from platform import python_version
from typing import Final

from sipcli import __version__
from sipcli.config.format import toml_text
from sipcli.config.settings import KEYS, Settings
from sipcli.core.describe import describe_fields
from sipcli.errors import ConfigError, ExpectationError, SipcliError
from sipcli.evidence.capture import MEGABYTE, CaptureFile
from sipcli.evidence.ladder import ladder_of
from sipcli.evidence.ladder_text import ladder_text
from sipcli.evidence.recording import FOR_LADDER, FOR_REPORT, Recording
from sipcli.evidence.report_builder import RunOutcome, report_content
from sipcli.evidence.report_content import ReportContent, RunFacts, SettingInForce
from sipcli.evidence.report_writer import report_bytes
from sipcli.evidence.waterfall import Fact
from sipcli.files import replace_whole
from sipcli.journal.entries import EventEntry, SampleEntry
from sipcli.journal.journal import Journal
from sipcli.phone.events import CallEnded
from sipcli.phone.phone import Phone
from sipcli.text import one_line, rfc3339

MAX_EVENTS: Final = 20
"""Events that a section shows: the last ones, of all phones together."""
_WIDTH: Final = 100
"""Columns of the ladder."""
_MAX_LINE: Final = 200
"""Characters of the line of an event."""
_MAX_STEM: Final = 120
"""Characters that a file's name has of the test's."""
_NO_FILE_NAME: Final = re.compile(r"[^A-Za-z0-9._-]+")


def file_stem(node_id: str) -> str:
    """Return a file name, without suffix, that no other test has: `test_a.py-test_b-1f0c9a2e`."""
    file, _, test = node_id.partition("::")
    name = _NO_FILE_NAME.sub("-", f"{file.rpartition('/')[2]}-{test}")
    return f"{name.strip('-.')[:_MAX_STEM]}-{sha256(node_id.encode()).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True)
class _WatchedPhone:
    """A phone, and what is kept about it for the test that runs."""

    label: str
    """The user in characters of file names, with a number if there are several phones of one."""
    settings: Settings
    recording: Recording
    capture: CaptureFile | None

    @property
    def figures(self) -> Iterator[str]:
        """The last figures of each call."""
        for call in self.recording.calls.values():
            ended = [each.event for each in call.events if isinstance(each.event, CallEnded)]
            samples = call.samples.read()
            text = "no figures yet (there are some once a second)"
            if ended and ended[-1].stats is not None:
                text = describe_fields(ended[-1].stats)
            elif samples:
                text = _of_sample(samples[-1])
            yield f"{self.label}, call {one_line(call.id)}: {text}"


class PhoneEvidence:
    """What is kept about the phones of one test: shown and written if the test fails."""

    def __init__(self, node_id: str, folder: Path | None) -> None:
        self._node_id = node_id
        self._folder = folder
        self._phones: list[_WatchedPhone] = []
        self._began = Journal().now()
        self._error: BaseException | None = None
        self._has_failed = False
        self._troubles: list[str] = []

    def watch(self, phone: Phone) -> None:
        """Keep what this phone records from now on."""
        settings, journal = phone.settings, phone.journal
        label = self._label(_NO_FILE_NAME.sub("-", settings.uri.user or ""))
        recording, capture = Recording(), None
        if self._folder is None:
            recording.attach(journal, (*FOR_LADDER, SampleEntry))
        else:
            recording.attach(journal, FOR_REPORT)
            capture = self._capture(label, settings)
        if capture is not None:
            capture.attach(journal)
        self._phones.append(_WatchedPhone(label, settings, recording, capture))

    def fail(self, error: BaseException | None) -> str | None:
        """Note that the test has failed; return what to tell of it, once."""
        if self._has_failed or not self._phones:
            return None
        self._has_failed, self._error = True, error
        return "\n".join(self._told())

    def end(self) -> None:
        """Write the files of a test that has failed, and leave nothing of any other."""
        for phone in self._phones:
            phone.recording.detach()
            if phone.capture is not None:
                (phone.capture.close if self._has_failed else phone.capture.discard)()
        if self._has_failed and self._folder is not None:
            for phone in self._phones:
                path = self._path(self._folder, phone.label, ".html")
                replace_whole(path, report_bytes(path, self._content(phone)), is_private=True)

    def _told(self) -> Iterator[str]:
        messages = [entry for phone in self._phones for entry in phone.recording.sip]
        yield ladder_text(ladder_of(sorted(messages, key=lambda entry: entry.at)), _WIDTH)
        yield ""
        for phone in self._phones:
            yield from phone.figures
        events = [(each, phone) for phone in self._phones for each in phone.recording.events]
        events.sort(key=lambda pair: pair[0].at)
        yield "the last events:"
        yield from (_line(entry, phone.label) for entry, phone in events[-MAX_EVENTS:])
        if self._folder is not None:
            paths = [self._path(self._folder, phone.label, ".html") for phone in self._phones]
            yield "reports, with captures (.pcapng) beside them:"
            yield from (f"  {one_line(str(path))}" for path in paths)
        yield from self._troubles

    def _label(self, user: str) -> str:
        """Return the user with the first number that no other phone has."""
        taken = {phone.label for phone in self._phones}
        labels = (user, *(f"{user}-{number}" for number in range(2, len(taken) + 2)))
        return next(label for label in labels if label not in taken)

    def _capture(self, label: str, settings: Settings) -> CaptureFile | None:
        assert self._folder is not None
        try:
            return CaptureFile(
                self._path(self._folder, label, ".pcapng"),
                limit_bytes=settings.capture_limit * MEGABYTE,
                has_audio=settings.capture_audio,
                warn=self._troubles.append,
            )
        except ConfigError as error:
            self._troubles.append(str(error))
            return None

    def _path(self, folder: Path, label: str, suffix: str) -> Path:
        return folder / f"{file_stem(self._node_id)}-{label}{suffix}"

    def _content(self, phone: _WatchedPhone) -> ReportContent:
        now, error = Journal().now(), self._error
        facts = RunFacts(
            command="pytest",
            target=one_line(self._node_id),
            command_line=f"python -m pytest {shlex.quote(one_line(self._node_id))}",
            began=rfc3339(self._began),
            duration_ms=(now - self._began) * 1000,
            host=socket.gethostname(),
            versions=(
                Fact(name="sipcli", value=__version__),
                Fact(name="Python", value=python_version()),
            ),
            settings=tuple(_in_force(phone.settings)),
        )
        ours = error if isinstance(error, SipcliError) else None
        outcome = RunOutcome(
            exit_code=(ours or ExpectationError).exit_code,
            reason=one_line(str(error)) if error is not None else "the test has failed",
            phase=ours.phase if ours is not None else None,
            began=self._began,
            ended=now,
            registers=False,
            places_call=False,
            is_secure=any(entry.transport == "wss" for entry in phone.recording.sip),
        )
        return report_content(phone.recording, facts, outcome)


def _in_force(settings: Settings) -> Iterator[SettingInForce]:
    """Yield the settings that a test has given, secrets hidden."""
    for key in KEYS:
        value = key.shown(settings)
        if value not in (None, key.default):
            yield SettingInForce(name=key.name, value=toml_text(value), source="Phone()")


def _of_sample(sample: SampleEntry) -> str:
    shown = ((field.name, getattr(sample, field.name)) for field in fields(sample))
    return " ".join(
        f"{name}={value:.1f}" if isinstance(value, float) else f"{name}={value}"
        for name, value in shown
        if name not in ("at", "call") and value is not None
    )


def _line(entry: EventEntry, label: str) -> str:
    name = getattr(entry.event, "name", "")
    text = one_line(describe_fields(entry.event))  # type: ignore[arg-type]
    at = datetime.fromtimestamp(entry.at, UTC)
    line = f"  {at:%H:%M:%S}.{at.microsecond // 1000:03} {label} {name} {text}".rstrip()
    return line if len(line) <= _MAX_LINE else f"{line[:_MAX_LINE]}…"
