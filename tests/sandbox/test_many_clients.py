"""The work of the proxy does not grow with how many others there are, or were."""

from collections.abc import Callable

import pytest

from tests.opcodes import opcodes
from tests.sandbox.world import Client, World

FEW, MANY = 10, 100
MORE = 1.1
"""How much more work the same may be beside `MANY` than beside `FEW`."""
BOB = "sip:bob@localhost"


def have_talked(world: World, alice: Client, bob: Client, count: int) -> None:
    """Calls that have ended lately: their INVITEs are still remembered."""
    for _ in range(count):
        alice.invite(BOB)
        bob.answer(bob.took("INVITE"), 200)
        alice.responses.clear()


def are_ringing(world: World, alice: Client, bob: Client, count: int) -> None:
    for _ in range(count):
        alice.invite(BOB)
        bob.answer(bob.took("INVITE"), 180)
        alice.responses.clear()


def have_registered(world: World, alice: Client, bob: Client, count: int) -> None:
    """Other users, each with all the temporary GRUUs that the registrar keeps."""
    for number in range(count):
        for _ in range(5):
            world.proxy._locations.add_temporary(  # noqa: SLF001
                world.proxy._new_id(),  # noqa: SLF001
                f"user{number}",
                f"urn:uuid:{number}",
            )


def work_after(count: int, others: Callable[[World, Client, Client, int], None]) -> int:
    world = World()
    alice, bob = world.phone("alice"), world.phone("bob")
    others(world, alice, bob, count)

    def work() -> None:
        alice.register(instance="urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6")
        alice.invite(BOB)
        bob.answer(bob.took("INVITE"), 486)

    return opcodes(work)


@pytest.mark.parametrize("others", [have_talked, are_ringing, have_registered])
def test_a_request_is_as_much_work_beside_many_as_beside_few(
    others: Callable[[World, Client, Client, int], None],
) -> None:
    assert work_after(MANY, others) < work_after(FEW, others) * MORE
