"""A command whose SIP goes to a HEP server, whether that is there or not."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.program import Sipcli
from tests.evidence.hep_reader import Hep, read_hep

PING = ("ping", "--sandbox", "echo", "--json")


@pytest.fixture
def homer() -> Iterator[socket.socket]:
    """A UDP port of a HEP server; what has come can be read when the command has ended."""
    with socket.socket(type=socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.setblocking(False)
        yield listening


def received(listening: socket.socket) -> list[Hep]:
    found = []
    try:
        while True:
            found.append(read_hep(listening.recv(65_535)))
    except BlockingIOError:
        return found


def test_the_messages_of_a_command_arrive_without_secrets(
    sipcli: Sipcli, homer: socket.socket
) -> None:
    server = f"udp:127.0.0.1:{homer.getsockname()[1]}"
    outcome = sipcli(*PING, "--hep-server", server, "--hep-id", "5", "--hep-password", "geheim")
    assert outcome.code == 0
    assert "geheim" not in outcome.out + outcome.err
    got = received(homer)
    lines = [each.payload.split(b"\r\n")[0].decode().split("sip:")[0].strip() for each in got]
    assert lines == [
        "REGISTER",
        "SIP/2.0 401 Unauthorized",
        "REGISTER",
        "SIP/2.0 200 OK",
        "OPTIONS",
        "SIP/2.0 407 Proxy Authentication Required",
        "OPTIONS",
        "SIP/2.0 200 OK",
        "REGISTER",
        "SIP/2.0 200 OK",
    ]
    assert {each.number(12) for each in got} == {5}
    assert {each.chunks[14] for each in got} == {b"geheim"}
    assert all(b"geheim" not in each.payload for each in got)
    assert b'response="***"' in got[2].payload
    client, sandbox = got[0].ends
    assert {each.ends for each in got} == {(client, sandbox), (sandbox, client)}


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_a_server_that_is_not_there_is_one_warning(
    sipcli: Sipcli, homer: socket.socket, transport: str
) -> None:
    port = homer.getsockname()[1]
    homer.close()
    outcome = sipcli(*PING, "--hep-server", f"{transport}:127.0.0.1:{port}")
    assert outcome.code == 0
    assert outcome.the("finished")["exit_code"] == 0
    warning = outcome.the("warning")["text"]
    assert f"{transport}:127.0.0.1:{port}" in warning
    assert "refused" in warning


def test_a_ca_file_that_is_none_ends_the_command_before_anything_is_sent(
    sipcli: Sipcli, tmp_path: Path
) -> None:
    path = tmp_path / "ca.pem"
    path.write_text("nothing\n")
    outcome = sipcli(*PING, "--hep-server", "tls:127.0.0.1", "--tls-ca-file", str(path))
    assert outcome.code == 2
    assert "--tls-ca-file" in outcome.the("error")["text"]
    assert "connecting" not in outcome.kinds
