"""Test each STUN and TURN server on its own, without a call."""

import asyncio
from dataclasses import dataclass

from sipcli.media.transport.gathering import (
    HIGHEST_PREFERENCE,
    ask_for_reflexive,
    ask_for_relay,
    look_up,
    open_sockets,
)
from sipcli.media.transport.ice_servers import IceServer, IceServers
from sipcli.media.webrtc.candidates import HostPort
from sipcli.media.webrtc.errors import ServerFailed
from sipcli.media.webrtc.ice import IceAgent
from sipcli.media.webrtc.ice_socket import IceSocket
from sipcli.media.webrtc.stun_dtls import DtlsServer
from sipcli.sdp.transport import Candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedAddress:
    """One of our addresses, and its mapped address as a server sees it (RFC 8489 §2)."""

    own: HostPort
    server: HostPort
    seen: HostPort


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerProbe:
    """The result of testing one server."""

    server: IceServer
    elapsed_ms: float
    fault: ServerFailed | None = None
    """Why it failed; None if it did not."""
    mappings: tuple[MappedAddress, ...] = ()
    """From a STUN server; the preferred address first."""
    relayed: Candidate | None = None
    """From a TURN server: the relay it allocated."""


async def probe_servers(options: IceServers) -> tuple[ServerProbe, ...]:
    """Ask all servers at once, each with the full `gathering_timeout`; results in their order.

    The STUN servers are asked from the same sockets, so that their mappings can be compared.
    """
    agent = _new_agent()
    try:
        sockets = await open_sockets(agent, include_loopback=options.include_loopback)
        return tuple(
            await asyncio.gather(
                *(_survey_one(server, agent, sockets, options) for server in options.servers)
            )
        )
    finally:
        await agent.close()


async def _survey_one(
    server: IceServer, agent: IceAgent, sockets: list[IceSocket], options: IceServers
) -> ServerProbe:
    begun = asyncio.get_running_loop().time()
    fault: ServerFailed | None = None
    mappings: tuple[MappedAddress, ...] = ()
    relayed: Candidate | None = None
    try:
        if server.obstacle is not None:
            raise ServerFailed(server.obstacle)
        async with asyncio.timeout(options.gathering_timeout):
            addresses = await look_up(server)
            if server.relays:
                relayed = await _relayed(server, addresses, options)
            else:
                mappings = await _mappings(agent, addresses, sockets, options.dtls(server))
    except TimeoutError:
        limit = f"{options.gathering_timeout:g} s"
        fault = ServerFailed(f"it did not answer within {limit}")
    except ServerFailed as failed:
        fault = failed
    return ServerProbe(
        server=server,
        elapsed_ms=(asyncio.get_running_loop().time() - begun) * 1000,
        fault=fault,
        mappings=mappings,
        relayed=relayed,
    )


async def _mappings(
    agent: IceAgent, addresses: list[HostPort], sockets: list[IceSocket], dtls: DtlsServer | None
) -> tuple[MappedAddress, ...]:
    await ask_for_reflexive(agent, addresses, sockets, HIGHEST_PREFERENCE, dtls)
    return tuple(
        MappedAddress(
            own=(base.local_candidate.host, base.local_candidate.port),
            server=address,
            seen=base.mapped[address],
        )
        for base in sockets
        for address in addresses
        if address in base.mapped
    )


async def _relayed(server: IceServer, addresses: list[HostPort], options: IceServers) -> Candidate:
    """Allocate a relay and release it."""
    agent = _new_agent()
    try:
        await ask_for_relay(agent, server, addresses, HIGHEST_PREFERENCE, options)
        return agent.end_gathering()[0]
    finally:
        await agent.close()


def _new_agent() -> IceAgent:
    return IceAgent(on_media=_ignore, on_dtls=_ignore, last_media=lambda: 0.0)


def _ignore(*_: object) -> None:
    """Drop it: no media are expected here."""
