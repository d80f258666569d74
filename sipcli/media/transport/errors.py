"""The errors of opening a media transport; their texts are sentences for the user."""

from sipcli.errors import MediaError, Phase


class IceFailed(MediaError):  # noqa: N818 - ICE's own word for it
    """No candidate pair worked, or there was none to try."""

    phase = Phase.ICE


class DtlsFailed(MediaError):  # noqa: N818 - as IceFailed
    """The handshake with the far end failed: without keys there is no audio."""

    phase = Phase.DTLS


class FingerprintMismatch(DtlsFailed):
    """The far end's certificate does not match its description: this may be an attack
    by a man in the middle (RFC 8122 §6.2)."""
