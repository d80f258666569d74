"""The real server does what the tests of sipcli rely on; no sipcli in these."""

import ssl

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.realpeer.kamailio import DOMAIN, Kamailio, Settings
from tests.realpeer.raw_client import raw_client

SIP = Subprotocol("sip")
INSTANCE = ';reg-id=1;+sip.instance="<urn:uuid:00000000-0000-4000-8000-000000000001>"'


def test_a_handshake_without_the_subprotocol_sip_is_refused(kamailio: Kamailio) -> None:
    with pytest.raises(InvalidStatus) as refusal, connect(kamailio.ws_uri, proxy=None):
        pass
    assert refusal.value.response.status_code == 400


def test_wss_shows_a_certificate_that_only_its_own_authority_vouches_for(
    kamailio: Kamailio,
) -> None:
    trusting = ssl.create_default_context(cafile=str(kamailio.ca_file))
    with connect(kamailio.wss_uri, ssl=trusting, subprotocols=[SIP], proxy=None) as socket:
        assert socket.subprotocol == SIP
    with pytest.raises(ssl.SSLCertVerificationError), connect(kamailio.wss_uri, proxy=None):
        pass


def test_options_to_the_domain_is_answered_without_a_password(kamailio: Kamailio) -> None:
    with raw_client(kamailio.ws_uri, "alice") as client:
        assert client.ask("OPTIONS", f"sip:{DOMAIN}")[0] == 200


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_a_registration_is_challenged_and_then_kept(kamailio: Kamailio, algorithm: str) -> None:
    if algorithm != "MD5":
        kamailio.restart(Settings(algorithm=algorithm))
    with raw_client(kamailio.ws_uri, "alice") as client:
        status, challenge = client.ask("REGISTER", f"sip:{DOMAIN}")
        assert status == 401
        assert challenge["WWW-Authenticate"].startswith(f'Digest realm="{DOMAIN}"')
        assert ("algorithm=SHA-256" in challenge["WWW-Authenticate"]) == (algorithm == "SHA-256")
        assert kamailio.bindings("alice") == []
        assert client.register(60)[0] == 200
        (binding,) = kamailio.bindings("alice")
        assert binding.contact == "sip:alice@client.invalid;transport=ws"
        assert 50 <= binding.expires <= 60
        assert client.register(0)[0] == 200
        assert kamailio.bindings("alice") == []


def test_an_unknown_user_is_challenged_for_ever(kamailio: Kamailio) -> None:
    with raw_client(kamailio.ws_uri, "mallory") as client:
        assert client.register()[0] == 401


def test_outbound_brings_gruus_a_flow_timer_and_the_instance(kamailio: Kamailio) -> None:
    with raw_client(kamailio.ws_uri, "alice") as client:
        status, answer = client.register(params=INSTANCE + ";ob")
        assert status == 200
        assert answer["Flow-Timer"] == "30"
        assert "pub-gruu=" in answer["Contact"]
        (binding,) = kamailio.bindings("alice")
        assert binding.instance == "urn:uuid:00000000-0000-4000-8000-000000000001"
        assert binding.reg_id == 1


def test_settings_change_with_a_restart(kamailio: Kamailio) -> None:
    kamailio.restart(
        Settings(outbound=False, min_expires=30, refuse_brief=True, service_route=True)
    )
    with raw_client(kamailio.ws_uri, "alice") as client:
        status, answer = client.register(10)
        assert (status, answer["Min-Expires"]) == (423, "30")
        status, answer = client.register(30, params=INSTANCE)
        assert status == 200
        assert "pub-gruu" not in answer["Contact"]
        assert answer["Service-Route"] == f"<sip:127.0.0.1:{kamailio.ws_port};transport=ws;lr>"


@pytest.mark.parametrize(
    ("name", "status"),
    {
        "busy": 486,
        "decline": 603,
        "gone": 410,
        "unacceptable": 488,
        "e503": 503,
        "moved": 302,
        "bob": 480,
    }.items(),
)
@pytest.mark.parametrize("method", ["INVITE", "MESSAGE", "OPTIONS"])
def test_some_users_always_answer_the_same(
    kamailio: Kamailio, method: str, name: str, status: int
) -> None:
    with raw_client(kamailio.ws_uri, "alice") as client:
        seen, answer = client.ask_twice(method, f"sip:{name}@{DOMAIN}")
        while seen == 100:
            seen, answer = client.answer()
        assert seen == status
        assert answer["Retry-After"] == ("7" if name == "e503" else None)
        assert answer["Contact"] == (f"<sip:bob@{DOMAIN}>" if name == "moved" else None)


