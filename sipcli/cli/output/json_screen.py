"""The screen of `--json`: one JSON object per line on stdout, nothing else (contract §4)."""

import json
import re
import time
from collections.abc import Mapping
from typing import IO, Final

from sipcli.cli.output.event_json import event_fields
from sipcli.cli.output.screen import Screen
from sipcli.cli.output.stream import put_line
from sipcli.errors import Phase
from sipcli.phone.events import Event
from sipcli.text import UNSAFE, rfc3339, without_passwords

SCHEMA: Final = 1
"""Version of the events; it stands on the first one."""


class JsonScreen(Screen):
    """Events as JSON lines on `out`, flushed one by one; logs and traces on `err`."""

    def __init__(self, out: IO[str], err: IO[str]) -> None:
        self._out = out
        self._err = err
        self._is_first = True
        self._is_finished = False

    def event(self, event: Event) -> None:
        """Write an event of the phone."""
        self._write(event.name, event_fields(event))

    def record(self, name: str, values: Mapping[str, object]) -> None:
        """Write an event of this name."""
        self._write(name, values)

    def warning(self, text: str) -> None:
        """Write a `warning` event."""
        self._write("warning", {"text": text})

    def error(self, text: str, brief: str | None = None) -> None:
        """Write an `error` event with the whole text: it may be read on its own."""
        self._write("error", {"text": text})

    def note(self, text: str) -> None:
        """Write to stderr."""
        put_line(self._err, text)

    def finished(self, exit_code: int, reason: str, phase: Phase | None = None) -> None:
        """Write the `finished` event, which is the last one; it has a phase only if one failed."""
        failed = {} if phase is None else {"phase": phase.lower()}
        self._write("finished", {"exit_code": exit_code, "reason": reason, **failed})
        self._is_finished = True

    def _write(self, name: str, values: Mapping[str, object]) -> None:
        if self._is_finished:
            return
        record: dict[str, object] = {"time": timestamp(), "event": name}
        if self._is_first:
            record["schema"] = SCHEMA
            self._is_first = False
        record.update(values)
        line = without_passwords(json.dumps(record, ensure_ascii=False))
        put_line(self._out, UNSAFE.sub(_escape, line))  # the output may be shown on a terminal


def timestamp() -> str:
    """Return the current time: RFC 3339, UTC, milliseconds."""
    return rfc3339(time.time())


def _escape(found: re.Match[str]) -> str:
    """Return a character as a JSON escape; a lone surrogate, which is invalid, as U+FFFD."""
    code = ord(found.group())
    return "\ufffd" if 0xD800 <= code <= 0xDFFF else f"\\u{code:04x}"
