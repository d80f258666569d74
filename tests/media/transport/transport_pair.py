"""Two ends of a call, without the call: each a transport that notes what it gets and gathers."""

import asyncio
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from sipcli.journal.journal import CallJournal, Journal
from sipcli.media.events import MediaConnected, MediaLost, MediaWarned, TransportEvent
from sipcli.media.transport.ice_servers import IceServer, IceServers
from sipcli.media.transport.media_transport import MediaTransport
from sipcli.media.webrtc.dtls import DtlsCertificate
from sipcli.media.webrtc.ice import IceAgent
from sipcli.sdp.transport import (
    Candidate,
    CandidateType,
    DtlsRole,
    Fingerprint,
    LocalTransport,
    RemoteTransport,
)
from tests.event_loop import now
from tests.media.transport.fake_servers import FakeStun

ALICE = DtlsCertificate.generate()
BOB = DtlsCertificate.generate()


def rtp(sequence: int = 1, payload: bytes = b"hello", ssrc: int = 0xA11CE) -> bytes:
    """A plain RTP packet."""
    return struct.pack("!BBHLL", 0x80, 111, sequence, 960 * sequence, ssrc) + payload


def rtcp_bye(ssrc: int = 0xA11CE) -> bytes:
    """An RTCP receiver report without reports, and a BYE."""
    return struct.pack("!BBHLBBHL", 0x80, 201, 1, ssrc, 0x81, 203, 1, ssrc)


def remote(local: LocalTransport, *, lite: bool = False) -> RemoteTransport:
    """What the far end reads of our description."""
    return RemoteTransport(ufrag=local.ufrag, pwd=local.pwd, candidates=local.candidates, lite=lite)


def without_candidates(local: LocalTransport) -> LocalTransport:
    """The same description, no candidate in it."""
    return replace(local, candidates=())


def candidate(address: str, port: int = 9, protocol: str = "udp", component: int = 1) -> Candidate:
    """A host candidate of a peer."""
    return Candidate(
        foundation="1",
        component=component,
        protocol=protocol,
        priority=2130706431,
        address=address,
        port=port,
        type=CandidateType.HOST,
    )


def opposite(role: DtlsRole) -> DtlsRole:
    """The far end's role where ours is `role`."""
    return DtlsRole.SERVER if role is DtlsRole.CLIENT else DtlsRole.CLIENT


class Party:
    """One end; `rtp`, `rtcp` and `events` fill up, and `journal` tells whoever listens."""

    def __init__(
        self, certificate: DtlsCertificate = ALICE, options: IceServers | None = None
    ) -> None:
        self.certificate = certificate
        self.rtp: list[bytes] = []
        self.rtcp: list[bytes] = []
        self.events: list[TransportEvent] = []
        self.journal = Journal()
        self.transport = MediaTransport(
            certificate,
            options or IceServers(),
            lambda packet, _: self.rtp.append(packet),
            lambda packet, _: self.rtcp.append(packet),
            self.events.append,
            CallJournal(self.journal, lambda: "a-call"),
        )

    @property
    def agent(self) -> IceAgent:
        """The ICE agent that it uses now: nothing else tells what happens on the way."""
        return self.transport._agent  # noqa: SLF001

    @property
    def warnings(self) -> list[str]:
        """The texts of the warnings."""
        return [event.text for event in self.events if isinstance(event, MediaWarned)]

    @property
    def connections(self) -> list[MediaConnected]:
        """How often, and over which pair, the way was opened."""
        return [event for event in self.events if isinstance(event, MediaConnected)]

    @property
    def losses(self) -> list[MediaLost]:
        """How often the way was lost."""
        return [event for event in self.events if isinstance(event, MediaLost)]

    async def start(
        self,
        peer: LocalTransport,
        role: DtlsRole = DtlsRole.CLIENT,
        *,
        controlling: bool = False,
        fingerprints: Sequence[Fingerprint] | None = None,
    ) -> None:
        """`MediaTransport.start` with what the peer's description says."""
        await self.transport.start(
            remote(peer),
            role,
            controlling=controlling,
            fingerprints=[peer.fingerprint] if fingerprints is None else fingerprints,
        )


@asynccontextmanager
async def pair(options: IceServers | None = None) -> AsyncIterator[tuple[Party, Party]]:
    """Two parties that have not gathered yet; closed in the end."""
    alice, bob = Party(ALICE, options), Party(BOB, options)
    try:
        yield alice, bob
    finally:
        await asyncio.gather(alice.transport.close(), bob.transport.close())


async def connect(alice: Party, bob: Party, alice_role: DtlsRole = DtlsRole.SERVER) -> None:
    """Open the way between two parties; alice has made the offer."""
    ours, theirs = await asyncio.gather(alice.transport.gather(), bob.transport.gather())
    await asyncio.gather(
        alice.start(theirs, alice_role, controlling=True),
        bob.start(ours, opposite(alice_role)),
    )


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[Party, Party]]:
    """Two parties with an open way between them."""
    async with pair() as (alice, bob):
        await connect(alice, bob)
        yield alice, bob


async def exchange(alice: Party, bob: Party, sequence: int = 1) -> None:
    """Send a packet each way and see both arrive."""
    alice.transport.send_rtp(rtp(sequence, b"from alice"))
    bob.transport.send_rtp(rtp(sequence, b"from bob"))
    await asyncio.sleep(0.01)
    assert bob.rtp[-1] == rtp(sequence, b"from alice")
    assert alice.rtp[-1] == rtp(sequence, b"from bob")


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
