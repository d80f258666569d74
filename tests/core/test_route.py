"""Which way a request goes: strict routers, `sips:`, the proxy of a 305."""

import pytest

from sipcli.config.policies import PeerPolicy, Permission
from sipcli.config.server_settings import WsServer
from sipcli.core import events
from sipcli.core.calls.events import Answered, Ended, Progress
from sipcli.core.requests.exchange import FinalResponse, NotSent, Outcome
from sipcli.core.requests.identity import Granted
from sipcli.core.requests.route import lack_of_secure_servers
from sipcli.sip import build
from sipcli.sip.address import Address
from sipcli.sip.message import Request, Response
from sipcli.sip.uri import SipUri, parse_uri
from sipcli.sip.uri_pattern import UriPattern
from tests.core.call_wire import ANSWER, BOB, OFFER, CallWire
from tests.core.factories import ALPHA, accept, ask
from tests.core.wire import Wire

PLAIN = WsServer("ws://plain.example.com")
SECURE_BOB = SipUri.parse("sips:bob@example.com")
STRICT, LOOSE = "<sip:old.example.com;method=INVITE?x=y>", "<sip:new.example.com;lr>"


def granted(wire: Wire, **what: object) -> None:
    wire.identity.granted = Granted(**what)  # type: ignore[arg-type]


def routes(request: Request) -> list[str]:
    return list(request.headers.all("Route"))


def contact(message: Request | Response) -> str:
    return message.headers.get("Contact") or ""


# Strict routers (RFC 3261 §12.2.1.1)


def test_a_service_route_that_begins_with_a_strict_router_is_obeyed() -> None:
    wire = CallWire()
    granted(wire, service_routes=(Address.parse(STRICT), Address.parse(LOOSE)))
    _, invite = wire.invite()
    assert invite.target == "sip:old.example.com"
    assert routes(invite) == [LOOSE, "<sip:bob@example.com>"]
    assert str(invite.to.uri) == "sip:bob@example.com"
    wire.step(wire.agent.ping, BOB, lambda _: None)
    assert (wire.last().target, routes(wire.last())) == (
        "sip:old.example.com",
        [LOOSE, "<sip:bob@example.com>"],
    )
    wire.step(wire.agent.send_message, BOB, "hi", lambda _: None)
    assert wire.last().target == "sip:old.example.com"


def test_a_loose_one_is_passed_and_the_target_stays() -> None:
    wire = CallWire()
    granted(wire, service_routes=(Address.parse(LOOSE), Address.parse(STRICT)))
    _, invite = wire.invite()
    assert invite.target == "sip:bob@example.com"
    assert routes(invite) == [LOOSE, STRICT]


def test_what_belongs_to_the_invite_takes_its_way() -> None:
    wire = CallWire()
    granted(wire, service_routes=(Address.parse(STRICT),))
    call, invite = wire.invite()
    wire.reply(invite, 180)
    wire.step(wire.calls.hang_up, call)
    cancel = wire.last()
    assert (cancel.method, cancel.target, routes(cancel)) == (
        "CANCEL",
        invite.target,
        routes(invite),
    )
    wire.reply(invite, 487)
    assert (wire.last().method, wire.last().target) == ("ACK", invite.target)


def test_a_longer_interval_is_asked_for_at_the_target_not_at_the_router() -> None:
    wire = CallWire()
    granted(wire, service_routes=(Address.parse(STRICT),))
    _, invite = wire.invite()
    wire.reply(invite, 422, ("Min-SE", "120"))
    assert routes(wire.last()) == ["<sip:bob@example.com>"]
    assert wire.last().target == "sip:old.example.com"


def test_a_far_end_without_a_contact_is_the_one_that_was_called() -> None:
    wire = CallWire()
    granted(wire, service_routes=(Address.parse(STRICT),))
    call, invite = wire.invite()
    wire.reply(invite, 200, body=ANSWER, contact=None)
    wire.step(wire.calls.hang_up, call)
    assert (wire.last().method, wire.last().target) == ("BYE", "sip:bob@example.com")


# sips: (RFC 3261 §8.1.1.8, §12.1.1, RFC 5630 §5.1.1)


def test_a_call_to_a_sips_address_shows_a_sips_contact_and_goes_by_sips_proxies() -> None:
    wire = CallWire()
    granted(wire, service_routes=(Address.parse(LOOSE),))
    wire.step(wire.calls.invite, SECURE_BOB, OFFER)
    invite = wire.last()
    assert invite.target == "sips:bob@example.com"
    assert contact(invite).startswith("<sips:")
    assert routes(invite) == ["<sips:new.example.com;lr>"]


def test_a_call_to_a_sip_address_does_not() -> None:
    _, invite = CallWire().invite()
    assert contact(invite).startswith("<sip:")


def test_a_sips_proxy_in_front_is_enough() -> None:
    wire = CallWire()
    granted(wire, service_routes=(Address.parse("<sips:edge.example.com;lr>"),))
    _, invite = wire.invite()
    assert contact(invite).startswith("<sips:")
    assert invite.target == "sip:bob@example.com"


