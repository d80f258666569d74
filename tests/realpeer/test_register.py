"""`sipcli register` against Kamailio: in, staying in, out, and what refusals look like."""

import re
import signal
from collections.abc import Callable

import pytest

from tests.realpeer.kamailio import DOMAIN, Kamailio, Settings
from tests.realpeer.raw_client import raw_client
from tests.realpeer.sipcli_process import User
from tests.waiting import until

NewUser = Callable[..., User]


def test_once_registers_shows_its_binding_and_leaves_none(
    kamailio: Kamailio, user: NewUser
) -> None:
    process = user("alice", ws_servers=kamailio.ws_uri).sipcli("register", "--once")
    process.wait_for("started", schema=1, command="register")
    process.wait_for("connecting", server=kamailio.ws_uri)
    process.wait_for("connected", server=kamailio.ws_uri)
    registered = process.wait_for("registered", uri=f"sip:alice@{DOMAIN}", expires_s=600)
    process.wait_for("unregistered")
    process.wait_for("finished", exit_code=0)
    assert process.wait() == 0
    assert registered["registrar"] == f"sip:{DOMAIN}"
    (binding,) = registered["bindings"]
    assert binding["ours"] is True
    assert binding["expires_s"] == 600
    assert kamailio.bindings("alice") == []


def test_a_registrar_may_hold_as_many_bindings_as_it_likes(
    kamailio: Kamailio, user: NewUser
) -> None:
    with raw_client(kamailio.ws_uri, "alice") as others:
        for number in range(60):
            instance = f"<urn:uuid:00000000-0000-4000-8000-{number:012d}>"
            contact = (
                f"Contact: <sip:device{number}@client.invalid;transport=ws>;expires=60;reg-id=1"
                f';+sip.instance="{instance}"'
            )
            supported = "Supported: path, outbound, gruu"
            assert others.ask_twice("REGISTER", f"sip:{DOMAIN}", contact, supported)[0] == 200
        status, answer = others.ask_twice("REGISTER", f"sip:{DOMAIN}")
        assert (status, len(answer.get_all("Contact", []))) == (200, 1), "all in one line"
        assert len(answer["Contact"]) > 8192
        process = user("alice", ws_servers=kamailio.ws_uri).sipcli("register", "--once")
        registered = process.wait_for("registered")
        assert [binding["ours"] for binding in registered["bindings"]].count(True) == 1
        assert len(registered["bindings"]) == 61
        process.wait_for("finished", exit_code=0)
        assert process.wait() == 0


def test_wss_with_its_authority_known(kamailio: Kamailio, user: NewUser) -> None:
    alice = user("alice", ws_servers=kamailio.wss_uri, tls_ca_file=str(kamailio.ca_file))
    process = alice.sipcli("register", "--once")
    process.wait_for("connected", server=kamailio.wss_uri)
    process.wait_for("registered")
    assert process.wait() == 0
    assert " via wss" in kamailio.requests("REGISTER")[0]


def test_wss_with_its_authority_unknown_is_a_tls_failure(kamailio: Kamailio, user: NewUser) -> None:
    process = user("alice", ws_servers=kamailio.wss_uri).sipcli("register", "--once")
    failed = process.wait_for("connect_failed", phase="tls", retry_in_s=None)
    assert "certificate" in failed["reason"]
    assert process.wait() == 3
    assert kamailio.requests("REGISTER") == []


def test_wss_unverified_is_possible_and_warned_of(kamailio: Kamailio, user: NewUser) -> None:
    alice = user("alice", ws_servers=kamailio.wss_uri, tls_verify=False)
    process = alice.sipcli("register", "--once")
    process.wait_for("warning")
    process.wait_for("registered")
    assert process.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_unregisters(kamailio: Kamailio, user: NewUser, number: signal.Signals) -> None:
    process = user("alice", ws_servers=kamailio.ws_uri).sipcli("register")
    registered = process.wait_for("registered")
    (binding,) = kamailio.bindings("alice")
    assert binding.reg_id == 1
    assert binding.instance.startswith("urn:uuid:")
    assert registered["pub_gruu"].startswith(f"sip:alice@{DOMAIN};gr=")
    assert registered["temp_gruu"].startswith("sip:")
    process.send_signal(number)
    process.wait_for("unregistered", timeout=3)
    assert process.wait(3) == 0
    assert "expires=0" in kamailio.requests("REGISTER")[-1]
    assert kamailio.bindings("alice") == []


