"""DTLS-SRTP (RFC 5764) on aiortc: one association over any datagram transport."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final, Self

import cryptography.hazmat.primitives.serialization  # noqa: F401 - pyOpenSSL does, in a call
from aiortc import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport
from aiortc.rtcdtlstransport import State
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from OpenSSL import SSL

from sipcli.media.webrtc.dtls_flights import DtlsFlights
from sipcli.media.webrtc.errors import DtlsFailed, FingerprintMismatch
from sipcli.media.webrtc.srtp import Srtp
from sipcli.net.key_log import key_log, log_keys
from sipcli.sdp.transport import DtlsRole, Fingerprint

HANDSHAKE_LIMIT: Final = 8.0
"""Seconds."""

STRONG_HASHES: Final = ("sha-256", "sha-384", "sha-512")
"""The hash functions of the fingerprints we compare (RFC 8122 §5)."""

HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "sha-256": hashes.SHA256(),
    "sha-384": hashes.SHA384(),
    "sha-512": hashes.SHA512(),
    "sha-1": hashes.SHA1(),
}
"""The hashes that identify a known certificate; SHA-1 on its own would prove nothing."""

MAX_QUEUED: Final = 32
"""Maximum datagrams queued for the handshake."""

CIPHERS: Final = ":".join(
    f"ECDHE-{key}-{cipher}"
    for cipher in ("AES128-GCM-SHA256", "CHACHA20-POLY1305", "AES256-GCM-SHA384", "AES128-SHA")
    for key in ("ECDSA", "RSA")
)
"""aiortc offers only ECDSA, which peers with an RSA certificate cannot use."""

MAX_RECORDS: Final = 32
"""Maximum records read from one datagram after the first."""

MAX_NAME: Final = 100
"""Characters shown of the name in a certificate, which is the far end's text."""

LARGEST_RECORD: Final = 1500
"""Maximum bytes read from a record."""

_NO_RENEGOTIATION: Final = 100
"""The alert that refuses another handshake within an association (RFC 5246 §7.2.2)."""

DTLS_1_2: Final = 0xFEFD
"""The oldest version that we accept (RFC 8827 §6.5)."""


class _AnyKeyCertificate(RTCCertificate):
    """A certificate that also works with RSA peers."""

    def _create_ssl_context(self, srtp_profiles: Any) -> SSL.Context:
        context = super()._create_ssl_context(srtp_profiles)
        context.set_cipher_list(CIPHERS.encode())
        context.set_min_proto_version(DTLS_1_2)
        # Another handshake would derive new keys, but libsrtp would keep using the first ones.
        context.set_options(SSL.OP_NO_RENEGOTIATION)
        context.set_info_callback(_note_alert)
        write_keys(context)
        return context


def write_keys(context: SSL.Context) -> None:
    """Let the connections of a context write their keys to the key log, if one is wanted."""
    if key_log() is not None:
        context.set_keylog_callback(lambda _connection, line: log_keys(line))


def _note_alert(connection: SSL.Connection, where: int, code: int) -> None:
    """Remember that a renegotiation was refused: OpenSSL's info callback."""
    if (
        where & SSL.SSL_CB_WRITE_ALERT == SSL.SSL_CB_WRITE_ALERT
        and code & 0xFF == _NO_RENEGOTIATION
    ):
        connection.set_app_data(_NO_RENEGOTIATION)


class DtlsCertificate:
    """Our identity in all calls of one phone: a self-signed certificate."""

    def __init__(self, certificate: RTCCertificate) -> None:
        self.rtc = certificate
        sha_256 = next(f for f in certificate.getFingerprints() if f.algorithm == "sha-256")
        self.fingerprint = Fingerprint("sha-256", sha_256.value.upper())
        """The fingerprint in our descriptions (RFC 8122 §5)."""

    @classmethod
    def generate(cls) -> Self:
        """Return a new certificate with a new P-256 key, valid for 30 days."""
        return cls(_AnyKeyCertificate.generateCertificate())


class DtlsPipe:
    """What RTCDtlsTransport needs of an ICE transport: `role`, `_recv` and `_send`."""

    role = "controlled"

    def __init__(self, flights: DtlsFlights) -> None:
        self.queue: asyncio.Queue[bytes | None] = asyncio.Queue(MAX_QUEUED)
        self._flights = flights

    async def _recv(self) -> bytes:
        data = await self.queue.get()
        if data is None:
            raise ConnectionError("the transport is closed")
        return data

    async def _send(self, data: bytes) -> None:
        self._flights.send(data)


class DtlsTransport(RTCDtlsTransport):
    """aiortc's DTLS, with the identity check of RFC 8122 §6.2: one strong hash must match."""

    peer: tuple[Fingerprint, ...] = ()
    """The far end's certificate, by each of `HASHES`."""
    certificate: x509.Certificate | None = None
    """The same itself; None before the handshake."""
    mismatch = False
    is_aborted = False
    """True if the far end has aborted the association with a fatal alert."""

    def _validate_peer_identity(self, remoteParameters: RTCDtlsParameters) -> None:  # noqa: N803
        certificate = self.connection.get_peer_certificate(as_cryptography=True)
        if certificate is not None:
            self.certificate = certificate
            self.peer = tuple(
                Fingerprint(name, certificate.fingerprint(function).hex(":").upper())
                for name, function in HASHES.items()
            )
            for promised in remoteParameters.fingerprints:
                if Fingerprint(promised.algorithm, promised.value.upper()) in self.peer:
                    return
        self.mismatch = True
        self._set_state(State.FAILED)

    async def _recv_next(self) -> None:
        """As in aiortc, but read all records of a datagram, and end on a fatal alert, too."""
        await super()._recv_next()
        if not self.encrypted:
            return
        for _ in range(MAX_RECORDS):
            try:
                data = self.connection.recv(LARGEST_RECORD)
            except SSL.ZeroReturnError:
                raise ConnectionError("the far end has closed the association") from None
            except SSL.Error:
                break
            if self._data_receiver is not None:
                await self._data_receiver._handle_data(data)
        await self._write_ssl()
        if self.connection.get_shutdown() & SSL.RECEIVED_SHUTDOWN:
            self.is_aborted = True
            raise ConnectionError("a fatal alert has come")

    @property
    def connection(self) -> SSL.Connection:
        """OpenSSL's connection; only once the handshake has begun."""
        if self._ssl is None:
            raise RuntimeError("the handshake has not begun")
        return self._ssl


