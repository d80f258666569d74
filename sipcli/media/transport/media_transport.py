"""The transport of one call's media (ICE, DTLS, SRTP): open it, restart it when the network
changes, start again with another far end, close it once.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from sipcli import awake
from sipcli.errors import MediaError
from sipcli.journal.journal import CallJournal
from sipcli.media.events import (
    MediaBack,
    MediaConnected,
    MediaLost,
    MediaWarned,
    TransportEvent,
)
from sipcli.media.transport.gathering import gather
from sipcli.media.transport.ice_servers import IceServers
from sipcli.media.transport.transport_journal import TransportJournal
from sipcli.media.webrtc.candidates import HostPort
from sipcli.media.webrtc.dtls import Dtls, DtlsCertificate
from sipcli.media.webrtc.errors import DtlsFailed, IceFailed
from sipcli.media.webrtc.ice import IceAgent
from sipcli.media.webrtc.ice_outcome import explain_failure
from sipcli.media.webrtc.ice_socket import IceSocket
from sipcli.media.webrtc.srtp import Srtp
from sipcli.sdp.transport import (
    Candidate,
    DtlsRole,
    Fingerprint,
    LocalTransport,
    RemoteTransport,
)

ICE_LIMIT: Final = 12.0
"""Seconds until connectivity checks time out."""

CLOSE_LIMIT: Final = 0.45
"""Maximum seconds for closing, whatever servers do."""

OVERLAP: Final = 2.0
"""Seconds without media after which the sockets from before an ICE restart are closed. A controlled
browser switches over only when our media arrive on the new path."""

MAX_OVERLAP: Final = 12.0
"""Seconds after which they are closed regardless."""

MAX_EARLY: Final = 16
"""SRTP packets kept until the keys are derived."""


class MediaTransport:
    """ICE, DTLS and SRTP of one call.

    Call `gather`, `start`, then `send_rtp` and `send_rtcp`, and always `close` at the end. In
    between, `restart` gathers new addresses; then `restart_with` switches to them with the same
    far end, or `begin_anew` and `start` with another one. Without `restart`, both keep the current
    sockets and ICE credentials. `on_rtp` and `on_rtcp` get authentic, decrypted packets and the
    time (seconds on the loop's clock); `on_rtp` returns what became of a packet, if that is worth a
    note in `journal`.
    """

    def __init__(
        self,
        certificate: DtlsCertificate,
        options: IceServers,
        on_rtp: Callable[[bytes, float], str | None],
        on_rtcp: Callable[[bytes, float], None],
        on_event: Callable[[TransportEvent], None],
        journal: CallJournal,
    ) -> None:
        self._certificate = certificate
        self._options = options
        self._on_rtp = on_rtp
        self._on_rtcp = on_rtcp
        self._on_event = on_event
        self._journal = TransportJournal(journal)
        self._listened = journal.journal
        self._time = asyncio.get_running_loop().time
        self.last_received = self._time()
        """When the last authentic RTP or RTCP arrived; before the first, when this was created."""
        self._dtls = self._new_dtls()
        self._is_up = False
        """True once this association has derived its keys."""
        self._has_connected = False
        """True once media could flow, to this far end or another."""
        self._srtp: Srtp | None = None
        self._early: deque[tuple[bytes, IceSocket, HostPort, float]] = deque(maxlen=MAX_EARLY)
        """With the socket, the sender and the time of arrival."""
        self._agent = self._new_agent()
        self._next: IceAgent | None = None
        """The agent gathered for an ICE restart, not in use yet."""
        self._retiring: dict[asyncio.Task[None], IceAgent] = {}
        self._closing: asyncio.Task[None] | None = None

    # Opening

    async def gather(self) -> LocalTransport:
        """Return our parameters for the offer or answer, always within `ice_gathering_timeout`."""
        return await self._gather(self._agent)

    async def start(
        self,
        remote: RemoteTransport,
        role: DtlsRole,
        *,
        controlling: bool,
        fingerprints: Sequence[Fingerprint],
    ) -> None:
        """Open the transport to the far end; returns when media can flow.

        `role` is our DTLS role, `controlling` our ICE role (the offerer controls if both are full
        agents: RFC 8445 §6.1.1). Raises `IceFailed` within 12 s, `DtlsFailed` within another 8 s,
        and `FingerprintMismatch` if the far end's certificate matches none of `fingerprints`.
        """
        await self._establish(self._agent, remote, controlling=controlling, restart=False)
        self._journal.handshake_begins(role)
        try:
            await self._dtls.handshake(role, fingerprints)
        except DtlsFailed as failure:
            self._journal.handshake_failed(failure)
            raise
        self._srtp = self._dtls.derive_srtp()
        self._is_up = True
        self._journal.keys_derived(self._dtls, self._certificate)
        self.last_received = self._time()
        self._tell_connected()
        while self._early:
            self._on_media(*self._early.popleft())

    async def begin_anew(self) -> None:
        """Drop the current far end; `start` with another one is next."""
        self._srtp, self._is_up = None, False
        await self._dtls.close()
        self._dtls = self._new_dtls()
        self._early.clear()
        old, self._agent, self._next = self._agent, self._next or self._successor(), None
        self._retire(old, old.close())

    # Media

    def send_rtp(self, packet: bytes) -> None:
        """Encrypt and send an RTP packet; never raises, drops it unless open."""
        if self._srtp is not None:
            data = self._srtp.protect_rtp(packet)
            if data is not None and self._agent.send_now(data) and self._listened.wants_packets:
                self._journal.sent(self._agent, packet, self._time(), is_rtcp=False)

    def send_rtcp(self, packet: bytes) -> None:
        """Encrypt and send an RTCP packet, as `send_rtp` does."""
        if self._srtp is not None:
            data = self._srtp.protect_rtcp(packet)
            if data is not None and self._agent.send_now(data) and self._listened.wants_packets:
                self._journal.sent(self._agent, packet, self._time(), is_rtcp=True)

    @property
    def can_send(self) -> bool:
        """True if packets can be sent."""
        return self._srtp is not None and self._agent.can_send

    def _on_media(
        self, data: bytes, base: IceSocket, peer: HostPort, arrival: float | None = None
    ) -> None:
        """Decrypt and pass on what arrived at `base`; `arrival` is the time, if it was not now."""
        if self._srtp is None:
            self._early.append((data, base, peer, self._time()))
            return
        opened = self._srtp.unprotect(data)
        if opened is None:
            return
        self.last_received = now = self._time()
        is_rtcp, packet = opened
        remark = self._on_rtcp(packet, now) if is_rtcp else self._on_rtp(packet, now)
        if self._listened.wants_packets:
            self._journal.received(
                base.address, peer, packet, arrival or now, is_rtcp=is_rtcp, remark=remark
            )

    # What is known

    @property
    def name(self) -> str:
        """Its name in logs."""
        return self._journal.name

    @property
    def selected_pair(self) -> tuple[Candidate, Candidate] | None:
        """Our address as the far end sees it, and the far end's; None before ICE has connected."""
        return self._agent.selected

    @property
    def remote_fingerprint(self) -> Fingerprint | None:
        """The SHA-256 of the far end's certificate; None before the handshake."""
        return self._dtls.peer_fingerprint

    @property
    def remote_certificate(self) -> tuple[Fingerprint, ...]:
        """The far end's certificate by all hashes; empty before the handshake."""
        return self._dtls.peer_certificate

    @property
    def protection(self) -> tuple[str, str, str] | None:
        """DTLS version, cipher and SRTP profile; None before `start` has returned."""
        return self._dtls.protection if self._srtp is not None else None

    @property
    def is_up(self) -> bool:
        """True if media can flow, or could until they were lost."""
        return self._is_up

    @property
    def unopened(self) -> MediaError | None:
        """Why media cannot flow yet, as far as known; None once they can."""
        if self._is_up:
            return None
        if self.selected_pair is None:
            return IceFailed(explain_failure(self._agent))
        return DtlsFailed("the DTLS handshake with the far end has not finished")

    @property
    def last_consent(self) -> float | None:
        """When the far end last answered a check (RFC 7675), on the loop's clock; None before."""
        return self._agent.consent.last if self._agent.consent is not None else None

    def doubt(self) -> None:
        """Check now whether the far end is still reachable, after a sleep or network change."""
        self._agent.doubt()

    # ICE restart

    async def restart(self) -> LocalTransport:
        """Gather again for an ICE restart (RFC 8445 §9); media continue over the old pair.

        Drops an earlier restart that was not completed.
        """
        await self.cancel_restart()
        self._next = self._new_agent()
        return await self._gather(self._next)

    async def restart_with(self, remote: RemoteTransport) -> None:
        """Find a new pair and switch to it; keys and roles stay (RFC 8445 §6.1.1).

        Raises `IceFailed` within 12 s; then the old pair stays in use.
        """
        old, is_gathered = self._agent, self._next is not None
        agent = self._next or self._successor()
        agent.peers |= set() if is_gathered else old.peers
        try:
            await self._establish(agent, remote, controlling=old.ice_controlling, restart=True)
        except BaseException:
            if not is_gathered:
                old.take_over(agent)
                await agent.close()
            await self.cancel_restart()
            raise
        self._retire(old, self._overlap(old) if is_gathered else old.close())
        self._agent, self._next = agent, None
        self._tell_connected()

    async def cancel_restart(self) -> None:
        """Drop the candidates of `restart`: the far end rejected the ICE restart."""
        agent, self._next = self._next, None
        if agent is not None:
            await agent.close()

    # The end

    async def close(self) -> None:
        """Tell the far end, and release everything; takes at most half a second.

        May be called at any time and more than once. If cancelled, it continues on its own.
        """
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        self._journal.log("closing")
        self._srtp = None
        await self._dtls.close()
        for task in self._retiring:
            task.cancel()
        agents = [self._agent, *self._retiring.values()]
        ends = [self.cancel_restart(), *(agent.close() for agent in agents)]
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_LIMIT):
                await asyncio.gather(*ends, return_exceptions=True)

    # Parts

    def _new_dtls(self) -> Dtls:
        return Dtls(self._certificate, self._send_dtls, self._on_dtls_closed)

    def _new_agent(self, like: IceAgent | None = None) -> IceAgent:
        agent = IceAgent(
            on_media=self._on_media,
            on_dtls=lambda data: self._dtls.receive(data),
            last_media=lambda: self.last_received,
            like=like,
        )
        agent.on_lost = partial(self._on_lost, agent)
        agent.on_back = partial(self._on_back, agent)
        return agent

    def _successor(self) -> IceAgent:
        """Return an agent with the sockets of the current one."""
        agent = self._new_agent(like=self._agent)
        agent.take_over(self._agent)
        return agent

    async def _gather(self, agent: IceAgent) -> LocalTransport:
        candidates = await gather(agent, self._options, self._warn, self._journal.call_journal)
        self._journal.gathered(candidates)
        return LocalTransport(
            ufrag=agent.local_username,
            pwd=agent.local_password,
            candidates=candidates,
            fingerprint=self._certificate.fingerprint,
        )

    async def _establish(
        self, agent: IceAgent, remote: RemoteTransport, *, controlling: bool, restart: bool
    ) -> None:
        self._journal.checks_begin(remote, controlling=controlling, restart=restart)
        try:
            async with awake.timeout(ICE_LIMIT):
                await agent.establish(remote, controlling=controlling)
        except (TimeoutError, ConnectionError) as error:
            raise IceFailed(self._journal.ice_failed(agent)) from error
        self._journal.ice_connected(agent)

    def _retire(self, agent: IceAgent, end: Coroutine[None, None, None]) -> None:
        """Close a replaced agent in the background."""
        task = asyncio.create_task(end)
        self._retiring[task] = agent
        task.add_done_callback(self._retiring.pop)

    async def _overlap(self, agent: IceAgent) -> None:
        """Close the agent from before a restart once nothing arrives on it any more."""
        last = self._time()
        deadline = last + MAX_OVERLAP

        def note(data: bytes, base: IceSocket, peer: HostPort) -> None:
            nonlocal last
            last = self._time()
            self._on_media(data, base, peer)

        agent.on_media = note
        while (left := min(last + OVERLAP, deadline) - self._time()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(left)  # waits for time, not for an event
        await agent.close()

    def _send_dtls(self, data: bytes) -> None:
        self._agent.send_now(data)

    def _on_dtls_closed(self, reason: str) -> None:
        self._srtp = None
        self._tell(MediaLost(reason=reason, closed=True))

    def _on_lost(self, agent: IceAgent, reason: str) -> None:
        if agent is self._agent:
            self._tell(MediaLost(reason=reason))

    def _on_back(self, agent: IceAgent) -> None:
        if agent is self._agent:
            self._tell(MediaBack())

    def _tell_connected(self) -> None:
        pair = self.selected_pair
        if pair is None:
            return
        restarted, self._has_connected = self._has_connected, True
        self._tell(
            MediaConnected(
                restarted=restarted,
                local=pair[0],
                remote=pair[1],
                fingerprint=self.remote_fingerprint,
            )
        )

    def _warn(self, text: str) -> None:
        self._tell(MediaWarned(text=text))

    def _tell(self, event: TransportEvent) -> None:
        match event:
            case MediaConnected(local=local, remote=remote):
                self._journal.log("ICE: %s to %s is used", local, remote)
            case MediaLost(reason=text) | MediaWarned(text=text):
                self._journal.log("%s", text)
        if self._closing is None:
            self._on_event(event)
