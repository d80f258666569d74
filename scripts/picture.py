"""Draws docs/smoke-test.svg: what a terminal shows of two smoke tests that were really made.

Usage: python -m scripts.picture PATH. What runs is what is shown, but for the addresses: they
are those of whoever draws the picture, so documentation's own (RFC 5737) stand in for them. A
picture that differs from the one that is there in its numbers alone is not drawn again.
"""

import io
import os
import pty
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

COMMANDS = (
    "sipcli call --sandbox echo --audio-in tone:440 --expect-audio both --expect-tone 440"
    " --duration 2",
    "sipcli call --sandbox silent --audio-in tone:440 --expect-audio both --duration 2",
)
WIDTH = 104
"""Columns."""
INDENT = "  "
"""Before what is left of a line that is too long: as on a terminal."""
LIVE = re.compile(r"[^\n]*\n?(?:\x1b\[\?25h)?\r(?:\x1b\[1A)?\x1b\[2K|\x1b\[\?25[lh]")
"""The last line, which is drawn over again and again, and in the end is gone."""


def run(command: str, home: str) -> Text:
    """What the command and its exit code look like on a terminal without a sound card."""
    environment = {key: value for key, value in os.environ.items() if key[:7] != "SIPCLI_"}
    environment |= {
        "XDG_STATE_HOME": home,
        "XDG_CONFIG_HOME": home,
        "SIPCLI_AUDIO_OUTPUT": "null",
        "COLUMNS": str(WIDTH - len(INDENT)),
        "TERM": "xterm",
    }
    inside, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", *command.split()],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=terminal,
    ) as done:
        os.close(terminal)
        shown = LIVE.sub("", read_all(inside).replace("\r\n", "\n"))
    shown = re.sub(r"host \S+ ↔ host [^\s,]+", "host 192.0.2.7 ↔ host 192.0.2.8", shown)
    prompt = Text("$ ", style="bold green")
    typed = Text.assemble(prompt, (command, "bold"), "\n")
    asked = Text.assemble(prompt, ("echo $?", "bold"), f"\n{done.returncode}\n\n")
    return Text.assemble(typed, Text.from_ansi(shown), asked)


def read_all(terminal: int) -> str:
    """What is written to a terminal until nobody has its other end any more."""
    written = b""
    try:
        while data := os.read(terminal, 65536):
            written += data
    except OSError:  # EIO: how Linux says that it was the end
        pass
    finally:
        os.close(terminal)
    return written.decode()


def draw(screen: Text) -> str:
    """The screen as SVG, in whatever fixed-width font the reader has."""
    console = Console(file=io.StringIO(), record=True, width=WIDTH, color_system="truecolor")
    for line in screen.split("\n"):
        pieces = line.wrap(console, WIDTH - len(INDENT))
        console.print(Text(f"\n{INDENT}").join(pieces))
    svg = console.export_svg(title="sipcli", unique_id="sipcli")
    # rich would have the reader's browser fetch a font from a stranger.
    return re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL) + "\n"


def without_numbers(svg: str) -> str:
    """What is left to compare: ports and times differ, and not every call is given a round trip."""
    return re.sub(r"[0-9.]+", "0", re.sub(r",&#160;round&#160;trip[^,<]*", "", svg))


def main(path: Path) -> None:
    """Draw the picture, where there is news."""
    with tempfile.TemporaryDirectory() as home:
        screen = Text().join([run(command, home) for command in COMMANDS])
    screen.rstrip()
    svg = draw(screen)
    if not path.exists() or without_numbers(path.read_text("utf-8")) != without_numbers(svg):
        path.write_text(svg, "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
