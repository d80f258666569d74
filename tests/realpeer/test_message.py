"""`sipcli message` through Kamailio, from one sipcli to another."""

import signal
from collections.abc import Callable

import pytest

from tests.realpeer.kamailio import DOMAIN, Kamailio, Settings
from tests.realpeer.sipcli_process import User
from tests.waiting import until

NewUser = Callable[..., User]
TEXT = 'Grüße, 世界 – "zu zweit"; 100 %'


@pytest.mark.parametrize("service_route", [False, True])
def test_a_message_arrives_as_it_was_written(
    kamailio: Kamailio, user: NewUser, service_route: bool
) -> None:
    if service_route:
        kamailio.restart(Settings(service_route=True))
    bob = user("bob", ws_servers=kamailio.ws_uri).sipcli("register")
    bob.wait_for("registered")
    alice = user("alice", ws_servers=kamailio.ws_uri).sipcli("message", "bob", TEXT)
    sent = alice.wait_for("message", direction="sent", status=200, text=TEXT)
    assert sent["to"] == f"sip:bob@{DOMAIN}"
    received = bob.wait_for("message", direction="received", text=TEXT)
    assert received["from"] == f"sip:alice@{DOMAIN}"
    alice.wait_for("unregistered")
    assert alice.wait() == 0


def test_a_message_over_wss_to_a_gruu(kamailio: Kamailio, user: NewUser) -> None:
    secure = {"ws_servers": kamailio.wss_uri, "tls_ca_file": str(kamailio.ca_file)}
    bob = user("bob", **secure).sipcli("register")
    gruu = bob.wait_for("registered")["pub_gruu"]
    alice = user("alice", **secure).sipcli("message", gruu, "this very phone")
    assert alice.wait() == 0
    bob.wait_for("message", direction="received", text="this very phone")


def test_the_text_can_come_from_standard_input(kamailio: Kamailio, user: NewUser) -> None:
    bob = user("bob", ws_servers=kamailio.ws_uri).sipcli("register")
    bob.wait_for("registered")
    alice = user("alice", ws_servers=kamailio.ws_uri).sipcli("message", "bob", "-", stdin=TEXT)
    assert alice.wait() == 0
    bob.wait_for("message", direction="received", text=TEXT)


def test_without_registering_it_is_sent_at_once(kamailio: Kamailio, user: NewUser) -> None:
    bob = user("bob", ws_servers=kamailio.ws_uri).sipcli("register")
    bob.wait_for("registered")
    kamailio.clear_log()
    alice = user("alice", ws_servers=kamailio.ws_uri).sipcli(
        "message", "--no-register", "bob", "psst"
    )
    assert alice.wait() == 0
    bob.wait_for("message", direction="received", text="psst")
    assert kamailio.requests("REGISTER") == []


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [("busy", 486, 5), ("decline", 603, 5), ("gone", 410, 5), ("e503", 503, 5), ("bob", 480, 6)],
)
def test_a_refusal_has_its_exit_code(
    kamailio: Kamailio, user: NewUser, name: str, status: int, code: int
) -> None:
    alice = user("alice", ws_servers=kamailio.ws_uri).sipcli("message", name, "hello")
    alice.wait_for("message", direction="sent", status=status)
    alice.wait_for("finished", exit_code=code)
    assert alice.wait() == code


def test_a_message_whose_fate_is_unknown_is_not_called_delivered(
    kamailio: Kamailio, user: NewUser
) -> None:
    """It was sent, and the server died before it answered."""
    alice = user("alice", ws_servers=kamailio.ws_uri).sipcli("message", "silent", "hello")
    until(lambda: len(kamailio.requests("MESSAGE")) == 2)
    kamailio.kill()
    alice.wait_for("message", direction="sent", status=None)
    alice.wait_for("finished", exit_code=3)
    assert alice.wait() == 3


def test_a_signal_before_the_answer_is_130_and_unregisters(
    kamailio: Kamailio, user: NewUser
) -> None:
    alice = user("alice", ws_servers=kamailio.ws_uri).sipcli("message", "silent", "hello")
    until(lambda: len(kamailio.requests("MESSAGE")) == 2)
    alice.send_signal(signal.SIGINT)
    alice.wait_for("unregistered")
    assert alice.wait(3) == 130


def test_a_refused_registration_is_exit_4(kamailio: Kamailio, user: NewUser) -> None:
    alice = user("alice", ws_servers=kamailio.ws_uri, password="not hers")
    process = alice.sipcli("message", "bob", "hello")
    process.wait_for("registration_failed", status=401)
    assert process.wait() == 4
    assert kamailio.requests("MESSAGE") == []
