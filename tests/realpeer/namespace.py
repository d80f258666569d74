"""A network of the tests' own: a namespace with loopback and one address with a default route.

Firefox and Janus gather no candidate on loopback alone, and what is sent there cannot leave.
"""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.namespaces import ip

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
