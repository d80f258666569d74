"""Datagrams of all bad kinds, from the peer and from anybody, cost nothing but their time."""

import asyncio
import random
import socket
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from aioice import stun

from sipcli.media.webrtc import srtp
from sipcli.media.webrtc.dtls import Dtls
from sipcli.media.webrtc.errors import DtlsFailed
from sipcli.media.webrtc.ice import MAX_PEER_ADDRESSES
from sipcli.media.webrtc.ice_socket import IceSocket
from sipcli.media.webrtc.turn import _TcpClient, _UdpClient
from sipcli.sdp.transport import DtlsRole
from tests.event_loop import settle
from tests.media.transport.transport_pair import (
    ALICE,
    BOB,
    Party,
    connected,
    exchange,
    pair,
    remote,
    rtcp_bye,
    rtp,
)

pytestmark = pytest.mark.virtual_time

COUNT = 100_000
STRANGER = ("127.0.0.1", 9)


def sockets_of(party: Party) -> list[IceSocket]:
    """The sockets that a party receives with."""
    opened = party.agent._protocols  # noqa: SLF001
    return [each for each in opened if isinstance(each, IceSocket)]


def address_of(party: Party) -> tuple[str, int]:
    """Where the other side's datagrams come from and go to."""
    assert party.transport.selected_pair is not None
    local, _ = party.transport.selected_pair
    return local.address, local.port


def genuine(alice: Party) -> list[bytes]:
    """One datagram of each kind that a call sees, as sent to alice."""
    agent = alice.agent
    check = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    check.attributes["USERNAME"] = f"{agent.local_username}:{agent.remote_username}"
    check.attributes["PRIORITY"] = 1
    check.attributes["ICE-CONTROLLED"] = 1
    check.add_message_integrity(agent.local_password.encode())
    answer = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE)
    answer.attributes["XOR-MAPPED-ADDRESS"] = ("2001:db8::1", 1)
    answer.add_message_integrity(b"password")
    dtls = struct.pack("!BHHLHH", 22, 0xFEFD, 0, 0, 5, 100) + bytes(100)
    alert = struct.pack("!BHHLHHBB", 21, 0xFEFD, 0, 0, 5, 2, 2, 40)
    channel = struct.pack("!HH", 0x4000, 50) + bytes(50)
    return [bytes(check), bytes(answer), dtls, alert, channel, rtp() + bytes(16), rtcp_bye()]


