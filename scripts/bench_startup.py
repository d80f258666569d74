"""How long `sipcli --version` takes, against `python -c "import click"` (goal: 1.5 times at most).

The two take turns, so that what else the machine does meets both alike.
"""

import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter

RUNS = 25
GOAL = 1.5
FLOOR = [sys.executable, "-c", "import click"]
SIPCLI = [str(Path(sys.executable).with_name("sipcli")), "--version"]


def seconds(command: list[str]) -> float:
    """How long the command takes, in seconds, from its start to its end."""
    start = perf_counter()
    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    return perf_counter() - start


def main() -> None:
    """Run both in turn, after one run each that warms the caches, and print the medians."""
    seconds(FLOOR), seconds(SIPCLI)
    pairs = [(seconds(FLOOR), seconds(SIPCLI)) for _ in range(RUNS)]
    floor, sipcli = (median(times) for times in zip(*pairs, strict=True))
    ratio = sipcli / floor
    verdict = "met" if ratio <= GOAL else "MISSED"
    sys.stdout.write(
        f"import click      {floor * 1000:6.1f} ms\n"
        f"sipcli --version  {sipcli * 1000:6.1f} ms\n"
        f"ratio             {ratio:6.2f}    (medians of {RUNS} runs; goal {GOAL}: {verdict})\n"
    )


if __name__ == "__main__":
    main()
