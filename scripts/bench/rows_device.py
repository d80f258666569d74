"""From microphone to loudspeaker, where PulseAudio's null sinks are both."""

import asyncio
import json
import os
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.realpeer.pulse import INSTALL, PulseAudio, installed

_LIMIT_S: Final = 90.0


def missing() -> str | None:
    """Why it cannot be measured here; None where it can."""
    return None if installed() else INSTALL


async def device_ms() -> float:
    """Mouth to ear, in ms. Raises `RuntimeError` where the sound does not get through."""
    with (
        TemporaryDirectory(prefix="bench-pulse-") as folder,
        closing(PulseAudio(Path(folder))) as pulse,
    ):
        await asyncio.to_thread(pulse.start)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "scripts.bench.device_call"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **pulse.environment},
            cwd=Path(__file__).parents[2],
        )
        try:
            async with asyncio.timeout(_LIMIT_S):
                out, err = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise RuntimeError(f"no figure within {_LIMIT_S:g} s") from None
    if process.returncode:
        raise RuntimeError(err.decode(errors="replace").strip().rpartition("\n")[2])
    return float(json.loads(out)["ms"])
