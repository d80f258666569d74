"""Which calls are judged, and what of them counts."""

from sipcli.cli.evaluator import Evaluator
from sipcli.expect.evaluation import Verdict
from sipcli.expect.expectations import Expectations
from sipcli.media.audio_io.tones import Tone
from sipcli.media.pcm import RATE
from sipcli.media.rtp.delivery import Delivery
from sipcli.phone.call_state import MAX_DIGITS
from sipcli.phone.events import Dtmf
from sipcli.sdp.description import Direction
from tests.expect.told_calls import FakeCall, Theatre, a_stream


class Court:
    """A judge and what was pronounced."""

    def __init__(self, wanted: Expectations, *, incoming: bool = False) -> None:
        self.verdicts: list[Verdict] = []
        self.theatre = Theatre(Evaluator(wanted, self.verdicts.append, incoming=incoming))

    @property
    def met(self) -> list[bool]:
        return [verdict.met for verdict in self.verdicts]


AUDIO = Expectations(audio="both")


def test_sound_counts_from_the_answer_on() -> None:
    court = Court(AUDIO)
    call = court.theatre.begin()
    court.theatre.connect(call)
    call.heard(3.0)
    court.theatre.answer(call)
    call.heard(0.4)
    court.theatre.end(call)
    assert court.met == [False]


def test_sound_of_a_stream_that_began_after_the_answer_counts_all() -> None:
    court = Court(AUDIO)
    call = court.theatre.begin()
    call.heard(3.0)
    court.theatre.answer(call)
    call.media.stream = a_stream()  # another fork answered
    call.heard(0.6)
    court.theatre.connect(call)
    court.theatre.end(call)
    assert court.met == [True]


def test_a_tone_counts_from_the_answer_on() -> None:
    for before, after, met in ((2, 0, False), (0, 2, True)):
        court = Court(Expectations(tone_hz=440.0))
        call = court.theatre.begin()
        tone = Tone(440.0, amplitude=0.2)
        court.theatre.hear(call, tone.frame(before * RATE))
        court.theatre.answer(call)
        court.theatre.connect(call)
        court.theatre.hear(call, tone.frame(after * RATE))
        court.theatre.end(call)
        assert court.met == [met]


def test_setup_is_until_the_media_of_who_answered_connect() -> None:
    court = Court(Expectations(max_setup_ms=100))
    call = court.theatre.begin()
    court.theatre.connect(call, 90)
    court.theatre.answer(call)
    court.theatre.connect(call, 110)
    court.theatre.end(call)
    assert court.verdicts[0].actual == "110 ms"
    assert court.verdicts[0].call == call.id != ""
    assert court.met == [False]


def test_setup_is_over_with_the_first_way_and_media_that_fail_are_none() -> None:
    court = Court(Expectations(max_setup_ms=100))
    call = court.theatre.begin()
    court.theatre.answer(call)
    court.theatre.connect(call, 90)
    court.theatre.connect(call, 20_000, "restarted")
    court.theatre.end(call)
    assert court.met == [True]
    other = Court(Expectations(max_setup_ms=100))
    call = other.theatre.begin()
    other.theatre.connect(call, 50, "failed")
    other.theatre.end(call)
    assert other.met == [False]


def test_digits_are_those_received_in_order() -> None:
    court = Court(Expectations(dtmf="42"))
    call = court.theatre.begin()
    court.theatre.answer(call)
    court.theatre.connect(call)
    for direction, digit in (("received", "4"), ("sent", "9"), ("received", "2")):
        court.theatre.tell(
            Dtmf(
                call=call.id,
                direction="sent" if direction == "sent" else "received",
                digit=digit,
                duration_ms=100,
                method="rtp",
            )
        )
    court.theatre.end(call)
    assert court.met == [True]


def test_a_far_end_that_never_stops_dialling_fills_no_memory() -> None:
    court = Court(Expectations(dtmf=""))
    call = court.theatre.begin()
    court.theatre.answer(call)
    court.theatre.connect(call)
    digit = Dtmf(call=call.id, direction="received", digit="1", duration_ms=100, method="rtp")
    for _ in range(MAX_DIGITS + 5):
        court.theatre.tell(digit)
    court.theatre.end(call)
    assert court.verdicts[0].actual == "1" * MAX_DIGITS


def test_the_way_of_the_media_is_named_where_nothing_came_back() -> None:
    court = Court(AUDIO)
    call = court.theatre.begin()
    court.theatre.answer(call)
    court.theatre.connect(call)
    court.theatre.end(call, received=0)
    (verdict,) = court.verdicts
    assert "ICE connected by host to relay, DTLS up, nothing came back" in verdict.actual


def test_what_the_far_end_reports_and_what_was_agreed_count() -> None:
    for delivery, direction, words in (
        (Delivery.ALL_LOST, Direction.SENDRECV, "reports that none of them arrives"),
        (Delivery.UNNAMED, Direction.SENDRECV, "none of the far end's RTCP reports"),
        (Delivery.CONFIRMED, Direction.RECVONLY, "does not want to hear us"),
        (Delivery.CONFIRMED, Direction.SENDONLY, "said it would send nothing"),
    ):
        court = Court(AUDIO)
        call = court.theatre.begin()
        court.theatre.answer(call)
        court.theatre.connect(call)
        stream = call.media.stream
        stream.reporting.delivery = delivery
        stream.agreed.direction = direction
        stream.outbound.meter.audible_s = 2.0 if direction.sends else 0.0
        stream.inbound.meter.audible_s = 2.0 if direction.receives else 0.0
        court.theatre.end(call)
        assert words in court.verdicts[0].actual
        assert court.met == [False]


def test_without_packets_there_is_no_loss_to_speak_of() -> None:
    court = Court(Expectations(max_loss_percent=100.0))
    call = court.theatre.begin()
    court.theatre.answer(call)
    court.theatre.connect(call)
    court.theatre.end(call, received=0)
    assert court.met == [False]


def test_who_calls_has_only_the_first_call_judged() -> None:
    court = Court(Expectations(status=486))
    court.theatre.refused_call(603, incoming=True)
    assert court.met == []
    court.theatre.refused_call(486)
    court.theatre.refused_call(603)
    assert court.met == [True]


def test_who_listens_has_each_answered_call_judged() -> None:
    court = Court(AUDIO, incoming=True)

    def answered(theatre: Theatre) -> FakeCall:
        call = theatre.begin(incoming=True)
        theatre.answer(call)
        theatre.connect(call)
        return call

    first, second = answered(court.theatre), answered(court.theatre)
    first.heard(2.0)
    court.theatre.end(second)
    court.theatre.end(first)
    assert court.met == [False, True]
    court.theatre.refused_call(480, incoming=True)
    assert len(court.verdicts) == 2


def test_who_listens_for_a_status_has_calls_without_answer_judged_too() -> None:
    court = Court(Expectations(status=480), incoming=True)
    court.theatre.refused_call(480, incoming=True)
    assert court.met == [True]


def test_a_call_that_nobody_told_of_is_left_alone() -> None:
    court = Court(AUDIO)
    court.theatre.end(FakeCall("unknown"))
    assert court.verdicts == []