def test_a_signal_on_the_heels_of_registered_is_not_too_early(
    kamailio: Kamailio, user: NewUser
) -> None:
    alice = user("alice", ws_servers=kamailio.ws_uri)
    for _ in range(6):
        process = alice.sipcli("register")
        process.wait_for("registered")
        process.send_signal(signal.SIGINT)
        assert process.wait(3) == 0


def test_duration_ends_it(kamailio: Kamailio, user: NewUser) -> None:
    alice = user("alice", ws_servers=kamailio.ws_uri)
    process = alice.sipcli("register", "--duration", "0.5")
    process.wait_for("registered")
    process.wait_for("unregistered")
    process.wait_for("finished", exit_code=0)
    assert process.wait() == 0


def test_refreshes_come_in_time_and_without_another_challenge(
    kamailio: Kamailio, user: NewUser
) -> None:
    kamailio.restart(Settings(max_expires=5))
    process = user("alice", ws_servers=kamailio.ws_uri).sipcli("register")
    process.wait_for("registered", expires_s=5)
    (first,) = kamailio.bindings("alice")
    for _ in range(3):
        process.wait_for("registered", expires_s=5)
        (binding,) = kamailio.bindings("alice")
        assert binding.contact == first.contact
        assert binding.call_id == first.call_id
    assert binding.cseq == first.cseq + 3
    assert kamailio.log.count("challenge REGISTER") == 1
    assert process.named("unregistered") == []


def test_a_nonce_gone_stale_is_answered_and_nothing_is_lost(
    kamailio: Kamailio, user: NewUser
) -> None:
    kamailio.restart(Settings(max_expires=5, nonce_expire=1))
    process = user("alice", ws_servers=kamailio.ws_uri).sipcli("register")
    for _ in range(3):
        process.wait_for("registered")
        assert len(kamailio.bindings("alice")) == 1
    assert kamailio.log.count("challenge REGISTER") >= 3
    assert process.named("registration_failed") == []


def test_sha_256(kamailio: Kamailio, user: NewUser) -> None:
    kamailio.restart(Settings(algorithm="SHA-256"))
    process = user("alice", ws_servers=kamailio.ws_uri).sipcli("register", "--once")
    process.wait_for("registered")
    assert process.wait() == 0


def test_a_time_too_brief_is_lengthened(kamailio: Kamailio, user: NewUser) -> None:
    kamailio.restart(Settings(min_expires=40, refuse_brief=True))
    alice = user("alice", ws_servers=kamailio.ws_uri, register_expires=10)
    process = alice.sipcli("register", "--once")
    process.wait_for("registered", expires_s=40)
    assert process.wait() == 0


def test_a_registrar_without_outbound_gives_no_gruus(kamailio: Kamailio, user: NewUser) -> None:
    kamailio.restart(Settings(outbound=False))
    process = user("alice", ws_servers=kamailio.ws_uri).sipcli("register", "--once")
    process.wait_for("registered", pub_gruu=None, temp_gruu=None)
    assert process.wait() == 0


def test_another_phone_of_the_same_user_is_shown_and_left_alone(
    kamailio: Kamailio, user: NewUser
) -> None:
    at_home = user("alice", ws_servers=kamailio.ws_uri).sipcli("register")
    home = at_home.wait_for("registered")["contact"]
    account = f"sip:alice@{DOMAIN}"
    abroad = user("bob", ws_servers=kamailio.ws_uri, uri=account, password="alice-secret")
    process = abroad.sipcli("register", "--once")
    registered = process.wait_for("registered", uri=account)
    ours = {binding["contact"]: binding["ours"] for binding in registered["bindings"]}
    assert ours == {home: False, registered["contact"]: True}
    assert process.wait() == 0
    assert [binding.contact for binding in kamailio.bindings("alice")] == [home]


def test_an_answer_that_hides_the_binding_counts_with_a_warning(
    kamailio: Kamailio, user: NewUser
) -> None:
    process = user("hidden", ws_servers=kamailio.ws_uri).sipcli("register", "--once")
    process.wait_for("warning")
    process.wait_for("registered", bindings=[], expires_s=600)
    assert process.wait() == 0


def test_the_instance_is_the_same_in_the_next_run(kamailio: Kamailio, user: NewUser) -> None:
    instances = []
    for name in ("alice", "alice", "bob"):
        process = user(name, ws_servers=kamailio.ws_uri).sipcli("register")
        process.wait_for("registered")
        instances += [binding.instance for binding in kamailio.bindings(name)]
        process.send_signal(signal.SIGINT)
        assert process.wait() == 0
    first, second, another = instances
    assert first == second != another


