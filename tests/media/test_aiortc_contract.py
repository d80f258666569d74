"""The names of aiortc, aioice and asyncio that media/webrtc/ uses beyond what they promise.

Each of them is private or undocumented. A release that changes one fails here, with its name.
"""

import ast
import asyncio
import inspect
import struct
import textwrap
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import aioice
import pytest
from aioice import ice, stun, turn
from aioice.candidate import candidate_foundation, candidate_priority
from aiortc import RTCCertificate, RTCDtlsParameters, RTCDtlsTransport, rtcdtlstransport
from OpenSSL import SSL
from OpenSSL._util import lib
from pylibsrtp import Session

from sipcli.media.webrtc.dtls import DtlsTransport, _AnyKeyCertificate
from sipcli.media.webrtc.ice import IceAgent
from sipcli.media.webrtc.stun_dtls import _Transport
from sipcli.media.webrtc.turn import _RefreshingClient

pytestmark = pytest.mark.virtual_time


def parameters(of: Callable[..., Any]) -> list[str]:
    """The names of its parameters, without `self`."""
    return [name for name in inspect.signature(of).parameters if name != "self"]


def test_the_versions_are_the_ones_this_was_written_for() -> None:
    assert version("aiortc").startswith("1.16.")
    assert version("aioice").startswith("0.13.")


@pytest.mark.parametrize(
    ("hook", "expected"),
    [
        (ice.Connection.request_received, ["message", "addr", "protocol"]),
        (ice.Connection.check_incoming, ["message", "addr", "protocol"]),
        (ice.Connection.check_complete, ["pair"]),
        (ice.Connection.protocol_lost, ["protocol"]),
        (ice.Connection.query_consent, []),
        (ice.Connection.build_request, ["pair", "nominate"]),
        (ice.Connection.close, []),
        (ice.StunProtocol, ["receiver"]),
        (ice.StunProtocol.datagram_received, ["data", "addr"]),
        (ice.StunProtocol.connection_made, ["transport"]),
        (ice.StunProtocol.connection_lost, ["exc"]),
        (ice.StunProtocol.request, ["request", "addr", "integrity_key", "retransmissions"]),
        (ice.get_host_addresses, ["use_ipv4", "use_ipv6"]),
        (candidate_foundation, ["candidate_type", "candidate_transport", "base_address"]),
        (candidate_priority, ["candidate_component", "candidate_type", "local_pref"]),
        (
            turn.TurnClientMixin,
            ["server", "username", "password", "lifetime", "channel_refresh_time"],
        ),
        (turn.TurnClientMixin.connect, []),
        (turn.TurnClientMixin.delete, []),
        (turn.TurnClientMixin.channel_bind, ["channel_number", "addr"]),
        (turn.TurnClientMixin.send_data, ["data", "addr"]),
        (turn.TurnClientMixin.connection_made, ["transport"]),
        (turn.TurnClientMixin.connection_lost, ["exc"]),
        (turn.TurnClientUdpProtocol.datagram_received, ["data", "addr"]),
        (turn.TurnClientUdpProtocol._send, ["data"]),
        (turn.TurnClientTcpProtocol._send, ["data"]),
        (turn.TurnClientTcpProtocol.data_received, ["data"]),
        (RTCCertificate._create_ssl_context, ["srtp_profiles"]),
        (RTCDtlsTransport, ["transport", "certificates"]),
        (RTCDtlsTransport._set_role, ["role"]),
        (RTCDtlsTransport._set_state, ["state"]),
        (RTCDtlsTransport._validate_peer_identity, ["remoteParameters"]),
        (RTCDtlsTransport._write_ssl, []),
        (RTCDtlsTransport._recv_next, []),
        (RTCDtlsTransport._do_handshake, []),
        (RTCDtlsTransport._setup_srtp, []),
        (RTCDtlsTransport._register_data_receiver, ["receiver"]),
        (turn.TurnClientMixin.refresh, ["time_to_expiry"]),
        (turn.TurnClientMixin.request_with_retry, ["request"]),
        (stun.Transaction.response_received, ["message", "addr"]),
        (Session.remove_stream, ["ssrc"]),
    ],
    ids=lambda value: getattr(value, "__qualname__", ""),
)
def test_a_hook_takes_what_it_took(hook: Callable[..., Any], expected: list[str]) -> None:
    assert parameters(hook) == expected


