"""What disturbs a phone from its own side: this machine slept, or has another network by now."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from sipcli import awake
from sipcli.net.network_watch import NetworkWatch

HARMLESS_SLEEP_S: Final = 5.0
"""Seconds of sleep that no connection suffers from."""


class Disturbances:
    """Watches from `start` to `stop`, and keeps a clock that stands still while nothing runs.

    `on_network` is called when one of `remotes` (IP addresses) is reached in another way than
    before; `on_woken` gets the seconds that nothing ran, in a step of the loop after `now` has
    left them out. Both are called on the loop.
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
        """Seconds that `now` is behind the loop's clock."""

    def start(self) -> None:
        """Begin to watch."""
        self._sleep = awake.Watch(self._slept)
        self._network = NetworkWatch(self._remotes, self._on_network)
        self._network.start()

    def now(self) -> float:
        """Seconds on a clock that leaves out what was slept through."""
        if self._sleep is not None:
            self._sleep.look()
        return asyncio.get_running_loop().time() - self.behind

    def stop(self) -> None:
        """Tell of nothing more; the clock goes on."""
        if self._network is not None:
            self._network.stop()
        if self._sleep is not None:
            self._sleep.stop()

    def _slept(self, slept: awake.Slept) -> None:
        self.behind += slept.counted
        seconds = slept.counted + slept.uncounted
        asyncio.get_running_loop().call_soon(self._on_woken, seconds)
