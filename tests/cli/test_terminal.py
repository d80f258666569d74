"""The screen of a person: what is printed where, in which width, and what not again."""

import os
import pty
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from io import StringIO
from typing import IO, Any

import pytest

from sipcli.cli.output.status_line import registration_line
from sipcli.cli.output.terminal import TerminalScreen
from sipcli.cli.output.wording import PLAIN, Line
from sipcli.cli.script.script_parser import SCRIPT_HELP
from sipcli.config.policies import Permission
from sipcli.errors import Phase
from sipcli.phone import events
from sipcli.phone.registration_status import RegistrationStatus
from tests.cli.call_session_fixture import ASKED, MOVED
from tests.cli.test_status_line import REGISTERED

URI = "ws://pbx.example.org:8080"
REFUSED = events.ConnectFailed(
    server=URI,
    phase=Phase.TCP,
    reason="192.0.2.1:8080 refused the connection: is the server running there?",
    retry_in_s=3.1,
)


class Terminal:
    """A terminal, and what was written to it."""

    def __init__(self) -> None:
        self._inside, outside = pty.openpty()
        self.stream = open(outside, "w", encoding="utf-8")  # noqa: SIM115

    def read(self) -> str:
        """What was written so far."""
        found = b""
        os.set_blocking(self._inside, False)
        try:
            while chunk := os.read(self._inside, 65536):
                found += chunk
        except BlockingIOError:
            pass
        return found.decode().replace("\r\n", "\n")

    def close(self) -> None:
        """Give it back."""
        self.stream.close()
        os.close(self._inside)


class FedScreen(TerminalScreen):
    """A screen with the state of a phone, which gets each event first, as in the runner."""

    def __init__(self, out: IO[str], err: IO[str], **options: Any) -> None:
        super().__init__(out, err, **{"verbose": 0, "quiet": False, "color": False} | options)
        self.registration = RegistrationStatus(registers=True)

    def event(self, event: events.Event) -> None:
        if isinstance(event, events.PhoneEvent):
            self.registration.on_event(event, 100.0)
        super().event(event)

    def start(self, *, watch: bool) -> None:
        line = (lambda: registration_line(self.registration, 100.0)) if watch else None
        self.watch(line, self.registration)


@contextmanager
def at_terminal(
    *,
    watch: bool = False,
    verbose: int = 0,
    color: bool = False,
    results: IO[str] | None = None,
) -> Iterator[tuple[FedScreen, Callable[[], str]]]:
    with ExitStack() as stack:
        terminal = Terminal()
        stack.callback(terminal.close)
        out = results or terminal.stream
        screen = FedScreen(out, terminal.stream, verbose=verbose, color=color)
        screen.start(watch=watch)
        stack.callback(screen.finished, 0, "")
        yield screen, terminal.read


def plain(text: str) -> str:
    """`text` without what styles it and moves the cursor."""
    return re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", text)


