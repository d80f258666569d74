"""The state of a call that `Call` exposes."""

from collections.abc import Callable
from typing import TypeAlias

from sipcli.expect.call_record import Audio
from sipcli.media.quality.level import FLOOR_DBFS
from sipcli.phone.audio_endpoints import AudioEndpoints, OpenSink, OpenSource
from sipcli.phone.audio_meters import AudioMeters, Measured
from sipcli.phone.call_history import CallHistory
from sipcli.phone.call_stats import call_stats
from sipcli.phone.events import CallEnded, CallEvent, CallStats
from sipcli.phone.managed_call import Call as ManagedCall
from sipcli.phone.runner import UserAgentRunner
from sipcli.phone.waiter import Waiter
from sipcli.sip.uri import Uri

AudioIn: TypeAlias = str | OpenSource
"""The audio source of one call: a value of `--audio-in`, or an object with `read` (called every
20 ms for 960 samples of 16 bits: 20 ms at 48 kHz, mono) and `close`."""
AudioOut: TypeAlias = str | OpenSink
"""The audio sink of one call: a value of `--audio-out`, or an object with `write` and `close`."""
OpenCallSound: TypeAlias = Callable[[AudioIn | None, AudioOut | None], AudioEndpoints]
"""Opens the audio of one call; None means the default of the phone."""


class CallState:
    """The properties of a call. None of them sends or waits for anything."""

    def __init__(
        self,
        call: ManagedCall,
        runner: UserAgentRunner,
        waiter: Waiter,
        open_sound: OpenCallSound,
        resolve: Callable[[str], Uri],
    ) -> None:
        self.managed = call
        """The call of `CallManager` that this one wraps."""
        self._runner = runner
        self._waiter = waiter
        self._open_sound = open_sound
        self._resolve = resolve
        self._history = CallHistory(call)
        self._digits_taken = 0

    def on_event(self, event: CallEvent) -> None:
        """Handle an event of the call."""
        self._history.on_event(event)

    @property
    def id(self) -> str:
        """The Call-ID (RFC 3261 §8.1.1.4)."""
        return self.managed.id

    @property
    def remote(self) -> str:
        """The URI of the far end."""
        return self.managed.remote

    @property
    def display_name(self) -> str | None:
        """The display name of the caller; None if it gave none, or if we are the caller."""
        return self.managed.display_name

    @property
    def is_incoming(self) -> bool:
        """True if the far end placed the call."""
        return self.managed.is_incoming

    @property
    def is_ringing(self) -> bool:
        """True if it waits for us to answer or reject it."""
        return self.managed.is_ringing

    @property
    def is_answered(self) -> bool:
        """True if it was answered, even if it has ended since."""
        return self.managed.is_answered

    @property
    def is_over(self) -> bool:
        """True once the call has ended, media and files included."""
        return self.managed.over.is_set()

    @property
    def is_held(self) -> bool:
        """True if we hold the far end, and it has agreed."""
        return self._history.is_held

    @property
    def is_held_by_remote(self) -> bool:
        """True if the far end holds us."""
        return self.managed.is_held_by_remote

    @property
    def is_muted(self) -> bool:
        """True if we send silence instead of our audio."""
        return self.managed.is_muted

    @property
    def status(self) -> int | None:
        """The status of the final response to the INVITE; None before it, or if there was none."""
        return self._history.status

    @property
    def codec(self) -> str | None:
        """The encoding name of the codec we send; None before it is agreed."""
        return self.managed.codec

    @property
    def digits(self) -> str:
        """All digits received so far."""
        return self._history.digits

    @property
    def ended(self) -> CallEnded | None:
        """How it ended; None before that."""
        return self.managed.ended

    @property
    def received(self) -> Measured:
        """The audio received from the far end in the last second, measured after decoding."""
        return self._measured("received")

    @property
    def sent(self) -> Measured:
        """The audio sent to the far end in the last second, measured before encoding."""
        return self._measured("sent")

    @property
    def stats(self) -> CallStats | None:
        """The statistics of the call so far (`stats` of contract §4), such as `mos`.

        After the end, those of the whole call; None if no media were ever agreed on.
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
