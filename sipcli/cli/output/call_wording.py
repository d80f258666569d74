"""The line on screen for each event of a call."""

from sipcli.cli.output.call_summary import in_words, summary
from sipcli.cli.output.wording import BAD, FAINT, GOOD, PLAIN, Line
from sipcli.config.policies import Permission
from sipcli.phone import events
from sipcli.phone.events import (
    Answered,
    CallEvent,
    Calling,
    Incoming,
    Progress,
    RedirectDecided,
    RedirectRequested,
    TransferDecided,
    TransferProgress,
    TransferRequested,
)
from sipcli.text import one_line


def call_wording(event: CallEvent) -> Line | None:
    """Return the line for `event`, several for the end; None if there is nothing to show.

    Control characters in text from the far end are escaped, including line feeds.
    """
    if isinstance(event, events.CallEnded):
        return _ended(event)
    if isinstance(event, events.Stats):
        return Line("·", "\n  ".join(in_words(event.stats)), FAINT)
    line = _before(event)
    return None if line is None else Line(line.mark, one_line(line.text), line.style)


def _before(event: CallEvent) -> Line | None:
    match event:
        case Calling(to=to):
            return Line("→", f"calling {to}", PLAIN)
        case Incoming():
            return Line("☎", f"incoming call from {_caller(event)}", "bold")
        case Progress(status=status, reason=reason):
            return Line("…", f"{status} {reason}", FAINT) if status > 100 else None
        case Answered(elapsed_ms=elapsed):
            return Line("✓", f"answered after {elapsed / 1000:.1f} s", GOOD)
        case _:
            return _during(event)


def _during(event: CallEvent) -> Line | None:
    match event:
        case events.Media():
            return _media(event)
        case events.Dtmf(direction=direction, digit=digit):
            return Line("#", f"{direction} {digit}", PLAIN)
        case events.Held(by=by):
            return Line("‖", "on hold" if by == "local" else "held by the far end", PLAIN)
        case events.Resumed(by=by):
            return Line("▶", "resumed" if by == "local" else "resumed by the far end", PLAIN)
        case _:
            return _elsewhere(event)


def _elsewhere(event: CallEvent) -> Line | None:
    """Return the line for a transfer or a redirection."""
    match event:
        case TransferProgress(target=target, status=status):
            return Line("↷", f"transfer to {target}: {status or 'outcome unknown'}", PLAIN)
        case TransferRequested(target=uri, decision=Permission.ASK):
            return Line("↷", f"the far end asks us to call {uri}", "bold")
        case RedirectRequested(target=uri, decision=Permission.ASK):
            return Line("↷", f"the call is redirected to {uri}", "bold")
        case TransferDecided(target=target, decision="accepted"):
            return Line("↷", f"transferred to {target}", PLAIN)
        case RedirectDecided(target=target, decision="accepted"):
            return Line("↷", f"redirected to {target}", PLAIN)
        case TransferDecided(target=target, reason=reason):
            return Line("↷", f"transfer to {target} refused: {reason}", PLAIN)
        case RedirectDecided(target=target, reason=reason):
            return Line("↷", f"redirection to {target} not followed: {reason}", PLAIN)
        case _:
            return None


def _caller(event: Incoming) -> str:
    """Return the caller, its asserted identity (RFC 3325), and the last diversion (RFC 5806)."""
    name = f'"{event.display_name}" ' if event.display_name else ""
    asserted = f", asserted {event.p_asserted_identity[0]}" if event.p_asserted_identity else ""
    diverted = f", diverted by {event.diversion[0]}" if event.diversion else ""
    return f"{name}{event.sender}{asserted}{diverted}"


def _media(event: events.Media) -> Line:
    if event.state == "failed":
        return Line("✗", "media failed", BAD)
    ends = event.local_candidate, event.remote_candidate
    path = " ↔ ".join(f"{end.type} {end.address}" for end in ends if end is not None)
    return Line("♪", f"media {event.state}: {event.codec}, {path}, {event.elapsed_ms:.0f} ms", GOOD)


def _ended(event: events.CallEnded) -> Line:
    how = {"local": "ended by us", "remote": "ended by the far end", "network": "lost"}
    status = f"{event.status} " if event.status is not None else ""
    first = one_line(f"call {how[event.by]}: {status}{event.reason}{_network(event)}")
    return Line("■", "\n".join([first, *summary(event)]), PLAIN)


def _network(event: events.CallEnded) -> str:
    """Return the Q.850 cause that the telephone network gave (RFC 3326)."""
    if event.q850_cause is None:
        return ""
    text = f": {event.q850_text}" if event.q850_text else ""
    return f" (Q.850 cause {event.q850_cause}{text})"
