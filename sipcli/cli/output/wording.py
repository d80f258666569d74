"""What a person reads of each event: a line with a mark, and its style."""

from dataclasses import dataclass
from functools import singledispatch
from typing import Final

from sipcli.config.policies import Permission
from sipcli.core.calls.gate import REFUSED
from sipcli.phone import events
from sipcli.phone.events import CallStats, Event
from sipcli.text import one_line

GOOD: Final = "green"
BAD: Final = "red"
BOLD: Final = "bold"
FAINT: Final = "dim"
PLAIN: Final = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A mark and a line of text, with further lines below it.

    Control characters and line feeds in them are escaped: they may come from the far end.
    """

    mark: str
    text: str
    style: str = PLAIN
    """A style of rich."""
    more: tuple[str, ...] = ()
    hang: int = 2
    """Columns by which further lines, and what is wrapped, are indented."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", one_line(self.text))
        object.__setattr__(self, "more", tuple(map(one_line, self.more)))


@singledispatch
def wording(event: Event) -> Line | None:
    """Return the line for `event`; None if there is nothing to show."""
    return None


def _good(text: str) -> Line:
    return Line("✓", text, GOOD)


def _bad(text: str) -> Line:
    return Line("✗", text, BAD)


def _answer(status: int, text: str) -> Line:
    """Return the line for the final response to a request."""
    return _good(text) if status // 100 == 2 else _bad(text)


# The phone


@wording.register
def _(event: events.Warned) -> Line:
    return Line("!", event.text, "yellow")


@wording.register
def _(event: events.Connecting) -> Line:
    return Line("…", f"connecting to {event.server}", FAINT)


@wording.register
def _(event: events.Connected) -> Line:
    return _good(f"connected to {event.server} in {event.elapsed_ms:.0f} ms")


@wording.register
def _(event: events.ConnectFailed) -> Line:
    text = f"{event.server}: {event.phase}: {event.reason}{next_try(event.retry_in_s)}"
    return _bad(text)


@wording.register
def _(event: events.Disconnected) -> Line:
    code = "" if event.code is None else f" ({event.code})"
    return _bad(f"{event.server}: {event.reason}{code}{next_try(event.retry_in_s)}")


@wording.register
def _(event: events.Registered) -> Line:
    where = f"registered {event.uri} at {event.registrar}"
    return _good(f"{where} for {event.expires_s} s ({event.elapsed_ms:.0f} ms)")


@wording.register
def _(event: events.RegistrationFailed) -> Line:
    return _bad(f"registration: {event.reason}{next_try(event.retry_in_s)}")


@wording.register
def _(event: events.Unregistered) -> Line:
    return Line("•", "unregistered")


@wording.register
def _(event: events.InstantMessage) -> Line:
    if event.direction == "received":
        return Line("✉", f"{event.sender}: {event.text}", BOLD)
    if event.status is None:
        return _bad(f"message to {event.to}: no answer, it may have arrived")
    return _answer(event.status, f"message to {event.to}: {event.status}")


@wording.register
def _(event: events.Pong) -> Line:
    if event.status is None:
        return _bad(f"{event.target}: no answer")
    took = f" in {round(event.rtt_ms, 1):g} ms" if event.rtt_ms is not None else ""
    return _answer(event.status, f"{event.target}: {event.status}{took}")


def bindings(event: events.Registered) -> list[str]:
    """Return a line for each contact at the registrar; ours is marked with `*`."""
    return [
        one_line(
            f"  {'*' if binding.ours else ' '} {binding.contact}"
            + (f"  {binding.expires_s} s" if binding.expires_s is not None else "")
        )
        for binding in event.bindings
    ]


def next_try(wait: float | None) -> str:
    """Return when the next attempt follows, as the end of a sentence; empty if none follows."""
    if wait is None:
        return ""
    seconds = round(wait, 1)
    return f"; next try in {seconds:g} s" if seconds else "; trying the next server"


# A call


@wording.register
def _(event: events.Calling) -> Line:
    return Line("→", f"calling {event.to}")


@wording.register
def _(event: events.Incoming) -> Line:
    """The caller, its asserted identity (RFC 3325), and the last diversion (RFC 5806)."""
    name = f'"{event.display_name}" ' if event.display_name else ""
    asserted = f", asserted {event.p_asserted_identity[0]}" if event.p_asserted_identity else ""
    diverted = f", diverted by {event.diversion[0]}" if event.diversion else ""
    return Line("☎", f"incoming call from {name}{event.sender}{asserted}{diverted}", BOLD)


