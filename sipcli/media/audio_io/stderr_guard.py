"""Keep C libraries from writing to stderr.

ALSA, JACK and PortAudio print warnings from any thread at any time, which breaks a terminal's
screen. Python writes to the file descriptor, C code through the C library's variable `stderr`:
pointing that to the null device silences only C code.
"""

import ctypes
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final

_STDERR: Final = 2


@cache
def silence_c_libraries() -> None:
    """Discard what C code writes to `stderr`, from now on.

    Only on Linux with glibc: elsewhere nothing is printed, or the variable must not be changed.
    """
    if not _can_silence():
        return
    libc = ctypes.CDLL(None)
    libc.fopen.restype = ctypes.c_void_p
    nowhere = libc.fopen(os.devnull.encode(), b"w")
    if nowhere:
        ctypes.c_void_p.in_dll(libc, "stderr").value = nowhere


@contextmanager
def stderr_kept() -> Iterator[None]:
    """Keep the code inside from redirecting stderr, where C libraries are silenced anyway.

    sounddevice does so during its import, for a tenth of a second or more: what another thread
    writes meanwhile, such as the error that ends the process, would be lost.
    """
    original = os.dup2

    def dup2(fd: int, fd2: int, inheritable: bool = True) -> int:
        return fd2 if fd2 == _STDERR else original(fd, fd2, inheritable)

    if _can_silence():
        os.dup2 = dup2
    try:
        yield
    finally:
        os.dup2 = original


@cache
def _can_silence() -> bool:
    return sys.platform == "linux" and platform.libc_ver()[0] == "glibc"
