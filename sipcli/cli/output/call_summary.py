"""The figures of a call in words, while it lasts and after it."""

from sipcli.phone.events import CallEnded, CallStats


def summary(ended: CallEnded) -> list[str]:
    """Return lines on a call that is over, indented below the line that says so."""
    stats = ended.stats
    if stats is None:
        return []
    way = "no media path"
    if ended.candidates is not None:
        way = "ICE " + " ↔ ".join(end.type for end in ended.candidates)
    how = f"{ended.duration_s:.1f} s, {stats.codec or 'no codec'}, {way}"
    return [f"  {line}" for line in (how, *in_words(stats))]


def in_words(stats: CallStats) -> list[str]:
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
    there = []
    if stats.remote_loss_percent is not None:
        there.append(f"loss {stats.remote_loss_percent:.1f} %")
    if stats.remote_mos is not None:
        there.append(f"MOS {stats.remote_mos:.1f}")
    return [", ".join(parts), *([f"at the far end: {', '.join(there)}"] if there else [])]
