"""The tables of what calls cost, and of how soon they sound."""

from collections.abc import Sequence
from typing import Final

from scripts.bench import rows_device
from scripts.bench.extent import Extent
from scripts.bench.rows_cost import Load, loads, memory_per_call_kb, most, set_ups
from scripts.bench.tables import Row, rows, say

Found = dict[tuple[str, str], list[Load]]

_ENGINES: Final = ("sipcli", "aiortc")


async def sheet(extent: Extent) -> list[str]:
    """All of them."""
    found: Found = {}
    for (engine, codec), steps in extent.steps.items():
        say(f"load: {engine}, {codec}, up to {steps[-1]} calls")
        found[engine, codec] = await loads(engine, codec, steps, seconds=extent.load_s)
    return [
        *rows("Cost", [*_load_rows(found), *_capacity_rows(found), _memory_row(found)]),
        *_bare_line(found["bare", "pcmu"]),
        *rows("How soon it sounds", [*await _set_up_rows(extent.set_ups), await _device_row()]),
    ]


def _load_rows(found: Found) -> list[Row]:
    def row(what: str, calls: int, codec: str, goal: float) -> Row:
        shares = [_share(found[engine, codec], calls) for engine in _ENGINES]
        why = f"{calls} calls were more than this machine could bear"
        return Row(
            what=what, ours=shares[0], stock=shares[1], goal=goal, unit="%", digits=1, why=why
        )

    return [
        row("CPU of one Opus call, of a core", 1, "opus", 4.0),
        row("CPU of each of 30 Opus calls", 30, "opus", 2.0),
        row("CPU of each of 30 PCMU calls", 30, "pcmu", 0.9),
    ]


def _share(loads: Sequence[Load], calls: int) -> float | None:
    """Percent of a core for each of so many calls; None where that was not reached."""
    return next((each.core_percent / calls for each in loads if each.calls == calls), None)


def _bare_line(loads: Sequence[Load]) -> list[str]:
    """What a call costs before anything is done for it."""
    one, thirty = [f"{_share(loads, calls) or 0.0:.1f} %" for calls in (1, 30)]
    return [
        "A process that only wakes up, sends and receives as often as a call does, and does nothing"
        f" else, takes {one} of a core here, and with thirty such sockets {thirty} for each.",
        "",
    ]


def _capacity_rows(found: Found) -> list[Row]:
    return [
        Row(
            what=f"calls on one core without a late frame, {name}",
            ours=float(most(found["sipcli", codec])),
            stock=float(most(found["aiortc", codec])),
            goal=goal,
            is_floor=True,
        )
        for name, codec, goal in (("Opus", "opus", 50), ("PCMU", "pcmu", 100))
    ]


def _memory_row(found: Found) -> Row:
    kilobytes = [memory_per_call_kb(found[engine, "opus"]) for engine in _ENGINES]
    ours, stock = [None if each is None else each / 1000 for each in kilobytes]
    return Row(
        what="memory of a further call",
        ours=ours,
        stock=stock,
        goal=0.5,
        unit="MB",
        digits=2,
        why="no more than one call could be borne",
    )


async def _set_up_rows(count: int) -> list[Row]:
    say(f"set-up: {count} calls")
    ours, stock = [await set_ups(engine, count) for engine in _ENGINES]
    return [
        Row(
            what="answer to media, loopback",
            ours=ours.connected_ms,
            stock=stock.connected_ms,
            goal=40,
            unit="ms",
        ),
        Row(
            what="answer to the first sound, loopback",
            ours=ours.heard_ms,
            stock=stock.heard_ms,
            goal=80,
            unit="ms",
        ),
    ]


async def _device_row() -> Row:
    say("devices")
    ours, why = None, rows_device.missing()
    if why is None:
        try:
            ours = await rows_device.device_ms()
        except RuntimeError as error:
            why = str(error)
    return Row(
        what="microphone to loudspeaker: PulseAudio null sinks, blocks of 10 ms, p50",
        ours=ours,
        stock=None,
        goal=100,
        unit="ms",
        why=why or "",
    )
