"""3xx, followed with care (RFC 3261 §8.1.3.4)."""

import pytest

from sipcli.config.policies import PeerPolicy, Permission
from sipcli.config.server_settings import WsServer
from sipcli.config.settings import BY_NAME
from sipcli.core.calls.events import (
    Answered,
    Ended,
    Progress,
    RedirectDecided,
    RedirectRequested,
)
from sipcli.core.calls.gate import DECISION_TIMEOUT_S, NO_ONE_TO_ASK, NOT_PERMITTED
from sipcli.core.calls.offer_answer import OutOfTurn
from sipcli.core.calls.redirection import MAX_REDIRECTIONS
from sipcli.sip.uri import SipUri
from tests.core.call_wire import ANSWER, OFFER, CallWire


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
    redirect(wire, "<tel:bob>", "<http://x/>", "<sip:eve@x;method=BYE?Replaces=a%3Bb>")
    assert targets(wire)[1:] == ["sip:eve@x"]


def test_a_telephone_number_is_called_at_our_own_domain() -> None:
    wire = CallWire()
    wire.invite()
    redirect(wire, "<tel:+1-555>")
    assert targets(wire)[1:] == ["sip:+1555@example.com;user=phone"]


def test_a_telephone_number_is_no_way_around_sips() -> None:
    wire = CallWire()
    wire.step(wire.calls.invite, SipUri.parse("sips:bob@example.com"), OFFER)
    redirect(wire, "<tel:+1555>")
    assert targets(wire)[1:] == []


def test_an_address_that_wants_tls_is_not_called_without() -> None:
    wire = CallWire(ws_servers=(WsServer("ws://alpha.example.com"),))
    wire.invite()
    redirect(wire, "<sips:carol@x>")
    assert targets(wire)[1:] == []
    assert "sips:carol@x (a sips: address needs TLS" in wire.heard(Ended)[0].reason


def test_a_redirection_that_leads_nowhere_says_why() -> None:
    wire = CallWire()
    wire.invite()
    redirect(wire, "<http://x/>")
    assert "http://x/ (only sip:, sips: and tel:" in wire.heard(Ended)[0].reason


# Who may send us where


def policy(*words: str) -> PeerPolicy:
    found = BY_NAME["redirects"].kind.from_words(words)
    assert isinstance(found, PeerPolicy)
    return found


def test_a_redirect_that_no_one_can_be_asked_about_is_refused_for_that_reason() -> None:
    wire = CallWire(redirects=policy("ask").unattended)
    wire.invite()
    redirect(wire, "<sip:carol@x>")
    assert wire.heard(RedirectDecided)[0].reason == NO_ONE_TO_ASK
    wire = CallWire(redirects=policy("refuse").unattended)
    wire.invite()
    redirect(wire, "<sip:carol@x>")
    assert wire.heard(RedirectDecided)[0].reason == NOT_PERMITTED


def test_a_redirection_is_told_with_its_target_and_what_is_decided() -> None:
    wire = CallWire()
    call, _ = wire.invite()
    redirect(wire, "<sip:carol@x>")
    (asked,), (told,) = wire.heard(RedirectRequested), wire.heard(RedirectDecided)
    assert (asked.call, str(asked.target), asked.status) == (call, "sip:carol@x", 302)
    assert asked.decision is Permission.ACCEPT
    assert (told.target, told.decision, told.reason) == ("sip:carol@x", "accepted", None)


def test_a_target_that_is_not_permitted_is_not_called() -> None:
    wire = CallWire(redirects=policy("sip:*@example.com", "refuse"))
    wire.invite()
    redirect(wire, "<sip:+1900@premium>;q=0.9", "<sip:carol@example.com>;q=0.1")
    assert targets(wire)[1:] == ["sip:carol@example.com"]
    told = [(one.target, one.decision) for one in wire.heard(RedirectDecided)]
    assert told == [("sip:+1900@premium", "refused"), ("sip:carol@example.com", "accepted")]
    wire.reply(wire.requests("INVITE")[-1], 486)
    (end,) = wire.heard(Ended)
    assert end.reason == "Busy Here; not followed to sip:+1900@premium"


