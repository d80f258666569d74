"""The log and the trace: secrets masked, control characters spelt out, in linear time."""

import logging
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sipcli.config.tables import LogLevel, LogTable
from sipcli.journal.journal import Journal
from sipcli.log import IS_UNLOGGED, LOGGER, masked, set_up, trace_sip
from sipcli.text import MASK
from tests.growth import assert_grows_linearly
from tests.sip_entries import record_received, record_sent

SECRET = "6629fae49393a05397450978507c4ef1"
DIGEST = f'Digest username="alice", realm="x", nonce="n", uri="sip:x", response="{SECRET}"'


@pytest.fixture(autouse=True)
def _logger_as_before() -> Iterator[None]:
    handlers, level, propagate = LOGGER.handlers[:], LOGGER.level, LOGGER.propagate
    yield
    for handler in LOGGER.handlers[:]:
        LOGGER.removeHandler(handler)
        handler.close()
    LOGGER.handlers[:] = handlers
    LOGGER.setLevel(level)
    LOGGER.propagate = propagate


def show(*lines: str, end: str = "\r\n") -> str:
    return masked(end.join(["REGISTER sip:x SIP/2.0", *lines, "", ""]).encode())


@pytest.mark.parametrize(
    "line",
    [
        f"Authorization: {DIGEST}",
        f"authorization:{DIGEST}",
        f"AUTHORIZATION \t : \t{DIGEST}",
        f"Proxy-Authorization: {DIGEST}",
        f"Authorization:\r\n {DIGEST}",
        f'Authorization: Digest username="alice",\r\n\tresponse =\r\n "{SECRET}"',
        f'Authorization: Digest response="{SECRET}", username="alice"',
        f"Authorization: Digest response={SECRET}, username=alice",
        f"Authorization: DIGEST RESPONSE = {SECRET}",
        f"Authorization: Basic {SECRET}",
        f"Authorization: Bearer {SECRET}",
        f"Authorization: Digestive {SECRET}",
        f"Authorization: Digest\t{SECRET}",
        f'Authentication-Info: nextnonce="n", rspauth="{SECRET}"',
        f'Proxy-Authentication-Info: nextnonce="n", rspauth="{SECRET}"',
        f'authentication-info:\r\n rspauth="{SECRET}"',
        f"Via: x\r\nAuthorization: {DIGEST}\r\nTo: y",
        f"a=ice-pwd:{SECRET}",
        f"A=ICE-PWD:{SECRET}",
        f"a=ice-pwd: {SECRET}",
        f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{SECRET}",
        f"a=crypto:1  AES_CM_128_HMAC_SHA1_80  inline:{SECRET}",
        f"a=crypto:inline:{SECRET}",
        f"a=crypto:1\tAES\tinline:{SECRET}|2^20",
    ],
)
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_a_secret_is_masked_however_it_is_written(line: str, end: str) -> None:
    shown = show(line.replace("\r\n", end), end=end)
    assert SECRET not in shown
    assert MASK in shown


def test_what_one_looks_for_stays() -> None:
    shown = show(f"Authorization: {DIGEST}, nc=00000001", "To: <sip:bob@example.com>")
    for part in (
        'username="alice"',
        'realm="x"',
        'nonce="n"',
        "nc=00000001",
        "sip:bob@example.com",
    ):
        assert part in shown
    assert f'response="{MASK}"' in shown
    assert show("WWW-Authenticate: Digest nonce=n").count("nonce=n") == 1
    assert MASK not in show("Subject: the response=42 of Authorization: x")


