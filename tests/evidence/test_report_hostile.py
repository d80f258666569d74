"""Reports on whatever peers send: each form can be written and read, and no secret is in it."""

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from sipcli.errors import MediaError, Phase
from sipcli.evidence.page.report_page import report_page
from sipcli.evidence.report_content import ReportContent
from sipcli.evidence.report_json import report_json
from sipcli.evidence.report_markdown import report_markdown
from sipcli.journal.entries import Entry, IceEntry, IcePair
from sipcli.phone.events import Calling, Progress, Warned
from tests.evidence.entries import (
    CALL,
    at,
    content,
    ended,
    event,
    good_call,
    message,
    step,
    verdict,
)
from tests.sip_entries import sip_entry

FORMS = (report_json, report_markdown, report_page)
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")
TAGS = {
    *("h2", "h3", "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "ul", "li"),
    *("details", "summary", "pre", "code"),
}
"""What the Markdown of a report is made of."""


def hostile(text: str, data: bytes) -> list[Entry]:
    """A call in which everything that a peer may choose is `text` or `data`."""
    pair = IcePair(local=text, remote=text, state="failed")
    return [
        step(0, Phase.TLS, "begun", text, server=text),
        step(1, Phase.TLS, "done", text, server=text, facts=((text, text),)),
        event(2, Calling(call=CALL, to=text)),
        sip_entry("received", data, text, at=at(3)),
        message(4, "received", "SIP/2.0 180 Ringing", method="INVITE", user=text, fields=(text,)),
        event(4, Progress(call=CALL, status=180, reason=text, early_media=False)),
        IceEntry(at=at(5), call=CALL, local=(text,), remote=(text,), pairs=(pair,)),
        verdict(False, name=text, expected=text, actual=text, hint=text),
        event(6, Warned(text=text)),
        event(7, ended(MediaError(text, Phase.ICE), reason=text)),
    ]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.text() | st.text(alphabet="<>&`*_[]()|\\#@!:/~^$\"'\r\n \x00\x1b\u202eaw1"),
    st.binary(max_size=300),
)
def test_any_text_and_any_bytes_make_a_report(text: str, data: bytes) -> None:
    found = content(*hostile(text, data), exit_code=7, reason=text, phase=Phase.ICE)
    json.loads(report_json(found))
    assert report_page(found).endswith(b"</html>\n") or b"</html>" in report_page(found)
    html = MARKDOWN.render(report_markdown(found).decode())
    assert set(re.findall(r"<(\w+)", re.sub(r"(?s)<code.*?</code>", "", html))) <= TAGS
    assert html.count("<details>") == html.count("</details>")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", html)


SDP = """v=0
o=- 1 1 IN IP4 192.0.2.1
s=-
t=0 0
m=audio 9 UDP/TLS/RTP/SAVPF 0
a=ice-ufrag:u
a=ice-pwd:s3cr3t-ice-password-24
a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:s3cr3t-sdes
"""
SECRETS: dict[str, tuple[str, ...]] = {
    "digest": ('Authorization: Digest username="a", realm="r", nonce="n", response="s3cr3t"',),
    "proxy digest": ('Proxy-Authorization: Digest username="a", response="s3cr3t"',),
    "basic": ("Authorization: Basic czNjcjN0OnMzY3IzdA==",),
    "bearer": ("Authorization: Bearer s3cr3t",),
    "URI": ("Contact: <sip:alice:s3cr3t@example.com>",),
    "rspauth": ('Authentication-Info: rspauth="s3cr3t"',),
}


def whole(found: ReportContent) -> str:
    return "".join(form(found).decode() for form in FORMS)


@pytest.mark.parametrize("kind", SECRETS)
def test_no_secret_of_a_message_is_in_any_form(kind: str) -> None:
    fields = SECRETS[kind]
    found = content(*good_call(), message(70, "sent", "REGISTER sip:a SIP/2.0", fields=fields))
    assert "s3cr3t" not in whole(found)
    assert "czNjcjN0" not in whole(found)


def test_no_key_of_a_session_description_is_in_any_form() -> None:
    body = SDP.replace("\n", "\r\n")
    start = "INVITE sip:bob@example.com SIP/2.0\r\nCall-ID: call-1\r\nCSeq: 1 INVITE\r\n"
    data = f"{start}Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    found = content(*good_call(), sip_entry("sent", data.encode(), at=at(101)))
    assert "s3cr3t" not in whole(found)
    assert "a=ice-pwd:" in whole(found)


@pytest.mark.parametrize(
    "text",
    [
        "call sip:bob:s3cr3t@example.com failed",
        "sips:bob:s3cr3t@[::1]:5061;x",
        "486 Busy; token=s3cr3t",
        "sip:bob@example.com;access_token=s3cr3t",
    ],
)
def test_no_secret_in_what_a_peer_says_is_in_any_form(text: str) -> None:
    changes: dict[str, Any] = {"exit_code": 5, "reason": text, "phase": Phase.ANSWER}
    assert "s3cr3t" not in whole(content(*hostile(text, text.encode()), **changes))


def test_a_long_text_is_cut_off_and_hides_its_password_all_the_same() -> None:
    text = "x" * 3990 + " sip:bob:" + "s3cr3t" * 50 + "@example.com"
    assert "s3cr3t" not in whole(content(*hostile(text, b"x"), reason=text, exit_code=1))
