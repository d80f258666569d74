"""STUN over DTLS (RFC 7350) from an ICE socket, so that the mapped address is valid for media."""

import asyncio
import ipaddress
import ssl
import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from aioice import stun
from aiortc import RTCDtlsFingerprint, RTCDtlsParameters
from OpenSSL import SSL, crypto
from OpenSSL._util import ffi, lib

from sipcli.media.webrtc.candidates import HostPort
from sipcli.media.webrtc.dtls import DTLS_1_2, DtlsPipe, DtlsTransport, write_keys
from sipcli.media.webrtc.dtls_flights import DtlsFlights
from sipcli.media.webrtc.errors import ServerFailed, explain_connection, explain_stun
from sipcli.media.webrtc.ice_socket import LARGEST_DATAGRAM, LARGEST_STUN, IceSocket

HANDSHAKE_LIMIT: Final = 8.0
"""Seconds."""

_NAME_FLAGS: Final = 0x4 | 0x20
"""No partial wildcards, and only names from subjectAltName (RFC 9525 §6.3)."""


class ServerTrust:
    """The `tls_…` settings for DTLS: the trusted CAs and our client certificate.

    `tls` is the TLS context: its CAs are trusted, as well as the system's if `uses_system_store`,
    and its verify mode applies. `certificate` and `key` are files that it has already loaded.
    Reads files: do not create it during a call.
    """

    def __init__(
        self,
        tls: ssl.SSLContext,
        *,
        uses_system_store: bool = False,
        certificate: str | None = None,
        key: str | None = None,
    ) -> None:
        self._verifies = tls.verify_mode is not ssl.CERT_NONE
        self._context = SSL.Context(SSL.DTLS_METHOD)
        self._context.set_min_proto_version(DTLS_1_2)
        self._context.set_options(SSL.OP_NO_RENEGOTIATION)
        write_keys(self._context)
        self._context.set_verify(SSL.VERIFY_PEER if self._verifies else SSL.VERIFY_NONE, _verify)
        store = self._context.get_cert_store()
        if store is not None:
            store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
            for trusted in tls.get_ca_certs(binary_form=True):
                store.add_cert(crypto.load_certificate(crypto.FILETYPE_ASN1, trusted))
        paths = ssl.get_default_verify_paths()
        if uses_system_store and (paths.cafile or paths.capath):
            self._context.load_verify_locations(paths.cafile, paths.capath)
        if certificate is not None:
            self._context.use_certificate_chain_file(certificate)
            self._context.use_privatekey_file(key or certificate)

    def _create_ssl_context(self, srtp_profiles: Any) -> SSL.Context:
        """Return the context: aiortc's hook. There is no SRTP here."""
        return self._context

    def expect(self, connection: SSL.Connection, host: str) -> None:
        """Make the handshake fail unless the certificate is for `host`, a name or an address."""
        parameters = lib.SSL_get0_param(connection._ssl)
        lib.X509_VERIFY_PARAM_set_hostflags(parameters, _NAME_FLAGS)
        try:
            packed = ipaddress.ip_address(host).packed
        except ValueError:
            name = host.encode()
            connection.set_tlsext_host_name(name)
            lib.X509_VERIFY_PARAM_set1_host(parameters, name, len(name))
        else:
            lib.X509_VERIFY_PARAM_set1_ip(parameters, packed, len(packed))


@dataclass(frozen=True, slots=True)
class DtlsServer:
    """A STUN server to be asked over DTLS."""

    host: str
    """The name or address that its certificate must match."""
    trust: ServerTrust


async def ask_over_dtls(
    base: IceSocket, request: stun.Message, address: HostPort, server: DtlsServer
) -> None:
    """Run a STUN transaction over DTLS from `base`, which stores the mapped address.

    Raises `ServerFailed`. Takes 8 s with a silent server; may be cancelled at any time.
    """
    if address in base.servers:
        raise ServerFailed("another entry of stun_servers resolves to the same address")
    association = _Association(base, address, server)
    base.servers[address] = association.receive
    try:
        await association.handshake()
        answer = await association.request(request)
    finally:
        await association.close()
        base.servers[address] = _ignore  # late datagrams must not count as the far end's
    mapped = answer.attributes.get("XOR-MAPPED-ADDRESS")
    if mapped is not None:
        base.mapped[address] = mapped


