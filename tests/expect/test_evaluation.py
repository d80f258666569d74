"""What is met and what is not, by what a call came to."""

from dataclasses import replace

import pytest

from sipcli.errors import Phase
from sipcli.expect.call_record import AudioFlow, CallRecord
from sipcli.expect.evaluation import Verdict
from sipcli.expect.expectations import Expectations, evaluate, unreached
from sipcli.media.rtp.delivery import Delivery

FLOW = AudioFlow(
    path="ICE connected by host, DTLS up",
    packets_sent=412,
    packets_received=400,
    packets_unknown=0,
    lasted_s=8.2,
    silent_end_s=0.0,
    audible_sent_s=8.0,
    audible_received_s=7.5,
    we_may_send=True,
    they_may_send=True,
    delivery=Delivery.CONFIRMED,
    tone_s=7.4,
    strongest_hz=440.2,
    mos=4.4,
    loss_percent=1.0,
)
CALL = CallRecord(
    status=200, outcome="hung up", setup_ms=120, answer_ms=50, digits="42#", flow=FLOW
)
BUSY = CallRecord(
    status=486, outcome="486 Busy Here", setup_ms=None, answer_ms=None, digits="", flow=None
)
ALL = Expectations(
    audio="both",
    tone_hz=440.0,
    dtmf="42#",
    status=200,
    max_setup_ms=120,
    min_mos=4.4,
    max_loss_percent=1.0,
)
DEAF = replace(FLOW, packets_received=0, audible_received_s=0.0, mos=None, loss_percent=None)


def verdict(wanted: Expectations, flow: AudioFlow = FLOW) -> Verdict:
    """The one verdict on a call with this flow."""
    (one,) = evaluate(wanted, replace(CALL, flow=flow))
    return one


def test_each_expectation_has_its_verdict_in_the_order_of_the_contract() -> None:
    found = evaluate(ALL, CALL)
    assert [one.name for one in found] == [
        "expect-audio",
        "expect-tone",
        "expect-dtmf",
        "expect-status",
        "max-setup-ms",
        "min-mos",
        "max-loss",
    ]
    assert all(one.met and one.reached for one in found)
    assert evaluate(Expectations(), CALL) == ()


@pytest.mark.parametrize(
    ("wanted", "met"),
    [
        (Expectations(dtmf="42"), False),
        (Expectations(dtmf="42##"), False),
        (Expectations(dtmf=""), False),
        (Expectations(status=486), False),
        (Expectations(max_setup_ms=119), False),
        (Expectations(min_mos=4.41), False),
        (Expectations(max_loss_percent=0.99), False),
        (Expectations(max_loss_percent=100.0), True),
    ],
)
def test_the_limit_itself_is_met_and_what_is_beyond_is_not(wanted: Expectations, met: bool) -> None:
    assert verdict(wanted).met is met


def test_sound_is_audible_from_half_a_second_on() -> None:
    for seconds, met in ((25 * 0.02, True), (0.48, False)):
        received = replace(FLOW, audible_received_s=seconds)
        assert verdict(Expectations(audio="received"), received).met is met
        assert verdict(Expectations(audio="both"), received).met is met
        assert verdict(Expectations(audio="sent"), received).met
        sent = replace(FLOW, audible_sent_s=seconds)
        assert verdict(Expectations(audio="sent"), sent).met is met
        assert verdict(Expectations(audio="both"), sent).met is met
        assert verdict(Expectations(audio="received"), sent).met


def test_a_tone_counts_from_a_second_on() -> None:
    for seconds, met in ((sum([0.2] * 5), True), (0.8, False)):
        assert verdict(Expectations(tone_hz=440.0), replace(FLOW, tone_s=seconds)).met is met


def test_what_the_far_end_says_never_arrived_was_not_sent() -> None:
    for delivery, words in (
        (Delivery.ALL_LOST, "the far end reports that none of them arrives"),
        (
            Delivery.UNNAMED,
            "none of the far end's RTCP reports, over 2 s or more, names them: they",
        ),
        (Delivery.UNNAMED, "unless it never reports on what it receives"),
    ):
        lost = replace(FLOW, delivery=delivery)
        found = verdict(Expectations(audio="sent"), lost)
        assert not found.met
        assert "sent 412 packets" in found.actual
        assert words in found.actual
        assert verdict(Expectations(audio="received"), lost).met


