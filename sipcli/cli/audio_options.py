"""The audio of a command's calls, from its options and settings, checked before any call."""

import sys
from dataclasses import dataclass
from typing import Self

from sipcli.cli.call_options import CallOptions
from sipcli.cli.command_session import CommandSession
from sipcli.cli.person_tones import PersonTones
from sipcli.cli.shared_options import common
from sipcli.expect.tone_tap import ToneTap
from sipcli.media.audio_io.device import Loudspeaker
from sipcli.media.audio_io.generators import Echo
from sipcli.media.audio_io.open import parse_sink
from sipcli.media.audio_io.processing import AudioProcessing
from sipcli.phone.call_audio import AudioEndpoints, AudioSetup


@dataclass(frozen=True, slots=True)
class CallAudio:
    """The source and sink of each call's audio, and whether tones are measured."""

    equipment: AudioSetup
    measures_tones: bool

    @classmethod
    def of(cls, options: CallOptions, session: CommandSession) -> Self:
        """Read the options and settings. Raises `ConfigError` for invalid values, `DeviceError`
        for a named device or file that is missing.
        """
        audio = session.settings.audio
        return cls(
            equipment=AudioSetup.of(
                audio.input,
                audio.output,
                options.record,
                session.screen.warning,
                AudioProcessing.of(audio),
            ),
            measures_tones=options.expectations.tone_hz is not None or options.stdin,
        )

    def person_tones(self, session: CommandSession) -> PersonTones | None:
        """Return the tones for a person at a loudspeaker; None if there is none."""
        is_unattended = common().json or common().quiet or not sys.stdout.isatty()
        sink = self.equipment.sink
        if is_unattended or not isinstance(sink, Loudspeaker):
            return None
        return PersonTones(parse_sink(session.settings.audio.ring), sink, self.equipment.warn)

    def open(self, echo: Echo | None = None) -> AudioEndpoints:
        """Open the audio of one call; `echo` is its source and sink. Raises `DeviceError`."""
        taps = (ToneTap(),) if self.measures_tones else ()
        return self.equipment.open(*taps, source=echo, sink=echo)
