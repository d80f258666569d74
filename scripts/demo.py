"""What sipcli does, shown in its sandbox: commands, then a call that is measured at both ends."""

# ruff: noqa: T201 - a demonstration prints

import asyncio
import os
import subprocess
import sys
import tempfile
from typing import Final

from sipcli import Phone
from sipcli.errors import MediaError, SipcliError
from sipcli.evidence.ladder import ladder_of
from sipcli.evidence.ladder_text import ladder_text
from sipcli.evidence.sip_record import SipRecord
from sipcli.journal.journal import Journal
from sipcli.phone.events import Event, Media
from sipcli.sandbox.sandbox import Plan, Sandbox

ALICE_HZ, BOB_HZ = 440.0, 1000.0
"""What each of them plays, so that the other can be asked what arrived."""
TALK_S = 3.0
WIDTH: Final = 80
"""Columns of the ladder."""


def main() -> int:
    """Run the demonstration; returns the exit code."""
    print("sipcli in its own sandbox: a SIP server in the same process, nothing to set up.\n")
    commands = (
        (("call", "--sandbox", "echo", "--audio-in", "tone:440", "--duration", "2"), 0),
        (("call", "--sandbox", "busy", "--audio-in", "silence"), 5),
        (("ping", "--sandbox", "echo", "--count", "3", "--interval", "0.2"), 0),
    )
    with tempfile.TemporaryDirectory() as home:
        succeeded = [_run(words, home) == code for words, code in commands]
    succeeded.append(asyncio.run(_measured_call()))
    return 0 if all(succeeded) else 1


def _run(words: tuple[str, ...], home: str) -> int:
    print(f"$ sipcli {' '.join(words)}", flush=True)
    environment = {key: value for key, value in os.environ.items() if key[:7] != "SIPCLI_"}
    environment |= {
        "XDG_STATE_HOME": home,
        "XDG_CONFIG_HOME": home,
        "SIPCLI_AUDIO_OUTPUT": "null",
    }
    command = [sys.executable, "-m", "sipcli", *words]
    code = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT, check=False
    ).returncode
    print(f"(exit code {code})\n", flush=True)
    return code


async def _measured_call() -> bool:
    print(f"Now Alice, who plays {ALICE_HZ:g} Hz, calls Bob, who plays {BOB_HZ:g} Hz …\n")
    journal, messages = Journal(), SipRecord()
    is_good = True
    try:
        async with Sandbox(Plan(journal=journal)) as sandbox:
            messages.attach(journal)  # not before: its own extensions have registered
            report = await _talk(sandbox)
            journal.unsubscribe(messages.add)
    except SipcliError as error:
        report, is_good = f"this is a fault: {error}", False
    print(ladder_text(ladder_of(messages), WIDTH), "", report, sep="\n")
    return is_good


async def _talk(sandbox: Sandbox) -> str:
    """A call between two phones, and what it was like. Raises `SipcliError`."""
    media: list[Media] = []

    def note(event: Event) -> None:
        if isinstance(event, Media):
            media.append(event)

    alices = {**sandbox.keys("alice"), "audio_in": f"tone:{ALICE_HZ:g}", "on_event": note}
    bobs = {**sandbox.keys("bob"), "audio_in": f"tone:{BOB_HZ:g}"}
    async with Phone(**alices) as alice:
        await alice.register()
        async with Phone(**bobs) as bob:
            await bob.register()
            call = await alice.call("bob")
            other = await bob.answer()
            await asyncio.sleep(TALK_S)
            await call.wait_for_tone(BOB_HZ)
            await other.wait_for_tone(ALICE_HZ)
            at_alice, at_bob = call.received, other.received
            stats = (await call.hang_up()).stats
    if stats is None:
        raise MediaError("there were none")
    return (
        f"set up      {media[0].elapsed_ms:.0f} ms from the INVITE to audio, {stats.codec}"
        f"\nAlice heard {at_alice.tone_hz:.1f} Hz for {at_alice.audible_s:.1f} s"
        f"\nBob heard   {at_bob.tone_hz:.1f} Hz for {at_bob.audible_s:.1f} s"
        f"\nquality     MOS {stats.mos}, loss {stats.loss_percent} %, jitter {stats.jitter_ms} ms"
        f" ({stats.packets_sent} packets out, {stats.packets_received} in)"
        "\n\naudio both ways"
    )


if __name__ == "__main__":
    sys.exit(main())
