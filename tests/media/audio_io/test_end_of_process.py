"""The end of a process that has used PortAudio."""

import os
import subprocess
import sys
from pathlib import Path

_SOUNDDEVICE = """\
import atexit

class PortAudioError(Exception):
    pass

class _lib:
    Pa_Terminate = Pa_Initialize = staticmethod(lambda: -10000)

def _check(code):
    raise PortAudioError(str(code))

def _exit_handler():
    print("ended")
    raise PortAudioError("Error terminating PortAudio: PortAudio not initialized")

atexit.register(_exit_handler)
"""


def test_a_scan_that_failed_spoils_no_end(tmp_path: Path) -> None:
    """PortAudio has ended by then, and says so."""
    (tmp_path / "sounddevice.py").write_text(_SOUNDDEVICE)
    script = (
        "from contextlib import suppress\n"
        "from sipcli.errors import DeviceError\n"
        "from sipcli.media.audio_io import portaudio\n"
        "with suppress(DeviceError):\n"
        "    portaudio.rescan()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert (done.stdout, done.stderr) == ("ended\n", "")
