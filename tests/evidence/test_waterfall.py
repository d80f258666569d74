"""Waterfalls: a bar for each phase that was tried, and the failed one marked."""

import re
from pathlib import Path
from typing import Any

from sipcli.errors import MediaError, NoAnswerError, Phase, RefusedError
from sipcli.evidence.waterfall import (
    CALL_PHASES,
    CONNECTION_PHASES,
    MAX_BARS,
    SLOW_MS,
    PhaseBar,
    Waterfall,
)
from sipcli.journal.entries import Entry
from sipcli.phone.events import (
    Answered,
    Calling,
    Disconnected,
    Progress,
    RegistrationFailed,
)
from tests.evidence.entries import (
    CALL,
    REGISTERED,
    SERVER,
    at,
    connection,
    content,
    ended,
    event,
    good_call,
    media,
    message,
    step,
    verdict,
)


def shown(waterfall: Waterfall) -> list[tuple[str, str, float | None, float | None]]:
    return [(str(b.phase), b.state, b.begin_ms, b.end_ms) for b in waterfall.bars]


def states(waterfall: Waterfall) -> list[tuple[str, str]]:
    return [(str(bar.phase), bar.state) for bar in waterfall.bars]


def rounded(bar: PhaseBar) -> tuple[str, str, int, int]:
    return (str(bar.phase), bar.state, round(bar.begin_ms or 0), round(bar.end_ms or 0))


def test_a_good_call_has_each_phase_with_its_begin_and_end() -> None:
    report = content(*good_call())
    assert list(map(rounded, report.waterfall.bars)) == [
        ("DNS", "done", 0, 10),
        ("TCP", "done", 10, 20),
        ("TLS", "done", 20, 30),
        ("WebSocket", "done", 30, 40),
        ("registration", "done", 45, 65),
    ]
    call = report.calls[0].waterfall
    assert list(map(rounded, call.bars)) == [
        ("ring", "done", 100, 150),
        ("ring", "done", 150, 2000),
        ("answer", "done", 2000, 2000),
        ("offer/answer", "done", 2001, 2001),
        ("ICE", "done", 2001, 2051),
        ("DTLS", "done", 2051, 2071),
        ("audio", "done", 2071, 3000),
    ]
    assert [bar.text for bar in call.bars][:4] == [
        "INVITE until 180 Ringing",
        "it rings until 200 OK",
        "200 OK received",
        "agreed on opus",
    ]
    assert report.waterfall.failed is call.failed is None
    assert report.calls[0].result == report.verdict.result == "passed"


def test_a_phase_that_takes_too_long_is_slow() -> None:
    entries = [
        step(0, Phase.DNS, "begun", server=SERVER),
        step(1001, Phase.DNS, "done", server=SERVER),
        *connection(1001)[2:],
    ]
    assert states(content(*entries).waterfall)[:2] == [("DNS", "slow"), ("TCP", "done")]


def test_until_it_rings_may_be_slow_but_not_how_long_it_rings() -> None:
    rings = Progress(call=CALL, status=180, reason="Ringing", early_media=False)
    waterfall = content(
        event(100, Calling(call=CALL, to="sip:bob@example.com")),
        event(6101, rings),
        event(60_000, Answered(call=CALL, status=200, elapsed_ms=60_000.0)),
        event(61_000, ended()),
        ended=at(62_000),
    )
    assert states(waterfall.calls[0].waterfall)[:2] == [("ring", "slow"), ("ring", "done")]


def test_an_attempt_at_another_server_has_bars_of_its_own() -> None:
    other = "wss://b.example.com"
    entries: list[Entry] = [
        step(0, Phase.DNS, "begun", server=other),
        step(5, Phase.DNS, "failed", "no such host", server=other),
        *connection(10),
    ]
    report = content(*entries)
    assert shown(report.waterfall)[0][:2] == ("DNS", "failed")
    assert [bar.server for bar in report.waterfall.bars[:2]] == [other, SERVER]
    assert report.waterfall.failed is None


def test_what_was_not_reached_is_there_and_the_failed_phase_marked() -> None:
    report = content(
        step(0, Phase.DNS, "begun", server=SERVER),
        step(5, Phase.DNS, "done", server=SERVER),
        step(5, Phase.TCP, "begun", server=SERVER),
        step(6, Phase.TCP, "failed", "refused", server=SERVER),
        exit_code=3,
        reason="TCP: refused",
        phase=Phase.TCP,
    )
    assert states(report.waterfall) == [
        ("DNS", "done"),
        ("TCP", "failed"),
        *((phase, "not reached") for phase in ("TLS", "WebSocket", "registration")),
        *((p, "not reached") for p in ("ring", "answer", "offer/answer", "ICE", "DTLS", "audio")),
    ]
    assert report.waterfall.failed is Phase.TCP
    assert report.verdict.sentence == "TCP: refused"


