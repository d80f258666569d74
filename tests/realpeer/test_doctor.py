"""`sipcli doctor` against a real Kamailio and a real coturn, as processes."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.realpeer.coturn import INSTALL, Coturn, program
from tests.realpeer.kamailio import Kamailio, Settings
from tests.realpeer.sipcli_process import SipcliProcess, User
from tests.required import require

TRANSPORTS = ("udp", "tcp", "tls")
LIMIT = 40.0
"""Seconds that an examination may take on a busy machine."""

Checks = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def coturn() -> Iterator[Coturn]:
    require(program(), INSTALL)
    with closing(Coturn()) as server:
        server.start()
        yield server


@pytest.fixture
def ca_file(kamailio: Kamailio, coturn: Coturn, tmp_path: Path) -> str:
    """Both servers' authorities in one file."""
    path = tmp_path / "authorities.pem"
    path.write_bytes(kamailio.ca_file.read_bytes() + coturn.ca_file.read_bytes())
    return str(path)


def keys(kamailio: Kamailio, coturn: Coturn, ca_file: str, **changes: Any) -> dict[str, Any]:
    """Everything there is, configured."""
    usual = {
        "ws_servers": kamailio.wss_uri,
        "tls_ca_file": ca_file,
        "stun_servers": [coturn.stun_uri, coturn.stuns_uri],
        "turn_servers": {
            "urls": [coturn.uri(transport) for transport in TRANSPORTS],
            "username": coturn.username,
            "password": coturn.password,
        },
        "audio": {"input": "silence", "output": "null"},
    }
    return usual | changes


def examined(process: SipcliProcess, code: int = 0) -> Checks:
    """The checks by name, once it has ended with that code."""
    assert process.wait(LIMIT) == code, process.stderr + str(process.events)
    return {check["name"]: check for check in process.named("check")}


def failed(checks: Checks) -> list[str]:
    return [name for name, check in checks.items() if check["ok"] is False]


def test_all_is_well_with_somebody_who_echoes(
    kamailio: Kamailio, coturn: Coturn, ca_file: str, user: Callable[..., User]
) -> None:
    everything = keys(kamailio, coturn, ca_file)
    bob = user("bob", **everything).sipcli("listen", "--auto-answer", "--echo")
    bob.wait_for("registered")
    alice = user("alice", **everything)
    checks = examined(alice.sipcli("doctor", "--echo", "bob"))
    assert all(check["ok"] for check in checks.values())
    assert "localhost resolves to 127.0.0.1:" in checks["dns"]["detail"]
    assert "sipcli tests" in checks["tls"]["detail"]
    assert "days left" in checks["tls"]["detail"]
    assert "subprotocol sip" in checks["websocket"]["detail"]
    assert "realm 'sipcli.test', MD5" in checks["registration"]["detail"]
    assert "for 600 s" in checks["registration"]["detail"]
    for uri in (coturn.stun_uri, coturn.stuns_uri):
        assert f"{uri}: sees us as 127.0.0.1:" in checks["stun"]["detail"]
    for transport in TRANSPORTS:
        assert f"{coturn.uri(transport)}: relay address 127.0.0.1:" in checks["turn"]["detail"]
    assert "440 Hz sent and heard back" in checks["audio"]["detail"]
    assert kamailio.bindings("alice") == []


@pytest.mark.parametrize("outbound", [True, False], ids=["GRUU", "address of record"])
def test_all_is_well_by_a_call_to_ourselves(
    kamailio: Kamailio, user: Callable[..., User], outbound: bool
) -> None:
    if not outbound:
        kamailio.restart(Settings(outbound=False))
    audio = {"input": "silence", "output": "null"}
    alice = user("alice", ws_servers=kamailio.ws_uri, audio=audio)
    checks = examined(alice.sipcli("doctor"))
    assert failed(checks) == []
    assert ("GRUU" in checks["registration"]["detail"]) is outbound
    assert checks["audio"]["ok"]
    assert "both ends are on this machine" in checks["ice"]["detail"]
    assert kamailio.bindings("alice") == []


def test_our_other_devices_do_not_ring_for_it(
    kamailio: Kamailio, user: Callable[..., User]
) -> None:
    alice = user("alice", ws_servers=kamailio.ws_uri, audio={"input": "silence", "output": "null"})
    desk = alice.sipcli("listen", "--auto-answer=30")
    desk.wait_for("registered")
    checks = examined(alice.sipcli("doctor"))
    assert failed(checks) == []
    assert "another device of this account is registered" in checks["registration"]["detail"]
    assert checks["audio"]["ok"]
    assert desk.named("incoming") == []


def test_a_wrong_turn_password_is_named_for_every_transport(
    kamailio: Kamailio, coturn: Coturn, ca_file: str, user: Callable[..., User]
) -> None:
    everything = keys(kamailio, coturn, ca_file)
    everything["turn_servers"]["password"] = "wr0ng-secret"
    process = user("alice", **everything).sipcli("doctor")
    checks = examined(process, 7)
    assert failed(checks) == ["turn"]
    assert checks["turn"]["detail"].count("it rejected the user name and password") == 3
    assert "turn_servers" in checks["turn"]["hint"]
    assert process.named("finished")[0]["phase"] == "turn"
    assert "wr0ng-secret" not in str(process.events) + process.stderr


def test_servers_that_are_not_trusted_are_told_apart_from_those_that_work(
    kamailio: Kamailio, coturn: Coturn, user: Callable[..., User]
) -> None:
    everything = keys(kamailio, coturn, str(kamailio.ca_file))
    checks = examined(user("alice", **everything).sipcli("doctor"), 7)
    assert failed(checks) == ["stun", "turn"]
    untrusted = {"stun": coturn.stuns_uri, "turn": coturn.uri("tls")}
    for name, works in (("stun", 1), ("turn", 2)):
        first, *others = checks[name]["detail"].split("; ")
        assert first.startswith(f"{untrusted[name]}: its certificate is not trusted")
        assert len([each for each in others if each.startswith(("stun:", "turn:"))]) == works
        assert "tls_ca_file" in checks[name]["hint"]


def test_a_call_through_the_relay_alone(
    kamailio: Kamailio, coturn: Coturn, ca_file: str, user: Callable[..., User]
) -> None:
    everything = keys(kamailio, coturn, ca_file, ice_transport_policy="relay")
    checks = examined(user("alice", **everything).sipcli("doctor"))
    assert failed(checks) == []
    assert checks["ice"]["detail"].startswith("relay 127.0.0.1:")
    assert checks["audio"]["ok"]


def test_a_wrong_password_stops_what_depends_on_it(
    kamailio: Kamailio, coturn: Coturn, ca_file: str, user: Callable[..., User]
) -> None:
    everything = keys(kamailio, coturn, ca_file, password="not-this")
    checks = examined(user("alice", **everything).sipcli("doctor"), 4)
    assert failed(checks) == ["registration"]
    assert "authorization_user" in checks["registration"]["hint"]
    assert checks["turn"]["ok"]
    assert checks["devices"]["ok"]
    assert [checks[name]["ok"] for name in ("ice", "dtls", "audio")] == [None] * 3
