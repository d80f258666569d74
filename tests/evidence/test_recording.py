"""Recordings: what is kept of a journal, in bounded memory."""

from array import array
from itertools import pairwise

import pytest

from sipcli.errors import Phase, RefusedError
from sipcli.evidence import recorded_call, recording
from sipcli.evidence.kept_entries import KeptEntries
from sipcli.evidence.recording import FOR_LADDER, Recording
from sipcli.journal.entries import (
    Entry,
    PacketEntry,
    SampleEntry,
    SipEntry,
    SoundEntry,
    StepEntry,
)
from sipcli.journal.journal import Journal
from sipcli.media.audio_io.tones import Tone
from sipcli.media.pcm import FRAME
from sipcli.phone.events import Calling, Held, Incoming
from tests.evidence.entries import (
    CALL,
    at,
    content,
    ended,
    event,
    good_call,
    message,
    recorded,
    sample,
    step,
    verdict,
)
from tests.sip_entries import sip_entry

INVITE = "INVITE sip:bob@example.com SIP/2.0"


def calling(number: int) -> Calling:
    return Calling(call=f"call-{number}", to="sip:bob@example.com")


def test_the_first_and_the_last_are_kept_by_number_and_by_size() -> None:
    kept = KeptEntries[SipEntry](4, 1000, lambda entry: len(entry.data))
    entries = [message(number, "sent", INVITE) for number in range(10)]
    for entry in entries:
        kept.add(entry)
    size = len(entries[0].data)
    assert 500 // size == 2, "two of them fit into one half"
    assert list(kept) == [*entries[:2], *entries[-2:]]
    assert (len(kept), kept.left_out) == (4, 6)
    kept.add(message(11, "sent", INVITE, fields=("X: " + "x" * 1000,)))
    assert (list(kept), kept.left_out) == (entries[:2], 9)


def test_only_what_is_asked_for_is_listened_to() -> None:
    journal = Journal()
    Recording().attach(journal, FOR_LADDER)
    assert journal.wants(SipEntry)
    assert not journal.wants(SoundEntry)
    assert not journal.wants(SampleEntry)
    whole = Journal()
    kept = Recording().attach(whole)
    assert whole.wants(SoundEntry)
    assert not whole.wants(PacketEntry)
    kept.detach()
    assert not any(whole.wants(kind) for kind in recording.FOR_REPORT)


def test_keep_alives_are_left_out() -> None:
    assert len(recorded(message(0, "sent", INVITE)).sip) == 1
    assert len(recorded(sip_entry("sent", b"\r\n\r\n")).sip) == 0


def test_each_call_has_its_own_and_what_came_before_its_invite() -> None:
    kept = recorded(step(1, Phase.STUN, "begun", call=""), *good_call(), verdict(False))
    call = kept.calls[CALL]
    assert [entry.phase for entry in call.steps][:2] == [Phase.STUN, Phase.ICE]
    assert len(call.samples.read()) == 1
    assert (call.is_over, call.has_failed) == (True, True)
    assert {entry.phase for entry in kept.steps} == {
        Phase.DNS,
        Phase.TCP,
        Phase.TLS,
        Phase.WEBSOCKET,
    }


def test_steps_before_an_invite_are_not_those_of_a_call_that_comes_in_meanwhile() -> None:
    incoming = Incoming(call="another", sender="sip:c@d", display_name=None, to="sip:a@b")
    kept = recorded(step(1, Phase.STUN, "begun", call=""), event(2, incoming), *good_call())
    assert not kept.calls["another"].steps
    assert next(iter(kept.calls[CALL].steps)).phase is Phase.STUN


def test_a_call_with_many_events_can_be_reported_on_from_its_begin_to_its_end() -> None:
    many = recorded_call.MAX_CALL_ENTRIES * 2
    *before, end = good_call()
    held = [event(2100 + n, Held(call=CALL, by="remote")) for n in range(many)]
    steps = [step(2100 + n, Phase.ICE, "begun", call=CALL) for n in range(many)]
    (call,) = content(*before, *held, *steps, end).calls
    assert (call.remote, call.result) == ("sip:bob@example.com", "passed")
    assert call.begin_ms == pytest.approx(100, abs=0.01)
    kept = recorded(*before, *held, *steps, end).calls[CALL]
    assert next(iter(kept.steps)).at == at(2001)
    assert len(kept.events) == len(kept.steps) == recorded_call.MAX_CALL_ENTRIES


def test_of_too_many_calls_the_failed_ones_stay() -> None:
    entries: list[Entry] = []
    for number in range(recording.MAX_CALLS + 20):
        failure = RefusedError("486 Busy Here") if number < 10 else None
        entries += [
            event(number, calling(number)),
            event(number, ended(failure, call=f"call-{number}")),
        ]
    kept = recorded(*entries)
    assert len(kept.calls) == recording.MAX_CALLS
    assert kept.calls_left_out == 20
    assert [f"call-{number}" in kept.calls for number in (0, 9, 10, 29, 30, 119)] == [
        True,
        True,
        False,
        False,
        True,
        True,
    ]


def test_calls_that_have_not_ended_are_not_dropped_for_new_ones() -> None:
    kept = recorded(*(event(n, calling(n)) for n in range(recording.MAX_CALLS + 1)))
    assert next(iter(kept.calls)) == "call-0"
    assert len(kept.calls) == recording.MAX_CALLS
    assert kept.calls_left_out == 1


def test_samples_of_hours_are_thinned_out_evenly_and_the_latest_is_there() -> None:
    seconds = 5 * 3600 + 7
    series = recorded_call.SampleSeries()
    for second in range(seconds):
        series.add(sample(second * 1000, packets_sent=second))
    kept = [entry.packets_sent for entry in series.read()]
    assert len(kept) <= recorded_call.MAX_SAMPLES
    assert kept[-1] == seconds - 1
    gaps = {later - earlier for earlier, later in pairwise(kept[:-1])}
    assert len(gaps) == 1, "they are equally far apart"


def test_the_first_sound_is_the_first_audible_one() -> None:
    quiet, tone = array("h", [0] * FRAME).tobytes(), Tone(440.0, 0.2).frame(FRAME).tobytes()
    heard = [
        SoundEntry(at=at(2000 + 20 * number), call=CALL, received=received)
        for number, received in enumerate([quiet] * 5 + [tone] * 50)
    ]
    call = recorded(*good_call()[:-2], *heard).calls[CALL]
    assert call.heard_since == at(2000)
    assert call.first_sound_at == at(2100)
    spectrogram = call.spectrogram.read()
    assert spectrogram is not None
    loudest = max(range(96), key=lambda band: spectrogram.columns[-1][band])
    assert spectrogram.edges_hz[loudest] <= 440 <= spectrogram.edges_hz[loudest + 1]


def test_steps_of_a_call_that_is_not_known_are_dropped() -> None:
    unknown: StepEntry = step(0, Phase.ICE, "begun", call="another")
    assert not recorded(unknown).calls
