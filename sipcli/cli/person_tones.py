"""Tones for a person at a loudspeaker: ringing, call progress, keys."""

import asyncio
from typing import Final

from sipcli.errors import DeviceError
from sipcli.media.audio_io.background import Warn
from sipcli.media.audio_io.open import SinkSpec
from sipcli.media.audio_io.tones import (
    BUSY,
    CALL_WAITING,
    CONGESTION,
    RING,
    RINGBACK,
    Cadence,
    TonePlayer,
    key_tone,
)
from sipcli.phone.events import (
    Answered,
    CallEnded,
    CallId,
    Calling,
    Dtmf,
    Event,
    Incoming,
    Media,
    Progress,
)

LAST_TONE: Final = 1.0
"""Seconds that the tone of a refusal is played."""
BUSY_STATUSES: Final = (486, 600)


class PersonTones:
    """Plays tones for the events of the calls; if a loudspeaker fails, it warns.

    `ring` is the loudspeaker for ringing, `output` the one for calls.
    """

    def __init__(self, ring: SinkSpec, output: SinkSpec, warn: Warn) -> None:
        self._warn = warn
        self._ringer = TonePlayer(lambda: ring.open(warn))
        self._speaker = TonePlayer(lambda: output.open(warn))
        self._ours: set[CallId] = set()
        self._ringing: set[CallId] = set()
        self._talking: set[CallId] = set()

    def on_event(self, event: Event) -> None:
        """Play or stop the tone for an event."""
        match event:
            case Calling(call=call):
                self._ours.add(call)
            case Incoming(call=call):
                self._ringing.add(call)
                self._play(self._speaker if self._talking else self._ringer, self._ring_tone)
            case Progress(early_media=True) | Media(state="connected"):
                self._speaker.stop()
            case Progress(status=180):
                self._play(self._speaker, RINGBACK)
            case Answered(call=call):
                self._talking.add(call)
                self._quiet(call)
            case Dtmf(direction="sent", digit=digit):
                self._play(self._speaker, key_tone(digit))
            case CallEnded(call=call):
                self._ended(event)

    async def finish(self) -> None:
        """Finish the tone of a refusal, then stop."""
        if self._speaker.is_playing:
            await asyncio.sleep(LAST_TONE)
        self.stop()

    def stop(self) -> None:
        """Stop all tones."""
        self._ringer.stop()
        self._speaker.stop()

    @property
    def _ring_tone(self) -> Cadence:
        return CALL_WAITING if self._talking else RING

    def _quiet(self, call: CallId) -> None:
        self._ringing.discard(call)
        self._speaker.stop()
        if not self._ringing:
            self._ringer.stop()

    def _ended(self, event: CallEnded) -> None:
        self._quiet(event.call)
        was_answered = event.call in self._talking
        self._talking.discard(event.call)
        if event.call in self._ours and event.by == "remote" and not was_answered:
            self._play(self._speaker, BUSY if event.status in BUSY_STATUSES else CONGESTION)

    def _play(self, player: TonePlayer, cadence: Cadence) -> None:
        try:
            player.play(cadence)
        except DeviceError as error:
            self._warn(error.text)
