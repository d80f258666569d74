"""The waterfall of a run's connections and of its registration."""

from collections.abc import Iterable, Iterator

from sipcli.errors import Phase
from sipcli.evidence.step_bars import RunClock, step_bars
from sipcli.evidence.waterfall import Fact, PhaseBar, reached
from sipcli.journal.entries import EventEntry, SipEntry, StepEntry
from sipcli.phone.events import Disconnected, Registered, RegistrationFailed, Unregistered


def connection_bars(
    steps: Iterable[StepEntry],
    events: Iterable[EventEntry],
    messages: Iterable[SipEntry],
    clock: RunClock,
) -> Iterator[PhaseBar]:
    """Yield the bars of each attempt at a connection, of each loss of one, and of registrations."""
    yield from step_bars(steps, clock)
    outcomes = list[EventEntry]()
    for entry in events:
        match entry.event:
            case Disconnected():
                yield _lost(entry.event, clock.ms(entry.at))
            case Registered() | RegistrationFailed() | Unregistered():
                outcomes.append(entry)
            case _:
                pass
    requests = [
        entry.at
        for entry in messages
        if entry.direction == "sent" and entry.data.startswith(b"REGISTER ")
    ]
    yield from _registration_bars(outcomes, requests, clock)


def _lost(event: Disconnected, at_ms: float) -> PhaseBar:
    code = "" if event.code is None else f" ({event.code})"
    return PhaseBar(
        phase=Phase.WEBSOCKET,
        state="failed",
        begin_ms=at_ms,
        end_ms=at_ms,
        text=f"the connection was lost: {event.reason}{code}",
        server=event.server,
    )


def _registration_bars(
    outcomes: list[EventEntry], requests: list[float], clock: RunClock
) -> Iterator[PhaseBar]:
    """Yield a bar for each round of REGISTER; refreshes that go well are left out."""
    before, is_registered = float("-inf"), False
    for entry in outcomes:
        sent = [at for at in requests if before < at <= entry.at]
        begin_ms = clock.ms(sent[0] if sent else entry.at)
        before = entry.at
        match entry.event:
            case Registered() if not is_registered:
                yield _registered(entry.event, len(sent), begin_ms, clock.ms(entry.at))
            case RegistrationFailed(reason=reason):
                yield PhaseBar(
                    phase=Phase.REGISTRATION,
                    state="failed",
                    begin_ms=begin_ms,
                    end_ms=clock.ms(entry.at),
                    text=reason,
                )
            case _:
                pass
        is_registered = isinstance(entry.event, Registered)
    if requests and not outcomes:
        yield PhaseBar(
            phase=Phase.REGISTRATION,
            state="not reached",
            begin_ms=clock.ms(requests[0]),
            end_ms=clock.end_ms,
            text="REGISTER: not finished",
        )


def _registered(event: Registered, requests: int, begin_ms: float, end_ms: float) -> PhaseBar:
    again = f", {requests} requests" if requests > 1 else ""
    return PhaseBar(
        phase=Phase.REGISTRATION,
        state=reached(Phase.REGISTRATION, begin_ms, end_ms),
        begin_ms=begin_ms,
        end_ms=end_ms,
        text=f"registered for {event.expires_s} s{again}",
        facts=(
            Fact(name="address of record", value=event.uri),
            Fact(name="registrar", value=event.registrar),
            Fact(name="contact", value=event.contact),
        ),
    )
