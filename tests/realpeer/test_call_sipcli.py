"""Calls between two sipcli processes through a real proxy."""

import signal
from collections.abc import Callable

import pytest

from tests.realpeer.kamailio import Kamailio
from tests.realpeer.sipcli_process import SipcliProcess, User
from tests.realpeer.terminal import Terminal
from tests.realpeer.wav_measurement import hear, read_wav, seconds_of, seconds_of_silence
from tests.waiting import until

NewUser = Callable[..., User]
ALICE, BOB = 440, 700
"""Hz, what each of them says."""
FILE = ("--audio-out", "file:heard.wav")
CALL = ("call", "bob", "--audio-in", f"tone:{ALICE}", *FILE)
LISTEN = ("listen", "--audio-in", f"tone:{BOB}", *FILE)


@pytest.fixture
def alice(kamailio: Kamailio, user: NewUser) -> User:
    """She calls."""
    return user("alice", ws_servers=kamailio.ws_uri)


@pytest.fixture
def bob(kamailio: Kamailio, user: NewUser) -> User:
    """He is called."""
    return user("bob", ws_servers=kamailio.ws_uri)


def listening(user: User, *options: str) -> SipcliProcess:
    """A `sipcli listen` that can be called."""
    process = user.sipcli(*LISTEN, *options)
    process.wait_for("registered")
    return process


def has_heard(user: User, hz: float, seconds: float = 0.5) -> bool:
    """Whether a tone has come out at this user's for so long."""
    path = user.home / "heard.wav"
    return path.exists() and seconds_of(hz, read_wav(path)[0]) >= seconds


def test_both_hear_each_other_and_a_recording_has_both(alice: User, bob: User) -> None:
    callee = listening(bob, "--auto-answer", "--count", "1")
    caller = alice.sipcli(*CALL, "--record", "both.wav", "--duration", "2")
    assert caller.wait() == callee.wait() == 0
    sent, received = read_wav(alice.home / "both.wav")
    assert abs(hear(sent[-24_000:]).hz - ALICE) < 3
    assert abs(hear(received[-24_000:]).hz - BOB) < 3
    assert seconds_of(ALICE, sent) > 1.6
    assert seconds_of(BOB, received) > 1.6
    assert seconds_of(BOB, read_wav(alice.home / "heard.wav")[0]) > 1.6
    assert seconds_of(ALICE, read_wav(bob.home / "heard.wav")[0]) > 1.6
    ours, theirs = caller.named("media")[0], callee.named("media")[0]
    assert ours["state"] == theirs["state"] == "connected"
    for process in (caller, callee):
        ended = process.named("ended")[0]
        stats = ended["stats"]
        assert 1.9 < ended["duration_s"] < 3
        assert 80 < stats["packets_received"] < 120
        assert stats["packets_lost"] == 0
        assert 1 <= stats["mos"] <= 4.5
        assert stats["mos"] > 4.2 or stats["packets_concealed"] > 0  # late ones, on a busy machine
        assert stats["playout_delay_ms"] < 300
        assert -20 < stats["level_received_dbfs"] < -10
    assert caller.named("ended")[0]["by"] == "local"
    assert callee.named("ended")[0]["by"] == "remote"


@pytest.mark.parametrize("method", ["rtp", "info"])
def test_digits_go_both_ways(alice: User, bob: User, method: str) -> None:
    callee = listening(bob, "--auto-answer", "--dtmf", "#8", "--dtmf-method", method)
    caller = alice.sipcli(*CALL, "--dtmf", "12w*", "--dtmf-method", method, "--duration", "2.5")
    assert caller.wait() == 0
    callee.wait_for("ended")

    def digits(process: SipcliProcess, direction: str) -> str:
        wanted = {"direction": direction, "method": method}.items()
        return "".join(e["digit"] for e in process.named("dtmf") if wanted <= e.items())

    assert digits(caller, "sent") == digits(callee, "received") == "12*"
    assert digits(callee, "sent") == digits(caller, "received") == "#8"


def test_nobody_answers_in_time(alice: User, bob: User) -> None:
    callee = listening(bob)
    caller = alice.sipcli(*CALL, "--ring-timeout", "1")
    callee.wait_for("incoming")
    assert caller.wait() == 6
    assert caller.named("ended")[0]["by"] == "local"
    callee.wait_for("ended", by="remote", stats=None)


def test_an_incoming_call_does_not_ring_for_ever(alice: User, bob: User) -> None:
    bob.configure(no_answer_timeout=1)
    callee = listening(bob)
    caller = alice.sipcli(*CALL)
    caller.wait_for("ended", by="remote", status=408)
    assert caller.wait() == 6
    callee.wait_for("ended", by="local", status=408)


