"""The file: what cannot be read or parsed is told with its line, and nothing is unbounded."""

import os
from pathlib import Path

import pytest

from sipcli.config.toml_file import MAX_BYTES, read
from sipcli.errors import ConfigError


def write(folder: Path, data: bytes) -> Path:
    path = folder / "c.toml"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"a = 1\nb = \n", r"c.toml:2: not valid TOML: Invalid value at column 5; text needs"),
        (b"uri = sip:a@b\n", r'c.toml:1: not valid TOML: Invalid value .*key = "text"'),
        (b"a = 1\na = 2\n", r"c.toml:2: not valid TOML: Cannot overwrite a value at column"),
        (b"a = 1\na = 2", r"c.toml:2: not valid TOML: Cannot overwrite a value at column"),
        (b"a = [1,\n", r"c.toml: not valid TOML: .*end of document"),
        (b"a = 1\n\n\xff = 2", r"c.toml:3: not UTF-8 text"),
        ("a = 'ä'".encode("utf-16"), r"c.toml:1: not UTF-8 text"),
        (b"a = " + b"9" * 5000, r"c.toml: not valid TOML: "),
        (b"a = " + b"[" * 100_000, r"c.toml: not a configuration file: nested too deeply"),
        (b"#" * (MAX_BYTES + 1), r"c.toml: not a configuration file: it is larger than \d+ bytes"),
        (b"\x1b = 1", r"c.toml:1: not valid TOML: "),
    ],
)
def test_what_is_no_toml_is_told_with_its_line(data: bytes, wanted: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=wanted) as caught:
        read(write(tmp_path, data))
    assert str(caught.value).isprintable()


def test_a_file_of_the_largest_size_is_read(tmp_path: Path) -> None:
    assert read(write(tmp_path, b"a = 1\n" + b"#" * (MAX_BYTES - 6))).table == {"a": 1}


def test_a_file_without_end_is_refused_like_a_large_one() -> None:
    with pytest.raises(ConfigError, match=r"^/dev/zero: .* larger than"):
        read(Path("/dev/zero"))


def test_a_byte_order_mark_is_no_matter(tmp_path: Path) -> None:
    assert read(write(tmp_path, b"\xef\xbb\xbfa = 1")).place(("a",)).endswith("c.toml:1")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read(tmp_path)


def test_a_pipe_may_be_read(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"a = 1\n")
    os.close(writing)
    try:
        file = read(Path(f"/dev/fd/{reading}"))
    finally:
        os.close(reading)
    assert file.table == {"a": 1}
    assert not file.readable_by_others


@pytest.mark.parametrize(("mode", "readable"), [(0o600, False), (0o640, True), (0o604, True)])
def test_who_else_may_read_it(mode: int, readable: bool, tmp_path: Path) -> None:
    path = write(tmp_path, b"")
    path.chmod(mode)
    assert read(path).readable_by_others is readable


def test_a_device_is_not_warned_of_for_its_permissions() -> None:
    assert not read(Path("/dev/null")).readable_by_others


def test_the_place_of_what_has_no_line_is_that_of_what_is_around_it(tmp_path: Path) -> None:
    file = read(write(tmp_path, b"\na = [1]"))
    assert file.place(("a", 0, "x", "y")) == f"{file.path}:2"
    assert file.place(("b",)) == str(file.path)


def test_a_name_that_could_steer_a_terminal_is_shown_escaped(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path / "\x1b[2J\n.toml")
    assert str(caught.value).isprintable()
