"""A network that changes is noticed within a moment, and nothing else is."""

import asyncio
import errno
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NoReturn

import pytest

from sipcli.net import network_watch
from sipcli.net.network_watch import NetworkWatch, is_ours, local_address_for
from tests.namespaces import Namespace, need_namespaces, two_namespaces

ROOT: Final = Path(__file__).parents[2]
FAR: Final = "10.79.0.1"
_PROGRAM: Final = """
import asyncio
from sipcli.net.network_watch import NetworkWatch

async def main():
    watch = NetworkWatch(lambda: ["10.79.0.1"], lambda: print("changed", flush=True))
    watch.start()
    print("ready", flush=True)
    await asyncio.to_thread(input)
    watch.stop()

asyncio.run(main())
"""


def test_the_way_to_ourselves_is_ours_and_there_is_none_to_nowhere() -> None:
    assert local_address_for("127.0.0.1") == "127.0.0.1"
    assert local_address_for("not an address") is None
    assert is_ours("127.0.0.1")
    assert not is_ours("192.0.2.77")
    assert not is_ours("2001:db8::77")


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> dict[str, str | None]:
    """By which address each far end is reached, as a test likes; asked every few milliseconds."""
    given: dict[str, str | None] = dict.fromkeys(network_watch.DEFAULTS)
    monkeypatch.setattr(network_watch, "local_address_for", given.__getitem__)
    monkeypatch.setattr(network_watch, "_route_socket", lambda: None)
    monkeypatch.setattr(network_watch, "POLL", 0.005)
    return given


async def changes_after(
    places: dict[str, str | None], change: Callable[[], None], *remotes: str
) -> int:
    """How often a change is told of after `change`."""

    told = []
    watch = NetworkWatch(lambda: (r for r in remotes if r in places), lambda: told.append(1))
    watch.start()
    change()
    await asyncio.sleep(0.1)
    watch.stop()
    return len(told)


async def test_another_address_is_a_change(places: dict[str, str | None]) -> None:
    places["far"] = "10.0.0.1"
    assert await changes_after(places, lambda: places.update(far="10.0.0.2"), "far") == 1


async def test_a_way_that_is_back_is_a_change_and_a_lost_one_is_none(
    places: dict[str, str | None],
) -> None:
    places["far"] = "10.0.0.1"
    assert await changes_after(places, lambda: places.update(far=None), "far") == 0
    assert await changes_after(places, lambda: places.update(far="10.0.0.1"), "far") == 1


async def test_a_new_far_end_is_no_change(places: dict[str, str | None]) -> None:
    assert await changes_after(places, lambda: places.update(far="10.0.0.1"), "far") == 0


async def test_another_default_route_is_a_change(places: dict[str, str | None]) -> None:
    assert (
        await changes_after(places, lambda: places.update({network_watch.DEFAULTS[0]: "10.0.0.1"}))
        == 1
    )


@pytest.fixture
def here() -> Iterator[Namespace]:
    """A namespace with the address 10.79.0.2 and a default route."""
    need_namespaces()
    with two_namespaces() as (one, other):
        other.give(f"{FAR}/24", FAR)
        one.give("10.79.0.2/24", FAR)
        yield one


@pytest.mark.skipif(sys.platform != "linux", reason="network namespaces are Linux's")
def test_the_kernel_tells_of_addresses_and_links(here: Namespace) -> None:
    with subprocess.Popen(
        [*here.prefix, sys.executable, "-c", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as watching:
        assert watching.stdin is not None
        assert watching.stdout is not None
        assert watching.stdout.readline() == "ready\n"
        here.take("10.79.0.2/24")
        here.give("10.79.0.3/24", FAR)
        assert watching.stdout.readline() == "changed\n"
        here.ip("link", "set", here.device, "down")
        time.sleep(1)
        here.ip("link", "set", here.device, "up")
        here.ip("route", "replace", "default", "via", FAR)
        assert watching.stdout.readline() == "changed\n"
        watching.stdin.write("\n")
        watching.stdin.close()
        assert watching.wait(10) == 0


def test_a_machine_out_of_files_has_not_lost_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> NoReturn:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(socket, "socket", refuse)
    assert is_ours("127.0.0.1")
