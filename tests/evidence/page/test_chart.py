"""Charts: what is drawn of a series, and the words that say the same."""

from dataclasses import replace

from scripts.sample_report import call
from sipcli.evidence.page.call_charts import call_charts
from sipcli.evidence.page.chart import Chart, Series, chart
from sipcli.evidence.page.scale import Scale


def drawn(*series: Series, unit: str = "ms") -> Chart:
    times = [1.0, 2.0, 3.0, 4.0]
    return chart("key", "Title", unit, times, series, x=Scale(0, 4), y=Scale(0, 100))


def test_a_line_goes_through_its_points() -> None:
    (line,) = drawn(Series(name="jitter", values=[0, 50, 100, 25])).drawn
    assert line.path == "M250 100L500 50L750 0L1000 75"
    assert line.summary == "0 to 100 ms, median 38"


def test_a_line_has_a_gap_where_a_figure_is_not_known_and_a_dot_where_it_is_alone() -> None:
    (line,) = drawn(Series(name="round trip", values=[10, None, 20, 30])).drawn
    assert line.path == "M250 90h0M750 80L1000 70"
    assert line.summary == "10 to 30 ms, median 20"


def test_a_figure_that_is_never_known_has_no_line_and_says_so() -> None:
    found = drawn(Series(name="round trip", values=[None] * 4))
    assert found.drawn[0].path == ""
    assert found.description == "round trip: not known."


def test_bars_stand_on_one_another_and_are_summed_up() -> None:
    lost, late = drawn(
        Series(name="lost", values=[0, 20, 0, 40], kind="bars"),
        Series(name="late", values=[0, 0, 10, 10], kind="bars"),
        unit="",
    ).drawn
    assert lost.path == "M325 100V80h175V100ZM825 100V60h175V100Z"
    assert late.path == "M575 100V90h175V100ZM825 60V50h175V60Z"
    assert (lost.summary, late.summary) == ("60, at most 40 at a time", "20, at most 10 at a time")


def test_an_area_stands_on_the_floor() -> None:
    (area,) = drawn(Series(name="level", values=[50, 50, None, None], kind="area")).drawn
    assert area.path == "M250 100L250 50L500 50L500 100Z"


def test_values_beyond_the_axis_are_drawn_at_its_end_and_told_as_they_are() -> None:
    (line,) = drawn(Series(name="delay", values=[400, 0, 0, 0])).drawn
    assert line.path.startswith("M250 0L")
    assert line.summary.startswith("0 to 400 ms")


def test_the_charts_of_a_call_say_what_happened_in_it() -> None:
    told = {each.title: each.description for each in call_charts(call(), "call")}
    assert told["Packets lost or late"].startswith("lost: 51, at most 8 at a time")
    assert told["What was done about it"].endswith("620 ms, at most 60 at a time.")
    assert "11 of 60 points are below −50 dBFS" in told["Level of what was heard"]
    assert told["MOS of the call so far"] == "MOS: 3.51 to 4.41, median 3.70."


def test_what_the_far_end_or_nobody_could_measure_has_no_chart() -> None:
    unknown = tuple(replace(each, mos=None, remote_loss_percent=None) for each in call().samples)
    known, less = (
        {each.title for each in call_charts(found, "call")}
        for found in (call(), replace(call(), samples=unknown))
    )
    assert known - less == {"MOS of the call so far", "Loss of what we send"}


def test_a_call_without_samples_has_no_charts() -> None:
    assert call_charts(replace(call(), samples=()), "call") == ()


def test_a_single_sample_is_drawn() -> None:
    found = call_charts(replace(call(), samples=call().samples[:1]), "call")
    assert all(each.path or "not known" in each.summary or each.summary.startswith("0")
               for one in found for each in one.drawn)  # fmt: skip
