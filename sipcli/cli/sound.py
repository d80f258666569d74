"""The sound of a command's calls: what the options and settings say, checked before any call."""

import sys
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Self

from sipcli.calls.echo import Echo
from sipcli.calls.sound import OpenTap, Sound
from sipcli.cli.call_session import CallOptions
from sipcli.cli.common import common
from sipcli.cli.person_tones import PersonTones
from sipcli.cli.session import Session
from sipcli.expect.ear import Ear
from sipcli.media.sound.background import Warn
from sipcli.media.sound.open import (
    Loudspeaker,
    RecorderSpec,
    SinkSpec,
    SourceSpec,
    parse_record,
    parse_sink,
    parse_source,
)


@dataclass(frozen=True, slots=True)
class SoundPlan:
    """Where the sound of each call comes from and goes to."""

    source: SourceSpec
    sink: SinkSpec
    record: RecorderSpec | None
    warn: Warn
    measures_tones: bool

    @classmethod
    def of(cls, options: CallOptions, session: Session) -> Self:
        """The plan; raises `ConfigError` for words that mean nothing, `DeviceError` for what is
        named and missing.
        """
        audio = session.settings.audio
        plan = cls(
            source=parse_source(audio.input),
            sink=parse_sink(audio.output),
            record=parse_record(options.record) if options.record is not None else None,
            warn=session.screen.warning,
            measures_tones=options.expectations.tone_hz is not None,
        )
        plan.source.check()
        plan.sink.check()
        if plan.record is not None:
            plan.record.check()
        return plan

    def person_tones(self, session: Session) -> PersonTones | None:
        """What a person hears besides the calls; None where nobody listens."""
        nobody = common().json or common().quiet or not sys.stdout.isatty()
        if nobody or not isinstance(self.sink, Loudspeaker):
            return None
        return PersonTones(parse_sink(session.settings.audio.ring), self.sink, self.warn)

    def open(self, echo: Echo | None = None) -> Sound:
        """The sound of one call; with `echo` it hears itself. Raises `DeviceError`."""
        with ExitStack() as undo:
            source = echo or self.source.open(self.warn)
            undo.callback(source.close)
            sink = echo or self.sink.open(self.warn)
            undo.callback(sink.close)
            taps: tuple[OpenTap, ...] = (Ear(),) if self.measures_tones else ()
            if self.record is not None:
                taps = (*taps, self.record.open(self.warn))
            undo.pop_all()
        return Sound(source, sink, taps)
