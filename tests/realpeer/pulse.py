"""A PulseAudio of the tests' own: sound devices for PortAudio on a machine that has none.

What is played on the device `speaker` is heard on `speaker_monitor`; what is played on
`microphone_feed` is heard on `microphone`. Nothing outside of one folder is touched.
"""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.realpeer.child_processes import LeashedProcess
from tests.waiting import until

INSTALL: Final = "PulseAudio or PortAudio is missing: `make peers` installs them"

# norewinds: without it a null sink stalls for up to 2 s whenever a stream starts.
_SINK: Final = "module-null-sink rate=48000 channels=1 format=s16le norewinds=1"
_MODULES: Final = """\
load-module module-native-protocol-unix socket={socket} auth-anonymous=1
load-module {sink} sink_name=speaker
load-module {sink} sink_name=microphone_feed
set-default-sink speaker
set-default-source microphone_feed.monitor
"""
_DAEMON: Final = """\
exit-idle-time = -1
default-sample-rate = 48000
default-sample-channels = 1
default-fragment-size-msec = 10
high-priority = no
realtime-scheduling = no
flat-volumes = no
"""
_DEVICE: Final = """
pcm.{name} {{
  type pulse
  device {pulse}
  hint {{
    show on
    description "{name}"
  }}
}}
"""
_DEVICES: Final = {
    "speaker": "speaker",
    "speaker_monitor": "speaker.monitor",
    "microphone_feed": "microphone_feed",
    "microphone": "microphone_feed.monitor",
}


def installed() -> bool:
    """Whether there are a PulseAudio, a PortAudio, and the way from one to the other."""
    return shutil.which("pulseaudio") is not None and bool(
        list(Path("/usr/lib").glob("*/libportaudio.so.2"))
        and list(Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so"))
    )


class PulseAudio:
    """A sound server in a process of its own; `close` it in the end. It may be started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._socket = folder / "socket"
        self._process: LeashedProcess | None = None
        sink = _SINK
        (folder / "modules.pa").write_text(_MODULES.format(socket=self._socket, sink=sink))
        (folder / "daemon.conf").write_text(_DAEMON)
        devices = "".join(_DEVICE.format(name=n, pulse=p) for n, p in _DEVICES.items())
        (folder / "asound.conf").write_text(
            "</usr/share/alsa/alsa.conf>\npcm.!default { type pulse }\n" + devices
        )

    @property
    def environment(self) -> Mapping[str, str]:
        """What a program needs in its environment to have these devices, and no others."""
        return {
            "PULSE_SERVER": f"unix:{self._socket}",
            "PULSE_COOKIE": str(self._folder / "cookie"),
            "ALSA_CONFIG_PATH": str(self._folder / "asound.conf"),
            "HOME": str(self._folder),
        }

    def start(self) -> None:
        """Run the server, and wait until it answers."""
        self._socket.unlink(missing_ok=True)
        (self._folder / "runtime").mkdir(mode=0o700, exist_ok=True)
        with (self._folder / "log").open("ab") as log:
            self._process = LeashedProcess(
                [
                    "pulseaudio",
                    "-n",
                    "-F",
                    str(self._folder / "modules.pa"),
                    "--daemonize=no",
                    "--use-pid-file=no",
                    "--disable-shm=yes",
                    "--log-target=stderr",
                ],
                stdout=log,
                stderr=log,
                env={
                    "PATH": "/usr/bin:/bin",
                    "HOME": str(self._folder),
                    "XDG_RUNTIME_DIR": str(self._folder / "runtime"),
                    "PULSE_RUNTIME_PATH": str(self._folder / "runtime"),
                    "PULSE_CONFIG": str(self._folder / "daemon.conf"),
                    "DBUS_SESSION_BUS_ADDRESS": "none:",
                },
            )
        until(self._answers, timeout=20)

    def close(self) -> None:
        """End the server at once, as a kill does."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def _answers(self) -> bool:
        asked = subprocess.run(
            ["pactl", "list", "short", "sinks"],
            env={"PATH": "/usr/bin:/bin", **self.environment},
            capture_output=True,
            check=False,
        )
        return b"microphone_feed" in asked.stdout
