"""A far end that vanishes: noticed within 10 s, and nothing is sent where nobody consents."""

import asyncio
from typing import cast

import pytest

from sipcli.media.webrtc.consent import Consent
from tests.event_loop import VirtualTimeLoop, now
from tests.media.transport.transport_pair import Party, connected, exchange, rtp

pytestmark = pytest.mark.virtual_time


def vanish(party: Party) -> None:
    """Close its sockets, as the end of its process or machine would: without a word."""
    for opened in party.agent._protocols:  # noqa: SLF001
        opened.transport.abort()


@pytest.mark.parametrize("quiet", [0.0, 1.0, 7.3, 300.0])
async def test_a_peer_that_vanishes_is_noticed_within_10_s(quiet: float) -> None:
    async with connected() as (alice, bob):
        await asyncio.sleep(quiet)
        assert alice.losses == []
        vanish(bob)
        await asyncio.sleep(2)
        assert alice.losses == []
        await asyncio.sleep(8.1)
        assert [loss.closed for loss in alice.losses] == [False]


async def test_a_quiet_peer_is_not_gone() -> None:
    async with connected() as (alice, bob):
        await asyncio.sleep(600)
        assert alice.losses == bob.losses == []
        assert now() - (alice.transport.last_consent or 0.0) < 7
        await exchange(alice, bob)


async def test_the_time_of_the_last_packet_is_known() -> None:
    async with connected() as (alice, bob):
        await asyncio.sleep(5)
        assert now() - alice.transport.last_received == pytest.approx(5)
        bob.transport.send_rtp(rtp())
        await asyncio.sleep(1)
        assert now() - alice.transport.last_received == pytest.approx(1, abs=0.01)


class Peer:
    """Answers checks, and sends media, as long as it is told to."""

    def __init__(self, *, answers: bool, media: bool) -> None:
        self.answers = answers
        self.media = media
        self.heard = now()
        self.checks = 0
        self.losses: list[tuple[float, str]] = []
        self.backs: list[float] = []
        self.consent = Consent(self.check, self.last_heard, self.lose, self.back)

    async def check(self) -> bool:
        """A check takes 1.5 s to fail."""
        self.checks += 1
        if self.answers:
            self.heard = now()
        else:
            await asyncio.sleep(1.5)
        return self.answers

    def last_heard(self) -> float:
        """When anything came."""
        return now() if self.media else self.heard

    def lose(self, reason: str) -> None:
        """Note it."""
        self.losses.append((now(), reason))

    def back(self) -> None:
        """Note it."""
        self.backs.append(now())


async def test_consent_expires_after_30_s_though_media_comes() -> None:
    peer = Peer(answers=False, media=True)
    begin = now()
    await peer.consent.expire()
    assert 30 <= now() - begin < 32
    assert peer.losses == [(now(), "the far end has answered no ICE check for 30 s")]


async def test_a_loss_is_told_once_and_again_only_after_an_answer() -> None:
    peer = Peer(answers=False, media=False)
    expiring = asyncio.create_task(peer.consent.expire())
    await asyncio.sleep(20)
    assert len(peer.losses) == 1
    peer.answers = True
    await asyncio.sleep(20)
    assert (len(peer.losses), len(peer.backs)) == (1, 1)
    peer.answers = False
    await expiring
    assert len(peer.losses) == 2


async def test_checks_come_every_5_s_or_so_and_never_in_a_hurry() -> None:
    peer = Peer(answers=True, media=True)
    expiring = asyncio.create_task(peer.consent.expire())
    await asyncio.sleep(1000)
    assert 1000 / 6 <= peer.checks <= 1000 / 4
    expiring.cancel()
    await asyncio.gather(expiring, return_exceptions=True)


async def test_a_peer_that_refuses_at_once_is_not_asked_all_the_time() -> None:
    asked = 0

    async def refuse() -> bool:
        nonlocal asked
        asked += 1
        return False

    await Consent(refuse, now, lambda _: None, lambda: None).expire()
    assert asked <= 31


async def test_what_we_sleep_through_is_not_the_peers_silence() -> None:
    """It could not be asked, and what it sent is still to be read."""

    peer = Peer(answers=True, media=False)
    expiring = asyncio.create_task(peer.consent.expire())
    await asyncio.sleep(1)
    for _ in range(3):
        cast("VirtualTimeLoop", asyncio.get_running_loop()).now += 300
        peer.answers = False
        await asyncio.sleep(4)
        assert peer.losses == []
        peer.answers = True
        await asyncio.sleep(10)
    peer.answers = False
    begin = now()
    await expiring
    assert now() - begin >= 30 - 6
    assert len(peer.losses) == 1


async def test_a_doubt_is_cleared_up_at_once() -> None:
    peer = Peer(answers=True, media=True)
    expiring = asyncio.create_task(peer.consent.expire())
    await asyncio.sleep(1)
    peer.consent.doubt()
    await asyncio.sleep(0.1)
    assert (peer.checks, peer.losses) == (1, [])
    peer.answers = False
    peer.consent.doubt()
    begin = now()
    await asyncio.sleep(2)
    ((at, reason),) = peer.losses
    assert at - begin == pytest.approx(1.5)
    assert reason == "the far end no longer answers"
    expiring.cancel()
    await asyncio.gather(expiring, return_exceptions=True)


async def test_nothing_is_sent_once_consent_has_expired(monkeypatch: pytest.MonkeyPatch) -> None:
    async with connected() as (alice, bob):
        agent = bob.agent
        monkeypatch.setattr(agent, "request_received", lambda *_: None)  # answers no check
        for n in range(60):
            alice.transport.send_rtp(rtp(n))
            bob.transport.send_rtp(rtp(n))
            await asyncio.sleep(1)
        assert len(alice.rtp) == 60
        assert 30 <= len(bob.rtp) < 34
        assert [loss.reason for loss in alice.losses] == [
            "the far end has answered no ICE check for 30 s"
        ]
        assert bob.losses == []


async def test_expired_consent_does_not_come_back_with_a_nomination(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only an ICE restart may bring it back (RFC 7675 §5.1)."""

    async with connected() as (alice, bob):
        silent, agent = alice.agent, bob.agent
        monkeypatch.setattr(silent, "request_received", lambda *_: None)
        await asyncio.sleep(40)
        pair = silent._nominated[1]  # noqa: SLF001
        check = silent.build_request(pair, nominate=True)
        check.add_message_integrity(agent.local_password.encode())
        pair.protocol.send_stun(check, pair.remote_addr)
        await asyncio.sleep(0.01)
        bob.transport.send_rtp(rtp())
        await asyncio.sleep(0.01)
        assert alice.rtp == []
