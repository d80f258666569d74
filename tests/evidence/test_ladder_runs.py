"""Ladders of real runs in a sandbox, as the server sees them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from sipcli import Phone
from sipcli.evidence.ladder import Ladder, ladder_of
from sipcli.evidence.ladder_text import ladder_text
from sipcli.evidence.sip_record import SipRecord
from sipcli.journal.journal import Journal
from sipcli.sandbox.sandbox import Plan, Sandbox


@asynccontextmanager
async def recorded() -> AsyncIterator[tuple[Sandbox, SipRecord]]:
    """A sandbox, and what its users say: not what its own extensions do before and after."""
    journal, messages = Journal(), SipRecord()
    async with Sandbox(Plan(journal=journal)) as sandbox:
        messages.attach(journal)
        yield sandbox, messages
        journal.unsubscribe(messages.add)


def arrows(found: Ladder) -> list[str]:
    """The messages of calls, each as `alice > bob INVITE`."""
    server = next(party.name for party in found.parties if party.is_server)
    names = ["server" if party.name == server else party.name for party in found.parties]
    return [
        f"{names[one.source]} > {names[one.target]} {', '.join((one.label, *one.marks))}"
        for one in found.messages
        if one.call is not None
    ]


async def test_a_call_to_two_phones_of_a_user_has_two_forks() -> None:
    async with recorded() as (sandbox, messages), AsyncExitStack() as stack:
        phones = []
        for user in ("alice", "bob", "bob"):  # one after the other: so they appear
            phone = Phone(**sandbox.keys(user), audio_in="silence")
            phones.append(await stack.enter_async_context(phone))
            await phone.register()
        alice, one, two = phones
        calling = asyncio.ensure_future(alice.call("bob"))
        ringing = await one.incoming()
        await two.answer()
        call = await calling
        await ringing.wait_for_end()
        await call.hang_up()
    found = ladder_of(messages)
    assert [party.is_server for party in found.parties] == [False, True, False, False]
    alices, _, first, second = (party.name for party in found.parties)
    assert (alices, first) == ("alice", "bob")
    assert second.startswith("bob ")
    said = arrows(found)
    rings = [
        arrow for arrow in said if arrow.startswith(("bob > ", f"{second} > ")) and "180" in arrow
    ]
    assert [ring[-8:] for ring in rings] == [", fork 1", ", fork 2"]  # whichever rings first
    by = {ring.partition(" > ")[0]: ring[-6:] for ring in rings}
    for arrow in (
        f"server > {first} INVITE",
        f"server > {second} INVITE",
        f"{second} > server 200 OK (INVITE), {by[second]}",
        f"server > alice 200 OK (INVITE), {by[second]}",
        f"server > {first} CANCEL",
        f"{first} > server 487 Request Terminated (INVITE), {by[first]}",
        f"alice > server BYE, {by[second]}",
    ):
        assert arrow in said
    assert "again" not in " ".join(said)
    assert "bob" in ladder_text(found, 80)


async def test_a_hold_and_a_transfer_can_be_followed() -> None:
    async with (
        recorded() as (sandbox, messages),
        Phone(**sandbox.keys("alice"), audio_in="silence") as alice,
    ):
        await alice.register()
        call = await alice.call("echo")
        await call.hold()
        await call.resume()
        await call.transfer("tone")
        await call.wait_for_end()
    found = ladder_of(messages)
    assert [party.name for party in found.parties if not party.is_server][:2] == ["alice", "echo"]
    by_alice = [
        f"{one.label}: {'; '.join(one.remarks)}"
        for one in found.messages
        if found.parties[one.source].name == "alice" and one.method in ("INVITE", "REFER")
    ]
    holds = [text for text in by_alice if "sendonly (hold)" in text]
    assert len(holds) == 1
    assert holds[0].startswith("re-INVITE: ")
    (refer,) = [text for text in by_alice if text.startswith("REFER")]
    assert "Refer-To sip:tone@sandbox.invalid" in refer
    notifies = [one.remarks[0] for one in found.messages if one.label == "NOTIFY"]
    assert set(notifies) == {"refer"}
    assert len(found.calls) == 2  # that which was transferred, and that which came of it