def test_gruus_follow_too() -> None:
    wire = CallWire()
    granted(wire, pub_gruu="sip:alice@example.com;gr=1", temp_gruu="sip:t@example.com;gr")
    wire.step(wire.calls.invite, SECURE_BOB, OFFER)
    assert contact(wire.last()) == "<sips:alice@example.com;gr=1>"
    wire.step(wire.calls.invite, SECURE_BOB, OFFER, anonymous=True)
    assert contact(wire.last()) == "<sips:t@example.com;gr>"
    wire.step(wire.calls.invite, BOB, OFFER)
    assert contact(wire.last()) == "<sip:alice@example.com;gr=1>"


def test_a_redirection_to_a_sips_address_changes_the_contact() -> None:
    wire = CallWire()
    _, invite = wire.invite()
    wire.reply(invite, 302, ("Contact", "<sips:carol@example.com>"), contact=None)
    assert contact(wire.last()).startswith("<sips:")


def test_the_contact_of_the_dialog_stays_as_it_was() -> None:
    wire = CallWire()
    call = wire.step(wire.calls.invite, SECURE_BOB, OFFER)
    invite = wire.last()
    wire.reply(invite, 200, body=ANSWER)
    wire.step(wire.calls.offer, call, OFFER)
    assert contact(wire.last()) == contact(invite)


@pytest.mark.parametrize(
    ("uri", "record_route", "their_contact", "sips"),
    [
        ("sips:alice@example.com", None, "<sip:bob@192.0.2.7>", True),
        ("sip:alice@example.com", "<sips:p.example.com;lr>", "<sip:bob@192.0.2.7>", True),
        ("sip:alice@example.com", "<sip:p.example.com;lr>", "<sips:bob@192.0.2.7>", False),
        ("sip:alice@example.com", None, "<sips:bob@192.0.2.7>", True),
        ("sip:alice@example.com", None, "<sip:bob@192.0.2.7>", False),
    ],
)
def test_an_answer_follows_the_request(
    uri: str, record_route: str | None, their_contact: str, sips: bool
) -> None:
    wire = CallWire()
    more = [("Contact", their_contact), ("Content-Type", "application/sdp")]
    if record_route is not None:
        more.append(("Record-Route", record_route))
    invite = ask("INVITE", uri, *more, body=OFFER)
    wire.receive(invite)
    assert contact(wire.responses()[-1]).startswith("<sips:") == sips
    wire.step(wire.calls.accept, invite.call_id, ANSWER)
    answer = wire.responses()[-1]
    assert answer.status == 200
    assert contact(answer).startswith("<sips:") == sips
    assert answer.headers.get("Record-Route") == record_route


def test_over_a_connection_without_tls_a_sips_address_is_refused_with_a_sentence() -> None:
    wire = CallWire(ws_servers=(PLAIN,))
    wire.step(wire.calls.invite, SECURE_BOB, OFFER)
    (ended,) = wire.heard(Ended)
    assert (ended.by, ended.status) == ("local", None)
    assert "wss:" in ended.reason
    outcomes: list[Outcome] = []
    wire.step(wire.agent.ping, SECURE_BOB, outcomes.append)
    wire.step(wire.agent.send_message, SECURE_BOB, "hi", outcomes.append)
    assert all(isinstance(one, NotSent) and "wss:" in one.reason for one in outcomes)
    assert len(outcomes) == 2
    assert wire.requests() == []
    wire.invite()  # others go


@pytest.mark.parametrize("method", ["INVITE", "MESSAGE", "OPTIONS"])
def test_a_sips_request_that_comes_without_tls_is_refused(method: str) -> None:
    more = [("Contact", "<sips:bob@192.0.2.7>")] if method == "INVITE" else []
    for servers, status in (((PLAIN,), 480), ((ALPHA,), 180 if method == "INVITE" else 200)):
        wire = CallWire(ws_servers=servers)
        wire.receive(ask(method, "sips:alice@example.com", *more))
        answer = wire.responses()[-1]
        assert answer.status == status
        assert ("SIPS Not Allowed" in (answer.headers.get("Warning") or "")) == (status == 480)


def test_one_secure_server_is_enough_to_try() -> None:
    assert lack_of_secure_servers(SECURE_BOB, (PLAIN, ALPHA)) is None
    assert lack_of_secure_servers(BOB, (PLAIN,)) is None
    assert "plain" in (lack_of_secure_servers(SECURE_BOB, (PLAIN,)) or "")
    assert lack_of_secure_servers(parse_uri("tel:1"), (PLAIN,)) is None
    assert lack_of_secure_servers(SECURE_BOB, ()) is None


# 305 (RFC 3261 §21.3.4)


def use_proxy(wire: CallWire, *contacts: str) -> None:
    fields = [("Contact", contact) for contact in contacts]
    wire.reply(wire.requests()[-1], 305, *fields, contact=None)