@pytest.mark.parametrize(
    "hook",
    [
        ice.Connection.query_consent,
        ice.Connection.close,
        ice.Connection.connect,
        ice.StunProtocol.request,
        turn.TurnClientMixin.connect,
        turn.TurnClientMixin.delete,
        turn.TurnClientMixin.channel_bind,
        turn.TurnClientMixin.send_data,
        turn.TurnClientMixin.request_with_retry,
        stun.Transaction.run,
        RTCDtlsTransport._write_ssl,
        RTCDtlsTransport._recv_next,
        RTCDtlsTransport._do_handshake,
        RTCDtlsTransport.start,
        RTCDtlsTransport.stop,
    ],
    ids=lambda value: value.__qualname__,
)
def test_a_coroutine_is_one_still(hook: Callable[..., Any]) -> None:
    assert inspect.iscoroutinefunction(hook)


async def test_a_connection_keeps_its_books_where_it_did() -> None:
    connection = aioice.Connection(ice_controlling=False)
    assert connection._local_candidates == []
    assert connection._local_candidates_end is False
    assert connection._remote_candidates == []
    assert connection._protocols == []
    assert connection._nominated == {}
    assert connection._closing is False
    assert connection.remote_username is None
    await connection.close()
    assert connection._closing is True


def test_a_candidate_knows_the_address_it_is_reached_at() -> None:
    candidate = aioice.Candidate("1", 1, "udp", 1, "192.0.2.1", 9, "host")
    assert candidate._network_host == "192.0.2.1"


async def test_a_pair_has_its_ends_and_its_state() -> None:
    connection = aioice.Connection(ice_controlling=False)
    protocol = ice.StunProtocol(connection)
    protocol.local_candidate = aioice.Candidate("1", 1, "udp", 1, "192.0.2.1", 9, "host")
    far = aioice.Candidate("1", 1, "udp", 1, "192.0.2.2", 10, "host")
    pair = ice.CandidatePair(protocol, far)
    assert pair.protocol is protocol
    assert pair.remote_addr == ("192.0.2.2", 10)
    assert pair.local_candidate is protocol.local_candidate
    assert pair.state is not ice.CandidatePair.State.SUCCEEDED
    assert protocol.receiver is connection
    await connection.close()


async def test_the_hooks_are_called_when_pairs_are_checked() -> None:
    """Two stock connections with the seam's hooks as spies."""

    class Spy(aioice.Connection):
        def __init__(self, *, controlling: bool) -> None:
            super().__init__(ice_controlling=controlling, use_ipv6=False)
            self.called: set[str] = set()

        def __getattribute__(self, name: str) -> Any:
            if name in {"request_received", "check_incoming", "check_complete", "query_consent"}:
                self.called.add(name)
            return super().__getattribute__(name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ice, "get_host_addresses", lambda **_: ["127.0.0.1"])
        ends = [Spy(controlling=True), Spy(controlling=False)]
        for one, other in (ends, ends[::-1]):
            await other.gather_candidates()
            one.remote_username = other.local_username
            one.remote_password = other.local_password
        for one, other in (ends, ends[::-1]):
            for candidate in other.local_candidates:
                await one.add_remote_candidate(candidate)
            await one.add_remote_candidate(None)
        await asyncio.gather(*(end.connect() for end in ends))
    for end in ends:
        assert end.called == {
            "request_received",
            "check_incoming",
            "check_complete",
            "query_consent",
        }
        assert list(end._nominated) == [1]
        await end.close()


def test_aioice_still_stumbles_over_a_short_attribute() -> None:
    """If it no longer does, the seam need not catch `struct.error` any more."""
    body = struct.pack("!HHB3x", 0x0024, 1, 0)
    message = struct.pack("!HHL12s", 1, len(body), stun.COOKIE, bytes(12)) + body
    with pytest.raises(struct.error):
        stun.parse_message(message)