def test_one_user_rings_and_one_is_silent(kamailio: Kamailio) -> None:
    with raw_client(kamailio.ws_uri, "alice") as client:
        assert client.ask_twice("INVITE", f"sip:silent@{DOMAIN}")[0] == 100
    with raw_client(kamailio.ws_uri, "alice") as client:
        assert client.ask_twice("INVITE", f"sip:ringing@{DOMAIN}")[0] == 180


@pytest.mark.parametrize(
    ("name", "status"), [("barred", 403), ("overloaded", 503), ("hidden", 200)]
)
def test_some_users_registrations_are_never_kept(
    kamailio: Kamailio, name: str, status: int
) -> None:
    with raw_client(kamailio.ws_uri, name) as client:
        assert client.register()[0] == status
        assert kamailio.bindings(name) == []


def test_one_user_is_registered_without_a_word(kamailio: Kamailio) -> None:
    with raw_client(kamailio.ws_uri, "unheard") as client:
        with pytest.raises(TimeoutError):
            client.register()
        assert len(kamailio.bindings("unheard")) == 1
        assert "expires=60" in kamailio.requests("REGISTER")[0]


def test_a_killed_server_drops_the_line_and_comes_back_on_its_port(kamailio: Kamailio) -> None:
    with raw_client(kamailio.ws_uri, "alice") as client:
        assert client.register()[0] == 200
        kamailio.kill()
        assert not kamailio.is_running()
        with pytest.raises(ConnectionClosed):
            client.socket.recv(3)
    with pytest.raises(ConnectionRefusedError), raw_client(kamailio.ws_uri, "alice"):
        pass
    kamailio.start()
    assert kamailio.bindings("alice") == []
    with raw_client(kamailio.ws_uri, "alice") as client:
        assert client.register()[0] == 200


def test_a_stopped_server_leaves_nothing_behind(kamailio: Kamailio) -> None:
    kamailio.stop()
    with pytest.raises(ConnectionRefusedError), raw_client(kamailio.ws_uri, "alice"):
        pass


def test_a_frozen_server_is_silent_until_it_thaws(kamailio: Kamailio) -> None:
    with raw_client(kamailio.ws_uri, "alice") as client:
        kamailio.freeze()
        with pytest.raises(TimeoutError):
            client.ask("OPTIONS", f"sip:{DOMAIN}")
        kamailio.thaw()
        assert client.answer()[0] == 200


def test_websockets_can_be_closed_from_the_server(kamailio: Kamailio) -> None:
    with raw_client(kamailio.ws_uri, "alice") as client:
        assert client.register()[0] == 200
        kamailio.close_websockets()
        with pytest.raises(ConnectionClosed) as end:
            client.socket.recv(15)  # it sends a Close frame and lets go of the TCP 6 s later
        assert end.value.rcvd is not None
        assert end.value.rcvd.code == 1000
    assert kamailio.is_running()


def test_every_test_begins_with_a_server_like_new(kamailio: Kamailio) -> None:
    with raw_client(kamailio.ws_uri, "alice") as client:
        assert client.register()[0] == 200
        assert kamailio.bindings("alice")
        assert len(kamailio.requests("REGISTER")) == 2
        kamailio.forget()
        assert kamailio.bindings("alice") == []
        assert kamailio.requests("REGISTER") == []


def test_two_servers_know_nothing_of_each_other(kamailio_pair: tuple[Kamailio, Kamailio]) -> None:
    first, second = kamailio_pair
    with raw_client(first.ws_uri, "alice") as client:
        assert client.register()[0] == 200
    with raw_client(second.ws_uri, "alice") as client:
        assert client.ask("OPTIONS", f"sip:{DOMAIN}")[0] == 200
        assert second.bindings("alice") == []
