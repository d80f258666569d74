"""3xx, followed with care (RFC 3261 §8.1.3.4)."""

from sipcli.core.calls.events import Answered, Ended, Progress
from sipcli.core.calls.redirection import MOST_REDIRECTIONS
from tests.core.call_wire import ANSWER, CallWire


def targets(wire: CallWire) -> list[str]:
    return [invite.target for invite in wire.requests("INVITE")]


def redirect(wire: CallWire, *contacts: str, status: int = 302) -> None:
    fields = [("Contact", contact) for contact in contacts]
    wire.reply(wire.requests("INVITE")[-1], status, *fields, contact=None)


def test_a_redirected_call_goes_to_the_new_target_in_the_same_call() -> None:
    wire = CallWire()
    call, first = wire.invite()
    redirect(wire, "<sip:carol@example.com>")
    second = wire.requests("INVITE")[-1]
    assert (second.target, str(second.to.uri)) == ("sip:carol@example.com", "sip:bob@example.com")
    assert (second.call_id, second.from_.tag) == (call, first.from_.tag)
    assert second.cseq.number == first.cseq.number + 1
    assert second.to.tag is None
    assert [event.status for event in wire.heard(Progress)] == [302]
    wire.reply(second, 200, body=ANSWER)
    assert wire.heard(Answered)


def test_targets_are_tried_by_their_weight_until_one_answers() -> None:
    wire = CallWire()
    wire.invite()
    redirect(wire, "<sip:low@x>;q=0.1", "<sip:high@x>;q=0.9", "<sip:odd@x>;q=much")
    assert targets(wire)[-1] == "sip:odd@x"
    wire.reply(wire.requests("INVITE")[-1], 486)
    assert targets(wire)[-1] == "sip:high@x"
    wire.reply(wire.requests("INVITE")[-1], 404)
    assert targets(wire)[-1] == "sip:low@x"
    wire.reply(wire.requests("INVITE")[-1], 480)
    assert wire.heard(Ended)[0].status == 480


def test_a_global_failure_stops_the_search() -> None:
    wire = CallWire()
    wire.invite()
    redirect(wire, "<sip:one@x>", "<sip:two@x>")
    wire.reply(wire.requests("INVITE")[-1], 603)
    assert wire.heard(Ended)[0].status == 603


def test_no_target_is_tried_twice() -> None:
    wire = CallWire()
    wire.invite()
    redirect(wire, "<sip:carol@x>")
    redirect(wire, "<sip:bob@example.com>", "<sip:carol@X>")
    assert targets(wire) == ["sip:bob@example.com", "sip:carol@x"]
    assert wire.heard(Ended)[0].status == 302


def test_only_sip_targets_are_followed_and_without_what_they_smuggle() -> None:
    wire = CallWire()
    wire.invite()
    redirect(wire, "<tel:+1555>", "<http://x/>", "<sip:eve@x;method=BYE?Replaces=a%3Bb>")
    assert targets(wire)[1:] == ["sip:eve@x"]


def test_at_most_five_targets_are_followed() -> None:
    wire = CallWire()
    wire.invite()
    for number in range(MOST_REDIRECTIONS + 3):
        redirect(wire, f"<sip:n{number}@x>")
    assert len(targets(wire)) == 1 + MOST_REDIRECTIONS
    assert wire.heard(Ended)[0].status == 302


def test_a_redirection_of_a_cancelled_call_is_not_followed() -> None:
    wire = CallWire()
    call, invite = wire.invite()
    wire.reply(invite, 100, tag=None)
    wire.step(wire.calls.hang_up, call)
    redirect(wire, "<sip:carol@x>")
    assert len(targets(wire)) == 1
    assert wire.calls.is_idle


def test_an_anonymous_call_stays_anonymous_when_it_is_redirected() -> None:
    wire = CallWire()
    wire.invite(anonymous=True)
    redirect(wire, "<sip:carol@x>")
    assert str(wire.last().from_.uri) == "sip:anonymous@anonymous.invalid"
    assert wire.last().headers.get("Privacy") == "id"


def test_a_new_target_may_ask_who_we_are() -> None:
    wire = CallWire()
    wire.invite()
    redirect(wire, "<sip:carol@x>")
    challenge = 'Digest realm="x", nonce="n1", qop="auth"'
    wire.reply(wire.requests("INVITE")[-1], 407, ("Proxy-Authenticate", challenge))
    again = wire.requests("INVITE")[-1]
    assert (again.target, again.cseq.number) == ("sip:carol@x", 3)
    assert "Proxy-Authorization" in again.headers
    wire.reply(again, 200, body=ANSWER)
    assert wire.requests("ACK")[-1].cseq.number == 3
    assert wire.heard(Answered)
