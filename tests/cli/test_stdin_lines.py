"""Lines that are read in a thread: whatever ends it is told."""

import asyncio
import os
import sys

import pytest

from sipcli.cli.script import stdin_lines
from sipcli.cli.script.stdin_lines import StdinLines


async def test_whatever_ends_the_reading_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A script would wait for its next line for ever."""

    def broken(*_: object) -> None:
        raise LookupError("odd")

    ended: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
    read, write = os.pipe()
    with os.fdopen(read) as stdin, os.fdopen(write, "w"):
        monkeypatch.setattr(sys, "stdin", stdin)
        monkeypatch.setattr(stdin_lines, "_lines", broken)
        StdinLines(lambda *_: None, ended.set_result).start()
        why = await asyncio.wait_for(ended, 5)
    assert why == "stdin cannot be read: LookupError: odd"
