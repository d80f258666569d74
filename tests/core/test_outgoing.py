"""Calling somebody (RFC 3261 §13.2, §9.1, §8.1.3.4; RFC 3262; RFC 4028 §7.3)."""

from sipcli.core.call_events import Answered, Calling, Ended, Progress
from tests.core.call_wire import ANSWER, OFFER, CallWire


def test_a_call_is_placed_rings_and_is_answered() -> None:
    wire = CallWire()
    call, invite = wire.invite()
    assert invite.body == OFFER
    assert str(invite.uri) == "sip:bob@example.com"
    assert "timer" in invite.supported
    assert "100rel" in invite.supported
    wire.reply(invite, 100, tag=None)
    wire.now += 1
    wire.reply(invite, 180)
    wire.now += 2
    wire.reply(invite, 200, body=ANSWER)
    assert wire.take() == [
        Calling(call=call, to="sip:bob@example.com"),
        Progress(
            call=call, status=180, reason="Ringing", early_media=False, body=None, fork="bob1"
        ),
        Answered(call=call, status=200, elapsed_ms=3000, body=ANSWER, fork="bob1"),
    ]
    ack = wire.requests("ACK")[-1]
    assert str(ack.uri) == "sip:bob@192.0.2.7;transport=ws"
    assert ack.cseq.number == invite.cseq.number
    assert ack.via.branch != invite.via.branch
    wire.step(wire.calls.hang_up, call)
    bye = wire.requests("BYE")[-1]
    assert bye.cseq.number == invite.cseq.number + 1
    wire.reply(bye, 200)
    (ended,) = wire.heard(Ended)
    assert (ended.by, ended.status, ended.duration_s) == ("local", None, 0.0)
    assert wire.agent.calls.is_idle
