"""The line on screen for each event of the phone, with a mark."""

from dataclasses import dataclass

from sipcli.phone import events
from sipcli.text import one_line


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text, its mark and its style."""

    mark: str
    text: str
    style: str
    """A style of rich."""
    hang: int = 2
    """Columns by which wrapped lines are indented."""


GOOD, BAD, FAINT, PLAIN = "green", "red", "dim", ""


def wording(event: events.PhoneEvent) -> Line:
    """Return the line for `event`; control characters in text from the network are escaped."""
    match event:
        case events.InstantMessage():
            line = _message(event)
        case events.Pong():
            line = _pong(event)
        case events.Warned(text=text):
            line = Line("!", text, "yellow")
        case events.Registered() | events.RegistrationFailed() | events.Unregistered():
            line = _registration(event)
        case _:
            line = _connection(event)
    return Line(line.mark, one_line(line.text), line.style)


def _connection(
    event: events.Connecting | events.Connected | events.ConnectFailed | events.Disconnected,
) -> Line:
    match event:
        case events.Connecting(server=server):
            return Line("…", f"connecting to {server}", FAINT)
        case events.Connected(server=server, elapsed_ms=elapsed):
            return Line("✓", f"connected to {server} in {elapsed:.0f} ms", GOOD)
        case events.ConnectFailed(server=server, phase=phase, reason=reason, retry_in_s=wait):
            return Line("✗", f"{server}: {phase}: {reason}{next_try(wait)}", BAD)
        case events.Disconnected(server=server, code=code, reason=reason, retry_in_s=wait):
            number = "" if code is None else f" ({code})"
            return Line("✗", f"{server}: {reason}{number}{next_try(wait)}", BAD)


def _registration(
    event: events.Registered | events.RegistrationFailed | events.Unregistered,
) -> Line:
    match event:
        case events.Registered(uri=uri, registrar=registrar, expires_s=expires):
            where = f"registered {uri} at {registrar}"
            return Line("✓", f"{where} for {expires} s ({event.elapsed_ms:.0f} ms)", GOOD)
        case events.RegistrationFailed(reason=reason, retry_in_s=wait):
            return Line("✗", f"registration: {reason}{next_try(wait)}", BAD)
        case events.Unregistered():
            return Line("•", "unregistered", PLAIN)


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


def _message(event: events.InstantMessage) -> Line:
    if event.direction == "received":
        return Line("✉", f"{event.sender}: {event.text}", "bold")
    if event.status is None:
        return Line("✗", f"message to {event.to}: no answer, it may have arrived", BAD)
    good = event.status // 100 == 2
    text = f"message to {event.to}: {event.status}"
    return Line("✓" if good else "✗", text, GOOD if good else BAD)


def _pong(event: events.Pong) -> Line:
    if event.status is None:
        return Line("✗", f"{event.target}: no answer", BAD)
    good = event.status // 100 == 2
    time = f" in {round(event.rtt_ms, 1):g} ms" if event.rtt_ms is not None else ""
    text = f"{event.target}: {event.status}{time}"
    return Line("✓" if good else "✗", text, GOOD if good else BAD)
