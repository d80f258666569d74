"""The sound of a command's calls: what the options and settings say, checked before any call."""

import sys
from dataclasses import dataclass
from typing import Self

from sipcli.calls.echo import Echo
from sipcli.calls.equipment import Equipment
from sipcli.calls.sound import Sound
from sipcli.cli.call_session import CallOptions
from sipcli.cli.common import common
from sipcli.cli.person_tones import PersonTones
from sipcli.cli.session import Session
from sipcli.expect.ear import Ear
from sipcli.media.sound.open import Loudspeaker, parse_sink
from sipcli.media.sound.treatment import Treatment


@dataclass(frozen=True, slots=True)
class SoundPlan:
    """Where the sound of each call comes from and goes to, and whether tones are measured."""

    equipment: Equipment
    measures_tones: bool

    @classmethod
    def of(cls, options: CallOptions, session: Session) -> Self:
        """The plan; raises `ConfigError` for words that mean nothing, `DeviceError` for what is
        named and missing.
        """
        audio = session.settings.audio
        return cls(
            equipment=Equipment.of(
                audio.input,
                audio.output,
                options.record,
                session.screen.warning,
                Treatment.of(audio),
            ),
            measures_tones=options.expectations.tone_hz is not None or options.stdin,
        )

    def person_tones(self, session: Session) -> PersonTones | None:
        """What a person hears besides the calls; None where nobody listens."""
        nobody = common().json or common().quiet or not sys.stdout.isatty()
        sink = self.equipment.sink
        if nobody or not isinstance(sink, Loudspeaker):
            return None
        return PersonTones(parse_sink(session.settings.audio.ring), sink, self.equipment.warn)

    def open(self, echo: Echo | None = None) -> Sound:
        """The sound of one call; with `echo` it hears itself. Raises `DeviceError`."""
        taps = (Ear(),) if self.measures_tones else ()
        return self.equipment.open(*taps, source=echo, sink=echo)
