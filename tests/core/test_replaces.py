"""An INVITE that takes the place of a call (RFC 3891 §3)."""

from sipcli.core.calls.events import Ended, Incoming
from tests.core.call_wire import ANSWER, CallWire

BOB = '"Bob" <sip:bob@example.com>;tag=bobs'


def replace(
    wire: CallWire, call: str, flag: str = "", *fields: tuple[str, str], sender: str = ""
) -> None:
    known = wire.agent.calls._calls.get(call)  # noqa: SLF001
    assert known is not None
    session = known.session
    assert session is not None
    dialog = session.dialog
    value = f"{call};to-tag={dialog.local.tag};from-tag={dialog.remote.tag}{flag}"
    call_id = f"in-for-{call}{flag}-{len(wire.sent)}"
    wire.ring(("Replaces", value), *fields, call_id=call_id, sender=sender or BOB)


def test_an_invite_takes_the_place_of_an_answered_call() -> None:
    wire = CallWire(max_calls=1)
    call, _ = wire.talk()
    replace(wire, call)
    assert wire.heard(Incoming)[0].replaces == call
    wire.step(wire.calls.accept, wire.heard(Incoming)[0].call, ANSWER)
    assert wire.last().method == "BYE"
    assert [event.call for event in wire.heard(Ended)] == [call]


def test_an_invite_takes_the_place_of_a_call_of_ours_that_rings() -> None:
    wire = CallWire()
    call, invite = wire.invite()
    wire.reply(invite, 180)
    replace(wire, call, ";early-only")
    wire.step(wire.calls.accept, wire.heard(Incoming)[0].call, ANSWER)
    assert wire.last().method == "CANCEL"


def test_what_may_not_be_replaced_is_not() -> None:  # RFC 3891 §3
    wire = CallWire()
    call, _ = wire.talk()
    replace(wire, call, ";early-only")
    assert wire.responses()[-1].status == 486
    wire.ring()
    replace(wire, "in-1")
    assert wire.responses()[-1].status == 481, "early, and it is they who called"
    wire.step(wire.calls.hang_up, call)
    replace(wire, call)
    assert wire.responses()[-1].status == 603


def test_a_stranger_cannot_take_the_place_of_the_far_end() -> None:  # RFC 3891 §3, §5
    for sender, referrer in (
        ("<sip:eve@example.com>;tag=e", None),
        ("<sip:bob@evil.example>;tag=e", None),
        ("<sip:eve@example.com>;tag=e", "<sip:eve@example.com>"),
    ):
        wire = CallWire()
        call, _ = wire.talk()
        fields = [("Referred-By", referrer)] if referrer else []
        replace(wire, call, "", *fields, sender=sender)
        assert wire.responses()[-1].status == 403
        assert (wire.heard(Incoming), wire.heard(Ended)) == ([], [])


def test_to_be_anonymous_is_no_identity() -> None:
    wire = CallWire()
    nobody = "<sip:anonymous@anonymous.invalid>;tag=bobs"
    first = wire.ring(sender=nobody)
    wire.step(wire.calls.accept, first.call_id, ANSWER)
    replace(wire, first.call_id, "", sender=nobody.replace("bobs", "other"))
    assert wire.responses()[-1].status == 403


def test_whom_the_far_end_has_sent_may_take_its_place() -> None:
    wire = CallWire()
    call, _ = wire.talk()
    referrer = ("Referred-By", '"Bob" <sip:bob@example.com;transport=ws>;cid=1')
    replace(wire, call, "", referrer, sender="<sip:carol@example.com>;tag=c")
    assert wire.heard(Incoming)[0].replaces == call
