"""Keeps processor cores from going idle, so that what is measured is the work and not the waking.

On a virtual machine an idle core is given to others, and is slow for a while when it comes back:
its caches are theirs by then, and its clock has fallen.
"""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

_BUSY: Final = """\
import os
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
parent = os.getppid()
while os.getppid() == parent:
    pass
"""
"""Ends with the benchmark, however that ends."""


@contextmanager
def awake(cores: Iterable[int]) -> Iterator[None]:
    """On each of `cores` something runs whenever nothing else wants to (Linux's SCHED_IDLE)."""
    with ExitStack() as stack:
        for core in cores:
            process = subprocess.Popen((sys.executable, "-c", _BUSY))
            stack.callback(process.wait)
            stack.callback(process.kill)
            os.sched_setaffinity(process.pid, {core})
        yield
