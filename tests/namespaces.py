"""Network namespaces for tests: root makes them, and on CI they must be there."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from shutil import which
from typing import Final

from tests.required import require

_NAMES: Final = ("siptesta", "siptestb")


def need_namespaces() -> None:
    """Skip the test where there can be none; on CI that is a failure."""
    # Root in a container may not make any.
    allowed = subprocess.run(("unshare", "--net", "true"), capture_output=True, check=False)
    there = os.geteuid() == 0 and which("ip") and allowed.returncode == 0
    require(there, "network namespaces need root, in a container --privileged, and iproute2")


def ip(*words: str) -> None:
    """Run `ip`, as root."""
    subprocess.run(("ip", *words), check=True, capture_output=True, text=True)


class Namespace:
    """A network of its own, with a loopback device and one end of a cable."""

    def __init__(self, name: str, device: str) -> None:
        self.name = name
        self.device = device

    @property
    def prefix(self) -> Sequence[str]:
        """What runs a command in it."""
        return ("ip", "netns", "exec", self.name)

    def ip(self, *words: str) -> None:
        """Run `ip` in it."""
        ip("-n", self.name, *words)

    def give(self, address: str, gateway: str) -> None:
        """Give the cable an address (with its prefix length) and the default route by it."""
        self.ip("addr", "add", address, "dev", self.device)
        self.ip("route", "add", "default", "via", gateway)

    def take(self, address: str) -> None:
        """Take an address away; its routes go with it."""
        self.ip("addr", "del", address, "dev", self.device)


@contextmanager
def two_namespaces() -> Iterator[tuple[Namespace, Namespace]]:
    """Two namespaces joined by a cable; neither has an address but those of loopback yet."""
    mark = f"{os.getpid() % 100_000}"
    with ExitStack() as stack:
        ends = []
        for name in _NAMES:
            end = Namespace(f"{name}{mark}", f"{name[-1]}{mark}")
            ip("netns", "add", end.name)
            stack.callback(ip, "netns", "delete", end.name)
            ends.append(end)
        one, other = ends
        ip("link", "add", one.device, "type", "veth", "peer", "name", other.device)
        for end in ends:
            ip("link", "set", end.device, "netns", end.name)
            end.ip("link", "set", "lo", "up")
            end.ip("link", "set", end.device, "up")
        yield one, other