def mutations(seeds: list[bytes], count: int) -> Iterator[bytes]:
    """Random bytes; cut, lengthened, bent and glued copies of `seeds`; each beginning is met."""
    draw = random.Random(7)
    yield b""
    for n in range(count - 1):
        seed = draw.choice(seeds)
        match n % 6:
            case 0:
                yield draw.randbytes(draw.randrange(200))
            case 1:
                yield bytes([n // 6 % 256]) + draw.randbytes(draw.randrange(60))
            case 2:
                yield seed[: draw.randrange(len(seed) + 1)]
            case 3:
                yield seed + draw.randbytes(draw.randrange(20))
            case 4:
                bent = bytearray(seed)
                for _ in range(draw.randrange(1, 4)):
                    bent[draw.randrange(len(bent))] = draw.randrange(256)
                yield bytes(bent)
            case _:
                yield _stun_with_odd_attributes(draw)


def _stun_with_odd_attributes(draw: random.Random) -> bytes:
    """A STUN message with a right length and cookie, and attributes of any length."""
    body = b""
    for _ in range(draw.randrange(5)):
        kind = draw.choice([0x0001, 0x0006, 0x0008, 0x0009, 0x0020, 0x0024, 0x8028, 0x8029, 7])
        value = draw.randbytes(draw.randrange(24))
        body += struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)
    kind = draw.choice([0x0001, 0x0101, 0x0111, 0x0011, 0x0003, 0x3FFF])
    return struct.pack("!HHL", kind, len(body), stun.COOKIE) + draw.randbytes(12) + body


@pytest.mark.parametrize("sender", ["the peer", "a stranger"])
async def test_100_000_bad_datagrams_change_nothing(sender: str) -> None:
    async with connected() as (alice, bob):
        source = address_of(bob) if sender == "the peer" else STRANGER
        receiver = next(
            each for each in sockets_of(alice) if each.local_candidate.host == "127.0.0.1"
        )
        events = list(alice.events)
        for n, data in enumerate(mutations(genuine(alice), COUNT)):
            receiver.datagram_received(data, source)
            if n % 1000 == 0:
                await settle(2)
        await asyncio.sleep(0.1)
        assert alice.events == events
        assert alice.rtp == alice.rtcp == []
        await exchange(alice, bob)


async def test_bad_datagrams_through_the_kernel_change_nothing() -> None:
    async with connected() as (alice, bob):
        events = list(alice.events), list(bob.events)
        mouth = next(each for each in sockets_of(bob) if each.local_candidate.host == "127.0.0.1")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.sendto(b"", address_of(alice))
            for data in mutations(genuine(alice), 1000):
                mouth.transport.sendto(data, address_of(alice))
                stranger.sendto(data, address_of(alice))
                await settle(4)
        assert (alice.events, bob.events) == events
        await exchange(alice, bob)


async def test_a_check_that_is_played_again_from_everywhere_is_bounded() -> None:
    """Whoever overhears one may do so; the peer itself may, too."""

    async with connected() as (alice, bob):
        receiver = sockets_of(alice)[0]
        check = genuine(alice)[0]
        for port in range(1, 3000):
            receiver.datagram_received(check, ("127.0.0.1", port))
        agent = alice.agent
        assert len(agent.peers) <= MAX_PEER_ADDRESSES + 2
        assert len(agent.remote_candidates) <= MAX_PEER_ADDRESSES + 2
        assert len(asyncio.all_tasks()) < MAX_PEER_ADDRESSES + 20
        await exchange(alice, bob)


@pytest.mark.parametrize(("size", "answered"), [(200, 1), (1400, 1), (1800, 0), (60_000, 0)])
async def test_a_check_too_long_for_one_packet_is_not_read(
    monkeypatch: pytest.MonkeyPatch, size: int, answered: int
) -> None:
    """aioice looks at all before each FINGERPRINT: 60 kB full of them take a quarter second."""

    async with connected() as (alice, bob):
        agent = alice.agent
        check = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        check.attributes["USERNAME"] = f"{agent.local_username}:{agent.remote_username}"
        check.attributes["PRIORITY"] = 1
        check.attributes["SOFTWARE"] = "x" * (size - 120)
        check.add_message_integrity(agent.local_password.encode())
        receiver = sockets_of(alice)[0]
        sent: list[stun.Message] = []
        monkeypatch.setattr(receiver, "send_stun", lambda message, _: sent.append(message))
        receiver.datagram_received(bytes(check), address_of(bob))
        assert [each.message_class for each in sent] == [stun.Class.RESPONSE] * answered


async def test_no_more_is_read_of_a_datagram_than_can_be_of_use() -> None:
    async with connected() as (alice, _):
        for opened in sockets_of(alice):
            unpromised: Any = opened.transport
            assert unpromised.max_size == 2048


@pytest.mark.parametrize("missing", ["USERNAME", "PRIORITY", "MESSAGE-INTEGRITY"])
async def test_a_check_that_lacks_something_changes_nothing(missing: str) -> None:
    async with connected() as (alice, bob):
        agent = alice.agent
        check = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        check.attributes["USERNAME"] = f"{agent.local_username}:{agent.remote_username}"
        check.attributes["PRIORITY"] = 1
        check.attributes["USE-CANDIDATE"] = None
        check.attributes.pop(missing, None)
        if missing != "MESSAGE-INTEGRITY":
            check.add_message_integrity(agent.local_password.encode())
        before = alice.transport.selected_pair, len(agent.remote_candidates)
        sockets_of(alice)[0].datagram_received(bytes(check), STRANGER)
        await settle()
        assert (alice.transport.selected_pair, len(agent.remote_candidates)) == before
        await exchange(alice, bob)


async def test_a_handshake_that_begins_too_early_is_kept_and_a_strangers_is_not() -> None:
    """The peer's checks may be done before ours; what it then sends must not be lost."""

    async with pair() as (alice, bob):
        ours, theirs = await asyncio.gather(alice.transport.gather(), bob.transport.gather())
        here, there = alice.agent, bob.agent
        taken: list[bytes] = []
        here.on_dtls = taken.append
        receiver = sockets_of(alice)[0]
        for port in (theirs.candidates[0].port, 9):
            hello = struct.pack("!BHH", 22, 0xFEFD, port)
            receiver.datagram_received(hello, (theirs.candidates[0].address, port))
        assert taken == []
        await asyncio.gather(
            here.establish(remote(theirs), controlling=True),
            there.establish(remote(ours), controlling=False),
        )
        assert taken == [struct.pack("!BHH", 22, 0xFEFD, theirs.candidates[0].port)]


async def test_media_from_where_no_check_has_passed_is_not_even_looked_at() -> None:
    async with connected() as (alice, bob):
        sealed = bob.transport._srtp.protect_rtp(rtp())  # type: ignore[union-attr]  # noqa: SLF001
        assert sealed is not None
        receiver = sockets_of(alice)[0]
        receiver.datagram_received(sealed, STRANGER)
        assert alice.rtp == []
        receiver.datagram_received(sealed, address_of(bob))
        assert alice.rtp == [rtp()]


async def test_a_replayed_packet_is_dropped() -> None:
    async with connected() as (alice, bob):
        sealing = bob.transport._srtp  # noqa: SLF001
        assert sealing is not None
        media, report = sealing.protect_rtp(rtp()), sealing.protect_rtcp(rtcp_bye())
        assert media is not None
        assert report is not None
        receiver = sockets_of(alice)[0]
        for _ in range(5):
            receiver.datagram_received(media, address_of(bob))
            receiver.datagram_received(report, address_of(bob))
        assert alice.rtp == [rtp()]
        assert alice.rtcp == [rtcp_bye()]


@pytest.mark.parametrize(
    "packet",
    [
        struct.pack("!BBHLLHH", 0x90, 111, 1, 0, 1, 0xBEDE, 0),
        struct.pack("!BBHLLHH", 0x90, 111, 1, 0, 1, 0xBEDE, 1) + b"\x11\x80\xff\x00" + b"x" * 20,
        struct.pack("!BBHLLHH", 0x90, 111, 1, 0, 1, 0x1000, 1) + b"\xff\xff\xff\xff",
        struct.pack("!BBHLL", 0xA0, 111, 1, 0, 1) + b"\x00\x00\x00\xff",
        struct.pack("!BBHLL", 0x8F, 111, 1, 0, 1) + bytes(60),
    ],
    ids=["empty extension", "odd extension", "two-byte extension", "padding", "15 sources"],
)
async def test_odd_but_authentic_packets_arrive_as_they_are(packet: bytes) -> None:
    async with connected() as (alice, bob):
        bob.transport.send_rtp(packet)
        await asyncio.sleep(0.01)
        assert alice.rtp == [packet]
        await exchange(alice, bob, 2)


async def test_an_rtcp_bye_ends_nothing() -> None:
    async with connected() as (alice, bob):
        bob.transport.send_rtcp(rtcp_bye())
        await asyncio.sleep(1)
        assert alice.rtcp == [rtcp_bye()]
        assert alice.losses == []
        await exchange(alice, bob)


async def test_a_peer_with_a_new_source_in_each_packet_fills_no_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with connected() as (alice, bob):
        receiving = alice.transport._srtp  # noqa: SLF001
        assert receiving is not None
        removed: list[int] = []
        remove = receiving._remove_stream  # noqa: SLF001

        def note(ssrc: int) -> None:
            removed.append(ssrc)
            remove(ssrc)

        monkeypatch.setattr(receiving, "_remove_stream", note)
        for n in range(500):
            bob.transport.send_rtp(rtp(ssrc=n))
            await settle(3)
        assert len(alice.rtp) == 500
        assert removed == list(range(500 - srtp.MAX_SOURCES))
        # One that was forgotten and comes back is heard again.
        bob.transport.send_rtp(rtp(2, ssrc=0))
        await asyncio.sleep(0.01)
        assert alice.rtp[-1] == rtp(2, ssrc=0)


def associated() -> tuple[Dtls, Dtls]:
    """Two ends whose datagrams arrive at once."""
    to_bob: list[Dtls] = []
    alice = Dtls(ALICE, lambda data: to_bob[0].receive(data), lambda _: None)
    to_bob.append(Dtls(BOB, alice.receive, lambda _: None))
    return alice, to_bob[0]


async def test_garbage_in_the_middle_of_a_handshake_ends_it_in_good_order_or_not_at_all() -> None:
    draw = random.Random(3)
    for round_ in range(60):
        junk = [
            bytes([draw.choice([20, 21, 22, 23, 25, 63])])
            + draw.choice([b"\xfe\xfd", b"\xfe\xff", b"\x00\x00"])
            + draw.randbytes(draw.randrange(80))
            for _ in range(10)
        ]
        alice, bob = associated()
        target = alice if round_ % 2 else bob
        for data in junk[:5]:
            target.receive(data)
        starting = asyncio.gather(
            alice.handshake(DtlsRole.CLIENT, [BOB.fingerprint]),
            bob.handshake(DtlsRole.SERVER, [ALICE.fingerprint]),
            return_exceptions=True,
        )
        await settle(3)
        for data in junk[5:]:
            target.receive(data)
        for outcome in await starting:
            assert outcome is None or isinstance(outcome, DtlsFailed)
        await alice.close()
        await bob.close()


async def test_a_turn_server_may_say_what_it_likes() -> None:
    udp = _UdpClient(("127.0.0.1", 1), "alice", "secret", 600, 240)
    tcp = _TcpClient(("127.0.0.1", 1), "alice", "secret", 600, 240)
    reader, writer = socket.socketpair()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(lambda: tcp, sock=reader)
    async with connected() as (alice, _):
        for data in mutations(genuine(alice), 5000):
            udp.datagram_received(data, ("127.0.0.1", 1))
            tcp.data_received(data)
            if len(getattr(tcp, "buffer", b"")) > 70_000:
                tcp.buffer = b""
    transport.abort()
    writer.close()
