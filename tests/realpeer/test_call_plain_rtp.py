"""Calls with a telephone that knows plain RTP only: Kamailio and rtpengine bridge them."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.realpeer import baresip, rtpengine
from tests.realpeer.baresip import Baresip
from tests.realpeer.kamailio import INSTALL, Kamailio, Settings, installed
from tests.realpeer.rtpengine import Rtpengine
from tests.realpeer.sipcli_process import SipcliProcess, User
from tests.realpeer.wav_measurement import seconds_of
from tests.required import require
from tests.waiting import until

NewUser = Callable[..., User]
ALICE, BOB = 440, 700
"""Hz, what each of them says."""
EXPECTED = ("--expect-audio", "both", "--expect-tone", str(BOB), "--max-loss", "1")
SOUND = ("--audio-in", f"tone:{ALICE}", "--audio-out", "null")


@pytest.fixture(scope="module")
def _bridge() -> Iterator[Kamailio]:
    for is_there, install in (
        (installed(), INSTALL),
        (rtpengine.program(), rtpengine.INSTALL),
        (baresip.program(), baresip.INSTALL),
    ):
        require(is_there, install)
    with closing(Rtpengine()) as relay:
        relay.start()
        with closing(Kamailio(Settings(rtpengine_port=relay.port))) as server:
            server.start()
            yield server


@pytest.fixture
def bridge(_bridge: Kamailio) -> Kamailio:
    """A Kamailio that bridges, with nobody registered."""
    _bridge.forget()
    return _bridge


@pytest.fixture
def alice(bridge: Kamailio, user: NewUser) -> User:
    """She has sipcli, over wss."""
    return user("alice", ws_servers=bridge.wss_uri, tls_ca_file=str(bridge.ca_file))


def telephone(bridge: Kamailio, folder: Path, *, answers: bool = False) -> Baresip:
    """Bob's telephone, which says a tone."""
    return Baresip(
        folder / "telephone",
        uri=f"sip:bob@{bridge.domain}",
        password=bridge.users["bob"],
        proxy_port=bridge.sip_port,
        hz=BOB,
        answers=answers,
    )


def is_heard_at(bob: Baresip) -> bool:
    """Whether Bob's telephone has heard Alice for a second."""
    return seconds_of(ALICE, bob.heard(), baresip.RATE) > 1.0


def were_all_met(process: SipcliProcess) -> bool:
    """Whether there were expectations, and all came true."""
    seen = process.named("expectation")
    return len(seen) >= 3 and all(each["met"] for each in seen)


def test_sipcli_calls_a_telephone_and_both_hear_each_other(
    bridge: Kamailio, alice: User, tmp_path: Path
) -> None:
    with telephone(bridge, tmp_path, answers=True) as bob:
        digits = ("--expect-dtmf", "5", "--dtmf", "42#")
        caller = alice.sipcli("call", "bob", *SOUND, *EXPECTED, *digits, "--duration", "3")
        bob.wait_for("CALL_ESTABLISHED")
        for digit in "42#":
            bob.wait_for("CALL_DTMF_START", param=digit)
        bob.command("sndcode", "5")
        assert caller.wait() == 0, caller.events
        bob.wait_for("CALL_CLOSED")
        assert is_heard_at(bob)
    assert were_all_met(caller)
    assert caller.named("media")[0]["codec"] == "pcmu"


def test_a_telephone_calls_sipcli_and_hangs_up(
    bridge: Kamailio, alice: User, tmp_path: Path
) -> None:
    callee = alice.sipcli("listen", "--auto-answer", "--count", "1", *SOUND, *EXPECTED)
    callee.wait_for("registered")
    with telephone(bridge, tmp_path) as bob:
        bob.command("dial", f"sip:alice@{bridge.domain}")
        callee.wait_for("media", state="connected", codec="pcmu")
        bob.wait_for("CALL_ESTABLISHED")
        bob.command("sndcode", "8")
        callee.wait_for("dtmf", direction="received", digit="8", method="rtp")
        until(lambda: is_heard_at(bob))
        bob.command("hangup")
        assert callee.wait() == 0, callee.events
    assert callee.named("ended")[0]["by"] == "remote"
    assert were_all_met(callee)
