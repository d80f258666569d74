"""The record of one call: the facts that expectations are judged by."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from sipcli.media.rtp.delivery import Delivery

Audio: TypeAlias = Literal["received", "sent", "both"]
"""Directions of sound, seen from here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioFlow:
    """The sound of a call in both directions, once its media have connected.

    Seconds and tones count from the answer; in a call without an answer, from its beginning.
    """

    path: str
    """The way the media took, in words: "ICE connected by host, DTLS up"."""
    packets_sent: int
    packets_received: int
    packets_unknown: int
    """Received packets whose payload type was not negotiated."""
    lasted_s: float | None
    """From the answer, or from the moment media could flow if that came later, to the end of the
    call; None in a call without an answer."""
    silent_end_s: float
    """From the last packet received to the end of the call."""
    audible_sent_s: float
    """Encoded and sent, louder than `level.AUDIBLE_DBFS`; the next one likewise, decoded here."""
    audible_received_s: float
    we_may_send: bool
    """As negotiated last; the next one likewise."""
    they_may_send: bool
    delivery: Delivery
    """What the far end's RTCP reports say about our packets."""
    tone_s: float
    """Seconds for which the expected tone dominated what was received."""
    strongest_hz: float | None
    """The tone that dominated longest; None if none did."""
    mos: float | None
    """None if nothing was received, like the next one."""
    loss_percent: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """The facts about a call, at its end or so far."""

    status: int | None
    """The final answer to its INVITE; None if there was none."""
    outcome: str
    """How it ended, for a person."""
    setup_ms: int | None
    """From the INVITE until media could flow; None if they never could."""
    answer_ms: int | None
    """From the INVITE until the answer; None if there was none."""
    digits: str
    """Those received, in order."""
    flow: AudioFlow | None
    """None if no media connected."""
    elapsed_s: float | None = None
    """From the INVITE to its end, or until now; None if there was no call."""
