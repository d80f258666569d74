"""Calls in Python: what they do and tell, and how a wait in vain says so."""

import asyncio
import gc
import weakref
from typing import NoReturn

import pytest

from sipcli import Call, Event, Phone
from sipcli.errors import (
    ConfigError,
    ExpectationError,
    NoAnswerError,
    Phase,
    RefusedError,
)
from sipcli.media.session.media_session import NotAcceptable
from sipcli.phone.events import Held
from sipcli.phone.waiter import TIMEOUT
from sipcli.sandbox.sandbox import Sandbox
from sipcli.sdp.validation import Refused
from tests.phone.kinds import MakePhone, talk

pytestmark = pytest.mark.asyncio

SOON = 0.3
"""Seconds that a wait in vain gets."""


async def test_both_ends_of_a_call_say_what_they_measure(sip_phone: MakePhone) -> None:
    alice, bob, call, other = await talk(sip_phone)
    await call.wait_for_answer()
    assert (call.status, call.is_incoming, call.remote) == (200, False, "sip:bob@sandbox.invalid")
    assert (other.status, other.is_incoming, other.remote) == (200, True, alice.uri)
    assert alice.calls == (call,)
    assert bob.calls == (other,)
    await call.wait_for_audio("both")
    await other.wait_for_audio("both")
    await call.wait_for_tone(1000)
    await other.wait_for_tone(440)
    assert call.received.tone_hz == pytest.approx(1000, rel=0.01)
    assert call.sent.tone_hz == pytest.approx(440, rel=0.01)
    assert other.received.tone_hz == pytest.approx(440, rel=0.01)
    assert call.sent.level_dbfs == pytest.approx(-15, abs=1.5)
    assert call.received.audible_s >= 0.5
    ended = await call.hang_up()
    assert (ended.by, call.is_over) == ("local", True)
    assert (await other.wait_for_end()).by == "remote"
    assert not alice.calls
    assert not bob.calls
    assert call.stats is not None
    assert call.stats == ended.stats
    assert call.stats.mos is not None
    assert call.stats.packets_received > 20


@pytest.mark.parametrize("action", ["hold", "transfer"])
async def test_an_action_before_the_answer_begins_then_even_if_left_alone(
    sip_phone: MakePhone, action: str
) -> None:
    alice, bob = await sip_phone("alice"), await sip_phone("bob", transfers="accept")
    call = await alice.call("bob")
    if action == "hold":
        call.hold()
    else:
        call.transfer("echo")
    held = asyncio.Event()
    bob.subscribe(lambda event: held.set() if isinstance(event, Held) else None)
    await bob.answer()
    if action == "hold":
        await asyncio.wait_for(held.wait(), TIMEOUT)
    else:
        assert (await call.wait_for_end()).reason == "transferred"


async def test_an_action_before_the_answer_does_not_begin_once_it_is_given_up(
    sip_phone: MakePhone,
) -> None:
    alice, bob = await sip_phone("alice"), await sip_phone("bob")
    call = await alice.call("bob")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(call.hold(), 0.05)
    with pytest.raises(ExpectationError, match=r"the call was not answered within 0.05 s"):
        await call.hold(timeout=0.05)
    await bob.answer()
    await call.connected_or_over()
    assert (call.is_connected, call.wants_hold) == (True, False)


async def test_a_call_is_over_even_if_a_listener_cannot_take_its_end(
    sip_sandbox: Sandbox,
) -> None:
    def fail(event: Event) -> None:
        if event.name == "ended":
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with Phone(**sip_sandbox.keys("alice"), on_event=fail) as alice:
            call = await alice.call("ring")
            await call.hang_up()
    assert call.is_over
    assert not alice.calls


async def test_digits_are_read_like_a_stream(sip_phone: MakePhone) -> None:
    _, _, call, other = await talk(sip_phone)
    call.send_dtmf("42")
    call.send_dtmf("#")
    assert await other.received_dtmf(1) == "4"
    assert await other.received_dtmf(2) == "2#"
    assert other.digits == "42#"
    with pytest.raises(ExpectationError, match=r"expected 1 digits within 0.3 s; received: ''"):
        await other.received_dtmf(1, timeout=SOON)


async def test_digits_that_are_none_are_refused(sip_phone: MakePhone) -> None:
    alice = await sip_phone("alice")
    call = await alice.call("echo")
    with pytest.raises(ConfigError, match=r"send_dtmf\('4x'\)"):
        call.send_dtmf("4x")


