"""Process microphone sound before it is sent: echo, noise and gain.

Uses WebRTC's audio processing (the package pywebrtc-audio), if installed. It takes about 0.3 ms
a frame, so it runs on the loop: the next frame is 20 ms away.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Self

from sipcli.config.tables import AudioTable
from sipcli.errors import ConfigError
from sipcli.media.audio_io.aec_reference import AecReference
from sipcli.media.audio_io.background import Warn
from sipcli.media.audio_io.device import DeviceSource, Loudspeaker, Microphone
from sipcli.media.audio_io.open import AudioSource, SinkSpec, SourceSpec
from sipcli.media.audio_io.rings import Ring
from sipcli.media.pcm import RATE, Pcm

_NOISE_LEVEL: Final = 1
"""Of 0 to 3. Measured, it takes 6 dB of steady noise and leaves speech alone; 3 takes 7 dB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioProcessing:
    """The processing to apply to a microphone."""

    cancels_echo: bool = False
    suppresses_noise: bool = False
    controls_gain: bool = False

    @classmethod
    def of(cls, audio: AudioTable) -> Self:
        """Return the processing of the settings; "auto" enables what is available.

        Raises `ConfigError` if required processing is not available.
        """
        is_wanted = audio.echo_cancellation is True or audio.noise_suppression or audio.gain_control
        if not (is_wanted or audio.echo_cancellation):
            return cls()
        try:
            _library()
        except ImportError as error:
            if not is_wanted:
                return cls()
            raise ConfigError(
                "audio.echo_cancellation, audio.noise_suppression and audio.gain_control need the "
                f"package pywebrtc-audio, which cannot be loaded: {error}"
            ) from error
        return cls(
            cancels_echo=bool(audio.echo_cancellation),
            suppresses_noise=audio.noise_suppression,
            controls_gain=audio.gain_control,
        )

    def open(self, source: SourceSpec, sink: SinkSpec | None, warn: Warn) -> AudioSource:
        """Open `source` for one call, and process it if it is a microphone.

        Only a loudspeaker causes echo: nothing is cancelled if `sink` is not one, or None.
        Raises `DeviceError`.
        """
        if not isinstance(source, Microphone):
            return source.open(warn)
        far_end = None
        if self.cancels_echo and isinstance(sink, Loudspeaker):
            far_end = AecReference(sink.hardware, sink.name)
        elif not (self.suppresses_noise or self.controls_gain):
            return source.open(warn)
        return DeviceSource(source.hardware, source.name, warn, VoiceProcessor(self, far_end))


class VoiceProcessor:
    """The processing of one call's microphone.

    How long the way from a loudspeaker to the microphone is, need not be told: AEC3 finds what
    is between 0 and 0.5 s on its own, as fast as when it is told.
    """

    def __init__(self, treatment: AudioProcessing, far_end: AecReference | None) -> None:
        """Without `far_end` no echo is cancelled."""
        self._far_end = far_end
        self._processor = _library()(
            sample_rate=RATE,
            echo_cancellation=far_end is not None,
            noise_suppression=treatment.suppresses_noise,
            ns_level=_NOISE_LEVEL,
            auto_gain_control=treatment.controls_gain,
        )

    def __call__(self, frame: Pcm, microphone: Ring, position: int) -> Pcm:
        """`frame` as it should be sent; it was captured from `position` on."""
        far = self._far_end.frame(microphone, position) if self._far_end is not None else None
        treated: Pcm = self._processor.process(frame, far)
        return treated

    def close(self) -> None:
        """Release the loudspeaker."""
        if self._far_end is not None:
            self._far_end.close()


def _library() -> Callable[..., Any]:
    """Imported late, since it may be missing. Raises ImportError."""
    from pywebrtc_audio import AudioProcessor

    return AudioProcessor
