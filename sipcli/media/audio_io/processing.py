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
"""0 to 3. Measured: 1 removes 6 dB of steady noise and leaves speech alone; 3 removes 7 dB."""


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
        reference = None
        if self.cancels_echo and isinstance(sink, Loudspeaker):
            reference = AecReference(sink.hardware, sink.name)
        elif not (self.suppresses_noise or self.controls_gain):
            return source.open(warn)
        return DeviceSource(source.hardware, source.name, warn, VoiceProcessor(self, reference))


class VoiceProcessor:
    """The processing of one call's microphone.

    AEC3 finds the delay of the echo (0 to 0.5 s) on its own, as fast as if it were told.
    """

    def __init__(self, processing: AudioProcessing, reference: AecReference | None) -> None:
        """Without `reference` no echo is cancelled."""
        self._reference = reference
        self._processor = _library()(
            sample_rate=RATE,
            echo_cancellation=reference is not None,
            noise_suppression=processing.suppresses_noise,
            ns_level=_NOISE_LEVEL,
            auto_gain_control=processing.controls_gain,
        )

    def __call__(self, frame: Pcm, microphone: Ring, position: int) -> Pcm:
        """Return the frame to send; `frame` was captured at `position`."""
        played = self._reference.frame(microphone, position) if self._reference else None
        processed: Pcm = self._processor.process(frame, played)
        return processed

    def close(self) -> None:
        """Release the loudspeaker."""
        if self._reference is not None:
            self._reference.close()


def _library() -> Callable[..., Any]:
    """Return the library's class; late, since it may be missing. Raises `ImportError`."""
    from pywebrtc_audio import AudioProcessor

    return AudioProcessor
