"""REGISTER at the sandbox: who may, what is kept, and what is told."""

import pytest

from sipcli.core.requests.credentials import Authenticator, Credentials
from sipcli.sandbox.digest_auth import NONCE_LIFETIME_S
from sipcli.sandbox.names import DOMAIN
from sipcli.sip.digest import Algorithm, ha1
from sipcli.sip.message import Request
from tests.sandbox.world import PASSWORDS, World

INSTANCE = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"


def register_request(world: World, user: str = "alice") -> Request:
    client = world.connect(user)
    return client.request(
        "REGISTER", f"sip:{DOMAIN}", ("Contact", f"<{client.contact}>"), to=f"<sip:{user}@{DOMAIN}>"
    )


def test_a_registration_without_credentials_is_challenged_with_both_algorithms() -> None:
    world = World()
    client = world.connect()
    client.send(register_request(world))
    challenges = client.responses[0].headers.all("WWW-Authenticate")
    assert client.heard() == [401]
    assert [("SHA-256" in text, "MD5" in text) for text in challenges] == [
        (True, False),
        (False, True),
    ]


def test_the_right_password_binds_and_shows_the_binding_with_its_time() -> None:
    world = World()
    response = world.connect().register(expires=90)
    assert response.status == 200
    assert [contact.params.get("expires") for contact in response.contacts] == ["90"]


@pytest.mark.parametrize("algorithm", [Algorithm.MD5, Algorithm.SHA_256])
def test_a_client_that_knows_one_algorithm_alone_gets_in(algorithm: Algorithm) -> None:
    world = World()
    client = world.connect("alice")
    hashed = ha1(algorithm, "alice", DOMAIN, PASSWORDS["alice"])
    client.authenticator = Authenticator(Credentials("alice", ha1=hashed), lambda: "cnonce")
    assert client.register().status == 200
    assert f"algorithm={algorithm.value}" in (client.latest.headers.get("Authorization") or "")


def test_a_wrong_password_is_challenged_again_and_never_bound() -> None:
    world = World()
    client = world.connect("mallory")
    request = client.request(
        "REGISTER",
        f"sip:{DOMAIN}",
        ("Contact", f"<{client.contact}>"),
        to=f"<sip:alice@{DOMAIN}>",
    )
    response = client.ask(request)
    assert response is not None
    assert response.status == 401
    assert "stale" not in (response.headers.get("WWW-Authenticate") or "")
    bob = world.phone("bob")
    asked = bob.ask(bob.request("OPTIONS", f"sip:alice@{DOMAIN}"))
    assert asked is not None
    assert asked.status == 480


def test_nobody_registers_for_somebody_else() -> None:
    world = World()
    client = world.connect("bob")
    request = client.request(
        "REGISTER", f"sip:{DOMAIN}", ("Contact", f"<{client.contact}>"), to=f"<sip:alice@{DOMAIN}>"
    )
    response = client.ask(request)
    assert response is not None
    assert response.status == 403


def test_another_domain_is_not_registered_here() -> None:
    world = World()
    client = world.connect()
    client.send(client.request("REGISTER", "sip:example.com"))
    assert client.heard() == [404]


def test_credentials_are_good_for_one_request_only() -> None:
    world = World()
    client = world.phone("alice")
    used = client.latest
    client.send(used.replacing(headers=used.headers.replaced("Via", client.via())))
    assert client.responses[-1].status == 401
    assert "stale=true" in (client.responses[-1].headers.get("WWW-Authenticate") or "")


def test_credentials_are_not_good_for_another_request_uri() -> None:
    world = World()
    client = world.phone("alice")
    used = client.latest
    headers = used.headers.replaced("Via", client.via())
    client.send(Request(method="REGISTER", target="sip:localhost", headers=headers))
    challenge = client.responses[-1].headers.get("WWW-Authenticate")
    assert challenge is not None
    assert "stale=true" not in challenge


def test_an_old_nonce_is_stale_and_the_new_one_taken() -> None:
    world = World()
    client = world.phone("alice")
    world.now += NONCE_LIFETIME_S
    before = len(world.sent)
    assert client.register().status == 200
    assert "stale=true" in (world.sent[before].headers.get("WWW-Authenticate") or "")


def test_nonces_beyond_the_bound_push_out_the_oldest() -> None:
    world = World(most_requests=2)
    alice = world.phone("alice")
    for user in ("bob", "carol"):
        world.phone(user)
    before = len(world.sent)
    assert alice.register().status == 200
    assert "stale=true" in (world.sent[before].headers.get("WWW-Authenticate") or "")


def test_a_refresh_takes_the_place_of_the_binding_before() -> None:
    world = World()
    client = world.phone("alice", instance=INSTANCE)
    response = client.register(instance=INSTANCE, contact="sip:elsewhere@y.invalid")
    assert [str(contact.uri) for contact in response.contacts] == ["sip:elsewhere@y.invalid"]


def test_zero_seconds_unbind() -> None:
    world = World()
    client = world.phone("alice")
    assert client.register(expires=0).contacts == ()


def test_a_star_unbinds_all_only_with_zero_seconds() -> None:
    world = World()
    world.phone("alice")
    client = world.phone("alice")
    star = ("Contact", "*")
    aor = f"<sip:alice@{DOMAIN}>"
    refused = client.ask(client.request("REGISTER", f"sip:{DOMAIN}", star, to=aor))
    assert refused is not None
    assert refused.status == 400
    taken = client.ask(client.request("REGISTER", f"sip:{DOMAIN}", star, ("Expires", "0"), to=aor))
    assert taken is not None
    assert (taken.status, taken.contacts) == (200, ())


def test_a_binding_ends_with_its_time() -> None:
    world = World()
    world.phone("alice", expires=60)
    other = world.phone("alice", expires=600)
    world.now += 60
    assert len(other.register().contacts) == 1


def test_a_lost_connection_takes_its_bindings_along() -> None:
    world = World()
    world.phone("alice").close()
    assert len(world.connect().register().contacts) == 1


def test_an_older_registration_of_the_same_row_changes_nothing() -> None:
    world = World()
    client = world.phone("alice", call_id="row", cseq=50)
    assert client.register(call_id="row", cseq=10, expires=0).status == 500
    assert len(client.register(call_id="other").contacts) == 1


def test_the_bindings_of_one_user_are_bounded() -> None:
    world = World()
    client = world.connect()
    statuses = [
        client.register(contact=f"sip:alice@{number}.invalid").status for number in range(12)
    ]
    assert statuses == [200] * 10 + [403] * 2


def test_outbound_is_granted_with_an_instance_and_gruus_are_given() -> None:
    world = World()
    response = world.connect().register(instance=INSTANCE)
    own = response.contacts[0].params
    assert response.require == ("outbound",)
    assert own.get("reg-id") == "1"
    assert own.get("pub-gruu") == f"sip:alice@{DOMAIN};gr={INSTANCE}"
    assert (own.get("temp-gruu") or "").endswith(f"@{DOMAIN};gr")
    assert "alice" not in (own.get("temp-gruu") or "")


def test_without_an_instance_there_is_neither_outbound_nor_gruu() -> None:
    response = World().connect().register()
    assert response.require == ()
    assert response.contacts[0].params.get("pub-gruu") is None
