"""What a call survives, and how it ends where it cannot: dead peers, servers and ways."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from tests.realpeer import coturn
from tests.realpeer.coturn import Coturn
from tests.realpeer.kamailio import Kamailio
from tests.realpeer.sipcli_process import SipcliProcess, User
from tests.realpeer.wav_measurement import read_wav, seconds_of
from tests.required import require
from tests.waiting import until

NewUser = Callable[..., User]
ALICE, BOB = 440, 700
"""Hz, what each of them says."""
FILE = ("--audio-out", "file:heard.wav")
CALL = ("call", "bob", "--audio-in", f"tone:{ALICE}", *FILE)
LISTEN = ("listen", "--auto-answer", "--audio-in", f"tone:{BOB}", *FILE)
SOON = {"connection_recovery_min_interval": 1, "connection_recovery_max_interval": 2}
"""Waits short enough for a test."""


@pytest.fixture
def alice(kamailio: Kamailio, user: NewUser) -> User:
    """She calls."""
    return user("alice", ws_servers=kamailio.ws_uri, **SOON)


@pytest.fixture
def bob(kamailio: Kamailio, user: NewUser) -> User:
    """He answers."""
    return user("bob", ws_servers=kamailio.ws_uri, **SOON)


@pytest.fixture
def relay() -> Iterator[Coturn]:
    """A TURN server of its own for each test."""
    require(coturn.program(), coturn.INSTALL)
    with closing(Coturn()) as server:
        server.start()
        yield server
        sys.stdout.write(server.log[-8000:])  # shown with a failure


def heard(user: User, hz: float) -> float:
    """Seconds that a tone has come out at this user's."""
    path = user.home / "heard.wav"
    return seconds_of(hz, read_wav(path)[0]) if path.exists() else 0


def talking(alice: User, bob: User) -> tuple[SipcliProcess, SipcliProcess]:
    """A call between the two, who hear each other."""
    callee = bob.sipcli(*LISTEN)
    callee.wait_for("registered")
    caller = alice.sipcli(*CALL)
    caller.wait_for("media", state="connected")
    callee.wait_for("media", state="connected")
    until(lambda: heard(alice, BOB) > 0.3)
    until(lambda: heard(bob, ALICE) > 0.3)
    return caller, callee


@pytest.mark.timeout(90)
def test_a_far_end_that_dies_is_missed_and_the_call_ends(alice: User, bob: User) -> None:
    caller, callee = talking(alice, bob)
    callee.send_signal(signal.SIGKILL)
    lost = caller.wait_for("warning", timeout=12)
    assert "ICE restart" in lost["text"]
    caller.wait_for("media", state="failed", timeout=18)
    caller.wait_for("ended", by="network")
    assert caller.wait(5) == 7


def test_a_call_goes_on_while_its_server_dies_and_returns(
    alice: User, bob: User, kamailio: Kamailio
) -> None:
    caller, callee = talking(alice, bob)
    kamailio.kill()
    for process in (caller, callee):
        process.wait_for("disconnected")
    before = heard(alice, BOB), heard(bob, ALICE)
    until(lambda: heard(alice, BOB) > before[0] + 0.5 and heard(bob, ALICE) > before[1] + 0.5)
    kamailio.start()
    for process in (caller, callee):
        process.wait_for("registered")
    caller.send_signal(signal.SIGINT)
    assert caller.wait(3) == 0
    callee.wait_for("ended", by="remote")
    callee.send_signal(signal.SIGINT)
    assert callee.wait(3) == 0
    assert len(kamailio.requests("BYE")) == 1


def test_a_call_can_end_without_its_server(alice: User, bob: User, kamailio: Kamailio) -> None:
    caller, callee = talking(alice, bob)
    kamailio.kill()
    caller.wait_for("disconnected")
    caller.send_signal(signal.SIGINT)
    assert caller.wait(3) == 0
    callee.wait_for("media", state="failed", timeout=5)  # its media said goodbye, nobody else could


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_media_are_relayed_where_that_is_wanted(
    kamailio: Kamailio, user: NewUser, relay: Coturn, transport: str
) -> None:
    turn = {"urls": relay.uri(transport), "username": relay.username, "password": relay.password}
    alice = user(
        "alice",
        ws_servers=kamailio.ws_uri,
        turn_servers=turn,
        ice_transport_policy="relay",
        tls_ca_file=str(relay.ca_file),
    )
    bob = user("bob", ws_servers=kamailio.ws_uri)
    caller, callee = talking(alice, bob)
    ours, theirs = caller.named("media")[0], callee.named("media")[0]
    assert ours["local_candidate"]["type"] == "relay"
    assert theirs["remote_candidate"]["port"] == ours["local_candidate"]["port"]
    assert caller.named("warning") == []
    caller.send_signal(signal.SIGINT)
    assert caller.wait(3) == 0
    assert callee.wait_for("ended", by="remote")["stats"]["loss_percent"] < 2
    until(lambda: relay.allocations_ended() == 1)
