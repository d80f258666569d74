"""Calls between sipcli and a browser, through a real proxy: SIP.js in Chromium over wss."""

import signal
from collections.abc import Callable, Iterator

import pytest

from tests.realpeer import browser as chromium
from tests.realpeer.browser import Browser
from tests.realpeer.browser_calls import (
    FROM_ALICE,
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
from tests.realpeer.kamailio import Kamailio
from tests.realpeer.sipcli_process import User
from tests.realpeer.terminal import Terminal
from tests.realpeer.wav_measurement import read_wav, seconds_of, seconds_of_silence
from tests.required import require
from tests.waiting import until

NewUser = Callable[..., User]


@pytest.fixture(scope="module")
def _chromium() -> Iterator[Browser]:
    require(chromium.installed(), chromium.INSTALL)
    with Browser() as browser:
        yield browser


@pytest.fixture
def bob(_chromium: Browser, kamailio: Kamailio) -> Browser:
    """A browser that is registered as bob."""
    _chromium.phone(kamailio, "bob", hz=THEIRS)
    return _chromium


@pytest.fixture
def alice(kamailio: Kamailio, user: NewUser) -> User:
    """Has sipcli, and an account."""
    return user("alice", ws_servers=kamailio.wss_uri, tls_ca_file=str(kamailio.ca_file))


@pytest.fixture
def carol(kamailio: Kamailio, user: NewUser) -> User:
    """Another one."""
    return user("carol", ws_servers=kamailio.ws_uri)


def silence_for(user: User, seconds: float) -> None:
    """Wait until `user` has heard this much more of silence."""

    def so_far() -> float:
        return seconds_of_silence(read_wav(user.home / "heard.wav")[0])

    enough = so_far() + seconds
    until(lambda: so_far() > enough, timeout=3)


@pytest.mark.parametrize("codec", ["opus", "g722", "pcmu"])
def test_a_browser_is_called_and_both_hear_each_other(
    bob: Browser, alice: User, codec: str
) -> None:
    process = alice.sipcli("call", "bob", *TONE, *OUT, "--codecs", codec, "--duration", "2.5")
    bob.wait_for("invite")
    bob.do("answer")
    process.wait_for("progress", status=180, early_media=False)
    process.wait_for("answered", status=200)
    media = process.wait_for("media", state="connected")
    until(lambda: bob.hears(OURS), timeout=2)
    path = bob.do("path")
    assert path["codec"].lower() == f"audio/{codec}"
    assert media["codec"].lower() == codec
    for end in ("local_candidate", "remote_candidate"):
        assert (media[end]["type"], media[end]["protocol"]) in (("host", "udp"), ("prflx", "udp"))
    assert media["elapsed_ms"] < 5000
    bob.wait_for("bye")
    ended = process.wait_for("ended", by="local")
    assert process.wait() == 0
    check_both_heard(alice, ended)
    stats = ended["stats"]
    assert 2.4 < ended["duration_s"] < 4
    assert 1 <= stats["mos"] <= 4.5
    # A busy machine lets packets come late, which costs some; where nothing had to be made up
    # the figure has to be a good one.
    assert stats["mos"] > 3.9 or stats["packets_concealed"] > 0


@pytest.mark.parametrize("tenths", range(20, 31))
def test_a_short_call_to_an_echo_is_two_way_audio(bob: Browser, alice: User, tenths: int) -> None:
    """libwebrtc's first report comes after some 2.3 s, and names nothing; its second names us."""
    bob.do("echo")
    options = ("--audio-out", "null", "--expect-audio", "both", "--duration", f"{tenths / 10}")
    process = alice.sipcli("call", "bob", *TONE, *options)
    answered(bob, process)
    verdict = process.wait_for("expectation", name="expect-audio")
    assert verdict["met"], verdict
    assert process.wait(3) == 0


def test_the_doctor_finds_an_echo_in_a_browser(bob: Browser, alice: User) -> None:
    check_doctor_finds_echo(bob, alice)


def test_a_browser_calls_and_hangs_up(bob: Browser, alice: User) -> None:
    process = alice.sipcli("listen", "--auto-answer", "--count", "1", *TONE, *OUT)
    process.wait_for("registered")
    bob.do("call", "sip:alice@sipcli.test")
    process.wait_for("incoming", **FROM_BOB)
    process.wait_for("media", state="connected", codec="opus")
    bob.wait_for("established")
    until(lambda: bob.hears(OURS), timeout=2)
    until(lambda: heard_by(alice) > 1, timeout=3)
    bob.do("hangUp")
    ended = process.wait_for("ended", by="remote")
    assert ended["stats"]["packets_received"] > 50
    assert process.wait(3) == 0


def test_the_browser_hangs_up_a_call_of_ours(bob: Browser, alice: User) -> None:
    process = alice.sipcli("call", "bob", *TONE, *OUT)
    answered(bob, process)
    bob.do("hangUp")
    process.wait_for("ended", by="remote")
    assert process.wait(3) == 0


@pytest.mark.parametrize(("status", "reason"), [(486, "Busy Here"), (603, "Decline")])
def test_what_the_browser_refuses_is_exit_5(
    bob: Browser, alice: User, status: int, reason: str
) -> None:
    process = alice.sipcli("call", "bob", *TONE, *OUT)
    bob.wait_for("invite")
    bob.do("reject", status)
    process.wait_for("ended", by="remote", status=status, reason=reason, stats=None)
    assert f"{status} {reason}" in process.wait_for("finished", exit_code=5)["reason"]
    assert process.wait(3) == 5


def test_a_browser_that_nobody_answers_is_exit_6(bob: Browser, alice: User) -> None:
    process = alice.sipcli("call", "bob", *TONE, *OUT, "--ring-timeout", "1")
    bob.wait_for("invite")
    bob.wait_for("terminated")
    process.wait_for("ended", by="local", status=487)
    assert process.wait(3) == 6


def test_a_browser_that_gives_up_leaves_us_listening(bob: Browser, alice: User) -> None:
    process = alice.sipcli("listen", *TONE, *OUT)
    process.wait_for("registered")
    for _ in range(2):
        bob.do("call", "sip:alice@sipcli.test")
        process.wait_for("incoming")
        bob.do("hangUp")
        bob.wait_for("answer", status=487)
        process.wait_for("ended", by="remote", stats=None)
    process.send_signal(signal.SIGINT)
    assert process.wait(3) == 0


def test_the_browser_holds_and_resumes(bob: Browser, alice: User) -> None:
    process = alice.sipcli("call", "bob", *TONE, *OUT)
    answered(bob, process)
    until(lambda: bob.hears(OURS))
    for _ in range(2):
        assert bob.do("hold", True) == 200
        process.wait_for("held", by="remote")
        until(bob.hears_nothing, timeout=2)
        silence_for(alice, 0.3)
        assert bob.do("hold", False) == 200
        process.wait_for("resumed", by="remote")
        until(lambda: bob.hears(OURS), timeout=2)
    process.send_signal(signal.SIGINT)
    process.wait_for("ended", by="local")
    assert process.wait(3) == 0


def test_we_hold_and_resume(bob: Browser, alice: User) -> None:
    with Terminal(alice, "call", "bob", *TONE, *OUT) as screen:
        bob.wait_for("invite")
        bob.do("answer")
        screen.wait_for("answered")
        until(lambda: bob.hears(OURS))
        for _ in range(2):
            screen.press("h")
            screen.wait_for("‖ on hold")
            until(bob.hears_nothing, timeout=2)
            silence_for(alice, 0.3)
            screen.press("h")
            screen.wait_for("▶ resumed")
            until(lambda: bob.hears(OURS), timeout=2)
        screen.press("q")
        bob.wait_for("bye")
        assert screen.wait() == 0


def test_muted_we_go_on_listening(bob: Browser, alice: User) -> None:
    with Terminal(alice, "call", "bob", *TONE, *OUT) as screen:
        bob.wait_for("invite")
        bob.do("answer")
        until(lambda: bob.hears(OURS))
        screen.press("m")
        screen.wait_for("muted")
        until(bob.hears_nothing, timeout=2)
        heard = heard_by(alice)
        until(lambda: heard_by(alice) > heard + 0.5)
        screen.press("m")
        until(lambda: bob.hears(OURS), timeout=2)
        bob.do("hangUp")
        assert screen.wait() == 0


def test_digits_go_both_ways(bob: Browser, alice: User) -> None:
    process = alice.sipcli("call", "bob", "--audio-in", "silence", *OUT, "--dtmf", "1w5#D")
    answered(bob, process)
    for digit in "15#D":
        bob.wait_for("tone", digit=digit)
        process.wait_for("dtmf", direction="sent", digit=digit, method="rtp")
    bob.do("dial", "42*A")
    for digit in "42*A":
        received = process.wait_for("dtmf", direction="received", digit=digit, method="rtp")
        assert 80 <= received["duration_ms"] <= 140
    assert bob.do("dialByInfo", "7") == 200
    process.wait_for("dtmf", direction="received", digit="7", method="info", duration_ms=100)
    bob.do("hangUp")
    assert process.wait(3) == 0
    assert len(process.named("dtmf")) == 9
    assert len([event for event in bob.events if event["event"] == "tone"]) == 4


def test_digits_go_by_info_where_that_is_wanted(bob: Browser, alice: User) -> None:
    process = alice.sipcli("call", "bob", *TONE, *OUT, "--dtmf", "9*", "--dtmf-method", "info")
    answered(bob, process)
    for digit in "9*":
        body = bob.wait_for("info", type="application/dtmf-relay")["body"]
        assert body.startswith(f"Signal={digit}\r\n")
        process.wait_for("dtmf", direction="sent", digit=digit, method="info")
    bob.do("hangUp")
    assert process.wait(3) == 0
    assert not [event for event in bob.events if event["event"] == "tone"]


@pytest.mark.parametrize("we_call", [True, False], ids=["we call", "it calls"])
def test_the_browser_restarts_ice(bob: Browser, alice: User, we_call: bool) -> None:
    process = talking(bob, alice, we_call=we_call)
    before = bob.do("path")["local"]["port"]
    assert bob.do("restartIce") == 200
    media = process.wait_for("media", state="restarted", codec="opus", timeout=3)
    assert media["remote_candidate"]["port"] != before
    until(lambda: bob.do("path")["local"]["port"] != before)
    until(lambda: bob.hears(OURS), timeout=2)
    bob.do("hangUp")
    assert process.wait_for("ended")["stats"]["packets_lost"] <= 2
    assert process.wait(3) == 0


def test_the_browser_transfers_us(bob: Browser, alice: User, carol: User) -> None:
    third = carol.sipcli("listen", "--auto-answer", "--audio-in", "tone:1000", *OUT)
    third.wait_for("registered")
    process = alice.sipcli("call", "bob", "--transfers", "sip:*@sipcli.test", *TONE, *OUT)
    answered(bob, process)
    assert bob.do("refer", "sip:eve@example.com") == 603
    process.wait_for("transfer", target="sip:eve@example.com", decision="refused")
    assert bob.do("refer", "sip:carol@sipcli.test") == 202
    process.wait_for("transfer", target="sip:carol@sipcli.test", decision="accepted")
    third.wait_for("incoming", **FROM_ALICE)
    third.wait_for("media", state="connected")
    while "200" not in bob.wait_for("notify")["body"]:
        pass
    bob.do("hangUp")
    process.wait_for("ended", by="remote")
    until(lambda: seconds_of(OURS, read_wav(carol.home / "heard.wav")[0]) > 0.5)
    third.send_signal(signal.SIGINT)
    assert process.wait(5) == 0
    assert third.wait(3) == 0


def test_we_transfer_the_browser(bob: Browser, alice: User, carol: User) -> None:
    third = carol.sipcli("listen", "--auto-answer", "--audio-in", "tone:1000", *OUT)
    third.wait_for("registered")
    with Terminal(alice, "call", "bob", *TONE, *OUT) as screen:
        bob.wait_for("invite")
        bob.do("answer")
        screen.wait_for("answered")
        until(lambda: bob.hears(OURS))
        screen.press("t")
        screen.wait_for("transfer to:")
        screen.press("carol\n")
        bob.wait_for("refer", target="sip:carol@sipcli.test")
        third.wait_for("incoming", **FROM_BOB)
        until(lambda: bob.hears(1000))
        until(lambda: heard_by(carol) > 0.5)
        screen.wait_for("sip:carol@sipcli.test: 200", timeout=3)
        assert screen.wait() == 0


def test_a_page_that_is_closed_ends_the_call(bob: Browser, alice: User) -> None:
    check_closed_page_ends_call(bob, alice)


@pytest.mark.parametrize(
    ("line", "instead", "sentence"),
    [
        ("a=fingerprint:.*\\r\\n", "", "fingerprint"),
        ("(a=fingerprint:sha-256) .*", "$1 " + ":".join(["00"] * 32), "certificate"),
        ("a=ice-ufrag:.*\\r\\n", "", "ICE"),
    ],
    ids=["no fingerprint", "another fingerprint", "no ICE"],
)
def test_an_answer_that_is_of_no_use_is_exit_7(
    bob: Browser, alice: User, line: str, instead: str, sentence: str
) -> None:
    bob.do("rewrite", line, instead)
    process = alice.sipcli("call", "bob", *TONE, *OUT)
    bob.wait_for("invite")
    bob.do("answer")
    process.wait_for("media", state="failed")
    bob.wait_for("bye")
    process.wait_for("ended", by="network")
    assert process.wait(5) == 7
    assert sentence in process.named("finished")[0]["reason"]
    assert not (alice.home / "heard.wav").exists() or not heard_by(alice)


def test_an_offer_that_is_of_no_use_is_refused(bob: Browser, alice: User) -> None:
    process = alice.sipcli("listen", "--auto-answer", *TONE, *OUT)
    process.wait_for("registered")
    bob.do("rewrite", "a=fingerprint:.*\\r\\n", "")
    bob.do("call", "sip:alice@sipcli.test")
    bob.wait_for("answer", status=488)
    process.wait_for("ended", status=488, stats=None)
    process.send_signal(signal.SIGINT)
    assert process.wait(3) == 0
