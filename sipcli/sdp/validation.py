"""Refuse descriptions that cannot become a WebRTC call (RFC 8829 §5.8.3, RFC 3264 §6)."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import ClassVar, Final

from sipcli.sdp.audio import AudioMedia
from sipcli.sdp.formats import FormatKey
from sipcli.sdp.transport import Fingerprint, is_strong

_PROTOCOLS: Final = {
    "RTP/AVP",
    "RTP/AVPF",
    "RTP/SAVP",
    "RTP/SAVPF",
    "UDP/TLS/RTP/SAVP",
    "UDP/TLS/RTP/SAVPF",
    "TCP/DTLS/RTP/SAVP",
    "TCP/DTLS/RTP/SAVPF",
}
"""With any of these, a fingerprint makes it DTLS-SRTP (RFC 8829 §5.1.2)."""

_NAME: Final = re.compile(r"[a-z0-9_.\-]{1,24}")
_MAX_NAMES: Final = 6


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a session description cannot be used: for a Warning header field and for the user."""

    status: ClassVar[int] = 488
    """Not Acceptable Here (RFC 3261 §21.4.26)."""

    warning_code: int
    """RFC 3261 §20.43."""
    text: str
    """A sentence without a full stop; printable ASCII without quotes, limited in length."""


BAD_PROTOCOL: Final = 302
NO_MEDIA: Final = 304
BAD_FORMAT: Final = 305
BAD_PARAMETER: Final = 307
MISCELLANEOUS: Final = 399


WEAK_FINGERPRINT: Final = Refused(
    MISCELLANEOUS,
    "the DTLS certificate fingerprint uses a weak or unknown hash (use SHA-256)",
)


def refusal(
    audio: AudioMedia, codecs: Iterable[FormatKey], certificate: Collection[Fingerprint] = ()
) -> Refused | None:
    """Return why a phone with these codecs cannot use this medium; None if it can.

    `certificate` is the one the far end has shown before, by all hashes; a match with any of them
    is enough.
    """
    return (
        _insecure(audio, certificate)
        or _unconnectable(audio)
        or _uncarried(audio)
        or _no_codec(audio, set(codecs))
    )


def choose(
    audio: list[AudioMedia],
    codecs: Iterable[FormatKey],
    before: int | None,
    certificate: Collection[Fingerprint] = (),
) -> AudioMedia | Refused:
    """Return the first usable medium, or why the first one cannot be used.

    `before` is the index of the medium in use, which is preferred; None for a new session.
    `certificate` is as for `refusal`.
    """
    if not audio:
        return Refused(NO_MEDIA, "the session description has no audio")
    live = [each for each in audio if each.port]
    if not live and any(each.bundle_only for each in audio):
        text = "the audio is bundle-only, and no medium in its bundle has a port"
        return Refused(NO_MEDIA, text)
    if not live:
        return Refused(NO_MEDIA, "the audio is refused or switched off (port 0)")
    reasons: list[Refused] = []
    for each in sorted(live, key=lambda each: each.place != before):
        reason = refusal(each, codecs, certificate)
        if reason is None:
            return each
        reasons.append(reason)
    return reasons[0]


def _insecure(audio: AudioMedia, certificate: Collection[Fingerprint]) -> Refused | None:
    protocol = audio.protocol.upper()
    if protocol not in _PROTOCOLS:
        return Refused(BAD_PROTOCOL, "the audio is not carried by RTP over DTLS and UDP")
    if not audio.fingerprints:
        if audio.has_keys:
            text = "the audio is encrypted with keys from the signalling (SDES), not with DTLS"
        elif "TLS" in protocol:
            text = "the session description has no DTLS certificate fingerprint"
        else:
            text = "the audio is plain RTP, not encrypted with DTLS"
        return Refused(BAD_PROTOCOL, text)
    if not any(is_strong(each) or each in certificate for each in audio.fingerprints):
        return WEAK_FINGERPRINT
    return None


def _unconnectable(audio: AudioMedia) -> Refused | None:
    if audio.ufrag is None or audio.pwd is None:
        return Refused(
            MISCELLANEOUS, "the session description has no ICE user name fragment and password"
        )
    if not audio.rtcp_mux:
        return Refused(MISCELLANEOUS, "RTP and RTCP do not share one port (rtcp-mux)")
    return None


def _uncarried(audio: AudioMedia) -> Refused | None:
    carrier = audio.carrier
    if carrier is None or carrier.protocol.upper() in _PROTOCOLS:
        return None
    kind = carrier.kind if _NAME.fullmatch(carrier.kind) else "another kind"
    text = f"the audio is bundled behind a medium that is not accepted here ({kind})"
    return Refused(NO_MEDIA, text)


def _no_codec(audio: AudioMedia, codecs: set[FormatKey]) -> Refused | None:
    if any(each.key in codecs for each in audio.formats):
        return None
    names = dict.fromkeys(each.encoding for each in audio.formats)
    shown = [name for name in names if _NAME.fullmatch(name)][:_MAX_NAMES]
    offered = f"; the session description has {', '.join(shown)}" if shown else ""
    return Refused(BAD_FORMAT, f"no common audio codec{offered}")
