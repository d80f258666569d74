"""STUN, TURN and the NAT in between, as far as servers can tell."""

import pytest

from sipcli.config.server_settings import TurnServer
from sipcli.doctor.stun_turn import judge_nat, server_checks
from sipcli.media.transport.server_probe import MappedAddress
from tests.doctor.doctor_world import Findings, at, examined
from tests.media.transport.fake_servers import FakeStun, FakeTurn, serving
from tests.media.transport.transport_pair import stun_uri, turn_uri
from tests.net.peers import closed_port

OWN = ("192.168.1.5", 40000)
FIRST, SECOND = ("192.0.2.1", 3478), ("192.0.2.2", 3478)
SEEN = ("203.0.113.7", 61000)


def mapping(
    server: tuple[str, int], seen: tuple[str, int], own: tuple[str, int] = OWN
) -> MappedAddress:
    return MappedAddress(own=own, server=server, seen=seen)


def test_who_is_seen_as_itself_is_behind_no_nat() -> None:
    assert judge_nat([mapping(FIRST, OWN)]) == "no NAT: the servers see our own address"
    assert judge_nat([]) is None


def test_one_server_cannot_tell_what_kind_of_nat_it_is() -> None:
    assert "unknown type" in str(judge_nat([mapping(FIRST, SEEN)]))


def test_the_same_server_asked_twice_is_still_one() -> None:
    assert "unknown type" in str(judge_nat([mapping(FIRST, SEEN), mapping(FIRST, SEEN)]))


def test_the_same_address_for_all_is_a_kind() -> None:
    found = str(judge_nat([mapping(FIRST, SEEN), mapping(SECOND, SEEN)]))
    assert "endpoint-independent" in found
    assert "filtering cannot be determined" in found


def test_another_address_for_each_is_symmetric_and_needs_a_relay() -> None:
    found = str(judge_nat([mapping(FIRST, SEEN), mapping(SECOND, (SEEN[0], 61001))]))
    assert "symmetric" in found
    assert "TURN" in found


def test_only_what_was_seen_of_one_socket_is_compared() -> None:
    other = mapping(SECOND, (SEEN[0], 61001), own=("10.0.0.1", 40000))
    assert "unknown type" in str(judge_nat([mapping(FIRST, SEEN), other]))


async def asked(*servers: FakeStun, more: tuple[str, ...] = (), **changes: object) -> Findings:
    """The examination of somebody with these STUN and TURN servers, and no connection."""

    async with serving(*servers):
        stun = tuple(stun_uri(each) for each in servers if not isinstance(each, FakeTurn))
        urls = tuple(turn_uri(each) for each in servers if isinstance(each, FakeTurn))
        relays = (TurnServer(urls, "alice", "s3cret"),) if urls else ()
        chosen = at(
            f"ws://127.0.0.1:{closed_port()}",
            stun_servers=(*stun, *more),
            turn_servers=relays,
            ice_gathering_timeout=0.3,
            **changes,
        )
        return await examined(chosen)


async def test_a_stun_server_is_told_with_the_address_it_sees() -> None:
    check = (await asked(FakeStun(("203.0.113.7", 61000)))).the("stun")
    assert check.ok
    assert "sees us as 203.0.113.7:61000" in check.found[0]
    assert "NAT" in check.found[1]


async def test_servers_are_asked_though_there_is_no_connection() -> None:
    findings = await asked(FakeStun(), FakeTurn())
    assert findings.failed == ["tcp"]
    assert findings.the("stun").ok
    assert findings.the("turn").ok
    assert "relay address 127.0.0.1:" in findings.the("turn").detail


async def test_a_dead_stun_server_is_a_fault_beside_one_that_lives() -> None:
    findings = await asked(FakeStun(mute=True), FakeStun())
    check = findings.the("stun")
    assert findings.failed == ["tcp", "stun"]
    assert check.found[0].endswith(": it did not answer within 0.3 s")
    assert "sees us as 127.0.0.1:" in check.found[1]
    assert "stun_servers = []" in str(check.hint)


async def test_a_wrong_turn_password_is_named_and_not_shown() -> None:
    findings = await asked(FakeTurn(error=401), FakeTurn())
    check = findings.the("turn")
    assert findings.failed == ["tcp", "turn"]
    assert check.found[0].endswith(": it rejected the user name and password")
    assert "relay address" in check.found[1]
    assert "turn_servers" in str(check.hint)
    assert "s3cret" not in repr(findings.checks)


@pytest.mark.parametrize("name", ["stun", "turn"])
def test_without_servers_there_is_nothing_to_look_at(name: str) -> None:
    check = next(each for each in server_checks([]) if each.name == name)
    assert check.ok is None
    assert check.detail == f"no server is set ({name}_servers)"


async def test_a_stun_server_whose_name_is_none_has_a_cure_of_its_own() -> None:
    check = (
        await asked(
            more=("stun:nowhere.invalid",),
        )
    ).the("stun")
    assert check.ok is False
    assert check.detail == "stun:nowhere.invalid: its name cannot be resolved"
    assert "check the spelling" in str(check.hint)