async def test_a_refused_call_fails_every_wait_at_once_and_with_its_status(
    sip_phone: MakePhone,
) -> None:
    alice = await sip_phone("alice")
    call = await alice.call("busy")
    for waiting in (
        call.wait_for_answer(),
        call.wait_for_audio(),
        call.wait_for_tone(440),
        call.received_dtmf(1),
        call.hold(),
    ):
        with pytest.raises(RefusedError, match=r"^answer: 486 Busy Here"):
            await waiting
    assert call.status == 486
    assert call.stats is None or call.stats.packets_received == 0
    assert (await call.wait_for_end()).status == 486


async def test_where_nobody_answers_the_wait_says_how_far_it_came(sip_phone: MakePhone) -> None:
    alice = await sip_phone("alice")
    call = await alice.call("ring")
    await call.wait_for_ringing()
    text = r"^ring: no answer within 0.3 s; so far: 180 Ringing$"
    with pytest.raises(NoAnswerError, match=text):
        await call.wait_for_answer(timeout=SOON)
    assert not call.is_over
    with pytest.raises(ExpectationError, match=r"the call did not end within 0.3 s"):
        await call.wait_for_end(timeout=SOON)
    assert (await call.hang_up()).by == "local"
    with pytest.raises(NoAnswerError):
        await call.wait_for_answer()


async def test_calls_that_nobody_asks_for_are_forgotten(sip_phone: MakePhone) -> None:
    alice, bob = await sip_phone("alice"), await sip_phone("bob")
    rang: list[weakref.ref[Call]] = []
    for _ in range(4):
        call = await alice.call("bob")
        await call.wait_for_ringing()
        rang.append(weakref.ref(bob.calls[-1]))
        await call.hang_up()
    gc.collect()
    # The last one is kept, and the one before: the text below names it.
    assert [one() for one in rang[:-2]] == [None, None]
    with pytest.raises(NoAnswerError, match=r"an earlier one from sip:alice@.* has gone"):
        await bob.incoming(timeout=SOON)


async def test_sound_flows_in_directions_that_are_known(sip_phone: MakePhone) -> None:
    alice = await sip_phone("alice")
    call = await alice.call("echo")
    with pytest.raises(ConfigError, match=r"'heard'\): expected received, sent, both"):
        await call.wait_for_audio("heard")  # type: ignore[arg-type]  # no checker looked at it


async def test_no_audio_is_told_with_the_way_that_it_should_have_come(
    sip_phone: MakePhone,
) -> None:
    alice = await sip_phone("alice", audio_in="tone:440")
    call = await alice.call("silent")
    await call.wait_for_audio("sent")
    with pytest.raises(ExpectationError) as caught:
        await call.wait_for_audio(timeout=SOON)
    assert caught.value.phase is Phase.AUDIO
    assert "expected 0.5 s of audible sound received within 0.3 s" in str(caught.value)
    assert "received 0: ICE connected" in str(caught.value)
    with pytest.raises(ExpectationError, match="one-way audio, nothing reaches us"):
        await call.wait_for_audio("both", timeout=SOON)
    with pytest.raises(ExpectationError, match=r"a tone of 440 Hz within 0.3 s.*received 0"):
        await call.wait_for_tone(440, timeout=SOON)
    assert call.received.tone_hz is None
    assert call.received.level_dbfs == -96.0


async def test_the_wrong_tone_is_named(sip_phone: MakePhone) -> None:
    alice = await sip_phone("alice")
    call = await alice.call("tone")
    await call.wait_for_tone(1000)
    text = r"expected a tone of 440 Hz within 0.3 s; found: (999|1000)\.\d Hz at -1\d\.\d dBFS"
    with pytest.raises(ExpectationError, match=text):
        await call.wait_for_tone(440, timeout=SOON)


async def test_a_wait_ends_with_the_call(sip_phone: MakePhone) -> None:
    _, _, call, other = await talk(sip_phone)
    waiting = asyncio.ensure_future(other.received_dtmf(1, timeout=60))
    await call.hang_up()
    with pytest.raises(ExpectationError, match="the call is over"):
        await waiting


async def test_hold_and_resume_are_agreed_with_the_far_end(sip_phone: MakePhone) -> None:
    _, _, call, other = await talk(sip_phone)
    await call.hold()
    assert call.is_held
    assert other.is_held_by_remote
    await call.resume()
    assert not call.is_held
    assert not other.is_held_by_remote


async def test_a_hold_that_is_refused_is_an_error(
    sip_phone: MakePhone, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: bytes) -> NoReturn:
        raise NotAcceptable(Refused(399, "not now"))

    _, _, call, other = await talk(sip_phone)
    await call.wait_for_audio()
    monkeypatch.setattr(other.media, "receive_offer", refuse)
    with pytest.raises(RefusedError, match="hold: the far end refused to change the call"):
        await call.hold(timeout=600)
    assert not call.is_held
    assert not call.is_over


