"""How a call stands, as a script may ask at any time."""

from collections.abc import Callable
from typing import TypeAlias

from sipcli.api.audio_meters import AudioMeters, Measured
from sipcli.api.call_history import CallHistory
from sipcli.api.waiter import Waiter
from sipcli.calls.audio_endpoints import AudioEndpoints, OpenSink, OpenSource
from sipcli.calls.call import Call as ManagedCall
from sipcli.calls.call_stats import call_stats
from sipcli.calls.events import CallEnded, CallStats, Event
from sipcli.expect.expectations import Audio
from sipcli.media.level import FLOOR_DBFS
from sipcli.runner import UserAgentRunner
from sipcli.sip.uri import Uri

AudioIn: TypeAlias = str | OpenSource
"""Where the sound of one call comes from: the words of `--audio-in`, or an object with `read`
(960 samples of 16 bits, 20 ms at 48 kHz, every 20 ms) and `close`."""
AudioOut: TypeAlias = str | OpenSink
"""Where it goes: the words of `--audio-out`, or an object with `write` and `close`."""
OpenCallSound: TypeAlias = Callable[[AudioIn | None, AudioOut | None], AudioEndpoints]
"""Opens what one call sounds like; None: as the phone's calls do otherwise."""


class CallState:
    """What there is to know of one call; it asks and waits for nothing."""

    def __init__(
        self,
        call: ManagedCall,
        runner: UserAgentRunner,
        waiter: Waiter,
        open_sound: OpenCallSound,
        resolve: Callable[[str], Uri],
    ) -> None:
        self.managed = call
        """The same one step further down, as the switchboard has it."""
        self._runner = runner
        self._waiter = waiter
        self._open_sound = open_sound
        self._resolve = resolve
        self._history = CallHistory(call)
        self._digits_taken = 0

    def on_event(self, event: Event) -> None:
        """Take an event of the call, from its phone."""
        self._history.on_event(event)

    @property
    def id(self) -> str:
        """The Call-ID (RFC 3261 §8.1.1.4)."""
        return self.managed.id

    @property
    def remote(self) -> str:
        """Whom it is with, as a URI."""
        return self.managed.remote

    @property
    def display_name(self) -> str | None:
        """What the caller calls itself; None where it says nothing, or we are the caller."""
        return self.managed.display_name

    @property
    def is_incoming(self) -> bool:
        """Whether the far end placed it."""
        return self.managed.is_incoming

    @property
    def is_ringing(self) -> bool:
        """Whether it waits for us to answer or reject it."""
        return self.managed.is_ringing

    @property
    def is_answered(self) -> bool:
        """Whether it was answered, be it over by now."""
        return self.managed.is_answered

    @property
    def is_over(self) -> bool:
        """Whether all of it is over, media and files too."""
        return self.managed.over.is_set()

    @property
    def is_held(self) -> bool:
        """Whether we hold the far end, and it has agreed."""
        return self._history.is_held

    @property
    def is_held_by_remote(self) -> bool:
        """Whether the far end does not want to hear us just now."""
        return self.managed.is_held_by_remote

    @property
    def is_muted(self) -> bool:
        """Whether silence is sent in place of our sound."""
        return self.managed.is_muted

    @property
    def status(self) -> int | None:
        """The final answer to the INVITE; None before it, or where there was none."""
        return self._history.status

    @property
    def codec(self) -> str | None:
        """What our sound is encoded with; None before that is agreed."""
        return self.managed.codec

    @property
    def digits(self) -> str:
        """All digits received so far."""
        return self._history.digits

    @property
    def ended(self) -> CallEnded | None:
        """How it ended; None while it is not over."""
        return self.managed.ended

    @property
    def received(self) -> Measured:
        """What is heard from the far end just now, measured after decoding."""
        return self._measured("received")

    @property
    def sent(self) -> Measured:
        """What is said to the far end just now, measured before encoding."""
        return self._measured("sent")

    @property
    def stats(self) -> CallStats | None:
        """The figures of contract §4 so far, `mos` and `loss_percent` among them.

        At the end those of the whole call; None where there never were media.
        """
        ended = self.managed.ended
        return ended.stats if ended is not None else call_stats(self.managed.media)

    def _measured(self, direction: Audio) -> Measured:
        flow = self._history.call_record().flow
        audible = 0.0
        if flow is not None:
            is_sent = direction == "sent"
            audible = flow.audible_sent_s if is_sent else flow.audible_received_s
        taps = self.managed.sound.taps if self.managed.sound is not None else ()
        audio_meters = next((tap for tap in taps if isinstance(tap, AudioMeters)), None)
        if audio_meters is None:
            return Measured(tone_hz=None, level_dbfs=FLOOR_DBFS, audible_s=audible)
        meter = audio_meters.sent if direction == "sent" else audio_meters.received
        return Measured(tone_hz=meter.latest_hz, level_dbfs=meter.latest_dbfs, audible_s=audible)
