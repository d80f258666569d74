"""Network namespaces for tests: root makes them, and on CI they must be there.

`namespace` is for tests whose servers and browsers are in it with them: Firefox and Janus gather no
candidate on loopback alone, and what is sent there cannot leave. `two_namespaces` has a cable.
"""

import ctypes
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
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


ADDRESS: Final = "10.78.0.1"
"""The one address that is not loopback's."""
_CLONE_NEWNET: Final = 0x40000000


@contextmanager
def namespace() -> Iterator[None]:
    """What this thread starts inside is in a network of its own: sockets, threads and processes.

    One at a time a process. The far end of the device's cable (veth(4)) lies in the same
    namespace, and nobody is there.
    """
    name = f"sipcli-test-{os.getpid()}"
    ip("netns", "add", name)
    try:
        for command in (
            "link set lo up",
            "link add near type veth peer name far",
            f"address add {ADDRESS}/24 dev near",
            "link set near up",
            "link set far up",
            "route add default dev near",
        ):
            ip("-n", name, *command.split())
        with _entered(Path("/run/netns") / name):
            yield
    finally:
        ip("netns", "delete", name)


@contextmanager
def _entered(place: Path) -> Iterator[None]:
    with Path("/proc/thread-self/ns/net").open("rb") as home, place.open("rb") as there:
        _enter(there.fileno())
        try:
            yield
        finally:
            _enter(home.fileno())


def _enter(descriptor: int) -> None:
    """setns(2); `os.setns` is there from Python 3.12 on only."""
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "setns")
