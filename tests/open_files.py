"""The files that this process has open, for tests that look for what was left open."""

import contextlib
import os
from pathlib import Path


def open_files() -> set[str]:
    """The descriptors that this process holds and what they are; none where none can be seen.

    Without what C libraries open at their first use and keep, which may be in any test: a null
    device where they are silenced, and what libffi needs for callbacks.
    """
    held = {}
    for descriptor in Path("/proc/self/fd").glob("*"):
        with contextlib.suppress(OSError):  # that of the listing itself is gone by now
            held[descriptor.name] = str(descriptor.readlink())
    return {f"{name}: {what}" for name, what in held.items() if not _is_kept(what)}


def _is_kept(what: str) -> bool:
    return what == os.devnull or "libffi" in what
