"""The keys of DTLS in the file of SSLKEYLOGFILE."""

import logging
from pathlib import Path

import pytest

from tests.media.transport.fake_servers import serving
from tests.media.transport.test_stun_dtls import FakeStuns, options, stuns_uri
from tests.media.transport.transport_pair import NAT, Party, connect, exchange, gathered, pair

pytestmark = pytest.mark.virtual_time


def keys_of(party: Party) -> str:
    """What the log should say of its association."""
    connection = party.transport._dtls._transport.connection  # noqa: SLF001 - OpenSSL's own word
    random, key = connection.client_random(), connection.master_key()
    assert random is not None
    assert key is not None
    return f"CLIENT_RANDOM {random.hex()} {key.hex()}"


async def test_the_keys_of_the_media_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keys.txt"
    path.write_text("before\n")
    monkeypatch.setenv("SSLKEYLOGFILE", str(path))
    async with pair() as (alice, bob):
        await connect(alice, bob)
        assert keys_of(alice) == keys_of(bob)
        lines = path.read_text().lower().splitlines()
        assert lines == ["before", *2 * [keys_of(alice).lower()]]


async def test_a_call_does_without_a_file_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "missing" / "keys.txt"))
    with caplog.at_level(logging.WARNING):
        async with pair() as (alice, bob):
            await connect(alice, bob)
            await exchange(alice, bob)
    (message,) = caplog.messages
    assert "SSLKEYLOGFILE: no keys are written" in message


async def test_a_file_that_is_lost_before_the_handshake_costs_no_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "lost"
    folder.mkdir()
    monkeypatch.setenv("SSLKEYLOGFILE", str(folder / "keys.txt"))
    async with pair() as (alice, bob):
        with caplog.at_level(logging.WARNING):
            opening = connect(alice, bob)
            monkeypatch.setattr("sipcli.media.webrtc.dtls.key_log", lambda: "written before")
            folder.rmdir()
            await opening
        await exchange(alice, bob)
    assert len(caplog.messages) == 1


async def test_the_keys_of_a_stuns_server_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keys.txt"
    monkeypatch.setenv("SSLKEYLOGFILE", str(path))
    server = FakeStuns(NAT)
    async with serving(server):
        _, warnings, _ = await gathered(options(stuns_uri(server)))
    assert warnings == []
    assert path.read_text().startswith("CLIENT_RANDOM ")
