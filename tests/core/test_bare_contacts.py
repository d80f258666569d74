"""A Contact without angle brackets, with an instance in its parameters, wherever it decides."""

import pytest

from sipcli.core.events import Registered
from sipcli.sip import build
from tests.core.call_wire import ANSWER, CallWire
from tests.core.wire import Wire

INSTANCE = '"<urn:uuid:00000000-0000-1000-8000-000a95a0e128>"'
BARE = f"sip:bob@192.0.2.7:5062;+sip.instance={INSTANCE};q=1.0"


def test_the_ack_goes_where_a_2xx_says() -> None:
    wire = CallWire()
    _, invite = wire.invite()
    wire.reply(invite, 200, contact=BARE, body=ANSWER)
    assert str(wire.requests("ACK")[-1].uri) == "sip:bob@192.0.2.7:5062"


def test_the_bye_goes_where_an_invite_says() -> None:
    wire = CallWire()
    invite = wire.ring(contact=BARE)
    wire.step(wire.calls.accept, invite.call_id, ANSWER)
    wire.receive(wire.inside(wire.responses()[-1], "ACK", cseq=10))
    wire.step(wire.calls.hang_up, invite.call_id)
    assert str(wire.requests("BYE")[-1].uri) == "sip:bob@192.0.2.7:5062"


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_a_target_refresh_is_followed(method: str) -> None:
    wire = CallWire()
    call, invite = wire.talk()
    wire.receive(wire.inside(invite, method, body=b"v=0", contact=BARE))
    wire.step(wire.calls.answer, call, ANSWER)
    if method == "INVITE":
        wire.receive(wire.inside(invite, "ACK", cseq=20))
    wire.step(wire.calls.hang_up, call)
    assert str(wire.requests("BYE")[-1].uri) == "sip:bob@192.0.2.7:5062"


def test_a_3xx_is_followed() -> None:
    wire = CallWire()
    _, invite = wire.invite()
    wire.reply(invite, 302, contact=BARE)
    targets = [str(request.uri) for request in wire.requests("INVITE")]
    assert targets[1:] == ["sip:bob@192.0.2.7:5062"]


def test_our_own_binding_is_known() -> None:
    wire = Wire()
    wire.start()
    request = wire.last()
    own = request.contacts[0]
    instance = own.params.get("+sip.instance")
    services = f'{BARE}, {own.uri};+sip.instance="{instance}";reg-id=1;expires=99'
    wire.receive(build.response(request, 200, to_tag="r", headers=[("Contact", services)]))
    (registered,) = wire.told(Registered)
    assert [binding.ours for binding in registered.bindings] == [False, True]
    assert registered.expires_s == 99
