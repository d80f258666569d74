"""The file of SSLKEYLOGFILE: private, announced, and never the end of a call."""

import gc
import logging
import os
import ssl
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from sipcli.net import key_log as module
from sipcli.net.key_log import key_log, log_keys
from sipcli.net.tls import client_context
from sipcli.sandbox.temporary_ca import temporary_tls
from tests.net.certificates import Files, connects, fails, server_context

LINE = b"CLIENT_RANDOM 00 11"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that the variable names and that is not there yet."""
    path = tmp_path / "keys.txt"
    monkeypatch.setenv("SSLKEYLOGFILE", str(path))
    return path


@pytest.fixture(autouse=True)
def warnings(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(module, "_ANNOUNCED", set())
    with caplog.at_level(logging.WARNING):
        yield


def fields(path: Path, number: int) -> set[str]:
    """What stands there in the lines of a key log, comments left out."""
    lines = path.read_text().splitlines()
    return {line.split()[number] for line in lines if not line.startswith("#")}


def test_without_the_variable_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in (None, ""):
        monkeypatch.delenv("SSLKEYLOGFILE", raising=False)
        if value is not None:
            monkeypatch.setenv("SSLKEYLOGFILE", value)
        assert key_log() is None
        log_keys(LINE)


def test_the_file_is_private_and_announced_once(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert key_log() == key_log() == str(path)
    log_keys(LINE)
    log_keys(LINE)
    assert path.read_bytes() == (LINE + b"\n") * 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (message,) = caplog.messages
    assert f"keys are written to {path}" in message
    assert "can decrypt" in message


def test_what_was_in_the_file_stays(path: Path) -> None:
    path.write_text("before\n")
    log_keys(LINE)
    client_context()
    assert path.read_bytes().startswith(b"before\n" + LINE + b"\n")


def _missing_folder(folder: Path) -> str:
    return str(folder / "missing" / "keys.txt")


def _folder(folder: Path) -> str:
    return str(folder)


def _pipe(folder: Path) -> str:
    os.mkfifo(folder / "pipe")
    return str(folder / "pipe")


@pytest.mark.parametrize("make", [_missing_folder, _folder, _pipe])
def test_a_file_that_cannot_be_written_is_one_warning(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    make: object,
) -> None:
    assert callable(make)
    place = make(tmp_path)
    monkeypatch.setenv("SSLKEYLOGFILE", place)
    for _ in range(2):
        assert client_context().verify_mode is ssl.CERT_REQUIRED
        log_keys(LINE)
    with temporary_tls("127.0.0.1") as tls:
        assert tls.context.keylog_filename is None
    (message,) = caplog.messages
    assert f"no keys are written to {place}: " in message


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is full")
def test_a_full_disk_is_one_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", "/dev/full")
    log_keys(LINE)
    log_keys(LINE)
    assert "no keys are written to /dev/full: No space left on device" in caplog.messages[-1]
    assert len(caplog.messages) == 1


@pytest.mark.parametrize("has_ca_file", [True, False])
async def test_the_keys_of_a_websocket_are_written(
    files: Files, path: Path, monkeypatch: pytest.MonkeyPatch, has_ca_file: bool
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", files.ca_file)
    await connects(
        server_context(files.ca.issue_cert("127.0.0.1")),
        client_context(ca_file=files.ca_file if has_ca_file else None),
    )
    gc.collect()  # the context, which has the file open
    assert fields(path, 0) >= {"CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"}


async def test_the_keys_of_an_old_websocket_are_written(files: Files, path: Path) -> None:
    server = server_context(files.ca.issue_cert("127.0.0.1"))
    server.maximum_version = ssl.TLSVersion.TLSv1_2
    await connects(server, client_context(ca_file=files.ca_file))
    gc.collect()
    assert fields(path, 0) == {"CLIENT_RANDOM"}


async def test_the_look_at_an_untrusted_certificate_can_be_decrypted(
    files: Files, path: Path
) -> None:
    """The first handshake ends before its keys: those of the second show the certificate."""
    await fails(
        server_context(files.stranger.issue_cert("127.0.0.1")),
        client_context(ca_file=files.ca_file),
    )
    gc.collect()
    assert len(fields(path, 1)) == 2  # the random numbers that clients have chosen
