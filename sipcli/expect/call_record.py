"""What one call really came to, as far as anybody may expect something of it."""

from dataclasses import dataclass

from sipcli.media.rtp.receipt import Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """The sound of a call both ways, once its media had connected.

    Seconds and tones count from the answer on; in a call without answer, from the beginning.
    """

    path: str
    """How the media went, in words: "ICE connected by host, DTLS up"."""
    packets_sent: int
    packets_received: int
    packets_unknown: int
    """Those received whose payload type was not agreed on."""
    lasted_s: float | None
    """From the answer, or where that came later from media that can flow, to the end of the call;
    None in a call without answer."""
    silent_end_s: float
    """From the last packet received to the end of the call."""
    audible_sent_s: float
    """Encoded and sent, louder than `level.AUDIBLE_DBFS`; the next one likewise, decoded here."""
    audible_received_s: float
    we_may_send: bool
    """By what was agreed last; the next one likewise."""
    they_may_send: bool
    receipt: Receipt
    """What the far end's RTCP reports say of our packets."""
    tone_s: float
    """Seconds that the expected tone dominated what was received."""
    strongest_hz: float | None
    """The tone that dominated longest; None if none did."""
    mos: float | None
    """None where nothing was received, like the next one."""
    loss_percent: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """A call that is over."""

    status: int | None
    """The final answer to its INVITE; None where there was none."""
    outcome: str
    """How it ended, for a person."""
    setup_ms: int | None
    """From the INVITE until media could flow; None if they never could."""
    answer_ms: int | None
    """From the INVITE until the answer; None if there was none."""
    digits: str
    """Those received, in order."""
    flow: Flow | None
    """None where no media connected."""
    elapsed_s: float | None = None
    """From the INVITE to its end, or until now; None where there was no call."""