@wording.register
def _(event: events.Progress) -> Line | None:
    return Line("…", f"{event.status} {event.reason}", FAINT) if event.status > 100 else None


@wording.register
def _(event: events.Answered) -> Line:
    return _good(f"answered after {event.elapsed_ms / 1000:.1f} s")


@wording.register
def _(event: events.Media) -> Line:
    if event.state == "failed":
        return _bad("media failed")
    ends = event.local_candidate, event.remote_candidate
    path = " ↔ ".join(f"{end.type} {end.address}" for end in ends if end is not None)
    text = f"media {event.state}: {event.codec}, {path}, {event.elapsed_ms:.0f} ms"
    return Line("♪", text, GOOD)


@wording.register
def _(event: events.Dtmf) -> Line:
    return Line("#", f"{event.direction} {event.digit}")


@wording.register
def _(event: events.Held) -> Line:
    return Line("‖", "on hold" if event.by == "local" else "held by the far end")


@wording.register
def _(event: events.Resumed) -> Line:
    return Line("▶", "resumed" if event.by == "local" else "resumed by the far end")


@wording.register
def _(event: events.Stats) -> Line:
    return figures(event.stats)


@wording.register
def _(event: events.CallEnded) -> Line:
    how = {"local": "ended by us", "remote": "ended by the far end", "network": "lost"}
    status = f"{event.status} " if event.status is not None else ""
    text = f"call {how[event.by]}: {status}{event.reason}"
    if event.q850_cause is not None:  # the cause that the telephone network gave (RFC 3326)
        cause = f": {event.q850_text}" if event.q850_text else ""
        text += f" (Q.850 cause {event.q850_cause}{cause})"
    stats = event.stats
    if stats is None:
        return Line("■", text)
    path = "no media path"
    if event.candidates is not None:
        path = "ICE " + " ↔ ".join(end.type for end in event.candidates)
    media = f"{event.duration_s:.1f} s, {stats.codec or 'no codec'}, {path}"
    return Line("■", text, more=(media, *_figures(stats)))


def figures(stats: CallStats) -> Line:
    """Return the quality figures of a call so far."""
    ours, *theirs = _figures(stats)
    return Line("·", ours, FAINT, tuple(theirs))


def _figures(stats: CallStats) -> list[str]:
    """Return the quality figures in one line, and the far end's, if it reports any, in a second."""
    parts = [
        f"sent {stats.packets_sent}, received {stats.packets_received} packets",
        f"loss {stats.loss_percent:.1f} %",
        f"jitter {stats.jitter_ms:.1f} ms",
    ]
    if stats.rtt_ms is not None:
        parts.append(f"round trip {stats.rtt_ms:.0f} ms")
    if stats.mos is not None:
        parts.append(f"MOS {stats.mos:.1f}")
    theirs = []
    if stats.remote_loss_percent is not None:
        theirs.append(f"loss {stats.remote_loss_percent:.1f} %")
    if stats.remote_mos is not None:
        theirs.append(f"MOS {stats.remote_mos:.1f}")
    return [", ".join(parts), *([f"at the far end: {', '.join(theirs)}"] if theirs else [])]


# Transfers and redirections


@wording.register
def _(event: events.TransferProgress) -> Line:
    return Line("↷", f"transfer to {event.target}: {event.status or 'outcome unknown'}")


@wording.register
def _(event: events.TransferRequested) -> Line | None:
    if event.decision is not Permission.ASK:
        return None  # decided at once, which `TransferDecided` says
    return Line("↷", f"the far end asks us to call {event.target}", BOLD)


@wording.register
def _(event: events.RedirectRequested) -> Line | None:
    if event.decision is not Permission.ASK:
        return None
    return Line("↷", f"the call is redirected to {event.target}", BOLD)


@wording.register
def _(event: events.TransferDecided) -> Line:
    if event.decision == "accepted":
        return Line("↷", f"transferred to {event.target}")
    return Line("↷", f"transfer to {event.target} refused{_why(event.reason)}")


@wording.register
def _(event: events.RedirectDecided) -> Line:
    if event.decision == "accepted":
        return Line("↷", f"redirected to {event.target}")
    return Line("↷", f"redirection to {event.target} not followed{_why(event.reason)}")


def _why(reason: str | None) -> str:
    """Return the reason, as the end of a sentence; empty if it is just that we refused."""
    return "" if reason in (None, REFUSED) else f": {reason}"