def test_control_characters_are_spelt_out_and_line_ends_are_not() -> None:
    shown = masked(b"OPTIONS sip:x SIP/2.0\r\nSubject: \x1b[2J\xff\r\n\r\nbody\n")
    assert shown == "OPTIONS sip:x SIP/2.0\nSubject: \\x1b[2J\\xff\n\nbody\n"


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (b"Authorization", b" "),
        (b"Authorization:", b"\r\n "),
        (b"Authorization: Digest ", b"response"),
        (b"Authorization: Digest ", b"response = "),
        (b"Authorization: Digest ", b'response="'),
        (b"Authorization: Digest response", b" "),
        (b"a=crypto:", b"1 "),
        (b"", b"\nAuthorization:"),
        (b"a=crypto:1", b" "),
    ],
)
def test_the_time_grows_with_the_length_only(begin: bytes, piece: bytes) -> None:
    def mask(size: int) -> Callable[[], object]:
        hostile = begin + piece * (size // len(piece))
        return lambda: masked(hostile)

    assert_grows_linearly(mask)


def test_the_trace_shows_direction_server_and_message() -> None:
    lines: list[str] = []
    trace_sip(journal := Journal(), lines.append)
    message = b"REGISTER sip:x SIP/2.0\r\nAuthorization: Basic abc\r\n\r\n"
    record_sent(journal, message, "wss://x")
    record_received(journal, b"\r\n\r\n", "wss://x")
    first, second = lines
    head, *rest = first.split("\n")
    assert head == "2027-01-15T08:00:00.000Z -> wss://x"
    assert rest == ["  REGISTER sip:x SIP/2.0", f"  Authorization: {MASK}", ""]
    assert " <- wss://x\n  (keep-alive)" in second


def test_the_trace_goes_where_the_log_goes_whatever_its_level(tmp_path: Path) -> None:
    lines: list[str] = []
    path = tmp_path / "log"
    trace_sip(journal := Journal())
    for file in (None, str(path)):
        set_up(LogTable(level=LogLevel.ERROR, file=file), lines.append)
        record_sent(journal, b"OPTIONS sip:x SIP/2.0\r\nTo: \x1b[2J\r\n\r\n", "wss://x")
    (shown,) = lines
    head, *rest = shown.split("\n")
    assert head.endswith(" -> wss://x")
    assert rest == ["  OPTIONS sip:x SIP/2.0", "  To: \\x1b[2J", ""]
    assert path.read_text("utf-8").split("\n")[1:] == [*rest, ""]


def test_a_line_of_the_log_is_one_safe_line() -> None:
    lines: list[str] = []
    set_up(LogTable(level=LogLevel.DEBUG), lines.append)
    LOGGER.debug("%s", "100% \x1b[2J")
    (line,) = lines
    assert line.endswith("debug: 100% \\x1b[2J")
    set_up(LogTable(level=LogLevel.WARNING), lines.append)
    LOGGER.debug("unheard")
    assert len(lines) == 1


def test_what_runs_beside_the_run_is_left_out_but_for_its_warnings() -> None:
    lines: list[str] = []
    set_up(LogTable(level=LogLevel.DEBUG), lines.append)
    before = IS_UNLOGGED.set(True)
    try:
        LOGGER.info("of the sandbox's own phones")
        LOGGER.getChild("shell").debug("of the sandbox's own phones")
        LOGGER.warning("something is wrong")
    finally:
        IS_UNLOGGED.reset(before)
    LOGGER.getChild("shell").debug("of ours")
    assert [line.partition(": ")[2] for line in lines] == ["something is wrong", "of ours"]


def test_a_peer_cannot_write_lines_of_its_own_into_the_log() -> None:
    lines: list[str] = []
    set_up(LogTable(level=LogLevel.INFO), lines.append)
    LOGGER.info("%s", "bad\n2026-01-01T00:00:00.000Z info: registered")
    (line,) = lines
    assert "\n" not in line


def test_the_log_goes_to_its_file_alone_and_is_added_to(tmp_path: Path) -> None:
    lines: list[str] = []
    path = tmp_path / "log"
    for _ in range(2):
        set_up(LogTable(level=LogLevel.INFO, file=str(path)), lines.append)
        LOGGER.info("hello \udcff")
    assert lines == []
    assert path.read_text("utf-8").count("info: hello \\xff\n") == 2
    assert len(LOGGER.handlers) == 1
    assert not LOGGER.propagate


def test_a_log_file_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="log"):
        set_up(LogTable(file=str(tmp_path / "no" / "log")), print)


def test_each_set_up_replaces_the_one_before() -> None:
    first: list[str] = []
    second: list[str] = []
    set_up(LogTable(), first.append)
    set_up(LogTable(), second.append)
    LOGGER.warning("once")
    assert (len(first), len(second)) == (0, 1)
    assert logging.getLogger("sipcli") is LOGGER


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is full")
def test_a_log_that_cannot_be_written_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    told: list[str] = []
    set_up(LogTable(level=LogLevel.DEBUG, file="/dev/full"), print, told.append)
    for number in range(3):
        LOGGER.info("line %d", number)
    set_up(LogTable(), print)  # closes it
    assert told == ["the log /dev/full cannot be written: No space left on device"]
    assert capsys.readouterr() == ("", "")


def test_a_log_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "log"
    set_up(LogTable(file=str(path)), print)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