def test_a_turn_client_has_what_a_relay_needs() -> None:
    client = turn.TurnClientUdpProtocol(("127.0.0.1", 1), "alice", "secret", 600, 240)
    assert client.peer_to_channel == {}
    assert client.relayed_address is None
    assert client.mapped_address is None
    assert client.refresh_task is None
    assert client.receiver is None
    assert turn.DEFAULT_ALLOCATION_LIFETIME == 600


def test_a_dtls_transport_needs_three_names_of_what_carries_it() -> None:
    source = inspect.getsource(RTCDtlsTransport)
    used = {part.split("(")[0].split()[0] for part in source.split("self.transport.")[1:]}
    assert {name.rstrip(")=:,") for name in used} == {"_recv", "_send", "role"}


async def test_a_dtls_transport_keeps_its_parts_where_it_did() -> None:
    carrier: Any = object()
    transport = RTCDtlsTransport(carrier, [RTCCertificate.generateCertificate()])
    assert transport._ssl is None
    assert transport._rx_srtp is None
    assert transport._tx_srtp is None
    assert transport.encrypted is False
    assert transport.state == "new"
    told: list[str] = []
    transport.on("statechange", lambda: told.append(transport.state))
    transport._set_state(rtcdtlstransport.State.FAILED)
    assert told == ["failed"]
    assert inspect.iscoroutinefunction(transport.start)
    assert parameters(transport.start) == ["remoteParameters"]
    assert RTCDtlsParameters([]).fingerprints == []


def test_the_certificate_makes_a_context_that_can_be_changed() -> None:
    certificate = RTCCertificate.generateCertificate()
    context = certificate._create_ssl_context(rtcdtlstransport.SRTP_PROFILES)
    assert isinstance(context, SSL.Context)
    context.set_cipher_list(b"ECDHE-RSA-AES128-GCM-SHA256")
    context.set_min_proto_version(0xFEFD)


async def test_a_datagram_socket_reads_no_more_than_it_is_told_to() -> None:
    """asyncio's `max_size`, without which each packet would cost a 256 KiB buffer."""

    received: asyncio.Queue[bytes] = asyncio.Queue()

    class Receiver(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
            received.put_nowait(data)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Receiver, ("127.0.0.1", 0))
    unpromised: Any = transport
    assert unpromised.max_size > 2048
    unpromised.max_size = 2048
    transport.sendto(bytes(5000), transport.get_extra_info("sockname"))
    assert len(await received.get()) == 2048
    assert unpromised.get_write_buffer_size() == 0
    transport.close()


@pytest.mark.parametrize(
    "name",
    [
        "SSL_get0_param",
        "X509_VERIFY_PARAM_set_hostflags",
        "X509_VERIFY_PARAM_set1_host",
        "X509_VERIFY_PARAM_set1_ip",
        "X509_verify_cert_error_string",
    ],
)
def test_openssl_can_be_told_whose_certificate_to_expect(name: str) -> None:
    assert callable(getattr(lib, name))
    assert SSL.Connection(SSL.Context(SSL.DTLS_METHOD))._ssl is not None


def members(of: type) -> set[str]:
    """The names that a class gives to itself and, in its methods, to its instances."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(of)))
    assigned = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and ast.unparse(node.value) == "self"
    }
    return assigned | {name for name in vars(of) if not name.startswith("__")}


@pytest.mark.parametrize(
    ("ours", "replaced"),
    [
        (_AnyKeyCertificate, {"_create_ssl_context"}),
        (DtlsTransport, {"_recv_next", "_validate_peer_identity"}),
        (
            IceAgent,
            {"check_complete", "check_incoming", "close", "protocol_lost", "query_consent"}
            | {"request_received", "_local_candidates", "_local_candidates_end", "_protocols"}
            | {"ice_controlling", "remote_is_lite", "remote_password", "remote_username"},
        ),
        (_Transport, {"_do_handshake", "_setup_srtp", "_validate_peer_identity"}),
        (_RefreshingClient, {"refresh"}),
    ],
)
def test_no_member_of_ours_hides_one_of_theirs_by_mistake(ours: type, replaced: set[str]) -> None:
    """A private name that both use would break what they do, without a word."""
    theirs = [base for base in ours.__mro__[1:] if base.__module__.startswith(("aioice", "aiortc"))]
    assert theirs
    assert members(ours) & set().union(*map(members, theirs)) == replaced
