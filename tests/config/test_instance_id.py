"""The instance id is kept for each uri, whatever happens to the folder."""

import json
import os
import threading
from pathlib import Path
from uuid import UUID

import pytest

from sipcli.config.instance_id import kept_instance_id, load_or_create_id
from sipcli.sip.uri import SipUri

ALICE = SipUri.parse("sip:alice@example.org")


def only_file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def test_it_is_made_once_and_kept(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "state"
    assert kept_instance_id(ALICE, folder) is None
    first = load_or_create_id(ALICE, folder)
    assert first.warning is None
    assert first.path == only_file(folder)
    assert load_or_create_id(ALICE, folder) == first
    assert kept_instance_id(ALICE, folder) == first.instance_id
    assert first.instance_id.version == 4


def test_looking_makes_nothing(tmp_path: Path) -> None:
    assert kept_instance_id(ALICE, tmp_path / "state") is None
    assert list(tmp_path.iterdir()) == []


def test_file_and_folder_are_for_the_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    before = os.umask(0)
    try:
        path = load_or_create_id(ALICE, folder).path
    finally:
        os.umask(before)
    assert path is not None
    assert path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("sip:Alice@example.org", False),
        ("sip:bob@example.org", False),
        ("sip:alice@example.org:5070", False),
        ("sip:alice@example.com", False),
        ("sip:alice@EXAMPLE.org", True),
        ("sip:%61lice@example.org", True),
        ("sip:alice@example.org;transport=tcp", True),
    ],
)
def test_each_account_has_its_own(other: str, same: bool, tmp_path: Path) -> None:
    first = load_or_create_id(ALICE, tmp_path).instance_id
    assert (load_or_create_id(SipUri.parse(other), tmp_path).instance_id == first) is same


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"instance_id": 5}',
        b'{"instance_id": "x"}',
        b'{"uuid": ""}',
        b"\xff\xfe",
        b"[" * 4000,
        b'{"instance_id": "' + b"0" * 10_000,
    ],
)
def test_a_damaged_file_gives_a_new_id_and_a_warning(damage: bytes, tmp_path: Path) -> None:
    first = load_or_create_id(ALICE, tmp_path)
    path = only_file(tmp_path)
    path.write_bytes(damage)
    assert kept_instance_id(ALICE, tmp_path) is None
    second = load_or_create_id(ALICE, tmp_path)
    assert second.instance_id != first.instance_id
    assert second.warning is not None
    assert f"{path}: was damaged" in second.warning
    third = load_or_create_id(ALICE, tmp_path)
    assert (third.instance_id, third.warning) == (second.instance_id, None)
    assert only_file(tmp_path) == path


def start(folder: Path, barrier: threading.Barrier, found: list[UUID]) -> None:
    barrier.wait()
    found.append(load_or_create_id(ALICE, folder).instance_id)


def test_first_starts_at_the_same_time_agree(tmp_path: Path) -> None:
    for round_ in range(20):
        folder = tmp_path / str(round_)
        barrier = threading.Barrier(8)
        found: list[UUID] = []

        threads = [threading.Thread(target=start, args=(folder, barrier, found)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 8
        assert len(set(found)) == 1
        only_file(folder)


def test_without_hard_links_it_is_kept_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    first = load_or_create_id(ALICE, tmp_path)
    assert first.warning is None
    assert load_or_create_id(ALICE, tmp_path) == first
    only_file(tmp_path)


def test_a_folder_that_cannot_be_used_gives_a_new_id_each_time_and_a_warning(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "below", Path("relative")):
        first, second = (load_or_create_id(ALICE, folder) for _ in range(2))
        assert first.path is None
        assert first.instance_id != second.instance_id
        assert first.warning is not None
        assert first.warning.startswith(f"the state folder {folder} cannot be used (")
        assert kept_instance_id(ALICE, folder) is None
    assert not Path("relative").exists()


def test_what_stands_in_the_file_says_whose_it_is(tmp_path: Path) -> None:
    kept = load_or_create_id(ALICE, tmp_path)
    content = json.loads(only_file(tmp_path).read_text())
    assert content == {"instance_id": str(kept.instance_id), "uri": "sip:alice@example.org"}


@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_what_is_no_file_in_its_place_is_refused_with_its_name(tmp_path: Path, kind: str) -> None:
    path = load_or_create_id(ALICE, tmp_path).path
    assert path is not None
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)  # reading it would wait for ever
    else:
        path.mkdir()
    kept = load_or_create_id(ALICE, tmp_path)
    assert kept.path is None
    assert kept.warning is not None
    assert kept.warning.startswith(f"{path} cannot be used (")
    assert kept_instance_id(ALICE, tmp_path) is None
