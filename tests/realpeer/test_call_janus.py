"""Calls with a real Janus, its EchoTest and its AudioBridge, and sound both ways.

Janus drops each packet of an SSRC that the description did not name and that has no MID either.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from tests.realpeer import janus
from tests.realpeer.janus_gateway import DOMAIN, Gateway, gateway
from tests.realpeer.sipcli_process import User
from tests.realpeer.wav_measurement import hear, read_wav, seconds_of, seconds_of_silence
from tests.required import require
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("own_network")

ALICE: Final = 440
BOB: Final = 700
"""Hz, what they say."""
OUT: Final = ("--audio-out", "file:heard.wav")
DROPPED: Final = "Unknown SSRC"
"""What Janus says of a packet that it knows no stream for."""


@pytest.fixture
def server() -> Iterator[Gateway]:
    """A Janus, and the way to it."""
    require(janus.installed(), janus.INSTALL)
    with janus.running() as running, gateway(running) as made:
        yield made


@pytest.fixture
def person(server: Gateway, user: Callable[..., User]) -> Callable[[str], User]:
    """Somebody with an account there."""

    def make(name: str) -> User:
        uri = f"sip:{name}@{DOMAIN}"
        return user(name, uri=uri, ws_servers=server.ws_uri)

    return make


def heard_by(user: User) -> Any:
    return read_wav(user.home / "heard.wav")[0]


@pytest.mark.parametrize("seconds", ["2.5", "6"])
def test_the_echo_test_says_what_it_hears(
    server: Gateway, person: Callable[[str], User], seconds: str
) -> None:
    alice = person("alice")
    expected = ("--expect-audio", "both", "--expect-tone", f"{ALICE}", "--duration", seconds)
    process = alice.sipcli("call", "echo", "--audio-in", f"tone:{ALICE}", *OUT, *expected)
    process.wait_for("media", state="connected", codec="opus")
    for name in ("expect-audio", "expect-tone"):
        verdict = process.wait_for("expectation", name=name)
        assert verdict["met"], (verdict, server.janus.log[-2000:])
    assert process.wait(5) == 0
    stats = process.named("ended")[0]["stats"]
    assert stats["level_received_dbfs"] == pytest.approx(stats["level_sent_dbfs"], abs=1.5)
    assert stats["loss_percent"] < 2
    assert abs(hear(heard_by(alice)[-24_000:]).hz - ALICE) < 3
    assert server.over.wait(5)
    assert DROPPED not in server.janus.log


def test_held_the_echo_test_is_silent_until_we_resume(
    server: Gateway, person: Callable[[str], User]
) -> None:
    alice = person("alice")
    steps = "wait media\nsleep 1\nhold\nsleep 1.5\nresume\nsleep 2\nhangup\n"
    tone = ("--audio-in", f"tone:{ALICE}")
    process = alice.sipcli("call", "echo", *tone, *OUT, "--stdin", stdin=steps)
    process.wait_for("held", by="local")
    process.wait_for("resumed", by="local")
    assert process.wait(10) == 0
    assert seconds_of(ALICE, heard_by(alice)) > 2
    assert seconds_of_silence(heard_by(alice)) > 1
    assert abs(hear(heard_by(alice)[-24_000:]).hz - ALICE) < 3


def test_who_offers_and_who_is_offered_to_hear_each_other_in_a_room(
    server: Gateway, person: Callable[[str], User]
) -> None:
    alice, bob = person("alice"), person("bob")
    called = alice.sipcli(
        "listen", "--auto-answer", "--count", "1", "--audio-in", f"tone:{ALICE}", *OUT
    )
    called.wait_for("registered")
    server.call("alice")
    called.wait_for("media", state="connected", codec="opus")
    expected = ("--expect-audio", "both", "--expect-tone", f"{ALICE}", "--duration", "4")
    caller = bob.sipcli("call", "room", "--audio-in", f"tone:{BOB}", *OUT, *expected)
    caller.wait_for("media", state="connected", codec="opus")
    until(lambda: seconds_of(BOB, heard_by(alice)) > 1.5)
    assert caller.wait(10) == 0
    assert seconds_of(ALICE, heard_by(bob)) > 2
    for user, level in ((alice, hear(heard_by(alice))), (bob, hear(heard_by(bob)[-48_000:]))):
        assert -30 < level.dbfs < -10, user.home
    assert DROPPED not in server.janus.log