async def test_mute_sends_silence(sip_phone: MakePhone) -> None:
    _, _, call, other = await talk(sip_phone)
    await other.wait_for_tone(440)
    call.mute()
    assert call.is_muted
    with pytest.raises(ExpectationError, match=r"expected silence .*found: 4\d\d\.\d Hz"):
        await other.wait_for_silence(timeout=0.01)
    await other.wait_for_silence()
    call.unmute()
    await other.wait_for_tone(440)


async def test_a_call_can_be_looked_at_and_rejected(sip_phone: MakePhone) -> None:
    alice, bob = await sip_phone("alice", display_name="Alice"), await sip_phone("bob")
    call = await alice.call("bob", headers={"Subject": "lunch"})
    other = await bob.incoming()
    assert other.is_ringing
    assert other.display_name == "Alice"
    with pytest.raises(ConfigError, match=r"reject\(200\): expected a status from 300 to 699"):
        await other.reject(200)
    await other.reject(603)
    with pytest.raises(RefusedError, match="603"):
        await call.wait_for_answer()


async def test_where_nobody_calls_the_wait_says_who_had_called_before(
    sip_phone: MakePhone,
) -> None:
    alice, bob = await sip_phone("alice"), await sip_phone("bob")
    text = r"^ring: no call came in for sip:bob@sandbox.invalid within 0.3 s$"
    with pytest.raises(NoAnswerError, match=text):
        await bob.answer(timeout=SOON)
    call = await alice.call("bob")
    await call.wait_for_ringing()
    await call.hang_up()
    text = "an earlier one from sip:alice@sandbox.invalid has gone"
    with pytest.raises(NoAnswerError, match=text):
        await bob.answer(timeout=SOON)


async def test_a_call_is_transferred_to_an_address(sip_phone: MakePhone) -> None:
    _, bob, call, _ = await talk(sip_phone, transfers="accept")
    await call.transfer("tone")
    assert call.is_over
    new = bob.calls[-1]
    assert new.remote == "sip:tone@sandbox.invalid"
    await new.wait_for_audio()


async def test_the_program_decides_whether_it_is_transferred(sip_phone: MakePhone) -> None:
    _, bob, call, other = await talk(sip_phone)
    transfer = asyncio.create_task(call.transfer("tone"))
    asked = await other.wait_for_transfer_request()
    assert str(asked.target) == "sip:tone@sandbox.invalid"
    assert len(bob.calls) == 1
    other.refuse_transfer()
    with pytest.raises(RefusedError, match="603"):
        await transfer
    with pytest.raises(ConfigError, match=r"refuse_transfer\(200\): expected a status"):
        other.refuse_transfer(200)
    with pytest.raises(RefusedError, match="no transfer is waiting for a decision"):
        await other.accept_transfer()
    with pytest.raises(ExpectationError, match=r"no transfer was asked for within 0.3 s"):
        await other.wait_for_transfer_request(timeout=SOON)

    transfer = asyncio.create_task(call.transfer("tone"))
    await other.wait_for_transfer_request()
    new = await other.accept_transfer()
    assert new.remote == "sip:tone@sandbox.invalid"
    await transfer
    await new.wait_for_tone(1000)


async def test_two_calls_are_joined(sip_phone: MakePhone) -> None:
    alice, bob, call, _ = await talk(sip_phone, transfers="accept")
    carol = await sip_phone("carol", audio_in="tone:2000")
    second = await alice.call("carol")
    await carol.answer()
    await second.wait_for_audio()
    await call.transfer(second)
    await second.wait_for_end()
    assert not alice.calls
    at_bob, at_carol = bob.calls[-1], carol.calls[-1]
    await at_bob.wait_for_tone(2000)
    await at_carol.wait_for_tone(1000)


async def test_a_transfer_that_fails_is_an_error_and_the_call_goes_on(
    sip_phone: MakePhone,
) -> None:
    _, _, call, _ = await talk(sip_phone, transfers=["sip:*@sandbox.invalid"])
    with pytest.raises(RefusedError, match=r"transfer to sip:busy@sandbox.invalid: 486"):
        await call.transfer("busy")
    assert not call.is_over
    with pytest.raises(ConfigError, match="only sip:, sips: and tel: addresses can"):
        await call.transfer("http://example.com")


async def test_the_end_of_a_call_says_what_failed(sip_phone: MakePhone) -> None:
    alice = await sip_phone("alice")
    refused = await (await alice.call("busy")).wait_for_end()
    assert refused.failure is not None
    assert str(refused.failure) == "answer: 486 Busy Here"
    good = await alice.call("echo")
    await good.wait_for_answer()
    assert (await good.hang_up()).failure is None
