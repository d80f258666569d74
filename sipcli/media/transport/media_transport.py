"""The way of one call's media: opened once, restarted when the network changes, closed once."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from sipcli.errors import MediaError, Phase
from sipcli.media.seam.dtls import Certificate, Dtls, DtlsFault, WrongFingerprint
from sipcli.media.seam.ice import IceAgent
from sipcli.media.seam.srtp import Srtp
from sipcli.media.transport.events import Connected, Failed, Lost, TransportEvent, Warned
from sipcli.media.transport.failure import DtlsFailed, FingerprintMismatch, IceFailed
from sipcli.media.transport.gathering import gather
from sipcli.media.transport.ice_servers import IceServers
from sipcli.sdp.transport import (
    Candidate,
    DtlsRole,
    Fingerprint,
    LocalTransport,
    RemoteTransport,
)

ICE_LIMIT: Final = 12.0
"""Seconds until checks are given up."""

CLOSE_LIMIT: Final = 0.45
"""Seconds that the end may take, whatever servers do."""

OVERLAP: Final = 2.0
"""Seconds without media until the sockets of before an ICE restart are closed. A browser whose
checks we control changes over only when media from us comes the new way."""

LONGEST_OVERLAP: Final = 12.0
"""Seconds after which they are closed in any case."""

MOST_EARLY: Final = 16
"""SRTP packets kept until the keys are there."""


class MediaTransport:
    """ICE, DTLS and SRTP of one call.

    In this order: `gather`, `start`, then `send_rtp` and `send_rtcp`, and `close` in the end,
    whatever happened. `restart` and `restart_with` do an ICE restart in between. `on_rtp` and
    `on_rtcp` get what came, decrypted and authentic, and when (seconds on the loop's clock).
    """

    def __init__(
        self,
        certificate: Certificate,
        options: IceServers,
        on_rtp: Callable[[bytes, float], None],
        on_rtcp: Callable[[bytes, float], None],
        on_event: Callable[[TransportEvent], None],
    ) -> None:
        self._certificate = certificate
        self._options = options
        self._on_rtp = on_rtp
        self._on_rtcp = on_rtcp
        self._on_event = on_event
        self._time = asyncio.get_running_loop().time
        self.last_received = self._time()
        """When the last authentic RTP or RTCP came; before the first, when this was made."""
        self._dtls = Dtls(certificate, self._send_dtls, self._on_dtls_closed)
        self._srtp: Srtp | None = None
        self._early: deque[bytes] = deque(maxlen=MOST_EARLY)
        self._agent = self._new_agent()
        self._next: IceAgent | None = None
        """The generation that an ICE restart is about to bring."""
        self._retiring: set[asyncio.Task[None]] = set()
        self._closing: asyncio.Task[None] | None = None

    # Opening

    async def gather(self) -> LocalTransport:
        """Our side for the offer or answer; within `ice_gathering_timeout`, whatever happens."""
        return await self._gather(self._agent)

    async def start(
        self,
        remote: RemoteTransport,
        role: DtlsRole,
        *,
        controlling: bool,
        fingerprints: Sequence[Fingerprint],
    ) -> None:
        """Open the way to the far end; returns when media can flow.

        `role` is ours in the DTLS handshake, `controlling` ours in ICE (the offerer's, where
        both are full agents: RFC 8445 §6.1.1). Raises `IceFailed` after 12 s and `DtlsFailed`
        after another 8 s at the latest; `FingerprintMismatch` where the far end's certificate
        fits none of `fingerprints`.
        """
        await self._establish(self._agent, remote, controlling)
        try:
            await self._dtls.handshake(role, fingerprints)
        except DtlsFault as fault:
            self._tell(Failed(Phase.DTLS, str(fault)))
            mismatch = isinstance(fault, WrongFingerprint)
            raise (FingerprintMismatch if mismatch else DtlsFailed)(str(fault)) from fault
        self._srtp = self._dtls.derive_srtp()
        self.last_received = self._time()
        self._tell_connected()
        while self._early:
            self._on_media(self._early.popleft())

    # Media

    def send_rtp(self, packet: bytes) -> None:
        """Protect and send an RTP packet; never raises, and drops it while the way is not open."""
        if self._srtp is not None:
            data = self._srtp.protect_rtp(packet)
            if data is not None:
                self._agent.send_now(data)

    def send_rtcp(self, packet: bytes) -> None:
        """Protect and send an RTCP packet, as `send_rtp` does."""
        if self._srtp is not None:
            data = self._srtp.protect_rtcp(packet)
            if data is not None:
                self._agent.send_now(data)

    def _on_media(self, data: bytes) -> None:
        if self._srtp is None:
            self._early.append(data)
            return
        opened = self._srtp.unprotect(data)
        if opened is None:
            return
        self.last_received = now = self._time()
        is_rtcp, packet = opened
        if is_rtcp:
            self._on_rtcp(packet, now)
        else:
            self._on_rtp(packet, now)

    # What is known

    @property
    def selected_pair(self) -> tuple[Candidate, Candidate] | None:
        """Our address as the far end sees it, and the far end's; None before there is a way."""
        return self._agent.selected

    @property
    def remote_fingerprint(self) -> Fingerprint | None:
        """Of the certificate that the far end showed, by SHA-256; None before it did."""
        return self._dtls.peer_fingerprint

    @property
    def protection(self) -> tuple[str, str, str] | None:
        """The version of DTLS, its cipher and the SRTP profile; None before `start` is done."""
        return self._dtls.protection if self._srtp is not None else None

    @property
    def unopened(self) -> MediaError | None:
        """What is in the way, as far as that can be told yet; None once media can flow."""
        if self._srtp is not None:
            return None
        if self.selected_pair is None:
            return IceFailed(self._agent.explain_failure())
        return DtlsFailed("the DTLS handshake with the far end is not done")

    @property
    def last_consent(self) -> float | None:
        """When the far end last answered a check (RFC 7675), on the loop's clock; None before."""
        return self._agent.consent.last if self._agent.consent is not None else None

    # ICE restart

    async def restart(self) -> LocalTransport:
        """Gather anew for an ICE restart (RFC 8445 §9); media goes on over the old pair.

        An earlier restart that came to nothing is forgotten.
        """
        await self.cancel_restart()
        self._next = self._new_agent()
        return await self._gather(self._next)

    async def restart_with(self, remote: RemoteTransport) -> None:
        """Find a new pair and change over to it; keys and roles stay (RFC 8445 §6.1.1).

        Raises `IceFailed` after 12 s at the latest; then the old pair stays in use.
        """
        agent = self._next
        if agent is None:
            raise RuntimeError("restart() comes first")
        try:
            await self._establish(agent, remote, self._agent.ice_controlling)
        except BaseException:
            await self.cancel_restart()
            raise
        self._retire(self._agent)
        self._agent, self._next = agent, None
        self._tell_connected()

    async def cancel_restart(self) -> None:
        """Drop what `restart` has gathered: the far end did not want it."""
        agent, self._next = self._next, None
        if agent is not None:
            await agent.close()

    # The end

    async def close(self) -> None:
        """Tell the far end, and give everything back; takes half a second at most.

        May be called at any time and more than once. If it is cancelled it goes on by itself.
        """
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        self._srtp = None
        await self._dtls.close()
        for task in self._retiring:
            task.cancel()
        ends = [self._agent.close(), self.cancel_restart(), *self._retiring]
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_LIMIT):
                await asyncio.gather(*ends, return_exceptions=True)

    # Parts

    def _new_agent(self) -> IceAgent:
        agent = IceAgent(
            on_media=self._on_media,
            on_dtls=self._dtls.receive,
            last_media=lambda: self.last_received,
        )
        agent.on_lost = partial(self._on_lost, agent)
        return agent

    async def _gather(self, agent: IceAgent) -> LocalTransport:
        candidates = await gather(agent, self._options, lambda text: self._tell(Warned(text)))
        return LocalTransport(
            ufrag=agent.local_username,
            pwd=agent.local_password,
            candidates=candidates,
            fingerprint=self._certificate.fingerprint,
        )

    async def _establish(self, agent: IceAgent, remote: RemoteTransport, controlling: bool) -> None:
        try:
            async with asyncio.timeout(ICE_LIMIT):
                await agent.establish(remote, controlling=controlling)
        except (TimeoutError, ConnectionError) as error:
            reason = agent.explain_failure()
            self._tell(Failed(Phase.ICE, reason))
            raise IceFailed(reason) from error

    def _retire(self, agent: IceAgent) -> None:
        """Close the agent of before a restart when nothing comes its way any more."""
        last = self._time()
        deadline = last + LONGEST_OVERLAP

        def note(data: bytes) -> None:
            nonlocal last
            last = self._time()
            self._on_media(data)

        async def end() -> None:
            try:
                while (left := min(last + OVERLAP, deadline) - self._time()) > 0:  # noqa: ASYNC110
                    await asyncio.sleep(left)  # it is time that is waited for, not an event
            finally:
                await agent.close()

        agent.on_media = note
        task = asyncio.create_task(end())
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    def _send_dtls(self, data: bytes) -> None:
        self._agent.send_now(data)

    def _on_dtls_closed(self) -> None:
        self._srtp = None
        self._tell(Lost("the far end has ended the media", closed=True))

    def _on_lost(self, agent: IceAgent, reason: str) -> None:
        if agent is self._agent:
            self._tell(Lost(reason))

    def _tell_connected(self) -> None:
        pair = self.selected_pair
        if pair is not None:
            self._tell(Connected(*pair))

    def _tell(self, event: TransportEvent) -> None:
        if self._closing is None:
            self._on_event(event)