class _Transport(DtlsTransport):
    """DTLS with a server whose certificate OpenSSL verifies, without SRTP keys."""

    def __init__(self, pipe: Any, server: DtlsServer) -> None:
        trust: Any = server.trust  # aiortc asks for an RTCCertificate and uses the context alone
        super().__init__(pipe, [trust])
        self._server = server

    async def _do_handshake(self) -> None:
        self._server.trust.expect(self.connection, self._server.host)
        await super()._do_handshake()

    def _validate_peer_identity(self, remoteParameters: RTCDtlsParameters) -> None:  # noqa: N803
        """Do nothing: OpenSSL has verified the certificate."""

    def _setup_srtp(self) -> None:
        """Do nothing: there is no SRTP."""


class _Association:
    """DTLS with one server, and the STUN transaction over it."""

    def __init__(self, base: IceSocket, address: HostPort, server: DtlsServer) -> None:
        self._base = base
        self._address = address
        self._flights = DtlsFlights(self._send)
        self._pipe = DtlsPipe(self._flights)
        self._transport = _Transport(self._pipe, server)
        receiver: Any = self
        self._transport._register_data_receiver(receiver)
        self._transport._set_role("client")
        self._transaction: stun.Transaction | None = None
        self._id = b""

    async def handshake(self) -> None:
        nothing = RTCDtlsParameters([RTCDtlsFingerprint(algorithm="sha-256", value="")])
        try:
            async with asyncio.timeout(HANDSHAKE_LIMIT):
                await self._transport.start(nothing)
        except TimeoutError:
            raise ServerFailed("it does not answer") from None
        finally:
            self._flights.finish()
        if self._transport.state != "connected":
            raise self._fault()

    async def request(self, request: stun.Message) -> stun.Message:
        self._id = request.transaction_id
        self._transaction = stun.Transaction(request, self._address, self)
        try:
            answer, _ = await self._transaction.run()
        except stun.TransactionError as error:
            raise explain_stun(error) from error
        return answer

    def send_stun(self, message: stun.Message, addr: HostPort) -> None:
        """Send it at once: aioice calls this from a timer, so it cannot be a coroutine."""
        connection = self._transport.connection
        with suppress(SSL.Error):
            connection.send(bytes(message))
            self._flights.send(connection.bio_read(LARGEST_DATAGRAM))

    def receive(self, data: bytes) -> None:
        if self._flights.receive(data):
            with suppress(asyncio.QueueFull):
                self._pipe.queue.put_nowait(data)

    async def _handle_data(self, data: bytes) -> None:
        """Process decrypted data from the server, possibly garbage: aiortc's hook."""
        if len(data) > LARGEST_STUN:
            return
        with suppress(ValueError, struct.error):
            message = stun.parse_message(data)
            is_answer = message.message_class in (stun.Class.RESPONSE, stun.Class.ERROR)
            if is_answer and message.transaction_id == self._id and self._transaction is not None:
                self._transaction.response_received(message, self._address)

    async def close(self) -> None:
        self._flights.finish()
        await self._transport.stop()
        with suppress(asyncio.QueueFull):
            self._pipe.queue.put_nowait(None)

    def _send(self, data: bytes) -> None:
        if not self._base.transport.is_closing():
            self._base.transport.sendto(data, self._address)

    def _fault(self) -> ServerFailed:
        code = self._transport.connection.get_app_data()
        if not isinstance(code, int):
            return ServerFailed("the DTLS handshake failed", "does it speak DTLS at this port?")
        error = ssl.SSLCertVerificationError()
        error.verify_code = code
        error.verify_message = ffi.string(lib.X509_verify_cert_error_string(code)).decode()
        return explain_connection(error)


def _verify(
    connection: SSL.Connection, certificate: crypto.X509, code: int, depth: int, ok: int
) -> bool:
    """Return OpenSSL's verdict, and remember why it rejected a certificate."""
    if not ok:
        connection.set_app_data(code)
    return bool(ok)


def _ignore(data: bytes) -> None:
    """Drop late data from this server."""
