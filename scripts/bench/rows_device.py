"""From microphone to loudspeaker, where PulseAudio's null sinks are both."""

import asyncio
import json
import os
import sys
from contextlib import closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from tests.realpeer.pulse import INSTALL, PulseAudio, installed

_ROOT: Final = Path(__file__).parents[2]
_LIMIT_S: Final = 90.0
_SETTLE_S: Final = 26.0
"""Longer than playout and devices remember what was late while these were opened."""


def missing() -> str | None:
    """Why it cannot be measured here; None where it can."""
    return None if installed() else INSTALL


async def device_ms() -> float:
    """Mouth to ear, in ms, the median. Raises `RuntimeError` where the sound does not get through.

    Who measures is another process than who calls: opening a device holds a process up.
    """
    with (
        TemporaryDirectory(prefix="bench-pulse-") as folder,
        closing(PulseAudio(Path(folder))) as pulse,
    ):
        await asyncio.to_thread(pulse.start)
        environment = {**os.environ, **pulse.environment}
        call = await _run("device_call", environment)
        try:
            async with asyncio.timeout(_LIMIT_S):
                if call.stdout is not None and await call.stdout.readline() == b"up\n":
                    await asyncio.sleep(_SETTLE_S)
                    recorder = await _run("device_witness", environment)
                    found: list[float] = json.loads(await _output(recorder))
                await _output(call)
        except TimeoutError:
            raise RuntimeError(f"no figure within {_LIMIT_S:g} s") from None
        finally:
            if call.returncode is None:
                call.kill()
                await call.wait()
    return median(found)


async def _run(module: str, environment: dict[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"scripts.bench.{module}"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
        cwd=_ROOT,
    )


async def _output(process: asyncio.subprocess.Process) -> bytes:
    """What it printed up to its end, which the end of its input brings about."""
    out, err = await process.communicate(b"")
    if process.returncode:
        raise RuntimeError(err.decode(errors="replace").strip().rpartition("\n")[2])
    return out
