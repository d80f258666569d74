"""Tones for a person at a loudspeaker: ringing, call progress, keys."""

import asyncio
from collections.abc import Sequence
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
from sipcli.phone.call import Call
from sipcli.phone.events import Answered, CallEnded, Dtmf, Event, Incoming, Media, Progress
from sipcli.sip.status import BUSY_EVERYWHERE, BUSY_HERE

LAST_TONE_S: Final = 1.0
"""Seconds that the tone of a refusal is played."""
BUSY_STATUSES: Final = (BUSY_HERE, BUSY_EVERYWHERE)


class PersonTones:
    """Plays tones for the events of the calls, by their state; if a loudspeaker fails, it warns.

    `ring` is the loudspeaker for ringing, `output` the one for calls.
    """

    def __init__(self, ring: SinkSpec, output: SinkSpec, warn: Warn) -> None:
        self._warn = warn
        self._ringer = TonePlayer(lambda: ring.open(warn))
        self._speaker = TonePlayer(lambda: output.open(warn))

    def on_event(self, event: Event, calls: Sequence[Call]) -> None:
        """Play or stop the tone for an event; `calls` are those that have not ended before it."""
        match event:
            case Incoming():
                if any(call.is_answered for call in calls):
                    self._play(self._speaker, CALL_WAITING)
                else:
                    self._play(self._ringer, RING)
            case Progress(early_media=True) | Media(state="connected"):
                self._speaker.stop()
            case Progress(status=180):
                self._play(self._speaker, RINGBACK)
            case Answered():
                self._stop_ringing(calls)
            case Dtmf(direction="sent", digit=digit):
                self._play(self._speaker, key_tone(digit))
            case CallEnded(call=name):
                self._stop_ringing(calls)
                call = next((call for call in calls if call.id == name), None)
                if call is not None and event.by == "remote" and _was_refused(call):
                    busy = event.status in BUSY_STATUSES
                    self._play(self._speaker, BUSY if busy else CONGESTION)
            case _:
                pass

    async def finish(self) -> None:
        """Finish the tone of a refusal, then stop."""
        if self._speaker.is_playing:
            await asyncio.sleep(LAST_TONE_S)
        self.stop()

    def stop(self) -> None:
        """Stop all tones."""
        self._ringer.stop()
        self._speaker.stop()

    def _stop_ringing(self, calls: Sequence[Call]) -> None:
        """Stop the tones of a call that is answered or over; others may ring on."""
        self._speaker.stop()
        if not any(call.is_ringing for call in calls):
            self._ringer.stop()

    def _play(self, player: TonePlayer, cadence: Cadence) -> None:
        try:
            player.play(cadence)
        except DeviceError as error:
            self._warn(error.text)


def _was_refused(call: Call) -> bool:
    """True if a call of ours, which is over, was never answered."""
    return not (call.is_incoming or call.is_answered)
