"""Which timer is due first: `Timers`."""

from hypothesis import given
from hypothesis import strategies as st

from sipcli.core.timers import MAX_STALE, Timer, Timers, earliest


def nothing(now: float) -> None:
    pass


def set_of(count: int) -> tuple[Timers[None], list[Timer[None]]]:
    timers: Timers[None] = Timers()
    return timers, [timers.timer(nothing) for _ in range(count)]


def test_a_timer_that_was_not_started_is_never_due() -> None:
    timers, (timer,) = set_of(1)
    assert timer.at is None
    assert timers.deadline() is None
    assert list(timers.due(1e9)) == []


def test_what_is_due_comes_in_the_order_of_the_times_and_once() -> None:
    timers, (one, two, three) = set_of(3)
    one.start(3)
    two.start(1)
    three.start(2)
    assert timers.deadline() == 1
    assert list(timers.due(2)) == [two, three]
    assert two.at is None
    assert timers.deadline() == 3
    assert list(timers.due(3)) == [one]
    assert timers.deadline() is None


def test_of_those_due_at_once_the_one_made_first_comes_first() -> None:
    timers, (one, two) = set_of(2)
    two.start(1)
    one.start(1)
    assert list(timers.due(1)) == [one, two]


def test_a_timer_started_anew_is_due_at_its_new_time_only() -> None:
    timers, (timer,) = set_of(1)
    timer.start(1)
    timer.start(5)
    assert timers.deadline() == 5
    assert list(timers.due(1)) == []
    timer.start(2)
    assert list(timers.due(5)) == [timer]


def test_one_that_fires_may_stop_the_next() -> None:
    timers, (one, two) = set_of(2)
    one.start(1)
    two.start(2)
    for timer in timers.due(9):
        assert timer is one
        two.stop()
    assert timers.deadline() is None


def test_one_that_always_starts_itself_again_fires_once_a_step() -> None:
    timers, (timer,) = set_of(1)
    timer.start(1)
    for due in timers.due(9):
        due.start(1)
    assert timers.deadline() == 1
    assert list(timers.due(9)) == [timer]


def test_the_timers_of_one_owner_are_stopped_alone() -> None:
    timers: Timers[None] = Timers()
    ours, theirs = timers.timer(nothing, "ours"), timers.timer(nothing, "theirs")
    ours.start(1)
    theirs.start(2)
    timers.stop_all("ours")
    assert (ours.at, theirs.at) == (None, 2)
    timers.stop_all()
    assert timers.deadline() is None


def test_what_a_timer_returns_is_the_owners() -> None:
    timers: Timers[str] = Timers()
    timers.timer(lambda now: f"at {now:g}").start(1)
    assert [timer.fire(2) for timer in timers.due(2)] == ["at 2"]


def test_stopped_timers_are_forgotten() -> None:
    timers, (lasting, brief) = set_of(2)
    lasting.start(1e6)
    for at in range(10 * MAX_STALE):
        brief.start(1e5 + at)
        brief.stop()
    assert len(timers._heap) <= MAX_STALE + 3  # noqa: SLF001 - they would pile up unseen
    assert timers.deadline() == 1e6


@given(
    st.lists(
        st.tuples(st.sampled_from(["start", "stop", "due"]), st.integers(0, 4), st.integers(0, 9))
    )
)
def test_it_agrees_with_a_plain_table(steps: list[tuple[str, int, int]]) -> None:
    timers, made = set_of(5)
    table: dict[int, int] = {}
    for what, which, at in steps:
        match what:
            case "start":
                made[which].start(at)
                table[which] = at
            case "stop":
                made[which].stop()
                table.pop(which, None)
            case "due":
                due = sorted((when, one) for one, when in table.items() if when <= at)
                assert [made.index(one) for one in timers.due(at)] == [one for _, one in due]
                table = {one: when for one, when in table.items() if when > at}
        assert timers.deadline() == min(table.values(), default=None)
        assert [timer.at for timer in made] == [table.get(one) for one in range(5)]


def test_the_earliest_of_some_deadlines() -> None:
    assert earliest(None, 3, 2, None) == 2
    assert earliest(None) is None
