"""DTLS over networks that lose datagrams."""

import asyncio
from collections.abc import Callable
from itertools import product

import pytest

from sipcli.media.webrtc.dtls import Dtls
from sipcli.media.webrtc.errors import DtlsFailed
from sipcli.sdp.transport import DtlsRole
from tests.event_loop import now
from tests.media.transport.transport_pair import ALICE, BOB, rtp

pytestmark = pytest.mark.virtual_time

Loses = Callable[[str, int], bool]
"""Whether the network loses the n-th datagram of `alice` or `bob`, from 0."""


class Network:
    """Two associations with a network between them that takes 1 ms."""

    def __init__(self, loses: Loses) -> None:
        self.sent = {"alice": 0, "bob": 0}
        self.closed: list[str] = []
        self._loses = loses
        self.alice = Dtls(ALICE, self._carry("alice"), lambda _: self.closed.append("alice"))
        self.bob = Dtls(BOB, self._carry("bob"), lambda _: self.closed.append("bob"))

    def _carry(self, sender: str) -> Callable[[bytes], None]:
        def send(data: bytes) -> None:
            number = self.sent[sender]
            self.sent[sender] += 1
            if not self._loses(sender, number):
                receiver = self.bob if sender == "alice" else self.alice
                asyncio.get_running_loop().call_later(0.001, receiver.receive, data)

        return send

    async def handshake(self) -> None:
        await asyncio.gather(
            self.alice.handshake(DtlsRole.CLIENT, [BOB.fingerprint]),
            self.bob.handshake(DtlsRole.SERVER, [ALICE.fingerprint]),
        )

    async def close(self) -> None:
        await self.alice.close()
        await self.bob.close()


async def test_a_handshake_takes_two_round_trips_and_four_datagrams() -> None:
    network = Network(lambda *_: False)
    begin = now()
    await network.handshake()
    assert now() - begin == pytest.approx(0.004)
    assert network.sent == {"alice": 2, "bob": 2}
    await network.close()


LOST = [
    {"alice": alice, "bob": bob}
    for alice, bob in product([(), (0,), (1,), (0, 1), (0, 2)], [(), (0,), (1,), (0, 1), (1, 2)])
]


@pytest.mark.parametrize("lost", LOST, ids=str)
async def test_lost_datagrams_are_sent_again_soon(lost: dict[str, tuple[int, ...]]) -> None:
    """OpenSSL would wait one second after the first loss, and two more after the second."""

    network = Network(lambda sender, number: number in lost[sender])
    begin = now()
    await network.handshake()
    assert now() - begin < 0.9
    sealed = network.alice.derive_srtp().protect_rtp(rtp())
    assert sealed is not None
    assert network.bob.derive_srtp().unprotect(sealed) == (False, rtp())
    await network.close()


async def test_a_handshake_ends_though_every_second_datagram_is_lost() -> None:
    network = Network(lambda sender, number: number % 2 == (sender == "bob"))
    await network.handshake()
    await network.close()


async def test_nothing_is_sent_once_the_handshake_is_done() -> None:
    network = Network(lambda *_: False)
    await network.handshake()
    sent = dict(network.sent)
    await asyncio.sleep(60)
    assert network.sent == sent
    await network.close()


async def test_a_dead_peer_is_tried_a_bounded_number_of_times() -> None:
    network = Network(lambda *_: True)
    begin = now()
    with pytest.raises(DtlsFailed, match="did not answer"):
        await network.alice.handshake(DtlsRole.CLIENT, [BOB.fingerprint])
    assert now() - begin == pytest.approx(8.0)
    sent = network.sent["alice"]
    assert 5 <= sent < 50
    await asyncio.sleep(60)
    assert network.sent["alice"] == sent
    await network.close()


async def test_a_peer_that_repeats_itself_gets_no_flood_for_it() -> None:
    sent: list[bytes] = []
    alice = Dtls(ALICE, sent.append, lambda _: None)
    shaking = asyncio.create_task(alice.handshake(DtlsRole.CLIENT, [BOB.fingerprint]))
    await asyncio.sleep(0)
    for _ in range(1000):
        alice.receive(b"\x16garbage" + bytes(100))
    await asyncio.sleep(0.05)
    assert len(sent) <= 3
    with pytest.raises(DtlsFailed):
        await shaking
    await alice.close()


async def test_nor_does_one_that_repeats_its_last_flight_for_ever() -> None:
    to_alice: list[bytes] = []
    network = Network(lambda *_: False)
    receive = network.alice.receive

    def note(data: bytes) -> None:
        to_alice.append(data)
        receive(data)

    network.alice.receive = note  # type: ignore[method-assign]
    await network.handshake()
    before = network.sent["alice"]
    for _ in range(1000):
        receive(to_alice[-1])
    await asyncio.sleep(1)
    assert 1 <= network.sent["alice"] - before <= 4
    await network.close()


async def test_a_peer_that_answers_half_is_told_from_one_that_does_not() -> None:
    network = Network(lambda sender, _: sender == "alice")
    network.bob.receive(b"")
    helper = Dtls(BOB, network.alice.receive, lambda _: None)
    answering = asyncio.create_task(helper.handshake(DtlsRole.CLIENT, [ALICE.fingerprint]))
    with pytest.raises(DtlsFailed, match="did not finish within 8 s"):
        await network.alice.handshake(DtlsRole.SERVER, [BOB.fingerprint])
    await asyncio.gather(answering, return_exceptions=True)
    await helper.close()
    await network.close()


async def test_the_end_is_told_once() -> None:
    network = Network(lambda *_: False)
    await network.handshake()
    await network.alice.close()
    await asyncio.sleep(1)
    assert network.closed == ["bob"]
    await network.bob.close()
    await asyncio.sleep(1)
    assert network.closed == ["bob"]


async def test_both_being_clients_comes_to_nothing() -> None:
    network = Network(lambda *_: False)
    outcomes = await asyncio.gather(
        network.alice.handshake(DtlsRole.CLIENT, [BOB.fingerprint]),
        network.bob.handshake(DtlsRole.CLIENT, [ALICE.fingerprint]),
        return_exceptions=True,
    )
    assert all(isinstance(each, DtlsFailed) for each in outcomes)
    await network.close()
