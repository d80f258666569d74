"""The evidence of `sipcli sandbox`: what the server has seen, and no password."""

import json
import socket
from pathlib import Path

from sipcli.evidence.captured_sip import read_sip
from tests.cli.program import Sipcli, sipcli
from tests.evidence.hep_reader import read_hep
from tests.home import home

__all__ = ["home", "sipcli"]


def test_all_its_evidence_shows_the_view_of_the_server(sipcli: Sipcli, tmp_path: Path) -> None:
    report, capture = tmp_path / "report.json", tmp_path / "capture.pcapng"
    with socket.socket(type=socket.SOCK_DGRAM) as homer:
        homer.bind(("127.0.0.1", 0))
        homer.settimeout(10)
        outcome = sipcli(
            *("sandbox", "--duration", "0.1", "--user", "alice:geheim", "--user=bob:geheim"),
            *("--report", str(report), "--capture", str(capture), "--ladder", "--json"),
            *("--hep-server", f"udp:127.0.0.1:{homer.getsockname()[1]}"),
        )
        first = read_hep(homer.recv(65_535))
    assert outcome.code == 0
    server = outcome.the("sandbox")["server"].removeprefix("ws://")
    assert first.payload.startswith(b"REGISTER sip:sandbox.invalid")
    assert ":".join(map(str, first.ends[1])) == server
    assert {entry.local for entry in read_sip(capture)} == {first.ends[1]}, "the server"
    assert server in outcome.err, "the ladder"
    content = json.loads(report.read_text())
    assert content["verdict"]["result"] == "passed"
    assert content["waterfall"]["bars"] == []
    assert content["run"]["command_line"].startswith("sipcli sandbox --duration 0.1 --user ")
    for text in (report.read_text(), capture.read_bytes().decode("latin-1"), outcome.err):
        assert "geheim" not in text


def test_the_account_of_the_user_is_no_setting_of_it(
    sipcli: Sipcli, home: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    config = tmp_path / "config.toml"
    config.write_text('uri = "sip:me@example.com"\ncapture_limit = 7\n')
    options = ("--config", str(config), "--duration", "0.1", "--report", str(report))
    assert sipcli("sandbox", *options).code == 0
    assert "me@example.com" not in report.read_text()
    settings = {each["name"]: each for each in json.loads(report.read_text())["run"]["settings"]}
    assert settings["capture_limit"]["value"] == "7"


def test_a_setting_that_is_wrong_ends_it_before_it_starts(sipcli: Sipcli) -> None:
    outcome = sipcli("sandbox", "--hep-server", "homer", "--json")
    assert outcome.code == 2
    assert "--hep-server" in outcome.the("error")["text"]
    assert "sandbox" not in outcome.kinds
