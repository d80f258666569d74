"""The echo of a loudspeaker in a real call: PulseAudio's monitor hears what its sink plays."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sipcli.media.pcm import to_pcm
from tests.media.audio_io.echo_room import voice
from tests.media.audio_io.sounds import write_wave
from tests.realpeer.pulse import PulseAudio
from tests.realpeer.sipcli_process import User
from tests.realpeer.wav_measurement import RATE, Sound, hear, read_wav

NewUser = Callable[..., User]
SECRET = "sandbox-secret"
ROOM = ("--audio-in", "device:speaker_monitor", "--audio-out", "device:speaker")
CALL_S = 7


@pytest.fixture
def server(user: NewUser) -> str:
    """Where a sandbox with the accounts alice and bob takes WebSockets."""
    accounts = ("--user", f"alice:{SECRET}", "--user", f"bob:{SECRET}")
    return str(user("sandbox").sipcli("sandbox", *accounts).wait_for("sandbox")["server"])


@pytest.fixture
def voice_file(tmp_path: Path) -> Path:
    """What the far end says."""
    return write_wave(tmp_path / "voice.wav", to_pcm(voice(CALL_S + 1, 180, 1).astype(np.float32)))


def level(sound: Sound) -> float:
    """Level of the last three seconds in dBFS: of the median 0.1 s, since voices pause and
    machines stumble.
    """
    return float(np.median([hear(part).dbfs for part in np.split(sound[-3 * RATE :], 30)]))


def test_the_far_end_hears_itself_only_where_nothing_cancels_the_echo(
    user: NewUser, server: str, pulse: PulseAudio, voice_file: Path
) -> None:
    """Echo return loss enhancement after four seconds, at the far end: above 20 dB."""
    here, there = (
        user(name, uri=f"sip:{name}@sandbox.invalid", password=SECRET, ws_servers=server)
        for name in ("bob", "alice")
    )
    heard = {}
    for option in ("--no-echo-cancellation", "--echo-cancellation"):
        near = here.sipcli(
            *("listen", "--auto-answer", "--count", "1", *ROOM, option),
            environment=pulse.environment,
        )
        near.wait_for("registered")
        far = there.sipcli(
            *("call", "bob", "--audio-in", f"file:{voice_file}", "--audio-out", "null"),
            *("--record", f"{option}.wav", "--duration", str(CALL_S)),
        )
        assert far.wait(30) == near.wait(30) == 0
        assert not near.named("warning")
        sent, heard[option] = read_wav(there.home / f"{option}.wav")
        assert level(sent) > -40
    echo = level(heard["--no-echo-cancellation"])
    assert echo == pytest.approx(level(sent), abs=3)
    assert echo - level(heard["--echo-cancellation"]) > 20
