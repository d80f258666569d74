"""What C libraries print does not reach the screen; what Python prints does."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere they print nothing")
def test_c_libraries_are_silenced_and_python_is_not() -> None:
    script = (
        "import ctypes, sys\n"
        "from sipcli.media.audio_io.stderr_guard import silence_c_libraries\n"
        "libc = ctypes.CDLL(None)\n"
        "libc.perror(b'C before')\n"
        "silence_c_libraries()\n"
        "libc.perror(b'C after')\n"
        "print('Python', file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True
    )
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["C before", "Python"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere C libraries are not silenced")
def test_what_python_writes_while_sounddevice_is_imported_is_not_lost(tmp_path: Path) -> None:
    (tmp_path / "sounddevice.py").write_text(
        "import os, sys\n"
        "kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)\n"
        "os.dup2(nowhere, 2)\n"
        "print('meanwhile', file=sys.stderr, flush=True)\n"
        "os.dup2(kept, 2)\n"
        "def _exit_handler(): pass\n"
    )
    script = (
        "import os, sys\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "before = os.dup2\n"
        "from sipcli.media.audio_io import portaudio\n"
        "portaudio._sounddevice().PortAudioError = OSError\n"
        "assert os.dup2 is before\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stderr == "meanwhile\n"
