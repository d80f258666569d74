"""Many calls in one process: tasks, open files and memory must not grow with them.

`python scripts/soak_calls.py [NUMBER [SECONDS]]`; ends with 1 where they do, or a call fails.
"""

import asyncio
import os
import sys
from dataclasses import dataclass
from statistics import median
from typing import Final
from uuid import uuid4

from sipcli.config.settings import Settings
from sipcli.log import LOGGER
from sipcli.phone.call_audio import AudioSetup
from sipcli.phone.phone import Phone
from sipcli.phone.phone_config import PhoneConfig
from sipcli.sandbox.names import address_of
from sipcli.sandbox.sandbox import USERS, Plan, Sandbox

CALLS: Final = 200
CALL_S: Final = 1.0
LINGER_S: Final = 5.0
"""How long what a call has finished with may take to be gone."""
WARM_S: Final = 1.5
"""How long it takes at the most where all is well: what is open then is open for good."""
WARM: Final = 3
"""Calls after which all that is kept for good is there."""


@dataclass(frozen=True, slots=True)
class Count:
    """What a process has open."""

    tasks: int
    files: int

    @classmethod
    def now(cls) -> "Count":
        """Tasks of this loop, files of this process."""
        return cls(len(asyncio.all_tasks()), len(os.listdir("/proc/self/fd")))


class Leak(Exception):  # noqa: N818 - it is what was looked for
    """A call failed, or left something."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Calls that all went well."""

    setups_ms: tuple[float, ...]
    """From the INVITE, the gathering of its candidates included, until media could flow."""
    growth_kb: int
    """Memory at the end over that of half-way: transactions live for 32 s, and so grow at first."""


async def soak(calls: int, seconds: float = CALL_S) -> Outcome:
    """Make `calls` calls to a sandbox's echo, each `seconds` long. Raises `Leak`."""
    user = USERS[0]
    async with Sandbox(Plan()) as sandbox:
        settings = sandbox.account(user, Settings(uri=address_of(user), instance_id=uuid4()))
        config = PhoneConfig(
            settings=settings,
            credentials=sandbox.credentials(user),
            open_sound=AudioSetup.of("tone:440", "null", None, LOGGER.warning).open,
            takes_calls=False,
        )
        async with Phone(config) as phone:
            await phone.register()
            return await _calls(phone, calls, seconds)


async def _calls(phone: Phone, calls: int, seconds: float) -> Outcome:
    setups: list[float] = []
    before: Count | None = None
    memory = 0
    for number in range(1, calls + 1):
        setups.append(await _one(phone, number, seconds))
        if number == min(WARM, calls - 1):
            await asyncio.sleep(WARM_S)
            before = Count.now()
        elif before is not None:
            after = await _settled(before)
            if not _is_within(after, before):
                raise Leak(f"call {number}: {after} after it, {before} before the first")
        if number == calls // 2:
            memory = _resident_kb()
    return Outcome(tuple(setups), _resident_kb() - memory)


async def _one(phone: Phone, number: int, seconds: float) -> float:
    """Returns its set-up time in ms."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    call = await phone.call(address_of("echo"))
    await call.connected_or_over()
    setup = (loop.time() - began) * 1000
    await asyncio.sleep(seconds)
    ended = await call.hang_up()
    stats = ended.stats
    if stats is None or not stats.packets_received or call.media_failure is not None:
        raise Leak(f"call {number} failed: {ended}")
    return setup


async def _settled(goal: Count) -> Count:
    """What is open once the last call's far end is done with it, too."""
    deadline = asyncio.get_running_loop().time() + LINGER_S
    count = Count.now()
    while not _is_within(count, goal) and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(0.02)  # nothing tells when the far end has closed
        count = Count.now()
    return count


def _is_within(count: Count, goal: Count) -> bool:
    return count.tasks <= goal.tasks and count.files <= goal.files


def _resident_kb() -> int:
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


def main() -> None:
    """Measure, and say what came of it."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else CALLS
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else CALL_S
    try:
        outcome = asyncio.run(soak(calls, seconds))
    except Leak as leak:
        sys.exit(str(leak))
    setups = outcome.setups_ms
    sys.stdout.write(
        f"{calls} calls of {seconds:g} s in one process: tasks and files flat\n"
        f"  INVITE to media: median {median(setups):.0f} ms (worst {max(setups):.0f} ms)\n"
        f"  memory: {outcome.growth_kb} kB more at the end than half-way\n"
    )


if __name__ == "__main__":
    main()