def test_what_is_rejected_is_exit_5(alice: User, bob: User) -> None:
    callee = listening(bob, "--reject", "603")
    caller = alice.sipcli(*CALL)
    caller.wait_for("ended", by="remote", status=603)
    assert caller.wait() == 5
    callee.wait_for("ended", by="local", status=603)


def test_calls_can_be_limited_in_number_and_time(alice: User, bob: User) -> None:
    callee = listening(bob, "--auto-answer", "--count", "1", "--call-duration", "1")
    caller = alice.sipcli(*CALL)
    ended = caller.wait_for("ended", by="remote")
    assert 0.9 < ended["duration_s"] < 2
    assert caller.wait() == 0
    assert callee.wait() == 0


def test_an_answer_can_wait(alice: User, bob: User) -> None:
    listening(bob, "--auto-answer=1.5")
    caller = alice.sipcli(*CALL, "--duration", "0.5")
    assert caller.wait_for("answered")["elapsed_ms"] >= 1500
    assert caller.wait() == 0


def test_an_echo_says_what_it_hears(alice: User, bob: User) -> None:
    listening(bob, "--auto-answer", "--echo")
    caller = alice.sipcli(*CALL)
    until(lambda: has_heard(alice, ALICE))
    caller.send_signal(signal.SIGINT)
    assert caller.wait(3) == 0


def test_an_interrupt_while_it_rings_is_130(alice: User, bob: User, kamailio: Kamailio) -> None:
    callee = listening(bob)
    caller = alice.sipcli(*CALL)
    caller.wait_for("progress", status=180)
    caller.send_signal(signal.SIGINT)
    assert caller.wait(3) == 130
    callee.wait_for("ended", by="remote", stats=None)
    assert len(kamailio.requests("CANCEL")) == 1
    assert kamailio.bindings("alice") == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_after_the_answer_hangs_up(
    alice: User, bob: User, kamailio: Kamailio, number: signal.Signals
) -> None:
    callee = listening(bob, "--auto-answer")
    caller = alice.sipcli(*CALL)
    caller.wait_for("media", state="connected")
    caller.send_signal(number)
    assert caller.wait(3) == 0
    assert caller.named("ended")[0]["by"] == "local"
    callee.wait_for("ended", by="remote")
    assert kamailio.bindings("alice") == []


def test_a_listener_that_is_interrupted_hangs_up(alice: User, bob: User) -> None:
    callee = listening(bob, "--auto-answer")
    caller = alice.sipcli(*CALL)
    caller.wait_for("media", state="connected")
    callee.send_signal(signal.SIGINT)
    assert callee.wait(3) == 0
    caller.wait_for("ended", by="remote")
    assert caller.wait(3) == 0


def test_a_call_too_many_is_busy(alice: User, bob: User, kamailio: Kamailio, user: NewUser) -> None:
    bob.configure(max_calls=1)
    listening(bob, "--auto-answer")
    first = alice.sipcli(*CALL)
    first.wait_for("media", state="connected")
    second = user("carol", ws_servers=kamailio.ws_uri).sipcli(*CALL)
    second.wait_for("ended", by="remote", status=486)
    assert second.wait() == 5
    first.send_signal(signal.SIGINT)
    assert first.wait(3) == 0


def test_a_person_answers_and_holds(alice: User, bob: User) -> None:
    with Terminal(bob, *LISTEN) as screen:
        screen.wait_for("registered")
        caller = alice.sipcli(*CALL)
        screen.wait_for("incoming call from sip:alice@sipcli.test")
        screen.press("a")
        caller.wait_for("media", state="connected")
        until(lambda: has_heard(alice, BOB))
        screen.press("h")
        caller.wait_for("held", by="remote")
        screen.wait_for("on hold")
        silent = seconds_of_silence(read_wav(alice.home / "heard.wav")[0])
        until(lambda: seconds_of_silence(read_wav(alice.home / "heard.wav")[0]) > silent + 0.3)
        screen.press("h")
        caller.wait_for("resumed", by="remote")
        screen.press("5")
        caller.wait_for("dtmf", direction="received", digit="5")
        screen.press("q")
        caller.wait_for("ended", by="remote")
        assert caller.wait(3) == 0
        screen.send_signal(signal.SIGINT)
        assert screen.wait() == 0


def test_a_person_refuses(alice: User, bob: User) -> None:
    with Terminal(bob, *LISTEN) as screen:
        screen.wait_for("registered")
        caller = alice.sipcli(*CALL)
        screen.wait_for("incoming call")
        screen.press("r")
        caller.wait_for("ended", by="remote", status=486)
        assert caller.wait() == 5
