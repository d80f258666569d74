"""The password in a target stands nowhere but on the wire."""

from pathlib import Path

import pytest

from sipcli.cli.script.call_commands import InvalidCommand, command_of_line
from sipcli.log import masked
from sipcli.sip.uri import SipUri
from sipcli.text import printable, target_without_password
from tests.cli.program import Sipcli, sipcli

__all__ = ["sipcli"]

SECRET = "pw0rd"


@pytest.mark.parametrize("target", [f"sip:nobody:{SECRET}@sandbox.invalid", f"nobody:{SECRET}@x"])
@pytest.mark.parametrize("as_json", [True, False])
def test_it_is_masked_in_all_that_a_call_writes(
    target: str, as_json: bool, sipcli: Sipcli, tmp_path: Path
) -> None:
    report, log = tmp_path / "r.xml", tmp_path / "log"
    options = ["--junit", str(report), "--log-file", str(log), "--log-level", "debug"]
    found = sipcli(
        "call", "--sandbox", target, "--trace-sip", "-vv", *["--json"] * as_json, *options
    )
    assert found.code != 0
    written = found.out + found.err + report.read_text() + log.read_text()
    assert SECRET not in written
    assert "nobody:***@" in report.read_text()
    if target.startswith("sip:"):  # without a scheme it is a usage error
        assert "sip:nobody:***@" in log.read_text()
        assert "sip:nobody:***@" in (found.out if as_json else log.read_text())


def test_a_token_in_a_target_stands_in_no_evidence_and_no_log(
    sipcli: Sipcli, tmp_path: Path
) -> None:
    report, junit, log = tmp_path / "r.json", tmp_path / "r.xml", tmp_path / "log"
    target = f"sip:busy@sandbox.invalid;token={SECRET}"
    header = f"X-Auth-Token: {SECRET}"
    options = ["--junit", str(junit), "--report", str(report), "--header", header, "--ladder"]
    options += ["--log-file", str(log), "--log-level", "debug"]
    found = sipcli("call", "--sandbox", target, "--audio-in", "silence", *options)
    assert found.code == 5
    for file in (report, junit, log):
        assert SECRET not in file.read_text()
        assert ";token=***" in file.read_text()
    assert SECRET not in found.err


def test_it_is_masked_where_the_target_is_wrong(sipcli: Sipcli) -> None:
    found = sipcli("call", "--sandbox", f"nobody:{SECRET}@x?Subject=1")
    assert found.code == 2
    assert "nobody:***@x" in found.err
    assert SECRET not in found.err


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("To: <sips:a:b@c>, SIP:d:e;f@g", "To: <sips:a:***@c>, SIP:d:***@g"),
        ("sip:a@b:5060;x=1", "sip:a@b:5060;x=1"),
        ("<sip:b:5060> a@c", "<sip:b:5060> a@c"),
        ("<sip:[::1]:5060;x>, <sip:a@[::1]>", "<sip:[::1]:5060;x>, <sip:a@[::1]>"),
        ("Call-ID: 1:2@3", "Call-ID: 1:2@3"),
    ],
)
def test_only_the_password_of_a_uri_is_masked(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert masked(text.encode()) == shown


def test_a_typed_target_needs_no_scheme() -> None:
    assert target_without_password("a:b@c") == "a:***@c"
    assert target_without_password("a:b@d@c") == "a:***@c"
    assert target_without_password("mailto:a@c") == "mailto:a@c"
    assert target_without_password("a@c:5060") == "a@c:5060"
    assert target_without_password("sip:a@c") == "sip:a@c"
    own = SipUri.parse("sip:alice@example.com")
    assert command_of_line("transfer sip:a:b@c", own).text == "transfer sip:a:***@c"
    with pytest.raises(InvalidCommand, match=r"transfer 'a:\*\*\*@c'"):
        command_of_line("transfer a:b@c", own)
    assert command_of_line("dtmf 1", own).text == "dtmf 1"


@pytest.mark.timeout(10)
def test_text_of_a_peer_is_searched_in_linear_time() -> None:
    text = "sip:a:" * 100_000
    assert printable(text) == text
