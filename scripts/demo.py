"""What sipcli does, shown in its sandbox: commands, then a call that is measured at both ends."""

# ruff: noqa: T201 - a demonstration prints

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

from sipcli.calls.call import Call
from sipcli.calls.events import Event as CallEvent
from sipcli.calls.events import Media
from sipcli.calls.sound import Sound
from sipcli.calls.switchboard import Switchboard
from sipcli.config.settings import Settings
from sipcli.media.pcm import Pcm
from sipcli.media.session.kit import MediaKit
from sipcli.media.sound.source import ToneSource
from sipcli.media.tone_meter import ToneMeter
from sipcli.sandbox.ladder import Ladder
from sipcli.sandbox.names import address_of
from sipcli.sandbox.sandbox import Plan, Sandbox
from sipcli.shell import Shell

ALICE_HZ, BOB_HZ = 440.0, 1000.0
"""What each of them plays, so that the other can be asked what arrived."""
TALK_S = 3.0
LEAST_S = 0.8 * TALK_S
"""For how long a tone must have been heard for the demonstration to count as a success."""


class Ear:
    """A sink that measures the tones it hears."""

    def __init__(self) -> None:
        self.tones = ToneMeter()

    def write(self, frame: Pcm) -> None:
        """Take a frame."""
        self.tones.put(frame)

    def close(self) -> None:
        """Nothing is held."""

    def verdict(self, frequency_hz: float) -> tuple[bool, str]:
        """Whether that tone was heard long enough, and what was heard."""
        seconds = self.tones.seconds(frequency_hz)
        heard = self.tones.strongest_hz
        shown = "nothing" if heard is None else f"{heard:.1f} Hz"
        return seconds >= LEAST_S, f"{shown} for {seconds:.1f} s"


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
    ladder = Ladder("alice", "bob")
    at_alice, at_bob = Ear(), Ear()
    events: list[CallEvent] = []

    def answer(call: Call) -> None:
        # Once the step that told of the call is over.
        asyncio.get_running_loop().call_soon(call.answer, Sound(ToneSource(BOB_HZ), at_bob))

    async with (
        Sandbox(Plan(on_hop=ladder.put)) as here,
        _phone(here, "bob", lambda _: None, answer),
        _phone(here, "alice", events.append) as alice,
    ):
        call = await alice.place(address_of("bob"), Sound(ToneSource(ALICE_HZ), at_alice))
        await call.connected_or_over()
        if call.is_answered:
            await asyncio.sleep(TALK_S)
            call.hang_up()
        await call.over.wait()
    print("\n".join(ladder.lines()))
    return _report(call, events, at_alice, at_bob)


@asynccontextmanager
async def _phone(
    here: Sandbox,
    name: str,
    on_event: Callable[[CallEvent], None],
    on_incoming: Callable[[Call], None] | None = None,
) -> AsyncIterator[Switchboard]:
    """The calls of a registered phone."""
    settings = here.account(name, Settings(uri=address_of(name), instance_id=uuid4()))
    kit = MediaKit.from_settings(settings, include_loopback=True)
    switchboard = Switchboard(
        kit, on_event, make_sound=lambda: Sound(ToneSource(0), Ear()), on_incoming=on_incoming
    )
    async with Shell(
        settings,
        here.credentials(name),
        lambda _: None,
        patient=False,
        on_call_event=switchboard.take,
        takes_calls=on_incoming is not None,
    ) as phone:
        switchboard.connect(phone)
        await phone.ready()
        yield switchboard


def _report(call: Call, events: list[CallEvent], at_alice: Ear, at_bob: Ear) -> bool:
    """Print what was measured; returns whether sound went both ways."""
    connected = [event for event in events if isinstance(event, Media)]
    ended = call.ended
    if ended is None or ended.stats is None or not connected:
        print(f"\nThe call came to nothing: {ended.reason if ended else 'it never ended'}")
        return False
    stats = ended.stats
    to_alice, alice_heard = at_alice.verdict(BOB_HZ)
    to_bob, bob_heard = at_bob.verdict(ALICE_HZ)
    print(
        f"\nset up      {connected[0].elapsed_ms} ms from the INVITE to audio, {stats.codec}"
        f"\nAlice heard {alice_heard} of Bob's {BOB_HZ:g} Hz"
        f"\nBob heard   {bob_heard} of Alice's {ALICE_HZ:g} Hz"
        f"\nquality     MOS {stats.mos}, loss {stats.loss_percent} %, jitter {stats.jitter_ms} ms"
        f" ({stats.packets_sent} packets out, {stats.packets_received} in)"
    )
    verdict = "audio both ways" if to_alice and to_bob else "NOT both ways: this is a fault"
    print(f"\n{verdict}")
    return to_alice and to_bob


if __name__ == "__main__":
    sys.exit(main())