def test_a_wrong_password_is_tried_once(kamailio: Kamailio, user: NewUser) -> None:
    alice = user("alice", ws_servers=kamailio.ws_uri, password="not hers")
    process = alice.sipcli("register", "--once")
    process.wait_for("registration_failed", status=401, retry_in_s=None)
    process.wait_for("finished", exit_code=4)
    assert process.wait() == 4
    assert len(kamailio.requests("REGISTER")) == 2


def test_a_wrong_password_does_not_end_a_long_run_but_slows_it(
    kamailio: Kamailio, user: NewUser
) -> None:
    alice = user("alice", ws_servers=kamailio.ws_uri, password="not hers")
    process = alice.sipcli("register")
    assert process.wait_for("registration_failed", status=401)["retry_in_s"] >= 30
    process.send_signal(signal.SIGINT)
    assert process.wait(3) == 130
    assert len(kamailio.requests("REGISTER")) == 2


def test_a_forbidden_account_is_exit_4(kamailio: Kamailio, user: NewUser) -> None:
    barred = user("barred", ws_servers=kamailio.ws_uri)
    process = barred.sipcli("register", "--once")
    process.wait_for("registration_failed", status=403, reason="403 Barred", retry_in_s=None)
    assert process.wait() == 4


def test_retry_after_is_heeded(kamailio: Kamailio, user: NewUser) -> None:
    overloaded = user(
        "overloaded",
        ws_servers=kamailio.ws_uri,
        connection_recovery_min_interval=1,
        connection_recovery_max_interval=2,
    )
    process = overloaded.sipcli("register")
    assert process.wait_for("registration_failed", status=503)["retry_in_s"] >= 3
    process.wait_for("registration_failed", status=503)
    assert len(kamailio.requests("REGISTER")) == 2


def test_a_binding_made_without_a_word_is_taken_back(kamailio: Kamailio, user: NewUser) -> None:
    """The registrar has it, its answer is lost: stopping now must not leave it there."""
    process = user("unheard", ws_servers=kamailio.ws_uri).sipcli("register")
    until(lambda: len(kamailio.bindings("unheard")) == 1)
    process.send_signal(signal.SIGINT)
    assert process.wait(3) == 130
    assert process.named("registered") == []
    assert "expires=0" in kamailio.requests("REGISTER")[-1]
    assert kamailio.bindings("unheard") == []


def test_stopping_does_not_wait_for_a_dead_registrar(kamailio: Kamailio, user: NewUser) -> None:
    process = user("alice", ws_servers=kamailio.ws_uri).sipcli("register")
    process.wait_for("registered")
    kamailio.freeze()
    process.send_signal(signal.SIGINT)
    assert process.wait(3.5) == 0


def test_no_secret_is_traced_or_shown(kamailio: Kamailio, user: NewUser) -> None:
    process = user("alice", ws_servers=kamailio.ws_uri).sipcli(
        "register", "--once", "--trace-sip", "-vv"
    )
    process.wait_for("registered")
    assert process.wait() == 0
    shown = process.stderr + repr(process.events)
    assert "REGISTER sip:" in process.stderr
    assert "Authorization:" in process.stderr
    assert Kamailio.users["alice"] not in shown
    assert not re.search(r'response="?[0-9a-f]{32}', shown)


def test_without_a_server_once_is_exit_3_and_names_the_phase(
    kamailio: Kamailio, user: NewUser
) -> None:
    kamailio.kill()
    process = user("alice", ws_servers=kamailio.ws_uri).sipcli("register", "--once")
    process.wait_for("connect_failed", server=kamailio.ws_uri, phase="tcp", retry_in_s=None)
    process.wait_for("finished", exit_code=3)
    assert process.wait() == 3


def test_an_http_refusal_is_shown_as_one(kamailio: Kamailio, user: NewUser) -> None:
    server = f"ws://127.0.0.1:{kamailio.sip_port}"
    process = user("alice", ws_servers=server).sipcli("register", "--once")
    assert "403" in process.wait_for("connect_failed", phase="http")["reason"]
    assert process.wait() == 3


def test_a_server_that_connects_and_says_nothing_is_given_up(
    kamailio: Kamailio, user: NewUser
) -> None:
    kamailio.freeze()
    alice = user("alice", ws_servers=kamailio.ws_uri, connect_timeout=1)
    process = alice.sipcli("register", "--once")
    process.wait_for("connect_failed", phase="http", retry_in_s=None, timeout=5)
    assert process.wait() == 3