@pytest.fixture(autouse=True)
def ordinary_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("NO_COLOR", "FORCE_COLOR", "TTY_INTERACTIVE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.mark.parametrize("width", [40, 80, 120])
def test_on_a_terminal_lines_break_between_words_and_hang(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    with at_terminal() as (screen, read):
        screen.event(REFUSED)
        screen.warning("careful " * 20)
        screen.error("one " * 30 + "\ntwo")
        lines = plain(read()).splitlines()
    assert [line for line in lines if line.endswith(" ")] == []
    assert max(len(line) for line in lines) in range(width - 12, width + 1)
    text = f"✗ {URI}: TCP: {REFUSED.reason}; next try in 3.1 s"
    assert " ".join(line.strip() for line in lines).startswith(text)
    heads = [line for line in lines if not line.startswith("  ")]
    assert [head.split()[0] for head in heads] == ["✗", "warning:", "error:"]
    assert lines[-1] == "  two"


def test_elsewhere_lines_stay_whole() -> None:
    out, err = StringIO(), StringIO()
    screen = FedScreen(out, err, color=True)
    screen.start(watch=True)
    screen.event(REFUSED)
    screen.say("result " * 30)
    screen.error("one " * 30 + "\ntwo")
    screen.finished(3, "")
    assert len(out.getvalue().splitlines()) == 2
    first, second = err.getvalue().splitlines()
    assert (first.split()[0], second) == ("error:", "  two")


def test_results_are_never_broken() -> None:
    with at_terminal() as (screen, read):
        screen.say("x = " + "very " * 20)
        assert read().count("\n") == 1


def test_the_last_line_leaves_room_for_the_echo_of_ctrl_c() -> None:
    """What a terminal adds to a full line goes on the next one, where it cannot be wiped away."""
    with at_terminal(watch=True) as (screen, read):
        screen.event(events.Connected(server="ws://" + "x" * 100, elapsed_ms=1))
        screen.ask(None)  # which draws it anew
        last = plain(read()).splitlines()[-1]
    assert len(last) == 80 - len("^C^C")
    assert last.endswith("xx…")


@pytest.mark.parametrize("width", [24, 30, 40, 60, 80])
def test_how_things_stand_is_cut_between_words(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    line = "● bob 00:07 held muted · opus · 12 kbit/s loss 0.0 % · 2 more · ? keys"
    with at_terminal(watch=True) as (screen, read):
        screen.watch(lambda: line)
        screen.ask(None)
        shown = plain(read()).splitlines()[-1]
    assert len(shown) <= width - len("^C^C")
    whole = shown.removesuffix("…").rstrip()
    assert line.startswith(whole)
    assert whole == line or line[len(whole)] == " "


def test_what_is_typed_is_shown_from_its_end() -> None:
    with at_terminal(watch=True) as (screen, read):
        screen.ask("transfer to: sip:" + "x" * 80 + "@example.com")
        last = plain(read()).splitlines()[-1]
    assert len(last) == 80 - len("^C^C")
    assert (last[0], last[-12:]) == ("…", "@example.com")


@pytest.mark.parametrize("width", [40, 80])
def test_the_keys_are_listed_in_whole_words(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    with at_terminal() as (screen, read):
        screen.say(Line("?", SCRIPT_HELP, PLAIN))
        lines = plain(read()).splitlines()
    assert max(map(len, lines)) <= width
    assert " ".join(line.strip() for line in lines) == f"? {SCRIPT_HELP}"


@pytest.mark.parametrize(
    ("variable", "value", "color", "wanted"),
    [
        (None, "", True, True),
        (None, "", False, False),
        ("NO_COLOR", "1", True, False),
        ("TERM", "dumb", True, False),
    ],
)
def test_colours_are_left_out_where_nobody_wants_them(
    variable: str | None, value: str, color: bool, wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if variable is not None:
        monkeypatch.setenv(variable, value)
    with at_terminal(color=color) as (screen, read):
        screen.event(REFUSED)
        assert ("\x1b[31m" in read()) is wanted


@pytest.mark.parametrize("why", ["dumb", "file"])
def test_what_cannot_draw_gets_no_last_line(why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Colours may be wanted in a file (FORCE_COLOR); a line that is drawn over is not."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    if why == "dumb":
        monkeypatch.setenv("TERM", "dumb")
        with at_terminal(watch=True) as (screen, read):
            screen.event(REFUSED)
            screen.event(REFUSED)
            shown = read()
            assert "\x1b" not in shown
            assert shown.count("✗") == 2
        return
    out = StringIO()
    screen = FedScreen(out, out, color=True)
    screen.start(watch=True)
    screen.event(REFUSED)
    screen.finished(0, "")
    assert "\x1b[31m" in out.getvalue()
    assert "\x1b[?25l" not in out.getvalue()
    assert out.getvalue().count("\n") == 1


class TestRepeatedFailures:
    def printed(self, *told: events.Event, verbose: int = 0, watch: bool = True) -> int:
        """How many lines with a cross `told` amounts to."""
        with at_terminal(watch=watch, verbose=verbose) as (screen, read):
            for event in told:
                screen.event(event)
            return read().count("✗")

    def test_the_same_is_one_line_since_the_last_line_counts(self) -> None:
        assert self.printed(*[REFUSED] * 5) == 1

    def test_where_there_is_no_last_line_each_is_told(self) -> None:
        assert self.printed(*[REFUSED] * 5, watch=False) == 5

    def test_who_wants_to_know_more_sees_each(self) -> None:
        assert self.printed(*[REFUSED] * 5, verbose=1) == 5

    def test_another_reason_or_server_is_another_line(self) -> None:
        other = events.ConnectFailed(server=URI, phase=Phase.DNS, reason="no", retry_in_s=3.1)
        server = events.ConnectFailed(server="ws://b", phase=Phase.DNS, reason="no", retry_in_s=3.1)
        phase, reason = replace(REFUSED, phase=Phase.TLS), replace(REFUSED, reason="silence")
        assert self.printed(REFUSED, phase, REFUSED, reason, other) == 5
        assert self.printed(REFUSED, server, REFUSED, server) == 2

    def test_after_a_success_it_is_news_again(self) -> None:
        connected = events.Connected(server=URI, elapsed_ms=1)
        assert self.printed(REFUSED, connected, REFUSED) == 2

    def test_refused_registrations_too(self) -> None:
        failed = events.RegistrationFailed(status=403, reason="403 Barred", retry_in_s=60.0)
        other = events.RegistrationFailed(status=503, reason="503 Busy", retry_in_s=60.0)
        assert self.printed(failed, failed, other, other) == 2

    def test_the_last_one_is_told_in_any_case(self) -> None:
        assert self.printed(REFUSED, REFUSED, replace(REFUSED, retry_in_s=None)) == 2


WHOLE = "audio: expect-tone: expected 440 Hz; found: no tone"
BRIEF = "audio: expect-tone is not met"


def test_an_error_that_was_told_above_is_told_in_brief() -> None:
    with at_terminal() as (screen, read):
        screen.error(WHOLE, BRIEF)
        assert plain(read()) == f"error: {BRIEF}\n"


def test_an_error_is_told_whole_to_who_may_not_have_read_what_stands_above() -> None:
    with closing(Terminal()) as another:
        for results in (another.stream, StringIO()):
            with at_terminal(results=results) as (screen, read):
                screen.error(WHOLE, BRIEF)
                assert plain(read()) == f"error: {WHOLE}\n"


def test_a_refresh_is_no_news_and_being_back_is() -> None:
    lost = events.Disconnected(server=URI, code=1006, reason="gone", retry_in_s=2.0)
    connected = events.Connected(server=URI, elapsed_ms=1)
    for verbose, wanted in ((0, 2), (1, 3)):
        with at_terminal(verbose=verbose) as (screen, read):
            for event in (connected, REGISTERED, REGISTERED, lost, connected, REGISTERED):
                screen.event(event)
            assert read().count("✓ registered") == wanted


def test_a_registration_that_is_back_after_a_refused_refresh_is_news() -> None:
    refused = events.RegistrationFailed(status=503, reason="503 Busy", retry_in_s=60.0)
    with at_terminal() as (screen, read):
        for event in (REGISTERED, refused, REGISTERED):
            screen.event(event)
        assert read().count("✓") == 2


@pytest.mark.parametrize("question", [ASKED, MOVED])
def test_a_question_rings_the_bell_and_what_is_decided_does_not(
    question: events.TransferRequested | events.RedirectRequested,
) -> None:
    with at_terminal(watch=True) as (screen, read):
        screen.event(replace(question, decision=Permission.ACCEPT))
        assert "\a" not in read()
        screen.event(question)
        assert "\a" in read()
