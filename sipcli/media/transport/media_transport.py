"""The way of one call's media: opened, restarted when the network changes, and begun anew with
another far end; closed once.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from itertools import count
from typing import Final

from sipcli import awake
from sipcli.errors import MediaError, Phase
from sipcli.media.transport.events import (
    Back,
    Connected,
    Failed,
    Lost,
    TransportEvent,
    Warned,
)
from sipcli.media.transport.failure import DtlsFailed, FingerprintMismatch, IceFailed
from sipcli.media.transport.gathering import gather
from sipcli.media.transport.ice_servers import IceServers
from sipcli.media.webrtc.dtls import Certificate, Dtls, DtlsFault, WrongFingerprint
from sipcli.media.webrtc.ice import IceAgent
from sipcli.media.webrtc.srtp import Srtp
from sipcli.sdp.transport import (
    Candidate,
    DtlsRole,
    Fingerprint,
    LocalTransport,
    RemoteTransport,
)

_LOGGER: Final = logging.getLogger(__name__)
_NUMBERS: Final = count(1)
"""Tell the ways of several calls apart in a log."""
ICE_LIMIT: Final = 12.0
"""Seconds until checks are given up."""

CLOSE_LIMIT: Final = 0.45
"""Seconds that the end may take, whatever servers do."""

OVERLAP: Final = 2.0
"""Seconds without media until the sockets of before an ICE restart are closed. A browser whose
checks we control changes over only when media from us comes the new way."""

MAX_OVERLAP: Final = 12.0
"""Seconds after which they are closed in any case."""

MAX_EARLY: Final = 16
"""SRTP packets kept until the keys are there."""


class MediaTransport:
    """ICE, DTLS and SRTP of one call.

    In this order: `gather`, `start`, then `send_rtp` and `send_rtcp`, and `close` in the end,
    whatever happened. In between, `restart` gathers other addresses; `restart_with` goes over to
    them with the same far end, `begin_anew` and `start` with another one. Where `restart` was not
    called, both stay with the sockets and ICE credentials that there are. `on_rtp` and `on_rtcp`
    get what came, decrypted and authentic, and when (seconds on the loop's clock).
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
        self.name = f"media {next(_NUMBERS)}"
        """What a log calls it."""
        self._time = asyncio.get_running_loop().time
        self.last_received = self._time()
        """When the last authentic RTP or RTCP came; before the first, when this was made."""
        self._dtls = self._new_dtls()
        self._is_up = False
        """Whether this association ever had its keys."""
        self._srtp: Srtp | None = None
        self._early: deque[bytes] = deque(maxlen=MAX_EARLY)
        self._agent = self._new_agent()
        self._next: IceAgent | None = None
        """The generation that an ICE restart is about to bring."""
        self._retiring: dict[asyncio.Task[None], IceAgent] = {}
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
        self._log("DTLS: handshake as %s", role)
        try:
            await self._dtls.handshake(role, fingerprints)
        except DtlsFault as fault:
            self._tell(Failed(Phase.DTLS, str(fault)))
            mismatch = isinstance(fault, WrongFingerprint)
            raise (FingerprintMismatch if mismatch else DtlsFailed)(str(fault)) from fault
        self._srtp = self._dtls.derive_srtp()
        self._is_up = True
        self._log("DTLS: %s", ", ".join(self._dtls.protection))
        self.last_received = self._time()
        self._tell_connected()
        while self._early:
            self._on_media(self._early.popleft())

    async def begin_anew(self) -> None:
        """Give up the far end of before; `start` with another one is next."""
        self._srtp, self._is_up = None, False
        await self._dtls.close()
        self._dtls = self._new_dtls()
        self._early.clear()
        old, self._agent, self._next = self._agent, self._next or self._successor(), None
        self._retire(old, old.close())

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

    @property
    def can_send(self) -> bool:
        """Whether what is sent goes anywhere."""
        return self._srtp is not None and self._agent.can_send

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
    def remote_certificate(self) -> tuple[Fingerprint, ...]:
        """The certificate that the far end showed, by all hashes; empty before it did."""
        return self._dtls.peer_certificate

    @property
    def protection(self) -> tuple[str, str, str] | None:
        """The version of DTLS, its cipher and the SRTP profile; None before `start` is done."""
        return self._dtls.protection if self._srtp is not None else None

    @property
    def is_up(self) -> bool:
        """Whether media can flow, or could until they were lost."""
        return self._is_up

    @property
    def unopened(self) -> MediaError | None:
        """What is in the way, as far as that can be told yet; None once media can flow."""
        if self._is_up:
            return None
        if self.selected_pair is None:
            return IceFailed(self._agent.explain_failure())
        return DtlsFailed("the DTLS handshake with the far end has not finished")

    @property
    def last_consent(self) -> float | None:
        """When the far end last answered a check (RFC 7675), on the loop's clock; None before."""
        return self._agent.consent.last if self._agent.consent is not None else None

    def doubt(self) -> None:
        """Something has disturbed this machine: if the far end is not reached any more, say so."""
        self._agent.doubt()

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
        old, is_gathered = self._agent, self._next is not None
        agent = self._next or self._successor()
        agent.peers |= set() if is_gathered else old.peers
        try:
            await self._establish(agent, remote, old.ice_controlling)
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
        self._log("closing")
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
        """An agent with the sockets of the present one."""
        agent = self._new_agent(like=self._agent)
        agent.take_over(self._agent)
        return agent

    async def _gather(self, agent: IceAgent) -> LocalTransport:
        candidates = await gather(agent, self._options, lambda text: self._tell(Warned(text)))
        self._log("ICE: gathered %s", ", ".join(map(str, candidates)) or "nothing")
        return LocalTransport(
            ufrag=agent.local_username,
            pwd=agent.local_password,
            candidates=candidates,
            fingerprint=self._certificate.fingerprint,
        )

    async def _establish(self, agent: IceAgent, remote: RemoteTransport, controlling: bool) -> None:
        self._log(
            "ICE: checks begin, controlling=%s, to %s",
            controlling,
            ", ".join(map(str, remote.candidates)) or "what will come",
        )
        try:
            async with awake.timeout(ICE_LIMIT):
                await agent.establish(remote, controlling=controlling)
        except (TimeoutError, ConnectionError) as error:
            reason = agent.explain_failure()
            self._tell(Failed(Phase.ICE, reason))
            raise IceFailed(reason) from error

    def _retire(self, agent: IceAgent, end: Coroutine[None, None, None]) -> None:
        """Close an agent that was succeeded by another, in its own time."""
        task = asyncio.create_task(end)
        self._retiring[task] = agent
        task.add_done_callback(self._retiring.pop)

    async def _overlap(self, agent: IceAgent) -> None:
        """Close the agent of before a restart when nothing comes its way any more."""
        last = self._time()
        deadline = last + MAX_OVERLAP

        def note(data: bytes) -> None:
            nonlocal last
            last = self._time()
            self._on_media(data)

        agent.on_media = note
        while (left := min(last + OVERLAP, deadline) - self._time()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(left)  # it is time that is waited for, not an event
        await agent.close()

    def _send_dtls(self, data: bytes) -> None:
        self._agent.send_now(data)

    def _on_dtls_closed(self, reason: str) -> None:
        self._srtp = None
        self._tell(Lost(reason, closed=True))

    def _on_lost(self, agent: IceAgent, reason: str) -> None:
        if agent is self._agent:
            self._tell(Lost(reason))

    def _on_back(self, agent: IceAgent) -> None:
        if agent is self._agent:
            self._tell(Back())

    def _tell_connected(self) -> None:
        pair = self.selected_pair
        if pair is not None:
            self._tell(Connected(*pair))

    def _log(self, text: str, *args: object) -> None:
        _LOGGER.debug(f"{self.name}: {text}", *args)

    def _tell(self, event: TransportEvent) -> None:
        match event:
            case Connected(local, remote):
                self._log("ICE: %s to %s is used", local, remote)
            case Failed(phase, reason):
                self._log("%s failed: %s", phase, reason)
            case Lost(reason) | Warned(reason):
                self._log("%s", reason)
        if self._closing is None:
            self._on_event(event)
