"""Locks an instance id, so that no two processes use the same (RFC 5626 §4.1, RFC 5627 §3.1).

Two processes are two user agents. With one id, each would replace the other's binding. With one
id and two reg-ids they would still share one GRUU, and requests in the calls of one process could
reach the other.
"""

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4, uuid5

from sipcli.config.state import account
from sipcli.sip.uri import SipUri

MAX_INSTANCES: Final = 32
"""Processes of one account that get a stable id; any further ones get a random id."""


@contextmanager
def lock_instance_id(wanted: UUID, uri: SipUri, folder: Path) -> Iterator[UUID]:
    """Lock an instance id for this process until the `with` block or the process ends.

    It is `wanted` if no other process has locked that for the account of `uri`, else the first
    free one of a sequence derived from `wanted`. Because the ids are stable, a new process
    replaces the bindings of one that died. If `folder` cannot be used, nothing is locked, and
    the id is `wanted`.
    """
    with ExitStack() as held:
        try:
            found = _first_free(wanted, uri, folder, held)
        except OSError:
            found = wanted
        yield found


def _first_free(wanted: UUID, uri: SipUri, folder: Path, held: ExitStack) -> UUID:
    if not folder.is_absolute():
        raise OSError("it has no absolute path")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for number in range(1, MAX_INSTANCES + 1):
        candidate = wanted if number == 1 else uuid5(wanted, str(number))
        # Never remove the files: two processes could then each lock a file of the same name.
        descriptor = os.open(_path(candidate, uri, folder), os.O_RDWR | os.O_CREAT, 0o600)
        held.callback(os.close, descriptor)
        if _lock(descriptor):
            return candidate
    return uuid4()


def _path(candidate: UUID, uri: SipUri, folder: Path) -> Path:
    words = f"{candidate} {account(uri)}".encode(errors="surrogateescape")
    return folder / f"in-use-{hashlib.sha256(words).hexdigest()[:32]}"


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> bool:
        """Lock the file without waiting; False if another process has."""
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

else:
    import fcntl

    def _lock(descriptor: int) -> bool:
        """Lock the file without waiting; False if another process has."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