def test_what_the_far_end_has_not_confirmed_counts_and_is_said_to_be_unconfirmed() -> None:
    unknown = replace(FLOW, delivery=Delivery.UNKNOWN)
    words = ", not confirmed by the far end"
    for direction in ("sent", "both"):
        found = verdict(Expectations(audio=direction), unknown)
        assert found.met
        assert found.actual == f"7.5 s of audible sound received, 8.0 s sent{words}"
        assert words not in verdict(Expectations(audio=direction)).actual
    assert words not in verdict(Expectations(audio="received"), unknown).actual


@pytest.mark.parametrize(
    ("flow", "words"),
    [
        (
            DEAF,
            "one-way audio, nothing reaches us: sent 412 packets, received 0:"
            " ICE connected by host, DTLS up, nothing came back",
        ),
        (replace(DEAF, they_may_send=False), "the far end said it would send nothing"),
        (
            replace(FLOW, audible_received_s=0.0, mos=None, packets_unknown=390),
            "none of them could be played: 390 of another codec than agreed",
        ),
        (
            replace(FLOW, audible_received_s=0.0, mos=None),
            "none of them is sound: digits, comfort noise or padding",
        ),
        (replace(FLOW, audible_received_s=0.1), "0.1 s of them audible: ICE connected by host"),
        (replace(FLOW, audible_received_s=0.1), "the far end sends silence"),
        (replace(FLOW, audible_received_s=0.48), "0.48 s of them audible"),  # and not "0.5 s"
        (replace(FLOW, delivery=Delivery.ALL_LOST), "one-way audio, nothing leaves or arrives: "),
        (replace(FLOW, audible_sent_s=0.0), "our own source is silent"),
        (replace(FLOW, audible_sent_s=0.0, we_may_send=False), "does not want to hear us"),
    ],
)
def test_one_way_audio_is_named_with_its_direction_and_likely_step(
    flow: AudioFlow, words: str
) -> None:
    found = verdict(Expectations(audio="both"), flow)
    assert not found.met
    assert words in found.actual
    assert found.actual.startswith("one-way audio")


BRIEF = replace(FLOW, lasted_s=0.9, delivery=Delivery.UNKNOWN)


@pytest.mark.parametrize(
    ("flow", "words"),
    [
        (replace(BRIEF, audible_received_s=0.3, audible_sent_s=0.4), "0.3 s of audible sound"),
        (replace(BRIEF, audible_received_s=0.0, mos=None), "0.0 s of audible sound"),
        (replace(BRIEF, audible_received_s=0.0, packets_received=0), "received 0: ICE connected"),
        (replace(BRIEF, audible_sent_s=0.0), "0.0 s sent"),
    ],
)
def test_a_call_that_was_too_short_is_said_to_have_been_that_and_nobody_is_blamed(
    flow: AudioFlow, words: str
) -> None:
    found = verdict(Expectations(audio="both"), flow)
    assert not found.met
    assert words in found.actual
    assert found.actual.endswith("too short to judge, its media were up for 0.9 s")
    assert "one-way" not in found.actual
    assert "silence" not in found.actual
    for longer in (replace(flow, lasted_s=1.0), replace(flow, lasted_s=None)):
        assert "too short" not in verdict(Expectations(audio="both"), longer).actual
    assert verdict(Expectations(audio="both"), BRIEF).met


def test_what_was_agreed_or_reported_is_to_blame_in_a_short_call_too() -> None:
    for flow, words in (
        (replace(BRIEF, audible_received_s=0.0, they_may_send=False), "would send nothing"),
        (replace(BRIEF, audible_sent_s=0.0, we_may_send=False), "does not want to hear us"),
        (replace(BRIEF, delivery=Delivery.ALL_LOST), "none of them arrives"),
    ):
        assert words in verdict(Expectations(audio="both"), flow).actual


