"""What calls between sipcli and a browser have in common, whichever browser it is.

The browser is bob's, sipcli is alice's.
"""

from typing import Any, Final

from tests.realpeer.page import Page
from tests.realpeer.sipcli_process import SipcliProcess, User
from tests.realpeer.wav_measurement import hear, read_wav, seconds_of
from tests.waiting import until

OURS: Final = 440
"""Hz, what sipcli sends."""
THEIRS: Final = 700
"""Hz, what the browser sends."""
TONE: Final = ("--audio-in", f"tone:{OURS}")
OUT: Final = ("--audio-out", "file:heard.wav")
FROM_ALICE: Final[dict[str, Any]] = {"from": "sip:alice@sipcli.test"}
FROM_BOB: Final[dict[str, Any]] = {"from": "sip:bob@sipcli.test"}


def heard_by(user: User) -> float:
    """Seconds of the browser's tone that `user` has heard so far."""
    return seconds_of(THEIRS, read_wav(user.home / "heard.wav")[0])


def answered(bob: Page, process: SipcliProcess) -> None:
    """Have the browser take the call that `process` makes; media flow when this returns."""
    bob.wait_for("invite", **FROM_ALICE)
    bob.do("answer")
    process.wait_for("answered", status=200)
    process.wait_for("media", state="connected")


def talking(bob: Page, alice: User, *, we_call: bool) -> SipcliProcess:
    """A call that one of them made; the browser hears us when this returns."""
    if we_call:
        process = alice.sipcli("call", "bob", *TONE, *OUT)
        answered(bob, process)
    else:
        process = alice.sipcli("listen", "--auto-answer", "--count", "1", *TONE, *OUT)
        process.wait_for("registered")
        bob.do("call", "sip:alice@sipcli.test")
        process.wait_for("media", state="connected")
    until(lambda: bob.hears(OURS))
    return process


def check_both_heard(alice: User, ended: dict[str, Any]) -> None:
    """Check that both were heard in a call of 2.5 s that has ended: by its stats, and by ear."""
    heard = read_wav(alice.home / "heard.wav")[0]
    assert seconds_of(THEIRS, heard) > 1.5
    assert abs(hear(heard[-24_000:]).hz - THEIRS) < 3
    stats = ended["stats"]
    assert 100 < stats["packets_sent"] < 200
    assert 100 < stats["packets_received"] < 200
    assert stats["loss_percent"] < 2
    assert -20 < stats["level_sent_dbfs"] < -10
    assert -20 < stats["level_received_dbfs"] < -10


def check_doctor_finds_echo(bob: Page, alice: User) -> None:
    """Check that the doctor, who calls the browser, hears itself there."""
    bob.do("echo")
    quiet = ("--audio-in", "silence", "--audio-out", "null")
    process = alice.sipcli("doctor", "--echo", "bob", *quiet)
    bob.wait_for("invite", timeout=15)
    bob.do("answer")
    audio = process.wait_for("check", name="audio", timeout=15)
    assert audio["ok"], audio
    assert "440 Hz sent and heard back" in audio["detail"]
    assert process.wait(10) == 0


def check_closed_page_ends_call(bob: Page, alice: User) -> None:
    """Check that a call ends, as a fault of the network, when the browser's page is closed."""
    process = talking(bob, alice, we_call=True)
    bob.leave()
    process.wait_for("media", state="failed", timeout=5)
    process.wait_for("ended", by="network")
    assert process.wait(5) == 7
