"""`--ladder`: the SIP messages at the end of a command, on stderr."""

import io

import pytest

from sipcli.cli.output.ladder_screen import show_ladder
from sipcli.evidence.ladder import ladder_of
from tests.cli.program import Sipcli
from tests.sip_entries import sip_entry

QUIET = ("--audio-in", "silence", "--audio-out", "null")
BUSY = sip_entry("received", b"SIP/2.0 486 Busy\r\nCSeq: 1 INVITE\r\n\r\n")


class Terminal(io.TextIOWrapper):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def shown(encoding: str = "utf-8", *, color: bool = True, terminal: bool = True) -> str:
    raw = io.BytesIO()
    kind = Terminal if terminal else io.TextIOWrapper
    stream = kind(raw, encoding=encoding)
    show_ladder(ladder_of([BUSY]), stream, color=color)
    stream.flush()
    return raw.getvalue().decode(encoding)


def test_a_command_that_failed_shows_its_ladder_too(sipcli: Sipcli) -> None:
    outcome = sipcli("call", "--sandbox", "busy", *QUIET, "--ladder")
    assert outcome.code == 5
    assert "486 Busy Here (INVITE)" in outcome.err
    assert "│" not in outcome.out


def test_with_json_stdout_has_only_events(sipcli: Sipcli) -> None:
    outcome = sipcli("ping", "--sandbox", "echo", "--json", "--ladder")
    assert outcome.code == 0
    assert outcome.kinds[-1] == "finished"
    assert "OPTIONS" in outcome.err


def test_without_a_message_it_says_so(sipcli: Sipcli) -> None:
    outcome = sipcli(
        "ping", "bob", "--uri", "sip:a@example.com", "--ws-servers", "ws://127.0.0.1:9", "--ladder"
    )
    assert outcome.code == 3
    assert "no SIP message was sent or received" in outcome.err


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)


def test_a_terminal_has_colours_if_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    red = "\x1b[31m"
    assert red in shown()
    assert red not in shown(color=False)
    assert "\x1b" not in shown(terminal=False)
    monkeypatch.setenv("NO_COLOR", "1")
    assert red not in shown()


def test_what_the_stream_cannot_take_is_drawn_in_ascii() -> None:
    assert shown("ascii", terminal=False).isascii()
    assert "▶" in shown(terminal=False)