def test_no_permitted_target_is_the_end_with_the_redirection() -> None:
    wire = CallWire(redirects=policy("refuse"))
    wire.invite()
    redirect(wire, "<sip:carol@x>")
    (end,) = wire.heard(Ended)
    assert (end.by, end.status) == ("remote", 302)
    assert end.reason == "Moved Temporarily; not followed to sip:carol@x"
    assert len(targets(wire)) == 1


def test_whoever_leads_the_call_is_asked_and_may_accept() -> None:
    wire = CallWire(redirects=policy("ask"))
    call, _ = wire.invite()
    redirect(wire, "<sip:carol@x>", "<sip:dave@x>")
    assert len(targets(wire)) == 1
    wire.step(wire.calls.refuse_redirect, call)
    assert len(targets(wire)) == 1
    wire.step(wire.calls.accept_redirect, call)
    assert targets(wire)[1:] == ["sip:dave@x"]
    with pytest.raises(OutOfTurn):
        wire.step(wire.calls.accept_redirect, call)
    wire.reply(wire.requests("INVITE")[-1], 200, body=ANSWER)
    assert wire.heard(Answered)


def test_what_is_not_decided_on_in_time_is_refused() -> None:
    wire = CallWire(redirects=policy("ask"))
    wire.invite()
    redirect(wire, "<sip:carol@x>")
    wire.advance(DECISION_TIMEOUT_S + 0.1)
    assert wire.heard(RedirectDecided)[-1].decision == "refused"
    assert wire.heard(Ended)[0].status == 302
    assert wire.calls.is_idle


def test_hanging_up_ends_the_question() -> None:
    wire = CallWire(redirects=policy("ask"))
    call, _ = wire.invite()
    redirect(wire, "<sip:carol@x>")
    wire.step(wire.calls.hang_up, call)
    wire.advance(DECISION_TIMEOUT_S + 0.1)
    assert (len(targets(wire)), wire.heard(RedirectDecided)) == (1, [])
    assert wire.calls.is_idle


def test_what_a_far_end_may_redirect_is_bounded_whatever_becomes_of_it() -> None:
    wire = CallWire(redirects=policy("sip:n*@x", "refuse"))
    wire.invite()
    for round_ in range(MAX_REDIRECTIONS + 3):
        redirect(wire, *(f"<sip:{kind}{round_}@x>" for kind in "nabcd"))
    assert len(wire.heard(RedirectRequested)) == MAX_REDIRECTIONS


def test_at_most_five_targets_are_followed() -> None:
    wire = CallWire()
    wire.invite()
    for number in range(MAX_REDIRECTIONS + 3):
        redirect(wire, f"<sip:n{number}@x>")
    assert len(targets(wire)) == 1 + MAX_REDIRECTIONS
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


@pytest.mark.parametrize("permission", [Permission.REFUSE, Permission.ASK])
def test_the_proxy_of_a_305_needs_permission_too(permission: Permission) -> None:
    """A proxy sees the whole call and can route it anywhere."""
    wire = CallWire(redirects=PeerPolicy(permission))
    wire.invite()
    redirect(wire, "<sip:+900@evil.example;lr>", status=305)
    assert len(wire.requests("INVITE")) == 1
    assert [(one.status, one.decision) for one in wire.heard(RedirectDecided)] == [(305, "refused")]
    assert wire.heard(RedirectRequested)[0].decision is Permission.REFUSE
    assert "not followed to sip:+900@evil.example" in (wire.heard(Ended)[0].reason or "")


def test_the_proxy_of_a_305_is_told() -> None:
    wire = CallWire()
    wire.invite()
    redirect(wire, "<sip:gate.example.net>", status=305)
    assert len(wire.requests("INVITE")) == 2
    assert wire.heard(RedirectDecided)[0].decision == "accepted"
