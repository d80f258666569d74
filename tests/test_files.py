"""Files: for their owner alone, whole or not at all, and never waited for."""

import os
import stat
import sys
from pathlib import Path

import pytest

from sipcli import files
from sipcli.config.tables import LogTable
from sipcli.files import NotRegular, open_regular, private, replace_whole
from sipcli.log import LOGGER, set_up

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="modes and pipes are POSIX's")


def mode(path: Path) -> int:
    """The permissions of a file."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def _usual_umask() -> object:
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_a_private_file_is_its_owners_alone_and_an_old_one_keeps_its_mode(tmp_path: Path) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    old.touch(0o644)
    for path in (new, old):
        with open(path, "wb", opener=private) as file:
            file.write(b"x")
    assert (mode(new), mode(old)) == (0o600, 0o644)


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    replace_whole(path, b"one")
    with path.open("rb") as reader:
        replace_whole(path, b"two")
        assert reader.read() == b"one"
    assert path.read_bytes() == b"two"
    assert mode(path) == 0o644
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("old", [0o600, 0o640, 0o444, 0o666])
def test_a_file_that_is_replaced_keeps_its_mode(old: int, tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    path.write_bytes(b"one")
    path.chmod(old)
    replace_whole(path, b"two")
    assert (path.read_bytes(), mode(path)) == (b"two", old)


def test_a_link_is_followed(tmp_path: Path) -> None:
    path, link = tmp_path / "report.xml", tmp_path / "link"
    link.symlink_to(path)
    replace_whole(link, b"one")
    replace_whole(link, b"two")
    assert link.is_symlink()
    assert path.read_bytes() == b"two"


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    replace_whole(path, b"one")
    assert os.read(reader, 10) == b"one"
    os.close(reader)


@pytest.mark.timeout(10)
def test_a_pipe_that_no_program_reads_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(OSError, match="no program reads from this pipe"):
        replace_whole(path, b"one")
    with pytest.raises(OSError, match="no program reads from this pipe"):
        open(path, "ab", opener=private)  # noqa: SIM115 - it is not opened


@pytest.mark.timeout(10)
def test_a_pipe_whose_reader_stops_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "FIFO_TIMEOUT_S", 0.1)
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(OSError, match="takes nothing"):
        replace_whole(path, bytes(1_000_000))
    os.close(reader)


@pytest.mark.timeout(10)
def test_a_log_goes_on_when_the_reader_of_its_pipe_stops(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    warned: list[str] = []
    set_up(LogTable(file=str(path)), lambda _: None, warned.append)
    for _ in range(100):
        LOGGER.error("x" * 10_000)
    set_up(LogTable(), lambda _: None)
    assert len(warned) == 1
    assert "cannot be written" in warned[0]
    os.close(reader)


def test_a_folder_that_takes_no_other_file_is_no_reason_to_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.xml"
    path.write_bytes(b"a longer one")

    def refuse(*_: object) -> int:
        raise PermissionError

    monkeypatch.setattr(os, "open", refuse)
    replace_whole(path, b"two")
    monkeypatch.undo()
    assert path.read_bytes() == b"two"


def test_what_is_no_regular_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(NotRegular):
        open_regular(pipe)
    with pytest.raises(IsADirectoryError):
        open_regular(tmp_path)
