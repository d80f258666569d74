"""Who we are on the wire: Contact, Via, From, Route, and the hacks of the source document."""

import pytest

from sipcli.config.server_settings import WsServer
from sipcli.core.requests.identity import Granted, Identity
from sipcli.sip.address import Address
from sipcli.sip.message import Request
from sipcli.sip.uri import SipUri
from sipcli.sip.via import Via
from tests.core.factories import ALPHA, accept, challenge, ids, settings
from tests.core.wire import Wire

BOB = SipUri.parse("sip:bob@example.com")


def first_register(**changes: object) -> Request:
    wire = Wire(settings(**changes))
    wire.start()
    return wire.last()


def ping(wire: Wire) -> Request:
    wire.step(wire.agent.ping, BOB, lambda _: None)
    return wire.requests("OPTIONS")[-1]


def test_contact_and_via_name_a_host_that_cannot_resolve_and_agree() -> None:
    request = first_register()
    uri = request.contacts[0].uri
    assert isinstance(uri, SipUri)
    assert uri.host.endswith(".invalid")
    assert uri.host == request.via.host
    assert uri.params.get("transport") == "ws"
    assert uri.user


def test_with_the_ip_hack_both_are_an_address_of_test_net_1() -> None:
    request = first_register(hack_ip_in_contact=True)
    uri = request.contacts[0].uri
    assert isinstance(uri, SipUri)
    prefix, _, last = uri.host.rpartition(".")
    assert prefix == "192.0.2"
    assert 1 <= int(last) <= 254
    assert request.via.host == uri.host


@pytest.mark.parametrize(
    ("server", "hack", "transport"),
    [
        ("wss://a.example.com", False, "WSS"),
        ("ws://a.example.com", False, "WS"),
        ("wss://a.example.com", True, "TCP"),
    ],
)
def test_the_transport_of_the_via(server: str, hack: bool, transport: str) -> None:
    request = first_register(ws_servers=(WsServer(server),), hack_via_tcp=hack)
    assert request.via.transport == transport


def test_every_request_has_a_branch_of_its_own() -> None:
    wire = Wire()
    wire.start()
    wire.receive(challenge(wire.last()))
    ping(wire)
    ping(wire)
    branches = [request.via.branch for request in wire.requests()]
    assert len(set(branches)) == len(branches) == 4
    assert all(branch and branch.startswith("z9hG4bK") for branch in branches)


@pytest.mark.parametrize(
    "name",
    ["Alice", "Alice Liddell", 'The "real" Alice', "back\\slash", "Ål\u00efce ☎", "a,b;c<d>"],
)
def test_a_display_name_comes_out_as_it_was_set(name: str) -> None:
    request = first_register(display_name=name)
    assert request.from_.display_name == name
    assert request.to.display_name is None


def test_no_display_name_and_an_empty_one_are_the_same() -> None:
    for name in (None, ""):
        assert first_register(display_name=name).from_.display_name is None


@pytest.mark.parametrize(
    ("server", "route"),
    [
        ("wss://edge.example.com", "<sip:edge.example.com;lr;transport=ws>"),
        ("wss://edge.example.com:8443/path?x=y", "<sip:edge.example.com:8443;lr;transport=ws>"),
        ("ws://[2001:db8::1]:80", "<sip:[2001:db8::1]:80;lr;transport=ws>"),
    ],
)
def test_the_preloaded_route_names_the_server_that_we_are_connected_to(
    server: str, route: str
) -> None:
    request = first_register(ws_servers=(WsServer(server),), use_preloaded_route=True)
    assert list(request.headers.all("Route")) == [route]


def test_without_the_preloaded_route_a_first_request_has_none() -> None:
    assert first_register().headers.get("Route") is None


def test_the_preloaded_route_comes_before_the_service_routes() -> None:
    wire = Wire(settings(use_preloaded_route=True))
    wire.start()
    fields = [("Service-Route", "<sip:one.example.com;lr>, <sip:two.example.com;lr>")]
    wire.receive(accept(wire.last(), 600, *fields))
    assert [str(route.uri) for route in ping(wire).routes] == [
        "sip:alpha.example.com;lr;transport=ws",
        "sip:one.example.com;lr",
        "sip:two.example.com;lr",
    ]


def test_a_refresh_replaces_what_was_granted() -> None:
    wire = Wire()
    wire.start()
    wire.receive(accept(wire.last(), 600, ("Service-Route", "<sip:one.example.com;lr>")))
    wire.advance(550)
    wire.receive(accept(wire.last(), 600))
    assert ping(wire).headers.get("Route") is None


def test_what_was_granted_is_gone_when_the_binding_is() -> None:
    wire = Wire()
    wire.start()
    gruu = '"sip:alice@example.com;gr=1"'
    fields = [("Service-Route", "<sip:one.example.com;lr>")]
    wire.receive(accept(wire.last(), 60, *fields, pub_gruu=gruu))
    assert "gr=1" in (ping(wire).headers.get("Contact") or "")
    wire.advance(61)
    assert not wire.agent.is_registered
    request = ping(wire)
    assert request.headers.get("Route") is None
    assert "gr=1" not in (request.headers.get("Contact") or "")


def test_with_outbound_a_dialog_is_asked_to_stay_on_the_flow() -> None:
    wire = Wire()
    wire.start()
    assert "ob" not in _uri(ping(wire)).params
    wire.receive(accept(wire.requests("REGISTER")[0], 600, ("Require", "outbound")))
    assert "ob" in _uri(ping(wire)).params
    assert "ob" not in _uri(wire.requests("REGISTER")[0]).params


def _uri(request: Request) -> SipUri:
    uri = request.contacts[0].uri
    assert isinstance(uri, SipUri)
    return uri


def test_the_instance_is_the_one_that_is_kept() -> None:
    request = first_register()
    assert request.contacts[0].params.get("+sip.instance") == (
        "<urn:uuid:8f1fa16a-1165-4a96-8341-785b1ef24f12>"
    )


def test_an_anonymous_call_shows_neither_name_nor_address() -> None:
    identity = Identity(settings(display_name="Alice"), ids())
    hidden = identity.anonymous_address("t")
    assert "alice" not in str(hidden).lower()
    assert hidden.params.get("tag") == "t"
    assert identity.anonymous_contact() == f"<{identity.contact}>"
    identity.granted = Granted(
        pub_gruu="sip:alice@example.com;gr=1", temp_gruu="sip:t3mp@example.com;gr"
    )
    assert identity.anonymous_contact() == "<sip:t3mp@example.com;gr>"
    assert identity.dialog_contact() == "<sip:alice@example.com;gr=1>"


@pytest.mark.parametrize(
    ("uri", "is_us"),
    [
        ("sip:alice@example.com", True),
        ("sips:alice@192.0.2.1:9", True),
        ("sip:bob@example.com", False),
        ("sip:example.com", False),
    ],
)
def test_we_are_known_by_our_user_part(uri: str, is_us: bool) -> None:
    assert Identity(settings(), ids()).is_us(SipUri.parse(uri)) is is_us


def test_routes_are_written_as_addresses() -> None:
    identity = Identity(settings(), ids())
    identity.granted = Granted(service_routes=(Address.parse("<sip:e.example.com;lr>;x=1"),))
    wire = Wire()
    flow = wire.start()
    assert [str(one) for one in identity.routes(flow, register=False)] == [
        "<sip:e.example.com;lr>;x=1"
    ]
    assert identity.routes(flow, register=True) == []
    assert Via.parse(identity.via(flow)).host == identity.contact.host
    assert flow.server == ALPHA
