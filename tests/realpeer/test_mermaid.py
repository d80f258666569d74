"""The sequence diagrams of Markdown reports: Mermaid draws them, whatever peers have sent."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from sipcli.evidence import mermaid
from sipcli.evidence.mermaid import sequence_diagram
from sipcli.evidence.report_content import ReportedLadder
from tests.evidence.entries import content, good_call, message
from tests.realpeer import browser
from tests.realpeer.browser import Browser
from tests.realpeer.page import FOLDER
from tests.realpeer.sipcli_process import SipcliProcess
from tests.required import require

pytestmark = pytest.mark.real_peer

MERMAID: Final = FOLDER / "node_modules" / "mermaid" / "dist" / "mermaid.min.js"
HOSTILE: Final = (
    "SIP/2.0 400 end",
    "SIP/2.0 400 ;; # %% %%{init: {}}%%",
    "SIP/2.0 400 <script>alert(1)</script>",
    "SIP/2.0 400 a\u2028b {c} [d] (e) \"f\" 'g' `h` | & ~ ^ \\ / : -> ->> --x",
    "SIP/2.0 400 #35; #quot; &lt; fl°°35¶ß",
    "SIP/2.0 400 wrap: nowrap: Note over a: loop alt opt",
    "SIP/2.0 400 日本語 ünï \udcff 🔔",
    "no SIP at all; # \x1b[2J",
)


@pytest.fixture(scope="module")
def judge() -> Iterator[Browser]:
    require(browser.installed() and MERMAID.is_file(), browser.INSTALL)
    with Browser() as chromium:
        chromium.evaluate(f"{MERMAID.read_text('utf-8')};undefined")
        chromium.evaluate("mermaid.initialize({startOnLoad: false, suppressErrorRendering: true})")
        yield chromium


def drawn(judge: Browser, diagram: str) -> str:
    """The text of the picture that Mermaid makes; raises `BrowserError` where it makes none."""
    script = """mermaid.render("drawn", %s).then(found => {
        const made = new DOMParser().parseFromString(found.svg, "text/html");
        const scripts = made.querySelectorAll("script, iframe, a, foreignObject, [onload]");
        return [made.body.textContent, scripts.length]})"""
    text, active = judge.evaluate(script % json.dumps(diagram))
    assert active == 0
    return str(text)


def hostile_ladder(*first_lines: str) -> ReportedLadder:
    user = '"end";#'
    messages = [message(0, "sent", "OPTIONS sip:a SIP/2.0", user=user, call="o")]
    messages += [
        message(number, "received", line, method="OPTIONS", user=user, call="o")
        for number, line in enumerate(first_lines, 1)
    ]
    return content(*messages).ladder


def test_it_draws_a_call(judge: Browser) -> None:
    ladder = content(*good_call()).calls[0].ladder
    text = drawn(judge, sequence_diagram(ladder))
    assert "180 Ringing (INVITE)" in text
    assert "0.150 s" in text


@pytest.mark.parametrize("line", HOSTILE)
def test_it_draws_what_a_peer_sends_as_text(judge: Browser, line: str) -> None:
    ladder = hostile_ladder(line)
    text = drawn(judge, sequence_diagram(ladder))
    shown = " ".join(ladder.messages[1].label.split())
    assert "".join(shown.split()) in "".join(text.split())


def test_it_draws_the_largest_diagram(judge: Browser) -> None:
    lines = [f"SIP/2.0 400 {';' * 200} {number}" for number in range(mermaid.MAX_ARROWS + 50)]
    ladder = hostile_ladder(*lines)
    diagram = sequence_diagram(ladder)
    assert len(diagram) <= mermaid.MAX_CHARACTERS + 100
    assert "more messages are left out" in drawn(judge, diagram)


def test_it_draws_the_report_of_a_command(judge: Browser, tmp_path: Path) -> None:
    report = tmp_path / "report.md"
    words = ("call", "--sandbox", "busy", "--audio-in", "silence", "--audio-out", "null")
    with SipcliProcess(*words, "--report", str(report), home=tmp_path) as process:
        assert process.wait(30) == 5
    diagram = report.read_text("utf-8").split("```mermaid\n")[1].split("\n```")[0]
    assert "486 Busy Here (INVITE)" in drawn(judge, diagram)
