"""How the way to the far end fails to open; the texts are sentences for the user."""

from sipcli.errors import MediaError, Phase


class IceFailed(MediaError):  # noqa: N818 - ICE's own word for it
    """No pair of addresses let datagrams through, or none was there to be tried."""

    phase = Phase.ICE


class DtlsFailed(MediaError):  # noqa: N818 - as IceFailed
    """The handshake with the far end failed: there are no keys, so nothing can be heard."""

    phase = Phase.DTLS


class FingerprintMismatch(DtlsFailed):
    """The far end is not who its description says: somebody may be in between (RFC 8122 §6.2)."""
