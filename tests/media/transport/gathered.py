"""What one transport gathers with given servers, and how long it takes."""

from sipcli.media.transport.ice_servers import IceServer, IceServers
from sipcli.sdp.transport import Candidate
from tests.event_loop import now
from tests.media.transport.fake_servers import FakeStun
from tests.media.transport.transport_pair import Party

NAT = ("198.51.100.7", 40000)


def stun_uri(server: FakeStun) -> str:
    """Where it answers STUN."""
    return f"stun:127.0.0.1:{server.address[1]}"


def turn_uri(server: FakeStun) -> str:
    """Where it answers TURN."""
    return f"turn:127.0.0.1:{server.address[1]}"


def options(*uris: str, timeout: float = 2.0, relay_only: bool = False) -> IceServers:
    """These servers, with credentials."""
    servers = tuple(IceServer.parse(uri, "alice", "secret") for uri in uris)
    return IceServers(servers=servers, gathering_timeout=timeout, relay_only=relay_only)


async def gathered(chosen: IceServers) -> tuple[tuple[Candidate, ...], list[str], float]:
    """The candidates, the warnings and how long it took (s)."""
    party = Party(options=chosen)
    begin = now()
    local = await party.transport.gather()
    took = now() - begin
    await party.transport.close()
    return local.candidates, party.warnings, took


def kinds(candidates: tuple[Candidate, ...]) -> list[str]:
    """Their types, in their order."""
    return [str(each.type) for each in candidates]
