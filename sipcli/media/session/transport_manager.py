"""The transport of one call's media: gather, open, restart ICE, switch to another far end."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeAlias

from sipcli.errors import MediaError
from sipcli.journal.journal import CallJournal
from sipcli.media.events import (
    MediaBack,
    MediaBroke,
    MediaConnected,
    MediaEvent,
    MediaFailed,
    MediaLost,
    MediaWarned,
    TransportEvent,
)
from sipcli.media.session.media_config import MediaConfig
from sipcli.media.transport.media_transport import MediaTransport
from sipcli.media.webrtc.errors import FingerprintMismatch
from sipcli.sdp.negotiated import NegotiatedTransport
from sipcli.sdp.transport import LocalTransport

_Work: TypeAlias = Callable[[], Coroutine[Any, Any, None]]


class TransportManager:
    """Opens the agreed transports, one after the other.

    Candidates for a new one are gathered and proposed first; it replaces the current one only once
    it is agreed. Until then, and after a rollback, the current one stays in use.
    """

    def __init__(
        self,
        media_config: MediaConfig,
        on_rtp: Callable[[bytes, float], str | None],
        on_rtcp: Callable[[bytes, float], None],
        on_connected: Callable[[MediaConnected], None],
        tell: Callable[[MediaEvent], None],
        journal: CallJournal,
    ) -> None:
        """The first two, and `journal`, are as in `MediaTransport`."""
        self.transport = MediaTransport(
            media_config.certificate,
            media_config.ice_servers,
            on_rtp,
            on_rtcp,
            self._on_transport,
            journal,
        )
        self._on_connected = on_connected
        self._tell = tell
        self._local: LocalTransport | None = None
        self._proposed: LocalTransport | None = None
        """What we proposed for a new one, until it is agreed or rolled back."""
        self._opening: asyncio.Task[None] | None = None
        self._restarting: asyncio.Task[None] | None = None
        self._switching: asyncio.Task[None] | None = None
        """Closes what is no longer needed: the old far end, or unused candidates."""
        self.opening_since = asyncio.get_running_loop().time()
        """Since when media are awaited: the first agreement, or a switch from an open transport;
        before, when this was created."""
        self.is_lost = False
        """True once the loss of the current transport was reported."""

    # What we propose

    async def local_transport(self) -> LocalTransport:
        """Return our candidates and credentials for the next description."""
        if self._proposed is not None:
            return self._proposed
        if self._local is None:
            self._local = await self.transport.gather()
        return self._local

    async def propose(self) -> None:
        """Gather for a new transport, if one was agreed before; cancels an ICE restart."""
        if self._opening is None:
            return
        await _end(self._restarting)
        if self._switching is not None:
            await asyncio.wait([self._switching])
        self._proposed = await self.transport.restart()

    async def roll_back(self) -> None:
        """Drop the proposed transport: it was not agreed."""
        if self._proposed is not None:
            self._proposed = None
            await self.transport.cancel_restart()

    # What is agreed

    def apply(self, path: NegotiatedTransport, *, before_restart: _Work | None = None) -> bool:
        """Apply an agreement; an ICE restart begins after `before_restart` is done.

        Returns True if it leads to another far end than before.
        """
        proposed, self._proposed = self._proposed, None
        start = partial(
            self.transport.start,
            path.remote,
            path.dtls_role,
            controlling=path.controlling,
            fingerprints=path.fingerprints,
        )
        if self._opening is None:
            self.opening_since = asyncio.get_running_loop().time()
            self._opening = self._spawn(self._open(start))
        elif self._is_elsewhere(path):
            self._local = proposed or self._local
            self.is_lost = False
            if self.is_open:  # else media have been awaited all along
                self.opening_since = asyncio.get_running_loop().time()
            switching = self._prepare_switch(self._switching, self._opening, self._restarting)
            self._switching = self._spawn(switching)
            self._opening = self._spawn(self._open_another(start, self._switching))
            return True
        elif path.ice_restarted:
            self._local = proposed or self._local
            restart = partial(self.transport.restart_with, path.remote)
            work = self._restart(restart, self._opening, self._restarting, before_restart)
            self._restarting = self._spawn(work)
        elif proposed is not None:  # the far end ignored our ICE restart
            self._switching = self._spawn(self.transport.cancel_restart())
        return False

    def lost(self, event: MediaLost) -> None:
        """Report once that nothing arrives any more."""
        if not self.is_lost:
            self.is_lost = True
            self._tell(event)

    async def close(self) -> None:
        """Release everything, within half a second."""
        for task in (self._opening, self._restarting, self._switching):
            await _end(task)
        await self.transport.close()

    # Inside

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run `work`; report what it raises, or the call would stay silent forever."""
        task = asyncio.create_task(self._guard(work))
        task.add_done_callback(lambda _: work.close())  # if it was cancelled before it began
        return task

    async def _guard(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001
            self.is_lost = True
            self._tell(MediaBroke(error=error))

    def _is_elsewhere(self, path: NegotiatedTransport) -> bool:
        """Return True if the current transport cannot serve `path`."""
        return path.new_association or (path.ice_restarted and not self.transport.is_up)

    async def _prepare_switch(
        self,
        switching: asyncio.Task[None] | None,
        opening: asyncio.Task[None] | None,
        restarting: asyncio.Task[None] | None,
    ) -> None:
        """Switch to another far end, and cancel what is in progress for the previous one."""
        if switching is not None:
            await asyncio.wait([switching])
        await _end(opening)
        await _end(restarting)
        await self.transport.begin_anew()

    async def _open(self, work: _Work) -> None:
        """Open the first transport."""
        try:
            await work()
        except MediaError as failure:
            self._failed(failure)

    async def _open_another(self, work: _Work, switching: asyncio.Task[None]) -> None:
        """Open the transport to another far end; if that fails, an offer of ours may still help."""
        await asyncio.wait([switching])
        try:
            await work()
        except FingerprintMismatch as failure:
            self._failed(failure)
        except MediaError as failure:
            self.lost(MediaLost(reason=failure.text, phase=failure.phase))

    async def _restart(
        self,
        work: _Work,
        opening: asyncio.Task[None],
        restarting: asyncio.Task[None] | None,
        before: _Work | None,
    ) -> None:
        """Do an ICE restart; cancels an earlier one still in progress."""
        await asyncio.wait([opening])
        await _end(restarting)
        if before is not None:
            await before()
        try:
            await work()
        except MediaError as failure:
            if self.is_open:  # the old pair may still work
                self._tell(MediaWarned(text=f"the ICE restart failed: {failure.text}"))
            else:
                self._failed(failure)

    def _failed(self, failure: MediaError) -> None:
        self.is_lost = True
        self._tell(MediaFailed(phase=failure.phase, reason=failure.text))

    @property
    def is_open(self) -> bool:
        """True if media can flow."""
        transport = self.transport
        return transport.selected_pair is not None and transport.protection is not None

    def _on_transport(self, event: TransportEvent) -> None:
        match event:
            case MediaConnected():
                self._on_connected(event)
            case MediaLost():
                self.lost(event)
            case MediaBack():
                if self.is_lost:
                    self.is_lost = False
                    self._tell(event)
            case MediaWarned():
                self._tell(event)


async def _end(task: asyncio.Task[None] | None) -> None:
    """Cancel a task and wait for its end."""
    if task is not None and not task.done():
        task.cancel()
        await asyncio.wait([task])
