"""Smoke tests as their users write them, against real peers: expectations, JUnit, an exit code."""

import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.realpeer import browser as chromium
from tests.realpeer import coturn, tshark
from tests.realpeer.browser import Browser
from tests.realpeer.coturn import Coturn
from tests.realpeer.kamailio import Kamailio
from tests.realpeer.sipcli_process import SipcliProcess, User
from tests.realpeer.wav_measurement import read_wav, seconds_of
from tests.required import require
from tests.waiting import until

NewUser = Callable[..., User]
ALICE, BOB = 440, 700
"""Hz, what each of them says."""
JUNIT = ("--junit", "junit.xml")
PATIENT = ("--max-setup-ms", "8000", "--min-mos", "1", "--max-loss", "5")
"""What a busy machine can do, too: that these are judged is the point, not how well it does."""


def expecting(hz: int, digits: str) -> tuple[str, ...]:
    """All the expectations that a good call can have."""
    return (
        *("--expect-audio", "both", "--expect-tone", str(hz), "--expect-dtmf", digits),
        *("--expect-status", "200", *PATIENT, *JUNIT, "--capture", "call.pcapng"),
    )


def all_met(user: User, process: SipcliProcess) -> bool:
    """Whether every expectation was met, and the JUnit file says so, too.

    The capture has all that was sent and received, as tshark sees it.
    """
    require(tshark.installed(), tshark.INSTALL)
    tshark.check(user.home / "call.pcapng", process.named("ended"))
    events = process.named("expectation")
    suite = ElementTree.parse(user.home / "junit.xml").getroot()
    cases = [case.get("name") for case in suite.iter("testcase")]
    assert len(cases) == len(events) >= 6, (cases, events)
    assert [*suite.iter("failure"), *suite.iter("error")] == []
    return all(event["met"] for event in events)


@pytest.fixture
def alice(kamailio: Kamailio, user: NewUser) -> User:
    """She has sipcli, over wss and with a password."""
    return user("alice", ws_servers=kamailio.wss_uri, tls_ca_file=str(kamailio.ca_file))


@pytest.fixture(scope="module")
def _relay() -> Iterator[Coturn]:
    require(coturn.program(), coturn.INSTALL)
    with closing(Coturn()) as server:
        server.start()
        yield server


@pytest.fixture
def relay(_relay: Coturn) -> Iterator[Coturn]:
    """A relay that runs; what it says of this test is shown with a failure."""
    before = len(_relay.log)
    yield _relay
    sys.stdout.write(_relay.log[before:])


@pytest.fixture(scope="module")
def _chromium() -> Iterator[Browser]:
    require(chromium.installed(), chromium.INSTALL)
    with Browser() as browser:
        yield browser


@pytest.fixture
def bob(_chromium: Browser, kamailio: Kamailio) -> Browser:
    """A browser that is registered as bob, and says a tone."""
    _chromium.phone(kamailio, "bob", hz=BOB)
    return _chromium


def call_each_other(alice: User, bob: User) -> tuple[SipcliProcess, SipcliProcess]:
    """A call that ends with 0 at both ends, each with all its expectations met."""
    callee = bob.sipcli(
        *("listen", "--auto-answer", "--count", "1", "--audio-in", f"tone:{BOB}"),
        *("--audio-out", "null", "--dtmf", "79", *expecting(ALICE, "42#")),
    )
    callee.wait_for("registered")
    caller = alice.sipcli(
        *("call", "bob", "--audio-in", f"tone:{ALICE}", "--audio-out", "null"),
        *("--dtmf", "42#", "--duration", "3", *expecting(BOB, "79")),
    )
    assert caller.wait(20) == 0, caller.events
    assert callee.wait(20) == 0, callee.events
    assert all_met(alice, caller)
    assert all_met(bob, callee)
    return caller, callee


def test_two_processes_over_wss_expect_all_there_is_to_expect(
    kamailio: Kamailio, alice: User, user: NewUser
) -> None:
    bob = user("bob", ws_servers=kamailio.wss_uri, tls_ca_file=str(kamailio.ca_file))
    caller, _ = call_each_other(alice, bob)
    assert caller.named("media")[0]["codec"] == "opus"


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_media_go_through_a_relay_alone(
    kamailio: Kamailio, relay: Coturn, user: NewUser, tmp_path: Path, transport: str
) -> None:
    authorities = tmp_path / "authorities.pem"
    authorities.write_bytes(kamailio.ca_file.read_bytes() + relay.ca_file.read_bytes())
    keys = {
        "ws_servers": kamailio.wss_uri,
        "tls_ca_file": str(authorities),
        "ice_transport_policy": "relay",
        "turn_servers": {
            "urls": relay.uri(transport),
            "username": relay.username,
            "password": relay.password,
        },
    }
    caller, callee = call_each_other(user("alice", **keys), user("bob", **keys))
    for process in (caller, callee):
        media = process.named("media")[0]
        assert media["local_candidate"]["type"] == "relay"
        assert relay.password not in str(process.events) + process.stderr


def test_a_browser_is_called(bob: Browser, alice: User) -> None:
    process = alice.sipcli(
        *("call", "bob", "--audio-in", f"tone:{ALICE}", "--audio-out", "null"),
        *("--dtmf", "42#", "--duration", "4", *expecting(BOB, "58")),
    )
    bob.wait_for("invite")
    bob.do("answer")
    process.wait_for("media", state="connected")
    for digit in "42#":
        bob.wait_for("tone", digit=digit)
    until(lambda: bob.hears(ALICE))
    bob.do("dial", "58")
    bob.wait_for("bye")
    assert process.wait() == 0, process.events
    assert all_met(alice, process)


def test_a_browser_calls_and_hangs_up(bob: Browser, alice: User) -> None:
    process = alice.sipcli(
        *("listen", "--auto-answer", "--count", "1", "--audio-in", f"tone:{ALICE}"),
        *("--audio-out", "file:heard.wav", *expecting(BOB, "58")),
    )
    process.wait_for("registered")
    bob.do("call", "sip:alice@sipcli.test")
    process.wait_for("media", state="connected")
    until(lambda: bob.hears(ALICE))
    bob.do("dial", "58")
    process.wait_for("dtmf", direction="received", digit="5")
    process.wait_for("dtmf", direction="received", digit="8")
    until(lambda: seconds_of(BOB, read_wav(alice.home / "heard.wav")[0]) > 1.5)
    bob.do("hangUp")
    assert process.wait() == 0, process.events
    assert all_met(alice, process)
