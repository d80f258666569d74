"""The configuration of a phone: settings, audio, credentials and callbacks."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeAlias

from sipcli.config.load import Loaded, load, load_arguments
from sipcli.config.resolve import complete, own_instance, prepare
from sipcli.config.settings import Settings
from sipcli.config.sources import DEFAULT
from sipcli.core.requests.credentials import Credentials
from sipcli.errors import ConfigError
from sipcli.journal.journal import Journal
from sipcli.log import LOGGER, trace_sip
from sipcli.phone.events import Event
from sipcli.sip.grammar import Malformed

if TYPE_CHECKING:  # these load the media libraries, which not every phone needs
    from sipcli.media.session.media_config import MediaConfig
    from sipcli.phone.call_audio import AudioSetup, OpenSound
    from sipcli.phone.call_manager import OnCall

OnEvent: TypeAlias = Callable[[Event], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioOptions:
    """The audio of a phone's calls, as values of the command-line options (contract §2).

    None means the value of the settings or, if that is not set either, no sound card.
    """

    audio_in: str | None = None
    audio_out: str | None = None
    record: str | None = None

    def audio_setup(self, loaded: Loaded) -> "AudioSetup":
        """Parse the values. Raises `ConfigError` and `DeviceError`; later problems are logged."""
        from sipcli.media.audio_io.processing import AudioProcessing
        from sipcli.phone.call_audio import AudioSetup

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
    """Everything that a phone is created from."""

    settings: Settings
    credentials: Credentials | None = None
    open_sound: "OpenSound | None" = None
    """Opens the audio of each call; None: the phone has no calls."""
    has_meters: bool = False
    """True if the audio of the calls is measured (`Call.received`, `sent`), which takes time."""
    media_config: "MediaConfig | None" = None
    """The media configuration of its calls; None: that of the settings. Phones may share one."""
    on_event: OnEvent | None = None
    """Called with every event, on the loop's thread."""
    retry_forever: bool = False
    """True: retry for ever. False: give up when the first registration fails, unless a call has
    been answered."""
    takes_calls: bool = True
    on_ring: "OnCall | None" = None
    """Called with each call that rings; None: they wait for `Phone.incoming`."""
    journal: Journal = field(default_factory=Journal)
    """What the phone records, for who listens. Phones may share one."""

    @classmethod
    def of_arguments(
        cls, keys: Mapping[str, object], audio: AudioOptions, on_event: OnEvent | None
    ) -> Self:
        """The arguments of `Phone(…)`, and nothing else. Raises `ConfigError` and `DeviceError`."""
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
        """The user's own configuration, as the commands read it; `keys` override it.

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
                "uri is missing, and an anonymous phone cannot register; expected sip:YOU@DOMAIN,"
                " or register=False"
            )
        journal = Journal()
        if settings.trace_sip:
            trace_sip(journal)
        return cls(
            settings=settings,
            open_sound=audio.audio_setup(loaded).open,
            has_meters=True,
            credentials=credentials_of(settings),
            on_event=on_event,
            journal=journal,
        )


def credentials_of(settings: Settings) -> Credentials | None:
    """Return the credentials in the settings; None without a secret. Raises `ConfigError`."""
    if settings.password is None and settings.ha1 is None:
        return None
    try:
        return Credentials(settings.username, settings.password, settings.ha1)
    except Malformed as fault:
        raise ConfigError(f"the credentials cannot be used: {fault.reason}") from None
