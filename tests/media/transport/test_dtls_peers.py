"""DTLS with peers of other kinds, made of OpenSSL alone."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from OpenSSL import SSL

from sipcli.media.webrtc.dtls import Dtls, DtlsCertificate
from sipcli.media.webrtc.errors import DtlsFailed, FingerprintMismatch
from sipcli.sdp.transport import DtlsRole, Fingerprint
from tests.event_loop import settle
from tests.media.transport.transport_pair import ALICE, BOB, opposite, rtp

pytestmark = pytest.mark.virtual_time

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def certificate_for(key: PrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "peer")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )


class OpenSslPeer:
    """The other end of an association, synchronous: each datagram is answered at once."""

    def __init__(
        self,
        role: DtlsRole,
        key: PrivateKey | None,
        *,
        srtp: bytes = b"SRTP_AES128_CM_SHA1_80",
        ciphers: bytes = b"DEFAULT",
        on_closed: Callable[[str], None] = lambda _: None,
    ) -> None:
        context = SSL.Context(SSL.DTLS_METHOD)
        context.set_cipher_list(ciphers)
        context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
        self.fingerprint = Fingerprint("sha-256", "")
        if key is not None:
            certificate = certificate_for(key)
            context.use_privatekey(key)
            context.use_certificate(certificate)
            digest = certificate.fingerprint(hashes.SHA256()).hex(":").upper()
            self.fingerprint = Fingerprint("sha-256", digest)
        if srtp:
            context.set_tlsext_use_srtp(srtp)
        self.connection = SSL.Connection(context)
        if role is DtlsRole.CLIENT:
            self.connection.set_connect_state()
        else:
            self.connection.set_accept_state()
        self.dtls = Dtls(ALICE, self.receive, on_closed)

    def receive(self, data: bytes) -> None:
        self.connection.bio_write(data)
        with suppress(SSL.Error):
            self.connection.recv(100)
        self.step()

    def step(self) -> None:
        with suppress(SSL.Error):
            self.connection.do_handshake()
        self.flush()

    def flush(self) -> None:
        """Send what is ready."""
        for datagram in self._output():
            asyncio.get_running_loop().call_soon(self.dtls.receive, datagram)

    def _output(self) -> Iterator[bytes]:
        with suppress(SSL.WantReadError):
            while True:
                yield self.connection.bio_read(4096)


async def meet(peer: OpenSslPeer, our_role: DtlsRole) -> None:
    """Shake hands with an OpenSSL peer."""
    if our_role is DtlsRole.SERVER:
        peer.step()
    await peer.dtls.handshake(our_role, [peer.fingerprint])


EC_KEY = ec.generate_private_key(ec.SECP256R1())
EC_384_KEY = ec.generate_private_key(ec.SECP384R1())
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.mark.parametrize("role", DtlsRole)
@pytest.mark.parametrize("key", [EC_KEY, EC_384_KEY, RSA_KEY], ids=["P-256", "P-384", "RSA"])
@pytest.mark.parametrize("srtp", ["SRTP_AES128_CM_SHA1_80", "SRTP_AEAD_AES_128_GCM"])
async def test_peers_with_all_kinds_of_certificates_are_met(
    role: DtlsRole, key: PrivateKey, srtp: str
) -> None:
    peer = OpenSslPeer(opposite(role), key, srtp=srtp.encode())
    await meet(peer, role)
    assert peer.dtls.peer_fingerprint == peer.fingerprint
    version, cipher, profile = peer.dtls.protection
    assert (version, profile) == ("DTLSv1.2", srtp)
    assert cipher.startswith("ECDHE-")
    await peer.dtls.close()


@pytest.mark.parametrize("role", DtlsRole)
async def test_a_peer_without_srtp_is_refused(role: DtlsRole) -> None:
    peer = OpenSslPeer(opposite(role), EC_KEY, srtp=b"")
    with pytest.raises(DtlsFailed, match="no SRTP protection profile"):
        await meet(peer, role)
    await peer.dtls.close()


async def test_a_client_without_a_certificate_is_refused() -> None:
    peer = OpenSslPeer(DtlsRole.CLIENT, None)
    with pytest.raises(DtlsFailed, match="shows no certificate"):
        await meet(peer, DtlsRole.SERVER)
    await peer.dtls.close()


@pytest.mark.parametrize("role", DtlsRole)
async def test_a_peer_without_a_cipher_in_common_is_explained(role: DtlsRole) -> None:
    key = RSA_KEY if role is DtlsRole.CLIENT else EC_KEY
    peer = OpenSslPeer(opposite(role), key, ciphers=b"AES128-GCM-SHA256")
    with pytest.raises(DtlsFailed, match="no cipher"):
        await meet(peer, role)
    await peer.dtls.close()


async def test_a_stranger_gets_no_keys_and_is_told() -> None:
    peer = OpenSslPeer(DtlsRole.SERVER, EC_KEY)
    with pytest.raises(FingerprintMismatch, match=peer.fingerprint.value):
        await peer.dtls.handshake(DtlsRole.CLIENT, [BOB.fingerprint])
    await settle()
    with pytest.raises(SSL.ZeroReturnError):
        peer.connection.recv(100)
    await peer.dtls.close()


def test_certificates_differ_from_phone_to_phone() -> None:
    assert ALICE.fingerprint != BOB.fingerprint
    assert DtlsCertificate.generate().fingerprint.hash_function == "sha-256"
    assert len(ALICE.fingerprint.value) == 32 * 3 - 1
    assert ALICE.fingerprint.value == ALICE.fingerprint.value.upper()


# A far end that asks for new keys while media flow


def ask_for_renegotiation(peer: OpenSslPeer) -> None:
    """Let the peer begin another handshake within the association."""
    peer.connection.renegotiate()
    peer.step()


@pytest.mark.parametrize("role", DtlsRole)
async def test_a_renegotiation_is_refused_in_the_handshake_and_the_keys_stay(
    role: DtlsRole,
) -> None:
    closed: list[str] = []
    peer = OpenSslPeer(opposite(role), EC_KEY, on_closed=closed.append)
    await meet(peer, role)
    srtp, before = peer.dtls.derive_srtp(), peer.connection.get_peer_finished()
    for _ in range(3):
        ask_for_renegotiation(peer)
        await settle()
    assert peer.connection.get_peer_finished() == before, "no other handshake"
    assert srtp.protect_rtp(rtp()) is not None
    # OpenSSL ends the association where it is refused another handshake.
    refusal = "it asked for new keys (renegotiation), which is refused"
    assert closed == [f"the far end aborted the DTLS association: {refusal}"]
    await peer.dtls.close()


@pytest.mark.parametrize("role", DtlsRole)
async def test_a_farewell_that_comes_behind_something_else_is_heard(role: DtlsRole) -> None:
    """Several records may share a datagram (RFC 6347 §4.1.1)."""

    closed: list[str] = []
    peer = OpenSslPeer(opposite(role), EC_KEY, on_closed=closed.append)
    await meet(peer, role)
    peer.connection.send(b"x")
    peer.connection.shutdown()
    peer.flush()
    await settle()
    assert closed == ["the far end closed the media"]
    await peer.dtls.close()