def test_a_phase_without_any_step_is_marked_where_the_command_blames_it() -> None:
    report = content(
        *connection(), exit_code=4, reason="registration: no", phase=Phase.REGISTRATION
    )
    assert report.waterfall.failed is Phase.REGISTRATION
    (bar,) = [b for b in report.waterfall.bars if b.phase is Phase.REGISTRATION]
    assert (bar.state, bar.text) == ("failed", "no")


def test_each_round_of_registration_has_a_bar_but_for_good_refreshes() -> None:
    failed = RegistrationFailed(status=503, reason="503 Busy", retry_in_s=5.0)
    register = "REGISTER sip:example.com SIP/2.0"
    report = content(
        *connection(),
        message(45, "sent", register, call="reg"),
        event(60, failed),
        message(1000, "sent", register, call="reg"),
        message(1010, "sent", register, call="reg"),
        event(1030, REGISTERED),
        message(2000, "sent", register, call="reg"),
        event(2010, REGISTERED),
    )
    bars = [bar for bar in report.waterfall.bars if bar.phase is Phase.REGISTRATION]
    assert list(map(rounded, bars)) == [
        ("registration", "failed", 45, 60),
        ("registration", "done", 1000, 1030),
    ]
    assert bars[1].text == "registered for 600 s, 2 requests"


def test_a_lost_connection_has_a_failed_bar_beside_the_good_one() -> None:
    lost = Disconnected(server=SERVER, code=1006, reason="it broke", retry_in_s=1.0)
    report = content(
        *connection(),
        event(3000, lost),
        exit_code=3,
        reason="WebSocket: it was lost",
        phase=Phase.WEBSOCKET,
    )
    bars = [bar for bar in report.waterfall.bars if bar.phase is Phase.WEBSOCKET]
    assert [bar.state for bar in bars] == ["done", "failed"]
    assert bars[1].text == "the connection was lost: it broke (1006)"


def refused(failure: RefusedError | NoAnswerError, status: str) -> list[Entry]:
    return [
        event(100, Calling(call=CALL, to="sip:bob@example.com")),
        message(300, "received", f"SIP/2.0 {status}", method="INVITE"),
        event(310, ended(failure, by="remote", status=int(status[:3]), reason=status[4:])),
    ]


def test_a_refusal_is_a_failed_answer() -> None:
    report = content(*connection(), *refused(RefusedError("486 Busy Here"), "486 Busy Here"))
    call = report.calls[0]
    assert states(call.waterfall) == [
        ("ring", "done"),
        ("answer", "failed"),
        *((phase, "not reached") for phase in ("offer/answer", "ICE", "DTLS", "audio")),
    ]
    assert (call.waterfall.failed, call.result, call.status) == (Phase.ANSWER, "failed", 486)
    assert call.sentence == "486 Busy Here"


def test_a_refusal_that_was_expected_is_no_failure() -> None:
    met = verdict(name="expect-status", expected="486", actual="486", phase=Phase.ANSWER)
    report = content(*refused(RefusedError("486 Busy Here"), "486 Busy Here"), met)
    call = report.calls[0]
    assert (call.waterfall.failed, call.result) == (None, "passed")
    assert states(call.waterfall)[:2] == [("ring", "done"), ("answer", "done")]


def test_a_refused_offer_is_an_answer_that_came() -> None:
    failure = RefusedError("488 Not Acceptable Here", Phase.OFFER_ANSWER)
    call = content(*refused(failure, "488 Not Acceptable Here")).calls[0]
    assert states(call.waterfall)[:3] == [
        ("ring", "done"),
        ("answer", "done"),
        ("offer/answer", "failed"),
    ]


def test_a_call_that_nobody_answers_fails_while_it_rings() -> None:
    call = content(*refused(NoAnswerError("no answer within 2 s"), "487 Request Terminated")).calls[
        0
    ]
    assert states(call.waterfall)[:2] == [("ring", "failed"), ("answer", "not reached")]
    assert call.waterfall.bars[0].text == "no answer within 2 s"


def test_a_status_that_says_nobody_answered_is_no_answer() -> None:
    call = content(*refused(NoAnswerError("480 Temporarily Unavailable"), "480 Temporarily")).calls[
        0
    ]
    assert states(call.waterfall)[:2] == [("ring", "failed"), ("answer", "not reached")]


