"""Peers that send anything at all: the proxy goes on, remembers little, and soon forgets it."""

import random

import pytest

from sipcli.core.transactions.transaction import TRANSACTION_TIMEOUT_S
from sipcli.sandbox.fork import TIMER_C
from sipcli.sandbox.names import DOMAIN
from sipcli.sip import build
from sipcli.sip.parser import encode
from tests.sandbox.world import Client, World
from tests.sip.corpus import Case, cases

BOB = f"sip:bob@{DOMAIN}"
INSTANCE = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_torture_messages_pass_without_harm(case: Case) -> None:
    world = World()
    alice = world.phone("alice")
    alice.send(case.data)
    alice.send(case.data)
    for line in (b"REGISTER sip:%s SIP/2.0", b"INVITE sip:alice@%s SIP/2.0"):
        _, _, rest = case.data.partition(b"\r\n")
        alice.send(line % DOMAIN.encode() + b"\r\n" + rest)
    alice.responses.clear()
    asked = alice.ask(alice.request("OPTIONS", f"sip:{DOMAIN}"))
    assert asked is not None
    assert asked.status == 200


@pytest.mark.parametrize("method", ["MESSAGE", "INVITE"])
@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        (b"SIP/2.0 200 OK", b"SIP/2.0 OK", 502),
        (b"SIP/2.0 200 OK", b"SIP/2.0  200 OK", 200),
        (b"Content-Length: 0", b"Content-Length: 7", 200),
        (b"From: <", b'From: "<', 200),
        (b"\r\n\r\n", b"\r\n", 200),
    ],
)
def test_a_malformed_answer_is_an_answer_all_the_same(
    method: str, old: bytes, new: bytes, status: int
) -> None:
    world = World()
    alice, bob = world.phone("alice"), world.phone("bob")
    request = alice.request(method, BOB, ("Contact", "<sip:alice@alice.invalid;transport=ws>"))
    alice.ask(request)
    (asked,) = bob.requests
    bob.requests.clear()
    bob.send(encode(build.response(asked, 200, to_tag="b")).replace(old, new, 1))
    assert alice.responses[-1].status == status
    stopped = method == "INVITE" and status == 502
    assert [one.method for one in bob.requests] == (["CANCEL"] if stopped else [])


@pytest.mark.parametrize(
    "contact",
    [
        '<sip:a@b>;+sip.instance="<urn:x>";reg-id="1 2"',
        '<sip:a@b>;+sip.instance="<urn:x>";reg-id=-1',
        '<sip:a@b>;+sip.instance="<\\"urn>x;y";reg-id=1',
        '<sip:a@b>;+sip.instance="";reg-id=1;expires=nonsense',
        "<tel:+1>;expires=4294967295",
        '"\\"quoted\\"" <sip:%00%ff@b;a=b>',
        "<sip:a@b?Route=%3Csip:evil%3E>",
    ],
)
def test_odd_contacts_are_bound_or_refused_but_harm_nobody(contact: str) -> None:
    world = World()
    alice, bob = world.phone("alice"), world.connect("bob")
    request = bob.request(
        "REGISTER",
        f"sip:{DOMAIN}",
        ("Contact", contact),
        ("Supported", "outbound, gruu"),
        to=f"<{BOB}>",
    )
    response = bob.ask(request)
    assert response is not None
    assert response.status == 200
    assert len(response.contacts) == 1
    alice.ask(alice.request("MESSAGE", BOB))


def ready_made(alice: Client, bob: Client) -> list[bytes]:
    """What a call and a registration look like, to be spoilt."""
    alice.invite(BOB)
    invite = bob.took("INVITE")
    answer = bob.answer(invite, 200)
    bye = bob.request("BYE", alice.contact, ("Route", str(invite.record_routes[0])))
    register = alice.request("REGISTER", f"sip:{DOMAIN}", ("Contact", f"<{alice.contact}>"))
    message = alice.authenticator.authorize(alice.request("MESSAGE", BOB, body=b"hello"))
    return [encode(one) for one in (alice.latest, invite, answer, bye, register, message)]


def spoilt(data: bytes, draw: random.Random) -> bytes:
    """`data` with some bytes changed, lines doubled, moved or gone."""
    lines = data.split(b"\r\n")
    for _ in range(draw.randrange(4)):
        place = draw.randrange(len(lines))
        match draw.randrange(4):
            case 0:
                lines.insert(draw.randrange(len(lines)), lines[place])
            case 1 if len(lines) > 1:
                del lines[place]
            case 2:
                line = bytearray(lines[place])
                for _ in range(draw.randrange(4)):
                    line.insert(draw.randrange(len(line) + 1), draw.choice(b'"<>;,=@:%\\\xff\0 9z'))
                lines[place] = bytes(line)
            case _:
                lines[place] = lines[draw.randrange(len(lines))]
    return b"\r\n".join(lines)


@pytest.mark.parametrize("seed", range(20))
def test_spoilt_messages_in_any_order_leave_nothing_behind(seed: int) -> None:
    draw = random.Random(seed)
    world = World()
    alice, bob = world.phone("alice"), world.phone("bob", instance=INSTANCE)
    stranger = world.connect("mallory")
    messages = ready_made(alice, bob)
    for _ in range(150):
        draw.choice((alice, bob, stranger)).send(spoilt(draw.choice(messages), draw))
        if draw.random() < 0.1:
            world.wait(draw.choice((0.1, 5.0, TRANSACTION_TIMEOUT_S)))
        messages += [encode(one) for one in bob.requests[:2]]
        for client in (alice, bob, stranger):
            client.requests.clear()
            client.responses.clear()
    world.wait(TIMER_C)
    world.wait(TRANSACTION_TIMEOUT_S)
    world.wait(TRANSACTION_TIMEOUT_S)
    assert world.proxy.deadline() is None
