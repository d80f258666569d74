"""Stores the instance id of each `uri`, and locks it (RFC 5626 §4.1, RFC 5627 §3.1).

There is one small file for each `uri`. It is created atomically by a hard link, which fails if
another process was faster, so that two processes that start at the same time use the same id.

Two processes are two user agents. With one id, each would replace the other's binding. With one
id and two reg-ids they would still share one GRUU, and requests in the calls of one process could
reach the other.
"""

import hashlib
import json
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4, uuid5

from sipcli.files import NotRegular, open_regular
from sipcli.sip.uri import SipUri
from sipcli.text import one_line

MAX_INSTANCES: Final = 32
"""Processes of one account that get a stable id; any further ones get a random id."""

_MAX_BYTES: Final = 4096
_KEY: Final = "instance_id"


class _Damaged(OSError):  # noqa: N818 - a fact about a file, private to this module
    """The file exists, but its content is not ours."""


@dataclass(frozen=True, slots=True)
class StoredId:
    """An instance id, and where it is stored."""

    instance_id: UUID
    path: Path | None
    """The file that stores it; None if it could not be stored."""
    warning: str | None = None


def load_or_create_id(uri: SipUri, folder: Path) -> StoredId:
    """Return the stored id of `uri`; create and store one if there is none. Never fails."""
    path = _id_path(uri, folder)
    warning = None
    try:
        if not folder.is_absolute():
            raise OSError("it has no absolute path")
        try:
            return StoredId(_read(path), path)
        except FileNotFoundError:
            _write(path, uri, replacing=False)
        except _Damaged:
            _write(path, uri, replacing=True)
            warning = f"{one_line(str(path))}: was damaged; a new instance id is stored there"
        return StoredId(_read(path), path, warning)
    except OSError as error:
        reason = error.strerror or str(error)
        is_file = isinstance(error, NotRegular | IsADirectoryError)
        place = one_line(str(path)) if is_file else f"the state folder {one_line(str(folder))}"
        return temporary_id(f"{place} cannot be used ({reason})")


def temporary_id(why: str) -> StoredId:
    """Return an id for this run only, with a warning."""
    warning = f"{why}: every start uses a new instance id, unless instance_id is set"
    return StoredId(uuid4(), None, warning)


def kept_instance_id(uri: SipUri, folder: Path) -> UUID | None:
    """Return the stored id of `uri`, None if there is none; write nothing."""
    try:
        return _read(_id_path(uri, folder))
    except OSError:
        return None


def _id_path(uri: SipUri, folder: Path) -> Path:
    """Return a path with a digest: users may differ only in case, file names may not."""
    digest = hashlib.sha256(account(uri).encode(errors="surrogateescape")).hexdigest()
    return folder / f"instance-{digest[:32]}.json"


def account(uri: SipUri) -> str:
    """Return the parts of `uri` that identify the account."""
    return str(SipUri(user=uri.user, host=uri.host, port=uri.port))


def _read(path: Path) -> UUID:
    """Read the id. Raises `OSError`, `_Damaged` if the file contains no id."""
    with open_regular(path) as stream:
        data = stream.read(_MAX_BYTES)
    try:
        return UUID(json.loads(data)[_KEY])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise _Damaged("it does not hold an instance id") from None


def _write(path: Path, uri: SipUri, *, replacing: bool) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    content = json.dumps({_KEY: str(uuid4()), "uri": account(uri)}) + "\n"
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        if replacing:
            os.replace(temporary, path)
        else:
            _link(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _link(temporary: Path, path: Path) -> None:
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass  # another process was faster: use its id
    except OSError:  # no hard links on this file system: the later process wins
        os.replace(temporary, path)


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
        descriptor = os.open(_lock_path(candidate, uri, folder), os.O_RDWR | os.O_CREAT, 0o600)
        held.callback(os.close, descriptor)
        if _lock(descriptor):
            return candidate
    return uuid4()


def _lock_path(candidate: UUID, uri: SipUri, folder: Path) -> Path:
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
