"""Messages with random damage never hang a call. The seeds are fixed."""

import random

import pytest

from sipcli.core.calls.events import Ended
from sipcli.sip import build
from sipcli.sip.parser import encode
from tests.core.call_wire import ANSWER, BOBS_PHONE, OFFER, SDP, CallWire
from tests.sip.test_fuzz import mutant


@pytest.mark.parametrize("seed", range(8))
def test_damaged_answers_never_hang_a_call(seed: int) -> None:
    """Whatever comes back, each call that we make has an end once the far end is silent."""
    dice = random.Random(seed)
    for _ in range(40):
        phone = CallWire()
        call, invite = phone.invite()
        fields = [("Contact", BOBS_PHONE), SDP, ("Allow", "INVITE, UPDATE, ACK, BYE")]
        answers = [
            encode(build.response(invite, status, to_tag="bob1", headers=fields, body=body))
            for status, body in ((180, b""), (183, ANSWER), (200, ANSWER), (302, b""), (486, b""))
        ]
        for _ in range(dice.randint(1, 4)):
            phone.receive(mutant(dice.choice(answers), answers, dice))
        if dice.random() < 0.5:
            phone.receive(answers[2])
            if phone.calls.can_offer(call):
                phone.step(phone.calls.offer, call, OFFER)
                ours = phone.requests()[-1]
                phone.receive(mutant(encode(build.response(ours, 200)), answers, dice))
        phone.step(phone.calls.hang_up, call)
        phone.advance(200)
        assert len(phone.heard(Ended)) == 1
        assert phone.calls.is_idle
        assert all(len(text) < 300 for text in phone.warnings())


@pytest.mark.parametrize("seed", range(8))
def test_damaged_requests_never_harm_a_call(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(20):
        phone = CallWire()
        call, invite = phone.talk()
        requests = [
            encode(phone.inside(invite, method, *more, cseq=20 + number, body=body))
            for number, (method, more, body) in enumerate(
                (
                    ("INVITE", (), OFFER),
                    ("UPDATE", (), OFFER),
                    ("ACK", (), b""),
                    ("INFO", (("Content-Type", "application/dtmf"),), b"5"),
                    ("MESSAGE", (("Content-Type", "text/plain;charset=koi8-r"),), b"hi"),
                    ("OPTIONS", (), b""),
                    (
                        "UPDATE",
                        (("Content-Type", "multipart/mixed;boundary=b"),),
                        b"--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b--",
                    ),
                )
            )
        ]
        for _ in range(20):
            phone.receive(mutant(dice.choice(requests), requests, dice))
        phone.step(phone.calls.hang_up, call)
        phone.advance(200)
        assert [one.call for one in phone.heard(Ended)].count(call) == 1
        assert phone.calls.is_idle
