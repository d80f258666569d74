"""Calls between sipcli and Firefox, through a real proxy: SIP.js over wss."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Final

import pytest

from tests.namespaces import ADDRESS
from tests.realpeer import firefox
from tests.realpeer import pulse as pulseaudio
from tests.realpeer.browser_calls import (
    FROM_BOB,
    OURS,
    OUT,
    THEIRS,
    TONE,
    answered,
    check_both_heard,
    check_closed_page_ends_call,
    check_doctor_finds_echo,
    heard_by,
    talking,
)
from tests.realpeer.firefox import Firefox
from tests.realpeer.kamailio import Kamailio
from tests.realpeer.pulse import PulseAudio
from tests.realpeer.sipcli_process import User
from tests.required import require
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("own_network")

OUR_LEVEL: Final = pytest.approx(-15.4, abs=1)
"""dBFS of sipcli's tone, as the browser hears it."""


@pytest.fixture(scope="module")
def _firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    require(firefox.installed(), firefox.INSTALL)
    require(pulseaudio.installed(), pulseaudio.INSTALL)
    with closing(PulseAudio(tmp_path_factory.mktemp("pulse"))) as pulse:
        pulse.start()
        with Firefox(pulse) as browser:
            yield browser


@pytest.fixture
def bob(_firefox: Firefox, kamailio: Kamailio) -> Firefox:
    """A browser that is registered as bob."""
    _firefox.phone(kamailio, "bob", hz=THEIRS)
    return _firefox


@pytest.fixture
def alice(kamailio: Kamailio, user: Callable[..., User]) -> User:
    """Has sipcli, and an account."""
    return user("alice", ws_servers=kamailio.wss_uri, tls_ca_file=str(kamailio.ca_file))


@pytest.mark.parametrize("codec", ["opus", "g722", "pcmu", "pcma"])
def test_firefox_is_called_and_both_hear_each_other(bob: Firefox, alice: User, codec: str) -> None:
    process = alice.sipcli("call", "bob", *TONE, *OUT, "--codecs", codec, "--duration", "2.5")
    answered(bob, process)
    until(lambda: bob.hears(OURS) and bob.hear().dbfs == OUR_LEVEL, timeout=2)
    path = bob.do("path")
    assert path["codec"].lower() == f"audio/{codec}"
    assert path["local"]["address"] == ADDRESS
    bob.wait_for("bye")
    ended = process.wait_for("ended", by="local")
    assert process.wait() == 0
    check_both_heard(alice, ended)


def test_firefox_calls_and_both_hear_each_other(bob: Firefox, alice: User) -> None:
    process = alice.sipcli("listen", "--auto-answer", "--count", "1", *TONE, *OUT)
    process.wait_for("registered")
    bob.do("call", "sip:alice@sipcli.test")
    process.wait_for("incoming", **FROM_BOB)
    media = process.wait_for("media", state="connected")
    assert media["codec"].lower() == "opus"
    bob.wait_for("answer", status=200)
    until(lambda: bob.hears(OURS) and bob.hear().dbfs == OUR_LEVEL)
    until(lambda: heard_by(alice) > 1, timeout=3)
    bob.do("hangUp")
    ended = process.wait_for("ended", by="remote")
    assert -20 < ended["stats"]["level_received_dbfs"] < -10
    assert process.wait(3) == 0


@pytest.mark.parametrize("seconds", ["1.5", "2.5", "3.5"])
def test_a_short_call_to_an_echo_is_two_way_audio(bob: Firefox, alice: User, seconds: str) -> None:
    bob.do("echo")
    expected = ("--expect-audio", "both", "--expect-tone", f"{OURS}", "--duration", seconds)
    process = alice.sipcli("call", "bob", *TONE, "--audio-out", "null", *expected)
    answered(bob, process)
    for name in ("expect-audio", "expect-tone"):
        verdict = process.wait_for("expectation", name=name)
        assert verdict["met"], verdict
    assert process.wait(3) == 0


def test_a_mute_firefox_is_no_two_way_audio(bob: Firefox, alice: User) -> None:
    bob.do("mute")
    expected = ("--expect-audio", "both", "--duration", "3")
    process = alice.sipcli("call", "bob", *TONE, "--audio-out", "null", *expected)
    answered(bob, process)
    verdict = process.wait_for("expectation", name="expect-audio")
    assert not verdict["met"]
    assert "silence" in verdict["actual"]
    assert process.wait(3) == 8


def test_the_doctor_finds_an_echo_in_firefox(bob: Firefox, alice: User) -> None:
    check_doctor_finds_echo(bob, alice)


def test_a_page_that_is_closed_ends_the_call(bob: Firefox, alice: User) -> None:
    check_closed_page_ends_call(bob, alice)


def test_firefox_holds_and_resumes(bob: Firefox, alice: User) -> None:
    process = alice.sipcli("call", "bob", *TONE, *OUT)
    answered(bob, process)
    until(lambda: bob.hears(OURS))
    assert bob.do("hold", True) == 200
    process.wait_for("held", by="remote")
    until(bob.hears_nothing, timeout=2)
    assert bob.do("hold", False) == 200
    process.wait_for("resumed", by="remote")
    until(lambda: bob.hears(OURS), timeout=2)
    so_far = heard_by(alice)
    until(lambda: heard_by(alice) > so_far + 0.5, timeout=3)
    bob.do("hangUp")
    assert process.wait(3) == 0


def test_we_hold_and_resume(bob: Firefox, alice: User) -> None:
    steps = "wait media\nsleep 1\nhold\nsleep 1.5\nresume\nsleep 2\nhangup\n"
    process = alice.sipcli("call", "bob", *TONE, *OUT, "--stdin", stdin=steps)
    answered(bob, process)
    until(lambda: bob.hears(OURS), timeout=2)
    process.wait_for("held", by="local")
    until(bob.hears_nothing, timeout=2)
    process.wait_for("resumed", by="local")
    until(lambda: bob.hears(OURS), timeout=2)
    bob.wait_for("bye")
    assert process.wait(3) == 0


def test_digits_come_in_rtp_and_go_out_in_info(bob: Firefox, alice: User) -> None:
    """Firefox sends RFC 4733, and shows a page nothing of what it receives."""
    how = ("--dtmf", "9*", "--dtmf-method", "info")
    process = alice.sipcli("call", "bob", *TONE, *OUT, *how)
    answered(bob, process)
    for digit in "9*":
        body = bob.wait_for("info", type="application/dtmf-relay")["body"]
        assert body.startswith(f"Signal={digit}\r\n")
    bob.do("dial", "42#A")
    for digit in "42#A":
        received = process.wait_for("dtmf", direction="received", digit=digit, method="rtp")
        assert 80 <= received["duration_ms"] <= 140
    bob.do("hangUp")
    assert process.wait(3) == 0
    assert len([each for each in process.named("dtmf") if each["direction"] == "received"]) == 4


@pytest.mark.parametrize("we_call", [True, False], ids=["we call", "it calls"])
def test_firefox_restarts_ice(bob: Firefox, alice: User, we_call: bool) -> None:
    process = talking(bob, alice, we_call=we_call)
    assert bob.do("restartIce") == 200
    process.wait_for("media", state="restarted", codec="opus", timeout=5)
    until(lambda: bob.hears(OURS), timeout=2)
    so_far = heard_by(alice)
    until(lambda: heard_by(alice) > so_far + 0.5, timeout=3)
    bob.do("hangUp")
    assert process.wait(3) == 0
