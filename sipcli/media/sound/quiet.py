"""Silence for C libraries that talk to stderr.

ALSA, JACK and PortAudio print what they find odd, from any thread and at any time, and so
break a terminal's screen. Python writes to the file descriptor itself, C code through the
variable `stderr` of the C library: turning that one to the null device silences C alone.
"""

import ctypes
import os
import platform
import sys
from functools import cache


@cache
def silence_c_libraries() -> None:
    """Let what C code writes to `stderr` vanish, from now on.

    On Linux with glibc only: elsewhere nothing is printed, or the variable must not be changed.
    """
    if sys.platform != "linux" or platform.libc_ver()[0] != "glibc":
        return
    libc = ctypes.CDLL(None)
    libc.fopen.restype = ctypes.c_void_p
    nowhere = libc.fopen(os.devnull.encode(), b"w")
    if nowhere:
        ctypes.c_void_p.in_dll(libc, "stderr").value = nowhere
