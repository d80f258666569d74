"""What a phone needs to know before it begins."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self, TypeAlias

from sipcli.api.credentials import credentials_of
from sipcli.calls.audio_endpoints import AudioEndpoints, OpenSink, OpenSource, OpenTap
from sipcli.calls.audio_setup import AudioSetup
from sipcli.calls.call_manager import OnCall
from sipcli.calls.events import Event as CallEvent
from sipcli.config.load import Loaded, load, load_arguments
from sipcli.config.resolve import complete, own_instance, prepare
from sipcli.config.settings import Settings
from sipcli.config.source import DEFAULT
from sipcli.core.events import Event as PhoneEvent
from sipcli.core.requests.credentials import Credentials
from sipcli.errors import ConfigError
from sipcli.log import LOGGER, SipTrace, trace
from sipcli.media.audio_io.processing import AudioProcessing
from sipcli.observer import Observer

Event: TypeAlias = PhoneEvent | CallEvent
"""Everything that is told of a phone and its calls (contract §4)."""

OnEvent: TypeAlias = Callable[[Event], None]


class OpenSound(Protocol):
    """Opens what one call sounds like, as `AudioSetup.open` does."""

    def __call__(
        self,
        *taps: OpenTap,
        source: OpenSource | None = None,
        sink: OpenSink | None = None,
    ) -> AudioEndpoints:
        """The sound of one call, with `taps` on it. Raises `DeviceError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioOptions:
    """How a phone's calls sound, in the words of the commands' options (contract §2).

    None: as the settings say or, where they do not, without a sound card.
    """

    audio_in: str | None = None
    audio_out: str | None = None
    record: str | None = None

    def audio_setup(self, loaded: Loaded) -> AudioSetup:
        """What they mean. Raises `ConfigError` and `DeviceError`; later trouble is logged."""
        audio, origins = loaded.settings.audio, loaded.origins
        source = "silence" if origins["audio.input"] is DEFAULT else audio.input
        sink = "null" if origins["audio.output"] is DEFAULT else audio.output
        return AudioSetup.of(
            self.audio_in or source,
            self.audio_out or sink,
            self.record,
            LOGGER.warning,
            AudioProcessing.of(audio),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneConfig:
    """Everything that one phone is made of."""

    settings: Settings
    open_sound: OpenSound
    """May do without the taps where nobody asks the calls what they measure."""
    on_event: OnEvent = lambda _: None
    """Is told of everything, on the loop's thread."""
    credentials: Credentials | None = None
    retry_forever: bool = False
    """Whether to try again for ever; else the first failure to register is the end of trying,
    until a call is answered."""
    takes_calls: bool = True
    on_ring: OnCall | None = None
    """Gets each call that rings; without, they wait for `Phone.incoming`."""
    observer: Observer | None = None

    @classmethod
    def of_arguments(
        cls, keys: Mapping[str, object], audio: AudioOptions, on_event: OnEvent | None
    ) -> Self:
        """What `Phone(…)` says, and nothing else. Raises `ConfigError` and `DeviceError`."""
        loaded = load_arguments(keys)
        if not loaded.settings.ws_servers:
            raise ConfigError("Phone(): ws_servers is missing; expected the server's wss://HOST")
        return cls._of(complete(loaded), audio, on_event)

    @classmethod
    @contextmanager
    def configured(
        cls,
        config: Path | None,
        profile: str | None,
        keys: Mapping[str, object],
        audio: AudioOptions,
        on_event: OnEvent | None,
    ) -> Iterator[Self]:
        """What the user has configured, as the commands have it, and `keys` above that.

        Raises `ConfigError` and `DeviceError`.
        """
        loaded = load({}, arguments=keys, config=config, profile=profile, environ=os.environ)
        loaded = prepare(loaded)
        with own_instance(loaded) as settings:
            yield cls._of(loaded, audio, on_event, settings)

    @classmethod
    def _of(
        cls,
        loaded: Loaded,
        audio: AudioOptions,
        on_event: OnEvent | None,
        settings: Settings | None = None,
    ) -> Self:
        for text in loaded.warnings:
            LOGGER.warning("%s", text)
        settings = settings or loaded.settings
        if settings.register and settings.is_anonymous:
            raise ConfigError(
                "uri is missing, and nobody can register anonymously; expected sip:YOU@DOMAIN,"
                " or register=False to go without"
            )
        return cls(
            settings=settings,
            open_sound=audio.audio_setup(loaded).open,
            credentials=credentials_of(settings),
            on_event=on_event or (lambda _: None),
            observer=SipTrace(trace if settings.trace_sip else None),
        )
