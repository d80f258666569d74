"""The Markdown report: whole, short enough for GitHub, and safe whatever peers send."""

import re
from typing import Any

import pytest
from markdown_it import MarkdownIt

from sipcli.evidence import report_markdown as module
from sipcli.evidence.markdown_call import sparkline
from sipcli.evidence.markdown_text import escaped, fenced
from sipcli.evidence.report_markdown import report_markdown
from sipcli.phone.events import Calling
from tests.evidence.entries import content, ended, event, good_call, message, sample, verdict

HOSTILE = (
    "<script>alert(1)</script>",
    "<!-- x",
    "[click](https://evil.example)",
    "![x](https://evil.example/x.png)",
    "https://evil.example www.evil.example mailto:a@evil.example",
    "@everybody #12 !7 ~~~",
    "| cell | cell |",
    "`code` ``` ```` **bold** _it_ $x^2$ &lt;b&gt; \\",
    "line\n\n# heading\n- item",
)
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")


def rendered(text: str) -> str:
    return str(MARKDOWN.render(text))


def text(*entries: Any, **changes: Any) -> str:
    return report_markdown(content(*entries, **changes)).decode()


def plain(html: str) -> str:
    """What a reader sees of HTML."""
    visible = re.sub(r"<[^>]*>", "", re.sub(r"<!-- -->", "", html))
    return (
        visible.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", '"')
        .replace("&amp;", "&")
    )


@pytest.mark.parametrize("hostile", HOSTILE)
def test_text_shows_as_it_is(hostile: str) -> None:
    html = rendered(f"| a |\n| --- |\n| {escaped(hostile)} |\n")
    assert set(re.findall(r"<(\w+)", html)) == {"table", "thead", "tbody", "tr", "th", "td"}
    (cell,) = re.findall(r"<td>(.*)</td>", html)
    assert plain(cell) == " ".join(hostile.split())


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_ends_a_block_of_code(hostile: str) -> None:
    html = rendered(f"{fenced(hostile)}\n\nafter")
    assert html.startswith("<pre><code>")
    assert html.endswith("</code></pre>\n<p>after</p>\n")
    assert plain(html.split("</code>")[0]).rstrip("\n") == hostile


@pytest.mark.parametrize("hostile", HOSTILE)
def test_the_sites_make_no_links_of_text(hostile: str) -> None:
    shown = escaped(hostile)
    assert not re.search(r"[@](?=\w)|(?<!&)#(?=\d)|!(?=\d)|https?://|www\.|mailto:\w", shown)


def test_it_has_verdict_phases_figures_and_the_messages() -> None:
    found = text(*good_call(), sample(4000, jitter_ms=30.0), verdict())
    assert found.startswith("## ✅ sipcli call bob\n\n**The expectation is met.**")
    assert "| ✅ | expect-audio | 0.5 s of audible sound received | 3.0 s |" in found
    assert "| ✅ | ring | 100 ms | 50 ms | INVITE until 180 Ringing |" in found
    assert "```mermaid\nsequenceDiagram\n" in found
    assert "CSeq: 1 INVITE" in found
    assert "`▁█`" in found
    html = rendered(found)
    assert html.count("<details>") == html.count("</details>") > 3


def test_a_failure_stands_out() -> None:
    unmet = verdict(False, actual="nothing")
    reason = "audio: expect-audio: expected 0.5 s; found: nothing"
    found = text(*good_call(), unmet, exit_code=8, reason=reason, phase="audio")
    assert found.startswith("## ❌ sipcli call bob")
    assert "failed step: audio" in found
    assert "| ❌ | **audio** | 5000 ms | 0 ms | expect-audio: expected" in found


def test_several_calls_have_an_overview_with_the_worst_first() -> None:
    other = Calling(call="call-2", to="sip:carol@example.com")
    entries = [event(6000, other), event(6100, ended(call="call-2", duration_s=0.0))]
    unmet = verdict(False, actual="nothing", call="call-2", name="expect-audio")
    found = text(*good_call(), *entries, unmet)
    assert "### Calls\n" in found
    assert found.index("| ❌ | outgoing | sip:carol@") < found.index("| ✅ | outgoing | sip:bob@")
    assert "**1 of 2 calls failed; the command itself ended well.**" in found
    assert found.index("### ❌ Call outgoing: sip:carol@") < found.index("### ✅ Call outgoing:")


def test_it_is_never_longer_than_github_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 2500)
    found = text(*good_call(), verdict())
    assert len(found.encode()) < 2600
    assert "parts of this report are too long to be shown here." in found
    assert rendered(found).count("<details>") == found.count("</details>")


def test_a_long_run_is_short_enough() -> None:
    fields = (f"X: {'x' * 3000}",)
    many = [message(n, "received", "OPTIONS sip:a SIP/2.0", fields=fields) for n in range(2000)]
    assert len(text(*good_call(), *many).encode()) <= module.MAX_BYTES + 100


def test_a_line_of_blocks_shows_values_on_its_scale() -> None:
    assert sparkline([0.0, 5.0, 10.0, None], 0, 10) == "▁▅█ "
    assert sparkline([0.0, 0.0], 0, 10) == "▁▁"
    assert len(sparkline([1.0] * 1000, 0, 10)) == 60
    assert sparkline([None], 0, 10) == " "
