"""One generation of ICE (RFC 8445) on aioice: sockets, candidates, checks, consent, datagrams."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final, cast

import aioice
from aioice import ice, stun

from sipcli.media.webrtc.candidates import (
    HostPort,
    from_aioice,
    is_credible,
    make_candidate,
    show,
    to_aioice,
)
from sipcli.media.webrtc.consent import Consent
from sipcli.media.webrtc.errors import ServerFailed, explain_stun
from sipcli.media.webrtc.ice_socket import LARGEST_DATAGRAM, IceSocket, OnMedia
from sipcli.media.webrtc.stun_dtls import DtlsServer, ask_over_dtls
from sipcli.net.network_watch import is_ours
from sipcli.sdp.transport import Candidate, CandidateType, RemoteTransport

MAX_UNSENT: Final = 64 * 1024
"""Maximum unsent bytes of a socket; more is dropped, as in a full queue."""

MAX_PEER_ADDRESSES: Final = 100
"""Maximum addresses of a peer for authenticated checks (as RFC 8445 §6.1.2.5 for pairs)."""

MAX_CANDIDATES: Final = 30
"""Maximum candidates of the peer that are tried; the rest are ignored."""

MAX_ROLE_CONFLICTS: Final = 50
"""Maximum 487 answers (role conflict) in one generation. Each restarts the check; a few are normal,
for checks in flight when the roles changed."""

MAX_EARLY: Final = 32
"""DTLS datagrams kept until a check validates their sender, and checks until our role is known."""


class IceAgent(aioice.Connection):
    """Sockets, candidates and checks of one generation: an ICE restart makes a new one.

    `on_media` gets SRTP and SRTCP, `on_dtls` DTLS datagrams, both only from addresses that have
    passed a connectivity check. The owner sets `on_lost`; it gets a sentence when the peer seems
    to be lost or its consent has expired. `last_media` returns when the last authentic media
    arrived (on the loop's clock, like all times here).
    """

    def __init__(
        self,
        *,
        on_media: OnMedia,
        on_dtls: Callable[[bytes], None],
        last_media: Callable[[], float],
        like: "IceAgent | None" = None,
    ) -> None:
        """`like` is an agent whose credentials to use, and with `take_over` also its sockets."""
        super().__init__(
            ice_controlling=False,
            local_username=like.local_username if like is not None else None,
            local_password=like.local_password if like is not None else None,
        )
        self.on_media = on_media
        self.on_dtls = on_dtls
        self.on_lost: Callable[[str], None] = lambda _: None
        self.on_back: Callable[[], None] = lambda: None
        self._last_media = last_media
        self.peers: set[HostPort] = set()
        """Addresses that sent an authentic check or answered one."""
        self.last_heard = 0.0
        """When the peer last sent an authentic check or answered one."""
        self.consent: Consent | None = None
        """Set shortly after the nomination."""
        self.selected: tuple[Candidate, Candidate] | None = None
        """Our address as the peer sees it, and the peer's; None until a pair is nominated."""
        self._route: tuple[Any, HostPort] | None = None  # typeshed lacks get_write_buffer_size
        """The transport and destination of datagrams; None while nothing may be sent."""
        self._is_dead = False
        """True if nothing may ever be sent again: only an ICE restart can help."""
        self._early_dtls: deque[tuple[bytes, HostPort]] = deque(maxlen=MAX_EARLY)
        self._checks_before_role: deque[tuple[stun.Message, HostPort, ice.StunProtocol]] = deque(
            maxlen=MAX_EARLY
        )
        self._nomination: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tasks: set[asyncio.Task[None]] = set()
        self._role_conflicts = 0

    # Gathering

    async def open_socket(self, address: str, preference: int) -> IceSocket | None:
        """Bind a UDP socket to one of our addresses; None if the system refuses.

        `preference` is the local preference of RFC 8445 §5.1.2.1, 0–65535.
        """
        loop = asyncio.get_running_loop()
        try:
            transport, opened = await loop.create_datagram_endpoint(
                lambda: IceSocket(self), local_addr=(address, 0)
            )
        except OSError:
            return None
        cast(Any, transport).max_size = LARGEST_DATAGRAM
        own = transport.get_extra_info("sockname")[:2]
        self._add(make_candidate(CandidateType.HOST, own, preference, base=own), opened)
        return opened

    async def ask_reflexive(
        self, base: IceSocket, server: HostPort, preference: int, dtls: DtlsServer | None = None
    ) -> HostPort:
        """Ask a STUN server for the mapped address of `base`, add that candidate and return it.

        `dtls` is for a server asked over DTLS. Raises `ServerFailed`. Takes a minute with a silent
        server: cancel it.
        """
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        if dtls is not None:
            await ask_over_dtls(base, request, server, dtls)
        else:
            await self._ask(base, request, server)
        mapped = base.mapped.get(server)
        if mapped is None:
            raise ServerFailed("its answer has no address")
        own = (base.local_candidate.host, base.local_candidate.port)
        same_family = (":" in mapped[0]) == (":" in own[0])
        if not (same_family and is_credible(mapped, server)):
            del base.mapped[server]
            raise ServerFailed(f"it says our address is {show(mapped)}, which is impossible")
        of_base = (
            (c.host, c.port)
            for c in self._local_candidates
            if (c.related_address, c.related_port) == own
        )
        if mapped not in {own, *of_base}:  # else it is redundant (§5.1.3)
            kind = CandidateType.SERVER_REFLEXIVE
            self._add(make_candidate(kind, mapped, preference, base=own, server=server[0]))
        return mapped

    async def _ask(self, base: IceSocket, request: stun.Message, server: HostPort) -> None:
        try:
            await base.request(request, server)
        except stun.TransactionError as error:
            raise explain_stun(error) from error

    def add_relay(self, relay: IceSocket, preference: int, *, base: HostPort, server: str) -> None:
        """Add a TURN allocation; `base` is our address as the server sees it (§5.3)."""
        address = relay.transport.get_extra_info("sockname")
        kind = CandidateType.RELAY
        self._add(make_candidate(kind, address, preference, base=base, server=server), relay)

    def end_gathering(self) -> tuple[Candidate, ...]:
        """End gathering; returns all candidates, the best first."""
        self._local_candidates_end = True
        best_first = sorted(self._local_candidates, key=lambda c: -c.priority)
        return tuple(from_aioice(c) for c in best_first)

    def _add(self, candidate: aioice.Candidate, opened: IceSocket | None = None) -> None:
        """Add a candidate and, if it has its own, its socket."""
        self._local_candidates.append(candidate)
        if opened is not None:
            opened.local_candidate = candidate
            self._protocols.append(opened)

    def take_over(self, other: "IceAgent") -> None:
        """Take the sockets and candidates of `other`, which can only send from then on.

        For another far end that got the same description of ours: each answer to a forked offer
        needs its own checks.
        """
        self._protocols, other._protocols = other._protocols, []
        self._local_candidates, other._local_candidates = other._local_candidates, []
        self._local_candidates_end = True
        for opened in self._protocols:
            cast(IceSocket, opened).belong_to(self)

    # Checks

    async def establish(self, remote: RemoteTransport, *, controlling: bool) -> None:
        """Check pairs until one is nominated. Raises `ConnectionError` if all fail.

        There is no timeout: cancel it.
        """
        self.ice_controlling = controlling or remote.lite
        self.remote_is_lite = remote.lite
        self.remote_username, self.remote_password = remote.ufrag, remote.pwd
        usable = [c for c in remote.candidates if c.protocol == "udp" and c.component == 1]
        for candidate in usable[:MAX_CANDIDATES]:
            if candidate.is_mdns:
                self._spawn(self._resolve_mdns(to_aioice(candidate)))
            else:
                await self.add_remote_candidate(to_aioice(candidate))
        await asyncio.sleep(0)  # let the mDNS look-ups start: their time counts from there
        if self.remote_candidates or remote.lite:
            await self.add_remote_candidate(None)
        # Else its checks are waited for: their source is a candidate too (§7.3.1.3).
        for check in self._checks_before_role:
            super().request_received(*check)
        self._checks_before_role.clear()
        checks = self._spawn(self.connect())
        await asyncio.wait({checks, self._nomination}, return_when=asyncio.FIRST_COMPLETED)
        if not self._nomination.done():
            await checks
        for data, peer in self._early_dtls:
            self.dtls_received(data, peer)
        self._early_dtls.clear()

    async def _resolve_mdns(self, candidate: aioice.Candidate) -> None:
        with suppress(OSError):  # port 5353 is in use, or there is no multicast
            await self.add_remote_candidate(candidate)

    def request_received(
        self, message: stun.Message, addr: HostPort, protocol: ice.StunProtocol
    ) -> None:
        """Answer a check, or hold it until `establish` has set our role.

        aioice's hook; aioice itself would see role conflicts before that.
        """
        if self.remote_username is None:
            self._checks_before_role.append((message, addr, protocol))
        else:
            super().request_received(message, addr, protocol)

    def may_change_role(self) -> bool:
        """Count a 487 answer (RFC 8445 §7.2.5.1); returns True while they are acceptable."""
        self._role_conflicts += 1
        return self._role_conflicts <= MAX_ROLE_CONFLICTS

    def check_incoming(
        self, message: stun.Message, addr: HostPort, protocol: ice.StunProtocol
    ) -> None:
        """Process an authentic check: aioice's hook, with a limit on its lists."""
        if "PRIORITY" not in message.attributes:
            return
        if addr not in self.peers:
            known = {(c._network_host, c.port) for c in self._remote_candidates}
            if addr not in known and len(known) >= MAX_PEER_ADDRESSES:
                return
            self.peers.add(addr)
        self.last_heard = asyncio.get_running_loop().time()
        super().check_incoming(message, addr, protocol)

    def check_complete(self, pair: ice.CandidatePair) -> None:
        """Process the result of our check: aioice's hook."""
        super().check_complete(pair)
        if pair.state is ice.CandidatePair.State.SUCCEEDED:
            self.peers.add(pair.remote_addr)
            self.last_heard = asyncio.get_running_loop().time()
        nominated = self.nominated
        if nominated is not None and not self._is_dead:
            self._route = (nominated.protocol.transport, nominated.remote_addr)
            self.selected = (
                self._mapped_candidate(nominated),
                from_aioice(nominated.remote_candidate),
            )
            if not self._nomination.done():
                self._nomination.set_result(None)

    def _mapped_candidate(self, pair: ice.CandidatePair) -> Candidate:
        """Return our candidate as the peer sees it: behind a NAT, reflexive (§7.2.5.3.1)."""
        base = pair.local_candidate
        mapped = cast(IceSocket, pair.protocol).mapped.get(pair.remote_addr)
        if mapped is None or mapped == (base.host, base.port) or base.type == "relay":
            return from_aioice(base)
        if not is_credible(mapped, pair.remote_addr):
            return from_aioice(base)
        for candidate in self._local_candidates:
            if (candidate.host, candidate.port) == mapped:
                return from_aioice(candidate)
        own = (base.host, base.port)
        return from_aioice(make_candidate(CandidateType.PEER_REFLEXIVE, mapped, 0, base=own))

    @property
    def nominated(self) -> ice.CandidatePair | None:
        """The pair that we send over; None until there is one."""
        return self._nominated.get(1)

    @property
    def addresses(self) -> tuple[HostPort, HostPort] | None:
        """The addresses that we send from and to; None while nothing may be sent."""
        pair = self.nominated
        if pair is None or self._route is None:
            return None
        return cast(IceSocket, pair.protocol).address, pair.remote_addr

    @property
    def check_list(self) -> tuple[ice.CandidatePair, ...]:
        """The pairs that were checked or may be, the best first (RFC 8445 §6.1.2)."""
        return tuple(self._check_list)

    # Datagrams

    @property
    def can_send(self) -> bool:
        """True if there is a pair to send over."""
        return self._route is not None

    def send_now(self, data: bytes) -> bool:
        """Send over the nominated pair; False without one, or if its socket is congested."""
        if self._route is None:
            return False
        transport, peer = self._route
        if transport.get_write_buffer_size() >= MAX_UNSENT:
            return False
        transport.sendto(data, peer)
        return True

    def _stop_sending(self) -> None:
        self._is_dead = True
        self._route = None

    def dtls_received(self, data: bytes, peer: HostPort) -> None:
        """Pass a DTLS datagram on if its sender is validated, else keep it until then."""
        if peer in self.peers and self._route is not None:
            self.on_dtls(data)
        elif self._route is None:
            self._early_dtls.append((data, peer))

    def protocol_lost(self, protocol: ice.StunProtocol) -> None:
        """Handle a closed socket or TURN connection: aioice's hook."""
        nominated = self.nominated
        if nominated is not None and nominated.protocol is protocol and not self._is_dead:
            self._stop_sending()
            is_relay = protocol.local_candidate.type == "relay"
            what = "the TURN server's allocation" if is_relay else "the socket of the media"
            self.on_lost(f"{what} has ended")

    # Consent

    async def query_consent(self) -> None:
        """Monitor the peer's consent: aioice's hook.

        aioice itself needs 30 s to notice a lost peer, and treats a slow answer as none.
        """
        if self._is_dead:  # closed while connecting: nothing would ever cancel this task
            return
        self.consent = Consent(
            self._check_consent,
            lambda: max(self.last_heard, self._last_media()),
            lambda reason: self.on_lost(reason),
            lambda: self.on_back(),
        )
        await self.consent.expire()
        self._stop_sending()

    def doubt(self) -> None:
        """Check now whether the peer is still reachable, after a sleep or network change."""
        nominated = self.nominated
        if nominated is None or self._is_dead:
            return
        own = nominated.protocol.transport.get_extra_info("sockname")
        if nominated.local_candidate.type != "relay" and own is not None and not is_ours(own[0]):
            self.on_lost(f"this machine no longer has the address {own[0]}")
        elif self.consent is not None:
            self.consent.doubt()

    async def _check_consent(self) -> bool:
        """Return True if the peer answers one check, sent twice within 1.5 s."""
        pair = self.nominated
        if pair is None or self.remote_password is None:
            return False
        try:
            await pair.protocol.request(
                self.build_request(pair, nominate=False),
                pair.remote_addr,
                integrity_key=self.remote_password.encode(),
                retransmissions=1,
            )
        except stun.TransactionError:
            return False
        self.last_heard = asyncio.get_running_loop().time()
        return True

    # The end

    async def close(self) -> None:
        """Close all sockets and allocations and end all tasks, within 0.3 s."""
        self._stop_sending()
        for opened in self._protocols:
            opened.transport.close()  # all at once: aioice waits for one after the other
        await super().close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._on_done)
        return task

    def _on_done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # retrieved: `establish` gets it, or it no longer matters
