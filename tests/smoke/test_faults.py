"""Each seeded fault ends the command within its bound, with its code and its sentence."""

import json
import shlex
import signal
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import pytest

from tests.realpeer import tshark
from tests.realpeer.sipcli_process import SipcliProcess
from tests.required import require
from tests.smoke.far_ends import CALLER, SECRET, World, world
from tests.smoke.faults import FAULTS, Fault, settled

SLACK: Final = 25.0
"""Seconds that a loaded machine may need on top of a bound: what takes longer hangs."""
PROBLEMS: Final = {"failure", "error"}
TRIED_IN_VAIN: Final = {"bob": {"tcp"}, "vanishes": {"ice"}}
"""Target -> what is tried once it has failed, and fails, too: a new connection, an ICE restart."""
AT_ONCE: Final = 4
"""Commands that run side by side: most of them wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What came of one command."""

    exit_code: int
    events: list[dict[str, Any]]
    junit: bytes
    report: dict[str, Any]
    """That of `--report`, as JSON."""
    capture: Path

    @property
    def finished(self) -> dict[str, Any]:
        return self.events[-1]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list["Future[Run]"]]:
    """All rows at once, since nearly all of their time is waiting; in the order of `FAULTS`."""
    folder = tmp_path_factory.mktemp("faults")
    with world() as here, ThreadPoolExecutor(AT_ONCE) as pool:
        slowest_first = sorted(enumerate(FAULTS), key=lambda row: -row[1].bound_s)
        started = {
            number: pool.submit(run, here, fault, folder / str(number))
            for number, fault in slowest_first
        }
        yield [started[number] for number in range(len(FAULTS))]


def run(here: World, fault: Fault, home: Path) -> Run:
    """One command to its end; where the server shall die, that is seen to."""
    if fault.server == "mortal":
        return run_with_a_dying_server(fault, home)
    return run_at(here.servers[fault.server], fault, home, None)


def run_with_a_dying_server(fault: Fault, home: Path) -> Run:
    with SipcliProcess(
        "sandbox", "--user", f"alice:{SECRET}", "--user", f"bob:{SECRET}", home=home / "sandbox"
    ) as server:
        uri = server.wait_for("sandbox", timeout=SLACK)["server"]
        listen = ("listen", "--auto-answer", "--echo")
        with SipcliProcess(*listen, home=home / "bob", environment=account("bob", uri)) as callee:
            callee.wait_for("registered", timeout=SLACK)
            return run_at(uri, fault, home / "alice", server)


def run_at(uri: str, fault: Fault, home: Path, mortal: SipcliProcess | None) -> Run:
    junit, report = home / "junit.xml", home / "report.json"
    capture = home / "capture.pcapng"
    files = ("--junit", str(junit), "--report", str(report), "--capture", str(capture))
    words = [*shlex.split(fault.options), *files]
    environment = account(CALLER, uri) | fault.settings
    with SipcliProcess("call", fault.target, *words, home=home, environment=environment) as process:
        if mortal is not None:
            process.wait_for("media", timeout=SLACK, state="connected")
            mortal.send_signal(signal.SIGKILL)
        code = process.wait(fault.bound_s + SLACK)
        return Run(
            exit_code=code,
            events=process.events,
            junit=junit.read_bytes(),
            report=json.loads(report.read_bytes()),
            capture=capture,
        )


def account(user: str, uri: str) -> dict[str, str]:
    return {
        "SIPCLI_WS_SERVERS": uri,
        "SIPCLI_URI": f"sip:{user}@sandbox.invalid",
        "SIPCLI_PASSWORD": SECRET,
        "SIPCLI_STUN_SERVERS": "none",
    }


def name_of(number: int) -> str:
    return f"{number}-{FAULTS[number].name}"


ROWS: Final = pytest.mark.parametrize("number", range(len(FAULTS)), ids=name_of)


@ROWS
@pytest.mark.timeout(150)
def test_a_fault_ends_with_its_code_and_its_sentence(
    runs: list["Future[Run]"], number: int
) -> None:
    fault, outcome = FAULTS[number], runs[number].result()
    assert settled(outcome.finished["reason"]) == fault.sentence
    assert outcome.exit_code == outcome.finished["exit_code"] == fault.exit_code
    assert outcome.finished["phase"] == fault.phase


@ROWS
@pytest.mark.timeout(150)
def test_the_file_for_the_ci_server_tells_of_it_too(runs: list["Future[Run]"], number: int) -> None:
    fault, outcome = FAULTS[number], runs[number].result()
    suite = ElementTree.fromstring(outcome.junit)[0]
    problems = [each for case in suite.iter("testcase") for each in case if each.tag in PROBLEMS]
    told = [str(problem.get("message")) for problem in problems]
    assert any(fault.sentence in settled(text) for text in told), told
    assert int(str(suite.get("failures"))) + int(str(suite.get("errors"))) == len(told)


@ROWS
@pytest.mark.timeout(150)
def test_the_report_marks_the_phase_that_failed_and_says_the_sentence(
    runs: list["Future[Run]"], number: int
) -> None:
    fault, outcome = FAULTS[number], runs[number].result()
    verdict = outcome.report["verdict"]
    assert (verdict["result"], verdict["exit_code"]) == ("failed", fault.exit_code)
    assert (verdict["phase"], settled(verdict["sentence"])) == (fault.phase, fault.sentence)
    waterfalls = [outcome.report["waterfall"], *(c["waterfall"] for c in outcome.report["calls"])]
    assert [each["failed"].lower() for each in waterfalls if each["failed"]] == [fault.phase]
    failed = {bar["phase"].lower() for each in waterfalls for bar in failed_bars(each)}
    assert failed - TRIED_IN_VAIN.get(fault.target, set()) == {fault.phase}
    reached = [b["phase"] for each in waterfalls for b in each["bars"] if b["state"] == "done"]
    assert bool(reached) == (fault.phase != "dns")


def failed_bars(waterfall: dict[str, Any]) -> list[dict[str, Any]]:
    return [bar for bar in waterfall["bars"] if bar["state"] == "failed"]


def test_the_table_has_all_thirteen_faults() -> None:
    assert len({fault.name for fault in FAULTS}) == 13


@ROWS
@pytest.mark.real_peer
@pytest.mark.timeout(150)
def test_wireshark_has_no_complaint_of_the_capture(runs: list["Future[Run]"], number: int) -> None:
    require(tshark.installed(), tshark.INSTALL)
    capture = runs[number].result().capture
    assert tshark.complaints(capture) == []
    assert tshark.fields(capture, "!sip && !rtp && !rtcp && !sap && !syslog", "frame.number") == []
    assert tshark.fields(capture, "syslog.level == 4", "frame.comment"), "a failure has its note"
    assert SECRET.encode() not in capture.read_bytes()