def test_a_305_is_obeyed_through_the_proxy_that_it_names() -> None:
    wire = CallWire()
    granted(wire, service_routes=(Address.parse(LOOSE),))
    _, first = wire.invite()
    use_proxy(wire, "<sip:gate.example.net:5070;transport=tcp>")
    second = wire.last()
    assert second.target == "sip:bob@example.com"
    assert routes(second) == [LOOSE, "<sip:gate.example.net:5070;transport=tcp;lr>"]
    assert (second.call_id, second.cseq.number) == (first.call_id, first.cseq.number + 1)
    assert [event.status for event in wire.heard(Progress)] == [305]
    wire.reply(second, 422, ("Min-SE", "120"))  # which is asked for on the same way
    assert routes(wire.last()) == routes(second)
    wire.reply(wire.last(), 200, body=ANSWER)
    assert wire.heard(Answered)


def test_no_proxy_is_tried_twice_and_none_that_cannot_be_used() -> None:
    wire = CallWire()
    wire.invite()
    use_proxy(wire, "<tel:1>", "<sip:gate.example.net>")
    use_proxy(wire, "<sip:gate.example.net>")
    assert len(wire.requests("INVITE")) == 2
    assert wire.heard(Ended)[0].status == 305


def test_a_305_names_no_other_target() -> None:
    wire = CallWire()
    wire.invite()
    use_proxy(wire, "<sip:gate.example.net>")
    wire.reply(wire.last(), 486)
    assert len(wire.requests("INVITE")) == 2
    assert wire.heard(Ended)[0].status == 486


def test_options_and_messages_go_through_it_too() -> None:
    wire = CallWire()
    outcomes: list[Outcome] = []
    wire.step(wire.agent.ping, BOB, outcomes.append)
    use_proxy(wire, "<sip:gate.example.net>")
    assert routes(wire.last()) == ["<sip:gate.example.net;lr>"]
    wire.reply(wire.last(), 200)
    assert isinstance(outcomes[0], FinalResponse)
    assert outcomes[0].response.status == 200
    assert len(wire.told(events.Pong)) == 1
    wire.step(wire.agent.send_message, BOB, "hi", outcomes.append)
    use_proxy(wire, "<sip:gate.example.net>")
    assert (routes(wire.last()), wire.last().body) == (["<sip:gate.example.net;lr>"], b"hi")


@pytest.mark.parametrize("permission", [Permission.REFUSE, Permission.ASK])
@pytest.mark.parametrize("method", ["OPTIONS", "MESSAGE"])
def test_options_and_messages_need_permission_for_a_proxy(
    method: str, permission: Permission
) -> None:
    """A proxy reads every message that passes through it."""
    allowed = UriPattern.parse("sip:*@good.example.net")
    wire = CallWire(redirects=PeerPolicy(permission, (allowed,)))
    outcomes: list[Outcome] = []
    if method == "OPTIONS":
        wire.step(wire.agent.ping, BOB, outcomes.append)
    else:
        wire.step(wire.agent.send_message, BOB, "hi", outcomes.append)
    use_proxy(wire, "<sip:gate@good.example.net>")
    assert routes(wire.last()) == ["<sip:gate@good.example.net;lr>"]
    use_proxy(wire, "<sip:evil.example>")
    assert len(wire.requests(method)) == 2
    assert isinstance(outcomes[0], FinalResponse)
    assert outcomes[0].response.status == 305


# 489 and GRUUs


@pytest.mark.parametrize("method", ["SUBSCRIBE", "NOTIFY"])
def test_a_489_names_the_events_that_there_are(method: str) -> None:
    wire = CallWire()
    wire.receive(ask(method, "sip:alice@example.com", ("Event", "message-summary")))
    answer = wire.responses()[-1]
    assert answer.status == 489
    assert answer.headers.get("Allow-Events") == "refer"  # RFC 6665 §4.1.3, §4.4.4


def options(user: str) -> Request:
    return ask("OPTIONS", f"sip:{user}@example.com;gr", branch=f"z9hG4bK{user}")


def status_for(wire: Wire, user: str) -> int:
    wire.receive(options(user))
    return wire.responses()[-1].status


def test_earlier_temporary_gruus_of_a_live_registration_reach_us() -> None:
    wire = Wire()
    wire.start()
    for number in range(3):
        gruu = f'"sip:temp{number}@example.com;gr"'
        wire.receive(accept(wire.last(), 600, temp_gruu=gruu))
        wire.advance(545)
    wire.receive(accept(wire.last(), 600))  # a refresh that brings none takes none away
    assert [status_for(wire, f"temp{number}") for number in range(4)] == [200, 200, 200, 404]
    wire.advance(545)
    wire.receive(build.response(wire.last(), 403, to_tag="r"))
    wire.advance(60)
    assert wire.told(events.Unregistered)
    assert status_for(wire, "temp2") == 404