def test_a_tone_in_a_short_call_is_not_called_another_one() -> None:
    wanted, brief = Expectations(tone_hz=440.0), replace(BRIEF, lasted_s=1.4)
    found = verdict(wanted, replace(brief, tone_s=0.8))
    assert found.actual == (
        "heard 440 Hz for 0.8 s; the longest tone had 440.2 Hz: the call was too short to judge,"
        " its media were up for 1.4 s"
    )
    none = verdict(wanted, replace(brief, tone_s=0.0, strongest_hz=None))
    assert none.actual.startswith("no tone: the call was too short to judge")
    assert "too short" not in verdict(wanted, replace(brief, tone_s=0.8, lasted_s=1.5)).actual
    assert "too short" not in verdict(wanted, replace(brief, tone_s=1.0)).actual


def test_silence_both_ways_is_not_called_one_way() -> None:
    found = verdict(Expectations(audio="both"), replace(DEAF, audible_sent_s=0.0))
    assert "one-way" not in found.actual
    assert "nothing came back" in found.actual
    assert "our own source is silent" in found.actual


def test_no_packets_at_all_are_neither_good_quality_nor_no_loss() -> None:
    for wanted in (Expectations(min_mos=1.0), Expectations(max_loss_percent=100.0)):
        found = verdict(wanted, DEAF)
        assert not found.met
        assert found.actual == "nothing was received"


def test_a_wrong_tone_is_told_and_no_tone_says_why() -> None:
    other = verdict(Expectations(tone_hz=440.0), replace(FLOW, tone_s=0.0, strongest_hz=1000.0))
    assert "1000.0 Hz" in other.actual
    speech = verdict(Expectations(tone_hz=440.0), replace(FLOW, tone_s=0.0, strongest_hz=None))
    assert speech.actual == "no tone stood out"
    nothing = verdict(Expectations(tone_hz=440.0), replace(DEAF, tone_s=0.0, strongest_hz=None))
    assert "nothing came back" in nothing.actual


def test_of_a_call_that_was_refused_only_the_status_is_judged() -> None:
    found = {one.name: one for one in evaluate(replace(ALL, status=486, dtmf=""), BUSY)}
    assert found.pop("expect-status").met
    assert not any(one.met or one.reached for one in found.values())
    assert all(one.actual == "not reached: 486 Busy Here" for one in found.values())


def test_without_a_call_nothing_is_reached() -> None:
    found = unreached(ALL, "registration refused")
    assert len(found) == len(evaluate(ALL, CALL))
    assert not any(one.met or one.reached for one in found)
    assert {one.actual for one in found} == {"not reached: registration refused"}


def test_sound_that_stopped_midway_is_no_success() -> None:
    wanted = Expectations(audio="both")
    assert verdict(wanted, replace(FLOW, silent_end_s=1.9)).met
    found = verdict(wanted, replace(FLOW, silent_end_s=2.1))
    assert not found.met
    assert "received 400, none in the last 2.1 s: ICE connected by host" in found.actual
    assert "the sound stopped midway" in found.actual
    assert verdict(Expectations(audio="sent"), replace(FLOW, silent_end_s=9.0)).met


def test_who_said_that_nothing_would_come_has_not_stopped() -> None:
    held = replace(FLOW, silent_end_s=9.0, they_may_send=False)
    assert verdict(Expectations(audio="both"), held).met


@pytest.mark.parametrize(
    ("wanted", "phase"),
    [
        (Expectations(audio="both"), Phase.AUDIO),
        (Expectations(min_mos=4.0), Phase.AUDIO),
        (Expectations(status=486), Phase.ANSWER),
        (Expectations(max_setup_ms=100), Phase.ICE),
    ],
)
def test_each_verdict_names_the_step_to_blame(wanted: Expectations, phase: Phase) -> None:
    (found,) = evaluate(wanted, CALL)
    assert found.phase == phase


def test_a_late_answer_is_to_blame_for_a_slow_setup() -> None:
    (found,) = evaluate(Expectations(max_setup_ms=100), replace(CALL, answer_ms=61))
    assert found.phase == Phase.ANSWER
