"""Stores the instance id, created once for each `uri`, in the state folder (RFC 5626 §4.1).

There is one small file for each `uri`. It is created atomically by a hard link, which fails if
another process was faster, so that two processes that start at the same time use the same id.
"""

import hashlib
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from sipcli.files import NotRegular, open_regular
from sipcli.sip.uri import SipUri
from sipcli.text import one_line

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


def instance_id(uri: SipUri, folder: Path) -> StoredId:
    """Return the stored id of `uri`; create and store one if there is none. Never fails."""
    path = _path(uri, folder)
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
        return _read(_path(uri, folder))
    except OSError:
        return None


def _path(uri: SipUri, folder: Path) -> Path:
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
