"""Sound through a real PortAudio: PulseAudio's null sinks stand for the sound card."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sipcli.media.pcm import RATE, Pcm
from sipcli.media.quality.level import dbfs, rms
from tests.media.audio_io.sounds import dominant, sine
from tests.realpeer.child_processes import LeashedProcess
from tests.realpeer.pulse import PulseAudio
from tests.realpeer.sipcli_process import SipcliProcess
from tests.waiting import until

RAW = ("--raw", "--rate=48000", "--channels=1", "--format=s16le", "--latency-msec=20")
ROOT = Path(__file__).parents[2]


def tool(pulse: PulseAudio, *command: str, stdin: int, stdout: int) -> LeashedProcess:
    """One of PulseAudio's own programs."""
    environment = {"PATH": "/usr/bin:/bin", **pulse.environment}
    return LeashedProcess(
        command, stdin=stdin, stdout=stdout, stderr=subprocess.DEVNULL, env=environment
    )


def loud_part(pcm: Pcm) -> Pcm:
    """From the first to the last sample that is not close to silence."""
    loud = np.flatnonzero(np.abs(pcm.astype(int)) > 500)
    return pcm[loud[0] : loud[-1]] if len(loud) else pcm[:0]


def test_a_tone_at_the_microphone_is_recorded_and_played_on_the_loudspeaker(
    pulse: PulseAudio, tmp_path: Path
) -> None:
    """Both ways are measured by others: pacat plays the tone, parec hears it."""
    given, heard = tmp_path / "given.raw", tmp_path / "heard.raw"
    given.write_bytes(sine(440, 15.0).tobytes())
    with given.open("rb") as tone, heard.open("wb") as ear:
        playing = tool(
            pulse,
            "pacat",
            "-d",
            "microphone_feed",
            *RAW,
            stdin=tone.fileno(),
            stdout=subprocess.DEVNULL,
        )
        hearing = tool(
            pulse,
            "parec",
            "-d",
            "speaker.monitor",
            *RAW,
            stdin=subprocess.DEVNULL,
            stdout=ear.fileno(),
        )
        try:
            with SipcliProcess(
                "devices",
                "--test",
                "--audio-in=device:microphone",
                "--audio-out=device:speaker",
                home=tmp_path / "home",
                environment=pulse.environment,
            ) as sipcli:
                assert sipcli.wait(timeout=30) == 0
        finally:
            playing.kill()
            hearing.kill()
    level = next(e for e in sipcli.events if e["event"] == "device_test")["loudest_dbfs"]
    assert level == pytest.approx(dbfs(rms(sine(440, 1.0))), abs=0.5)
    pcm = loud_part(np.frombuffer(heard.read_bytes()[: heard.stat().st_size // 2 * 2], "<i2"))
    assert 2.5 < len(pcm) / RATE < 3.2
    middle = pcm[RATE // 2 : 2 * RATE]
    assert dominant(middle) == pytest.approx(440, abs=1)
    # The median frame: a machine that is busy elsewhere may leave a gap, and that is no error.
    levels = [dbfs(rms(frame)) for frame in np.split(middle, 75)]
    assert np.median(levels) == pytest.approx(dbfs(rms(sine(440, 1.0))), abs=0.5)


def test_the_sound_goes_on_after_the_sound_server_was_killed(
    pulse: PulseAudio, tmp_path: Path
) -> None:
    errors = tmp_path / "stderr"
    with errors.open("wb") as stderr:
        program = LeashedProcess(
            [
                sys.executable,
                "-m",
                "tests.realpeer.device_loop",
                "device:speaker",
                "device:speaker_monitor",
            ],
            stdout=subprocess.PIPE,
            stderr=stderr,
            env={"PATH": "/usr/bin:/bin", **pulse.environment},
            cwd=ROOT,
        )
    warnings: list[str] = []
    output = program.process.stdout
    assert output is not None

    def next_report() -> dict[str, Any]:
        report: dict[str, Any] = json.loads(output.readline())
        warnings.extend(report["warnings"])
        return report

    def is_heard() -> bool:
        report = next_report()
        return report["hz"] == 1000.0 and bool(-15.5 < report["dbfs"] < -14.5)

    try:
        until(is_heard)
        assert not warnings
        pulse.close()
        until(lambda: next_report()["dbfs"] < -90)
        assert sorted(warnings) == [
            "the loudspeaker 'speaker' disappeared: dropping received audio until it is back",
            "the microphone 'speaker_monitor' disappeared: sending silence until it is back",
        ]
        warnings.clear()
        pulse.start()
        until(is_heard, timeout=15)
        assert sorted(warnings) == [
            "the loudspeaker 'speaker' is back",
            "the microphone 'speaker_monitor' is back",
        ]
    finally:
        program.kill()
        output.close()
    assert errors.read_text() == ""  # what ALSA and PortAudio print would spoil the screen
