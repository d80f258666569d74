"""The media configuration that all calls of a phone share."""

import secrets
from dataclasses import dataclass, field
from typing import Self

from sipcli.catalog.codecs import CODECS
from sipcli.config.settings import Settings
from sipcli.config.tables import OpusTable
from sipcli.media.codecs import codec
from sipcli.media.session import rtp_formats
from sipcli.media.transport.ice_servers import IceServers
from sipcli.media.webrtc.dtls import DtlsCertificate
from sipcli.sdp.formats import Preferences


@dataclass(frozen=True, slots=True)
class MediaConfig:
    """One DTLS certificate, the ICE servers and the codec preferences."""

    certificate: DtlsCertificate
    ice_servers: IceServers
    preferences: Preferences
    cname: str
    """RFC 7022 §4.2: the same for all streams of a phone, and reveals nothing about it."""
    opus: OpusTable = field(default_factory=OpusTable)
    """The settings of our Opus encoder."""

    @classmethod
    def from_settings(cls, settings: Settings, *, include_loopback: bool = False) -> Self:
        """Return what the settings ask for; `include_loopback` also offers 127.0.0.1 and ::1.

        Loads all libraries that its calls need now.
        """
        codec.preload(settings.codecs)
        return cls(
            certificate=DtlsCertificate.generate(),
            ice_servers=IceServers.from_settings(settings, include_loopback=include_loopback),
            preferences=Preferences(
                codecs=settings.codecs,
                own_order=settings.codecs != tuple(CODECS),
                red=settings.opus.red,
                opus=rtp_formats.wishes(settings.opus),
            ),
            cname=secrets.token_urlsafe(12),
            opus=settings.opus,
        )
