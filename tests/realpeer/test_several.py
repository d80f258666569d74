"""Several processes of one account at the same time: each has a binding of its own."""

import signal
from collections.abc import Callable

import pytest

from tests.realpeer.kamailio import Kamailio
from tests.realpeer.sipcli_process import User

NewUser = Callable[..., User]


@pytest.mark.parametrize(
    "arguments",
    [("message", "bob", "hello"), ("ping", "bob"), ("register", "--once")],
    ids=" ".join,
)
def test_one_that_comes_and_goes_leaves_the_other_registered(
    kamailio: Kamailio, user: NewUser, arguments: tuple[str, ...]
) -> None:
    alice, bob = (user(name, ws_servers=kamailio.ws_uri) for name in ("alice", "bob"))
    at_bob = bob.sipcli("register")
    at_bob.wait_for("registered")
    staying = alice.sipcli("register")
    contact = staying.wait_for("registered")["contact"]
    passing = alice.sipcli(*arguments)
    bindings = {
        binding["contact"]: binding["ours"]
        for binding in passing.wait_for("registered")["bindings"]
    }
    assert len(bindings) == 2
    assert bindings[contact] is False
    assert passing.wait() == 0
    assert [binding.contact for binding in kamailio.bindings("alice")] == [contact]
    assert bob.sipcli("message", "alice", "still there?").wait() == 0
    staying.wait_for("message", direction="received", text="still there?")
    staying.send_signal(signal.SIGINT)
    assert staying.wait() == 0
    assert staying.named("disconnected") == []


def test_a_gruu_leads_to_the_process_that_it_was_given_to(
    kamailio: Kamailio, user: NewUser
) -> None:
    alice, bob = (user(name, ws_servers=kamailio.ws_uri) for name in ("alice", "bob"))
    processes = [alice.sipcli("register") for _ in range(3)]
    gruus = [process.wait_for("registered")["pub_gruu"] for process in processes]
    assert len(set(gruus)) == 3
    for gruu in gruus:
        assert bob.sipcli("message", gruu, gruu).wait() == 0
    for process, gruu in zip(processes, gruus, strict=True):
        process.wait_for("message", direction="received", text=gruu)
        process.send_signal(signal.SIGINT)
        assert process.wait() == 0
        assert len(process.named("message")) == 1
    assert kamailio.bindings("alice") == []


def test_one_that_was_killed_is_replaced_by_the_next(kamailio: Kamailio, user: NewUser) -> None:
    """The lock goes with the process, so that its binding is found again, not left behind."""
    alice = user("alice", ws_servers=kamailio.ws_uri)
    killed = alice.sipcli("register")
    killed.wait_for("registered")
    (before,) = kamailio.bindings("alice")
    killed.send_signal(signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    alice.sipcli("register").wait_for("registered")
    (after,) = kamailio.bindings("alice")
    assert after.instance == before.instance
    assert after.contact != before.contact
