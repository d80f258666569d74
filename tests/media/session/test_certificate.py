"""A certificate that a later description names by another hash (RFC 8122 §5)."""

import asyncio

import pytest

from sipcli.media.events import MediaConnected
from sipcli.sdp.description import Direction
from tests.media.session.ends import connected, media_config

pytestmark = pytest.mark.virtual_time


@pytest.mark.parametrize("name", ["sha-384", "sha-512"])
async def test_media_go_on_where_a_later_offer_names_the_certificate_by_another_hash(
    name: str,
) -> None:
    equipment = media_config()
    found = equipment.certificate.rtc.getFingerprints()
    other = next(each.value for each in found if each.algorithm == name)
    async with connected(equipment, media_config()) as (alice, bob):
        await asyncio.gather(alice.hears(), bob.hears())
        offer = await alice.session.offer(Direction.SENDRECV)
        plain = f"a=fingerprint:{equipment.certificate.fingerprint}".encode()
        assert plain in offer
        bob.session.receive_offer(offer.replace(plain, f"a=fingerprint:{name} {other}".encode()))
        alice.session.receive_answer(await bob.session.answer(Direction.SENDRECV))
        assert not bob.agreed.transport.new_association
        await asyncio.gather(alice.hears(), bob.hears())
        assert len([each for each in bob.events if isinstance(each, MediaConnected)]) == 1
