"""The rows of the waterfall and of the ladder: what is where, and what is marked."""

from dataclasses import replace

import pytest

from scripts.sample_report import call, report
from sipcli.errors import Phase
from sipcli.evidence.page.ladder_rows import ladder_rows
from sipcli.evidence.page.page_parts import page_parts
from sipcli.evidence.page.waterfall_rows import duration, waterfall_rows
from sipcli.evidence.report_content import ReportedLadder
from sipcli.evidence.report_ladder import merged_ladder
from sipcli.evidence.waterfall import PhaseBar, Waterfall


def bar(phase: Phase, state: str, begin: float | None, end: float | None) -> PhaseBar:
    return PhaseBar(phase=phase, state=state, begin_ms=begin, end_ms=end, text="")  # type: ignore[arg-type]


def test_bars_lie_on_one_axis_in_their_times() -> None:
    first = Waterfall(
        bars=(bar(Phase.DNS, "done", 0, 50), bar(Phase.TCP, "done", 50, 100)), failed=None
    )
    second = Waterfall(bars=(bar(Phase.RING, "done", 100, 200),), failed=None)
    rows = waterfall_rows([first, second]).rows
    assert [(row.begin, row.width, row.took) for row in rows] == [
        (0, 25, "50 ms"), (25, 25, "50 ms"), (50, 50, "100 ms")
    ]  # fmt: skip


def test_the_failure_of_the_phase_to_blame_is_marked_and_no_earlier_attempt_that_failed() -> None:
    found = waterfall_rows(
        [
            Waterfall(
                bars=(
                    bar(Phase.TCP, "failed", 0, 10),
                    bar(Phase.TCP, "done", 10, 20),
                    bar(Phase.ICE, "failed", 20, 90),
                    bar(Phase.DTLS, "not reached", None, None),
                ),
                failed=Phase.ICE,
            )
        ]
    )
    assert [row.is_blamed for row in found.rows] == [False, False, True, False]
    assert found.rows[3].took == ""


def test_a_last_bar_that_lasts_as_long_as_a_call_leaves_room_for_the_others() -> None:
    def widths(*bars: PhaseBar) -> list[tuple[float, bool]]:
        rows = waterfall_rows([Waterfall(bars=bars, failed=None)]).rows
        return [(row.width, row.is_cut) for row in rows]

    ring, dtls = bar(Phase.RING, "done", 0, 900), bar(Phase.DTLS, "done", 900, 1000)
    assert widths(ring, dtls, bar(Phase.AUDIO, "failed", 1000, 61_000)) == [
        (60, False),
        (6.667, False),
        (33.333, True),
    ]
    assert widths(ring, dtls, bar(Phase.AUDIO, "failed", 1000, 2000)) == [
        (45, False), (5, False), (50, False)
    ]  # fmt: skip
    # A long wait for the answer is no tail: it stands for what took so long.
    long_ring = bar(Phase.RING, "failed", 100, 60_000)
    assert widths(bar(Phase.DNS, "done", 0, 100), long_ring)[1][1]
    assert not widths(
        bar(Phase.DNS, "done", 0, 100), long_ring, bar(Phase.ICE, "done", 60_000, 60_100)
    )[1][1]


def test_a_waterfall_without_any_bar_that_was_reached_has_no_axis() -> None:
    found = waterfall_rows(
        [Waterfall(bars=(bar(Phase.DNS, "not reached", None, None),), failed=None)]
    )
    assert (found.ticks, found.left_out) == ((), 0)


def test_a_call_that_comes_much_later_than_the_registration_has_an_axis_of_its_own() -> None:
    content = report()
    (part,) = page_parts(content)
    assert len(part.waterfalls) == 1
    late = Waterfall(bars=(bar(Phase.RING, "done", 300_000, 301_000),), failed=None)
    (part,) = page_parts(replace(content, calls=(replace(call(), waterfall=late),)))
    assert [each.rows[0].begin for each in part.waterfalls] == [0, 0]


@pytest.mark.parametrize(
    ("ms", "told"),
    [
        (0.0, "< 0.1 ms"),
        (0.42, "0.4 ms"),
        (12.3, "12 ms"),
        (1346, "1.35 s"),
        (60000, "60 s"),
        (3_725_000, "62:05 min"),
    ],
)
def test_times_are_rounded_as_a_person_would(ms: float, told: str) -> None:
    assert duration(ms) == told


def test_messages_of_several_ladders_are_in_the_order_of_time_between_all_parties() -> None:
    content = report()
    found = ladder_rows(merged_ladder([content.calls[0].ladder, content.ladder]))
    assert [row.message.label for row in found.rows[:5]] == [
        "REGISTER", "401 Unauthorized (REGISTER)", "REGISTER", "200 OK (REGISTER)", "INVITE"
    ]  # fmt: skip
    assert found.parties == ("sipcli", "sip.example.com")
    assert found.places == (5, 95)
    assert [(row.left, row.width, row.goes_right) for row in found.rows[:2]] == [
        (5, 90, True),
        (5, 90, False),
    ]


def test_a_refusal_is_marked_and_a_question_for_the_password_is_not() -> None:
    refused = [row.message.label for row in ladder_rows(call().ladder).rows if row.is_fault]
    assert refused == ["481 Call/Transaction Does Not Exist (BYE)"]


def test_a_ladder_may_be_empty() -> None:
    found = ladder_rows(ReportedLadder(parties=(), messages=(), left_out=0))
    assert (found.rows, found.parties) == ((), ())


def test_names_and_values_of_a_message_are_told_apart() -> None:
    lines = ladder_rows(call().ladder).rows[0].lines
    parts = [(line.name, line.value) for line in lines]
    assert parts[0] == ("", "INVITE sip:bob@example.com SIP/2.0")
    assert ("CSeq:", " 1 INVITE") in parts
    assert ("a=", "setup:actpass") in parts
