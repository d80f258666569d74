"""The sandbox's own journal: each message once per connection, as the server sees it."""

from sipcli import Phone
from sipcli.journal.entries import PacketEntry, SipEntry
from sipcli.journal.journal import Journal
from sipcli.sandbox.sandbox import Plan, Sandbox
from tests.sip_entries import recorded_in


async def test_the_journal_has_what_crosses_each_connection_with_its_addresses() -> None:
    journal = Journal()
    told = recorded_in(journal, SipEntry)
    async with Sandbox(Plan(journal=journal)) as sandbox:
        before = len(told)
        async with Phone(**sandbox.keys("alice")) as alice:
            await alice.register()
            await alice.message("message", "hello")
    lines = [(entry.direction, entry.data.split(b"\r\n")[0]) for entry in told[before:]]
    assert ("received", b"REGISTER sip:sandbox.invalid SIP/2.0") in lines
    assert ("sent", b"SIP/2.0 401 Unauthorized") in lines
    messages = [entry for entry in told[before:] if entry.data.startswith(b"MESSAGE")]
    assert [entry.direction for entry in messages[-2:]] == ["received", "sent"]
    assert messages[-2].remote != messages[-1].remote
    assert [entry.peer for entry in messages[-2:]] == ["message", "alice"]
    assert any(entry.peer.startswith("client ") for entry in told[before:])
    assert {entry.local for entry in told} == {("127.0.0.1", sandbox.server.port)}


async def test_the_journal_has_the_packets_of_the_extensions() -> None:
    journal = Journal()
    told = recorded_in(journal, PacketEntry)
    async with Sandbox(Plan(journal=journal)) as sandbox, Phone(**sandbox.keys("alice")) as alice:
        call = await alice.call("echo", audio_in="tone:440", audio_out="null")
        await call.wait_for_audio("both")
        await call.hang_up()
    assert {entry.direction for entry in told} == {"sent", "received"}
    assert len({entry.call for entry in told}) == 1
