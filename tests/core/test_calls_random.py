"""Calls under random verbs and a network that loses, doubles and reorders whole messages."""

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sipcli.config.policies import PeerPolicy, Permission
from sipcli.core.calls.calls import NoSuchCall
from sipcli.core.calls.events import Ended
from sipcli.core.calls.offer_answer import OutOfTurn
from tests.core.call_world import Phone, World

Act = Callable[[Phone, str, str], Any]

VERBS: dict[str, Act] = {
    "call": lambda phone, call, other: phone.call(other),
    "call anonymously": lambda phone, call, other: phone.call(other, anonymous=True),
    "early media": lambda phone, call, other: phone.do(phone.calls.progress, call, body=b"early"),
    "accept": lambda phone, call, other: phone.do(phone.calls.accept, call, b"answer"),
    "reject": lambda phone, call, other: phone.do(phone.calls.reject, call, 486),
    "hang up": lambda phone, call, other: phone.do(phone.calls.hang_up, call),
    "offer": lambda phone, call, other: phone.do(phone.calls.offer, call, b"offer"),
    "answer": lambda phone, call, other: phone.do(phone.calls.answer, call, b"answer"),
    "refuse": lambda phone, call, other: phone.do(phone.calls.refuse_offer, call, warning="no"),
    "info": lambda phone, call, other: phone.do(
        phone.calls.info, call, "application/dtmf-relay", b"Signal=1"
    ),
    "refer": lambda phone, call, other: phone.do(
        phone.calls.refer,
        call,
        target=phone.agent._identity.aor.parse(f"sip:{other}@example.com"),  # noqa: SLF001
    ),
    "replace": lambda phone, call, other: phone.do(
        phone.calls.refer, call, replaces=calls_of(phone)[0]
    ),
    "accept transfer": lambda phone, call, other: phone.do(phone.calls.accept_transfer, call),
    "refuse transfer": lambda phone, call, other: phone.do(phone.calls.refuse_transfer, call),
    "redirect": lambda phone, call, other: phone.do(
        phone.calls.reject, call, 302, headers=[("Contact", f"<sip:{other}@example.com>")]
    ),
    "accept redirect": lambda phone, call, other: phone.do(phone.calls.accept_redirect, call),
    "refuse redirect": lambda phone, call, other: phone.do(phone.calls.refuse_redirect, call),
    "give up a transfer": lambda phone, call, other: phone.do(
        phone.calls.abandon_transfer, call, 503, "no sound"
    ),
    "call for a transfer": lambda phone, call, other: phone.call(other, transfer=call),
    "disconnect": lambda phone, call, other: phone.disconnect(),
    "connect": lambda phone, call, other: None if phone.flow else phone.connect(),
}
NETWORK = ("deliver", "deliver", "deliver", "deliver all", "lose", "double", "delay", "wait", "age")

steps = st.lists(
    st.tuples(
        st.sampled_from([*VERBS, *NETWORK, *NETWORK]),
        st.sampled_from(World().names),
        st.sampled_from(World().names),
        st.integers(0, 3),
    ),
    max_size=60,
)


def calls_of(phone: Phone) -> list[str]:
    """All Call-IDs it has ever been told of, and one that never was."""
    return [*dict.fromkeys(event.call for event in phone.events), "nothing"]


def network(world: World, what: str) -> None:
    match what:
        case "wait":
            world.advance(0.6)
        case "age":
            world.advance(35)
        case "deliver all":
            world.run()
        case "deliver" if world.queue:
            world.deliver(world.queue.popleft())
        case "lose" if world.queue:
            world.queue.popleft()
        case "double" if world.queue:
            world.queue.append(world.queue[0])
        case "delay" if world.queue:
            world.queue.rotate(-1)


@given(steps, st.booleans(), st.sampled_from(Permission))
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_happens_every_call_ends_and_nothing_is_left(
    moves: list[tuple[str, str, str, int]], is_talking: bool, redirects: Permission
) -> None:
    changes = {"max_calls": 3, "no_answer_timeout": 40, "redirects": PeerPolicy(redirects)}
    world = World(changes=changes)
    if is_talking:
        call = world["alice"].call("bob")
        world.run()
        world["bob"].do(world["bob"].calls.accept, call, b"answer")
        world.run()
    for what, who, other, which in moves:
        phone = world[who]
        if what in VERBS:
            known = calls_of(phone)
            try:
                VERBS[what](phone, known[-1 - which % len(known)], other)
            except (OutOfTurn, NoSuchCall):
                continue
        else:
            network(world, what)
    for phone in world.phones.values():
        if phone.flow is None:
            phone.connect()
        phone.do(phone.agent.stop)
    world.advance(400)
    for phone in world.phones.values():
        assert phone.calls.is_idle
        assert phone.calls.deadline() is None
        assert not phone.agent._transactions.is_busy  # noqa: SLF001
        ended = [event.call for event in phone.told(Ended)]
        assert sorted(ended) == sorted(set(calls_of(phone)) - {"nothing"}), "each ends once"
        for call in ended:
            about = [event for event in phone.events if event.call == call]
            assert isinstance(about[-1], Ended), "silent after its end"