def test_a_call_that_the_user_gives_up_has_not_failed() -> None:
    gone = ended(NoAnswerError("hung up"), by="local", status=487)
    entries = [each for each in good_call() if each.at < at(1900)]
    interrupted = {"exit_code": 130, "reason": "interrupted before the answer"}
    call = content(*entries, event(4000, gone), **interrupted).calls[0]
    assert (call.result, call.phase, call.waterfall.failed) == ("unknown", None, None)
    call = content(*entries, event(4000, gone), exit_code=6, reason="hung up").calls[0]
    assert (call.result, call.waterfall.failed) == ("failed", Phase.RING)


def test_ice_that_is_not_done_when_the_call_ends_was_not_reached_or_failed() -> None:
    entries = [each for each in good_call() if each.at < good_call()[-6].at]
    unfinished = content(*entries, event(4000, ended())).calls[0].waterfall
    (ice,) = [bar for bar in unfinished.bars if bar.phase is Phase.ICE]
    assert (ice.state, round(ice.end_ms or 0), ice.text) == ("not reached", 4000, "not finished")
    failure = MediaError("no check was answered", Phase.ICE)
    failed = content(*entries, event(4000, ended(failure))).calls[0].waterfall
    (ice,) = [bar for bar in failed.bars if bar.phase is Phase.ICE]
    assert (ice.state, ice.text) == ("failed", "no check was answered")
    assert failed.failed is Phase.ICE


def test_sound_that_stops_has_the_first_sound_and_its_failure() -> None:
    unmet = verdict(False, actual="the sound stopped midway")
    call = content(*good_call(), unmet).calls[0]
    audio = [bar for bar in call.waterfall.bars if bar.phase is Phase.AUDIO]
    assert [(bar.state, bar.text) for bar in audio] == [
        ("done", "first sound received"),
        (
            "failed",
            "expect-audio: expected 0.5 s of audible sound received;"
            " found: the sound stopped midway",
        ),
    ]
    assert (call.result, call.phase) == ("failed", "audio")


def test_silence_is_no_sound() -> None:
    entries = [each for each in good_call() if not hasattr(each, "level_sent_dbfs")]
    call = content(*entries).calls[0]
    (audio,) = [bar for bar in call.waterfall.bars if bar.phase is Phase.AUDIO]
    assert (audio.state, audio.text) == ("not reached", "nothing audible was received")


def test_a_failure_that_only_the_command_tells_is_that_of_its_first_call() -> None:
    text = "audio: line 3: expect tone: not met"
    report = content(*good_call(), exit_code=8, reason=text, phase=Phase.AUDIO)
    assert report.calls[0].waterfall.failed is Phase.AUDIO
    assert report.waterfall.failed is None


def test_a_failure_of_a_command_that_waits_for_calls_is_no_call_s_unless_one_has_it() -> None:
    text = "audio: the device could not be opened"
    blamed: dict[str, Any] = {"exit_code": 9, "reason": text, "phase": Phase.AUDIO}
    report = content(*good_call(), **blamed, places_call=False)
    assert report.calls[0].waterfall.failed is None
    assert report.waterfall.failed is Phase.AUDIO


def test_the_waterfall_of_a_run_that_tries_for_days_is_bounded() -> None:
    entries = [each for number in range(500) for each in connection(number * 100.0)]
    waterfall = content(*entries, ended=at(1_000_000)).waterfall
    assert len(waterfall.bars) == MAX_BARS
    assert waterfall.left_out > 0


def test_media_that_failed_later_have_both_bars() -> None:
    failure = MediaError("nothing has come for 10 s", Phase.AUDIO)
    entries = [*good_call()[:-1], event(4000, media("failed")), event(5000, ended(failure))]
    call = content(*entries).calls[0]
    audio = [bar.state for bar in call.waterfall.bars if bar.phase is Phase.AUDIO]
    assert audio == ["done", "failed"]


def test_the_documentation_says_what_is_slow() -> None:
    page = (Path(__file__).parents[2] / "docs" / "evidence.md").read_text("utf-8")
    told = dict(re.findall(r"^\| ([\w/]+) \|[^|]*\| (?:over (\d+) s|–) \|$", page, re.MULTILINE))
    assert {phase: int(limit or 0) * 1000 for phase, limit in told.items()} == {
        str(phase): SLOW_MS.get(phase, 0)
        for phase in (*CONNECTION_PHASES, Phase.STUN, Phase.TURN, *CALL_PHASES)
    }
