"""`python -m scripts.bench`: measure everything, and write docs/performance.md."""

import argparse
import asyncio
import sys
from typing import Final

from scripts.bench import sheet_beside, sheet_cost, sheet_sound, speech
from scripts.bench.extent import FULL, QUICK
from scripts.bench.tables import preamble, say, write

_PARTS: Final = {
    "cost": sheet_cost.sheet,
    "sound": sheet_sound.sheet,
    "chromium": sheet_beside.sheet,
}


def main() -> int:
    """Measure, and write it down."""
    options = argparse.ArgumentParser(prog="python -m scripts.bench", description=__doc__)
    options.add_argument("--quick", action="store_true", help="a few minutes, few points")
    options.add_argument("--only", choices=_PARTS, action="append", help="this part; repeatable")
    options.add_argument("--print", action="store_true", help="leave docs/performance.md alone")
    chosen = options.parse_args()
    if not speech.installed():
        say(speech.INSTALL)
        return 1
    command = "python -m scripts.bench" + (" --quick" if chosen.quick else "")
    for part in chosen.only or _PARTS:
        before = preamble(f"{command} --only {part}")
        lines = before + asyncio.run(_PARTS[part](QUICK if chosen.quick else FULL))
        if chosen.print:
            sys.stdout.write("\n".join(lines) + "\n")
        else:
            write(part, lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
