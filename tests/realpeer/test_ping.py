"""`sipcli ping` against Kamailio."""

from collections.abc import Callable

import pytest

from tests.realpeer.kamailio import DOMAIN, Kamailio
from tests.realpeer.sipcli_process import User

NewUser = Callable[..., User]


def test_the_server_answers_each_ping(kamailio: Kamailio, user: NewUser) -> None:
    alice = user("alice", ws_servers=kamailio.ws_uri)
    process = alice.sipcli("ping", f"sip:{DOMAIN}", "--count", "3", "--interval", "0.1")
    process.wait_for("registered")
    for _ in range(3):
        pong = process.wait_for("pong", target=f"sip:{DOMAIN}", status=200)
        assert 0 < pong["rtt_ms"] < 10_000
    process.wait_for("unregistered")
    process.wait_for("finished", exit_code=0)
    assert process.wait() == 0
    assert len(kamailio.requests("OPTIONS")) == 3


def test_another_sipcli_answers_a_ping(kamailio: Kamailio, user: NewUser) -> None:
    bob = user("bob", ws_servers=kamailio.ws_uri).sipcli("register")
    bob.wait_for("registered")
    alice = user("alice", ws_servers=kamailio.ws_uri)
    process = alice.sipcli("ping", "bob", "--count", "1")
    process.wait_for("pong", target=f"sip:bob@{DOMAIN}", status=200)
    assert process.wait() == 0


def test_without_registering_nothing_is_registered(kamailio: Kamailio, user: NewUser) -> None:
    alice = user("alice", ws_servers=kamailio.ws_uri, register=False)
    process = alice.sipcli("ping", f"sip:{DOMAIN}", "--count", "1")
    process.wait_for("pong", status=200)
    assert process.wait() == 0
    assert kamailio.requests("REGISTER") == []


@pytest.mark.parametrize(("name", "status", "code"), [("busy", 486, 5), ("bob", 480, 6)])
def test_a_refusal_has_its_exit_code(
    kamailio: Kamailio, user: NewUser, name: str, status: int, code: int
) -> None:
    alice = user("alice", ws_servers=kamailio.ws_uri)
    process = alice.sipcli("ping", name, "--count", "1")
    process.wait_for("pong", status=status)
    assert process.wait() == code


def test_a_refused_registration_is_exit_4(kamailio: Kamailio, user: NewUser) -> None:
    alice = user("alice", ws_servers=kamailio.ws_uri, password="not hers")
    process = alice.sipcli("ping", f"sip:{DOMAIN}", "--count", "1")
    process.wait_for("registration_failed", status=401)
    assert process.wait() == 4
    assert kamailio.requests("OPTIONS") == []
