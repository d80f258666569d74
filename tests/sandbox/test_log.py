"""What `log.file` holds of a run in the sandbox."""

import re
from pathlib import Path

import pytest

from tests.cli.program import Sipcli, sipcli
from tests.home import home

__all__ = ["home", "sipcli"]

QUIET = ("--audio-in", "silence", "--audio-out", "null")


def run(sipcli: Sipcli, path: Path, *arguments: str) -> str:
    """Run a command that succeeds and logs all it can; returns the log."""
    logged = ("--log-level", "debug", "--log-file", str(path))
    outcome = sipcli(*arguments, *logged)
    assert outcome.code == 0
    assert "debug:" not in outcome.err
    return path.read_text("utf-8")


def test_the_log_tells_the_story_of_a_call(sipcli: Sipcli, tmp_path: Path) -> None:
    log = run(sipcli, tmp_path / "log", "call", "--sandbox", "tone", *QUIET, "--duration", "1")
    story = [
        r"info: sipcli \S+ call: Python ",
        r"info: connecting: server=ws://127",
        r"debug: ws://127\S+ addresses 127\.0\.0\.1:\d+; connected to .*subprotocol sip",
        r"debug: client transaction REGISTER \S+: TRYING",
        r"info: registered: uri=sip:alice@sandbox\.invalid",
        r"debug: media \d+: ICE: gathered host udp ",
        r"debug: client transaction INVITE \S+: CALLING",
        r"debug: -> INVITE sip:tone@sandbox\.invalid, .*application/sdp \(\d+ bytes\)",
        r"debug: dialog \S+ \S+ \S+: opened",
        r"info: progress: .*status=180",
        r"debug: client transaction INVITE \S+: PROCEEDING -> ACCEPTED",
        r"debug: dialog .*: offer/answer: OURS -> IDLE \(agreed\)",
        r"debug: call \S+: its media are media \d+",
        r"debug: media \d+: offer/answer: agreed on \d+=opus/48000",
        r"debug: media \d+: ICE: checks begin",
        r"debug: media \d+: DTLS: handshake as ",
        r"debug: media \d+: DTLS: DTLSv1\.2, .*SRTP_",
        r"debug: media \d+: ICE: host udp \S+ to host udp \S+ is used",
        r"info: media: .*state=connected",
        r"debug: client transaction BYE \S+: TRYING",
        r"debug: call \S+: playout and figures: .*playout_delay_ms=",
        r"info: unregistered",
    ]
    at = 0
    for line in story:
        found = re.compile(line).search(log, at) or re.search(line, log)
        assert found is not None, f"{line!r} is not in {log}"
        at = found.start()


@pytest.mark.parametrize("level", ["error", "debug"])
def test_the_trace_goes_to_the_log_file_and_no_secret_goes_with_it(
    sipcli: Sipcli, tmp_path: Path, level: str
) -> None:
    path = tmp_path / "log"
    outcome = sipcli(
        *("call", "--sandbox", "echo", *QUIET, "--duration", "0.3", "--trace-sip"),
        *("--log-level", level, "--log-file", str(path)),
    )
    assert outcome.code == 0
    log = path.read_text("utf-8")
    assert re.search(r" -> ws://\S+\n  REGISTER sip:sandbox\.invalid SIP/2\.0\n", log)
    assert re.search(r" <- ws://\S+\n  SIP/2\.0 200 OK\n", log)
    assert ("debug:" in log) == (level == "debug")
    assert "REGISTER sip:" not in outcome.err
    assert re.findall(r"(?:response=\"|a=ice-pwd:)(?!\*\*\*)", log) == []


def test_the_sandbox_keeps_its_own_phones_out_of_it(sipcli: Sipcli, tmp_path: Path) -> None:
    log = run(sipcli, tmp_path / "log", "register", "--sandbox", "--once")
    assert "sip:alice@sandbox.invalid" in log
    assert "sip:echo@sandbox.invalid" not in log


def test_a_phone_that_waits_for_calls_logs_too(sipcli: Sipcli, tmp_path: Path) -> None:
    log = run(sipcli, tmp_path / "log", "listen", "--sandbox", *QUIET, "--duration", "0.5")
    assert "info: registered: uri=sip:alice@" in log
    assert "info: unregistered" in log
