"""Servers that die under a registered client, and which of two it then uses."""

import signal
from collections.abc import Callable

import pytest

from tests.realpeer.kamailio import Kamailio
from tests.realpeer.sipcli_process import User
from tests.waiting import until

NewUser = Callable[..., User]
Pair = tuple[Kamailio, Kamailio]
SOON = {"connection_recovery_min_interval": 1, "connection_recovery_max_interval": 2}
"""Waits short enough for a test."""


def weighted(pair: Pair) -> list[dict[str, object]]:
    """The first is the heavier."""
    return [
        {"ws_uri": pair[1].ws_uri, "weight": 1},
        {"ws_uri": pair[0].ws_uri, "weight": 9},
    ]


def test_a_killed_server_that_comes_back_is_registered_at_again(
    kamailio: Kamailio, user: NewUser
) -> None:
    process = user("alice", ws_servers=kamailio.ws_uri, **SOON).sipcli("register")
    process.wait_for("registered")
    kamailio.kill()
    ended = process.wait_for("disconnected", server=kamailio.ws_uri, timeout=5)
    assert 1 <= ended["retry_in_s"] <= 2
    failed = process.wait_for("connect_failed", phase="tcp", timeout=5)
    assert 1 <= failed["retry_in_s"] <= 2
    kamailio.start()
    process.wait_for("connected", timeout=5)
    process.wait_for("registered", timeout=5)
    assert len(kamailio.bindings("alice")) == 1
    process.send_signal(signal.SIGINT)
    assert process.wait(3) == 0
    assert kamailio.bindings("alice") == []


def test_a_connection_that_the_server_closes_is_made_again(
    kamailio: Kamailio, user: NewUser
) -> None:
    process = user("alice", ws_servers=kamailio.ws_uri, **SOON).sipcli("register")
    process.wait_for("registered")
    kamailio.close_websockets()
    process.wait_for("disconnected", code=1000, timeout=5)
    process.wait_for("registered", timeout=5)


def test_a_server_absent_at_first_is_waited_for(kamailio: Kamailio, user: NewUser) -> None:
    kamailio.kill()
    process = user("alice", ws_servers=kamailio.ws_uri, **SOON).sipcli("register")
    process.wait_for("connect_failed", phase="tcp")
    process.wait_for("connect_failed", phase="tcp")
    kamailio.start()
    process.wait_for("registered", timeout=5)


def test_the_end_before_any_registration_is_130(kamailio: Kamailio, user: NewUser) -> None:
    kamailio.kill()
    process = user("alice", ws_servers=kamailio.ws_uri, **SOON).sipcli("register")
    process.wait_for("connect_failed")
    process.send_signal(signal.SIGINT)
    assert process.wait(3) == 130


@pytest.mark.timeout(90)
def test_a_silent_server_is_known_to_be_dead_within_30_s(kamailio: Kamailio, user: NewUser) -> None:
    """Nothing tells: the kernel still accepts what is sent, and nobody reads it."""
    process = user("alice", ws_servers=kamailio.ws_uri, **SOON).sipcli("register")
    process.wait_for("registered")
    kamailio.freeze()
    process.wait_for("disconnected", server=kamailio.ws_uri, timeout=31)
    kamailio.thaw()
    process.wait_for("registered", timeout=20)


def test_the_heavier_server_is_used_the_lighter_when_it_dies_and_then_the_heavier_again(
    kamailio_pair: Pair, user: NewUser
) -> None:
    heavy, light = kamailio_pair
    process = user("alice", ws_servers=weighted(kamailio_pair), **SOON).sipcli("register")
    process.wait_for("connected", server=heavy.ws_uri)
    process.wait_for("registered")
    assert light.bindings("alice") == []

    heavy.kill()
    process.wait_for("disconnected", server=heavy.ws_uri)
    process.wait_for("connected", server=light.ws_uri)
    process.wait_for("registered")
    assert len(light.bindings("alice")) == 1

    heavy.start()
    process.wait_for("connected", server=heavy.ws_uri)
    process.wait_for("registered")
    assert len(heavy.bindings("alice")) == 1
    until(lambda: light.bindings("alice") == [])

    process.send_signal(signal.SIGINT)
    assert process.wait(3) == 0
    assert heavy.bindings("alice") == []


def test_one_run_tries_the_lighter_when_the_heavier_is_dead(
    kamailio_pair: Pair, user: NewUser
) -> None:
    heavy, light = kamailio_pair
    heavy.kill()
    alice = user("alice", ws_servers=weighted(kamailio_pair))
    process = alice.sipcli("register", "--once")
    process.wait_for("connect_failed", server=heavy.ws_uri, phase="tcp")
    process.wait_for("connected", server=light.ws_uri)
    process.wait_for("registered")
    assert process.wait() == 0


def test_one_run_ends_when_all_are_dead(kamailio_pair: Pair, user: NewUser) -> None:
    heavy, light = kamailio_pair
    heavy.kill()
    light.kill()
    alice = user("alice", ws_servers=weighted(kamailio_pair))
    process = alice.sipcli("register", "--once")
    process.wait_for("connect_failed", server=heavy.ws_uri)
    process.wait_for("connect_failed", server=light.ws_uri, retry_in_s=None)
    assert process.wait() == 3


def test_a_message_goes_by_the_server_that_lives(kamailio_pair: Pair, user: NewUser) -> None:
    heavy, light = kamailio_pair
    bob = user("bob", ws_servers=light.ws_uri).sipcli("register")
    bob.wait_for("registered")
    heavy.kill()
    alice = user("alice", ws_servers=weighted(kamailio_pair))
    process = alice.sipcli("message", "bob", "still here")
    assert process.wait() == 0
    bob.wait_for("message", direction="received", text="still here")
