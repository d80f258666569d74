"""Detects local disturbances of a phone: a sleep of this machine, or a change of network."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from sipcli import awake
from sipcli.net.network_watch import NetworkWatch

HARMLESS_SLEEP_S: Final = 5.0
"""Seconds of sleep that do not harm a connection."""


class Disturbances:
    """Watches from `start` to `stop`, and keeps a clock that leaves out sleeps.

    `on_network` is called when the route to one of `remotes` (IP addresses) has changed.
    `on_woken` is called with the seconds slept, in a later step of the loop than the one in
    which `now` leaves them out. Both are called on the loop.
    """

    def __init__(
        self,
        remotes: Callable[[], Iterable[str]],
        on_network: Callable[[], None],
        on_woken: Callable[[float], None],
    ) -> None:
        self._remotes = remotes
        self._on_network = on_network
        self._on_woken = on_woken
        self._network: NetworkWatch | None = None
        self._sleep: awake.Watch | None = None
        self.behind = 0.0
        """Seconds by which `now` is behind the loop's clock."""

    def start(self) -> None:
        """Start watching."""
        self._sleep = awake.Watch(self._slept)
        self._network = NetworkWatch(self._remotes, self._on_network)
        self._network.start()

    def now(self) -> float:
        """Return seconds on a clock that leaves out sleeps."""
        if self._sleep is not None:
            self._sleep.look()
        return asyncio.get_running_loop().time() - self.behind

    def stop(self) -> None:
        """Stop watching; the clock goes on."""
        if self._network is not None:
            self._network.stop()
        if self._sleep is not None:
            self._sleep.stop()

    def _slept(self, slept: awake.Slept) -> None:
        self.behind += slept.counted
        seconds = slept.counted + slept.uncounted
        asyncio.get_running_loop().call_soon(self._on_woken, seconds)
