"""A call whose network changes under it, or that is put to sleep: it has sound again soon after.

The caller is in one network namespace, the server and the far end are in another one.
"""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from tests.namespaces import Namespace, need_namespaces, two_namespaces
from tests.realpeer.sipcli_process import PROGRAM, SipcliProcess
from tests.realpeer.wav_measurement import RATE, read_wav
from tests.waiting import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")

SERVER: Final = "10.79.0.1"
FIRST, SECOND = "10.79.0.2", "10.79.0.3"
LIMIT_S: Final = 5.0
"""From the moment that the network is there until there is sound again."""


@pytest.fixture(scope="module")
def networks() -> Iterator[tuple[Namespace, Namespace]]:
    """The caller's network and the server's."""
    need_namespaces()
    with two_namespaces() as (near, far):
        far.give(f"{SERVER}/24", SERVER)
        yield near, far


@contextmanager
def in_a_call(
    networks: tuple[Namespace, Namespace], folder: Path, seconds: int
) -> Iterator[tuple[SipcliProcess, Path]]:
    """A call to an echo, which lasts so long, and the file of what it hears."""
    near, far = networks
    near.give(f"{FIRST}/24", SERVER)
    heard = folder / "heard.wav"
    sandbox = ("sandbox", "--host", SERVER, "--allow-remote", "--port", "8088")
    account = ("--user", "alice:pw")
    words = (
        *("call", "echo", "--uri", "sip:alice@sandbox.invalid"),
        *(
            "--ws-servers",
            f"ws://{SERVER}:8088",
            "--stun-servers",
            "none",
            "--duration",
            str(seconds),
        ),
        *("--audio-in", "tone:440", "--audio-out", f"file:{heard}", "--expect-audio", "both"),
    )
    with SipcliProcess(
        *sandbox, *account, home=folder / "far", program=(*far.prefix, *PROGRAM)
    ) as server:
        server.wait_for("sandbox")
        with SipcliProcess(
            *words,
            home=folder / "near",
            program=(*near.prefix, *PROGRAM),
            environment={"SIPCLI_PASSWORD": "pw"},
        ) as caller:
            caller.wait_for("media", state="connected")
            until(lambda: sum(sounds(heard)) > 20)
            yield caller, heard
            assert caller.wait(seconds + 10) == 0
    near.ip("addr", "flush", "dev", near.device)


def sounds(heard: Path) -> list[bool]:
    """Whether there is sound in each 50 ms of a call so far."""
    if not heard.exists():
        return []
    sound, size = read_wav(heard)[0], RATE // 20
    starts = range(0, len(sound) - size + 1, size)
    return [float(np.mean(sound[at : at + size] ** 2)) > 0.0001 for at in starts]


def wait_for_sound(heard: Path, begun: float) -> float:
    """How many seconds after `begun` there is sound again, that lasts for half a second."""
    before = len(sounds(heard))
    while sum(sounds(heard)[before:]) < 10:
        assert time.monotonic() - begun < 30, "there is no sound any more"
        time.sleep(0.1)
    return time.monotonic() - begun - 0.5


@pytest.mark.timeout(120)
def test_a_new_address_costs_a_call_five_seconds_at_most(
    networks: tuple[Namespace, Namespace], tmp_path: Path
) -> None:
    near, _ = networks
    with in_a_call(networks, tmp_path, 15) as (caller, heard):
        near.take(f"{FIRST}/24")
        near.give(f"{SECOND}/24", SERVER)
        assert wait_for_sound(heard, time.monotonic()) < LIMIT_S
        restarted = caller.wait_for("media", state="restarted")
        assert restarted["local_candidate"]["address"] == SECOND


@pytest.mark.timeout(180)
def test_a_link_that_was_down_for_a_minute_costs_five_seconds_more(
    networks: tuple[Namespace, Namespace], tmp_path: Path
) -> None:
    near, _ = networks
    with in_a_call(networks, tmp_path, 75) as (caller, heard):
        near.ip("link", "set", near.device, "down")
        time.sleep(60)
        near.ip("link", "set", near.device, "up")
        near.ip("route", "replace", "default", "via", SERVER)
        assert wait_for_sound(heard, time.monotonic()) < LIMIT_S
        caller.wait_for("media", state="restarted")


@pytest.mark.timeout(180)
def test_a_process_that_was_stopped_goes_on_with_its_call(
    networks: tuple[Namespace, Namespace], tmp_path: Path
) -> None:
    """As a paused container is: its own silence is held against nobody."""
    with in_a_call(networks, tmp_path, 50) as (caller, heard):
        caller.send_signal(signal.SIGSTOP)
        time.sleep(30)
        caller.send_signal(signal.SIGCONT)
        assert wait_for_sound(heard, time.monotonic()) < LIMIT_S
        for warning in caller.named("warning"):
            assert "trying an ICE restart" not in warning["text"]
