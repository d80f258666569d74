"""What the fixtures of the plugin are, for type checkers."""

from collections.abc import Awaitable, Callable

from sipcli import Call, Phone

MakePhone = Callable[..., Awaitable[Phone]]


async def talk(
    sip_phone: MakePhone, *, transfers: str | list[str] = "ask", **alices: str
) -> tuple[Phone, Phone, Call, Call]:
    """Alice, Bob, and their call at both ends: Alice plays 440 Hz, Bob 1000 Hz."""
    alice = await sip_phone("alice", **{"audio_in": "tone:440"} | alices)
    bob = await sip_phone("bob", transfers=transfers, audio_in="tone:1000")
    call = await alice.call("bob")
    return alice, bob, call, await bob.answer()
