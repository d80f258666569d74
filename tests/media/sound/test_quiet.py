"""What C libraries print does not reach the screen; what Python prints does."""

import subprocess
import sys

import pytest


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere they print nothing")
def test_c_libraries_are_silenced_and_python_is_not() -> None:
    script = (
        "import ctypes, sys\n"
        "from sipcli.media.sound.quiet import silence_c_libraries\n"
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