class Dtls:
    """One DTLS association and the SRTP keys derived from it.

    `send` is called with outgoing datagrams; pass incoming ones to `receive`. `on_closed` is
    called once, with a sentence, when the far end ends the association. A request of the far end
    for new keys (renegotiation) is refused (RFC 5246 §7.2.2): the agreed keys stay.
    """

    def __init__(
        self,
        certificate: DtlsCertificate,
        send: Callable[[bytes], None],
        on_closed: Callable[[str], None],
    ) -> None:
        self._flights = DtlsFlights(send)
        self._pipe = DtlsPipe(self._flights)
        # It is typed for an RTCIceTransport, but uses only what DtlsPipe has.
        pipe: Any = self._pipe
        self._transport = DtlsTransport(pipe, [certificate.rtc])
        self._transport.on("statechange", self._on_state)
        self._on_closed: Callable[[str], None] | None = on_closed

    async def handshake(self, role: DtlsRole, fingerprints: Sequence[Fingerprint]) -> None:
        """Run the handshake and derive the keys; `fingerprints` are from the far end's description.

        Raises `FingerprintMismatch` and `DtlsFailed`, within 8 s.
        """
        strong = [
            RTCDtlsFingerprint(algorithm=f.hash_function, value=f.value)
            for f in fingerprints
            if f.hash_function in STRONG_HASHES
        ]
        if not strong:
            raise FingerprintMismatch(
                "the far end's description has no fingerprint by a strong hash"
            )
        self._transport._set_role(str(role))
        try:
            async with asyncio.timeout(HANDSHAKE_LIMIT):
                await self._transport.start(RTCDtlsParameters(strong))
        except TimeoutError:
            raise DtlsFailed(self._flights.explain_silence(HANDSHAKE_LIMIT)) from None
        finally:
            self._flights.finish()
        if self._transport.state != "connected":
            await self._send_shutdown()
            raise self._failure()

    def receive(self, data: bytes) -> None:
        """Process a DTLS datagram; never raises, whatever it contains."""
        if self._flights.receive(data):
            with suppress(asyncio.QueueFull):
                self._pipe.queue.put_nowait(data)

    def derive_srtp(self) -> Srtp:
        """Return SRTP with the keys of this association (RFC 5764 §4.2); after the handshake."""
        return Srtp(self._transport._rx_srtp, self._transport._tx_srtp)

    @property
    def peer_fingerprint(self) -> Fingerprint | None:
        """The SHA-256 of the far end's certificate; None before the handshake."""
        return next(
            (each for each in self.peer_certificate if each.hash_function == "sha-256"), None
        )

    @property
    def peer_certificate(self) -> tuple[Fingerprint, ...]:
        """The far end's certificate by each of `HASHES`; empty before the handshake."""
        return self._transport.peer

    @property
    def certificate_facts(self) -> tuple[tuple[str, str], ...]:
        """What the far end's certificate says of itself, as name and value; none if unreadable."""
        found = self._transport.certificate
        if found is None:
            return ()
        try:
            until = f"{found.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
            return (
                ("certificate of", found.subject.rfc4514_string()[:MAX_NAME]),
                ("valid until", until),
            )
        except ValueError:
            return ()

    @property
    def protection(self) -> tuple[str, str, str]:
        """DTLS version, cipher and SRTP profile; only after the handshake."""
        connection = self._transport.connection
        return (
            connection.get_protocol_version_name(),
            connection.get_cipher_name() or "",
            connection.get_selected_srtp_profile().decode(),
        )

    async def close(self) -> None:
        """Tell the far end, and stop. Does not wait."""
        self._on_closed = None
        self._flights.finish()
        await self._transport.stop()
        with suppress(asyncio.QueueFull):
            self._pipe.queue.put_nowait(None)

    def _on_state(self) -> None:
        if self._transport.state == "closed" and self._on_closed is not None:
            on_closed, self._on_closed = self._on_closed, None
            on_closed(self._explain_end())

    def _explain_end(self) -> str:
        if not self._transport.is_aborted:
            return "the far end closed the media"
        if self._transport.connection.get_app_data() == _NO_RENEGOTIATION:
            return (
                "the far end aborted the DTLS association:"
                " it asked for new keys (renegotiation), which is refused"
            )
        return "the far end aborted the DTLS association"

    async def _send_shutdown(self) -> None:
        """Send OpenSSL's pending alert, or a close_notify."""
        with suppress(SSL.Error):
            self._transport.connection.shutdown()
        await self._transport._write_ssl()

    def _failure(self) -> DtlsFailed:
        if self._transport.mismatch:
            return FingerprintMismatch(
                "the far end's certificate is not the one that its description names"
                f" (it showed {self.peer_fingerprint})"
            )
        if self._transport.encrypted:
            return DtlsFailed("the far end chose no SRTP protection profile that we know")
        return DtlsFailed(self._flights.explain_failure())
