"""`sipcli devices`: list the sound devices, and test them."""

import sys
from typing import Final

import click

from sipcli.cli.command_help import Command, option
from sipcli.cli.context import current_screen
from sipcli.cli.options import Invocation, settings_options
from sipcli.cli.output.screen import Screen
from sipcli.cli.run import run
from sipcli.config.tables import AudioTable
from sipcli.errors import DeviceError
from sipcli.media.audio_io import portaudio
from sipcli.media.audio_io.device_test import DeviceTest
from sipcli.media.audio_io.open import parse_sink, parse_source
from sipcli.media.audio_io.portaudio import Device, NoDevices, NoPortAudio
from sipcli.media.quality.level import AUDIBLE_DBFS
from sipcli.text import one_line

TEST_S: Final = 3.0
"""Seconds that are recorded and played back."""
_BAR: Final = 40
"""Columns of the level bar."""
_WITHOUT: Final = (
    "Calls work without one: --audio-in takes tone:HZ, noise, silence, file:PATH or -,",
    "and --audio-out takes null, file:PATH.wav or -.",
)


@click.command(cls=Command)
@option(
    "--test",
    is_flag=True,
    help="Record 3 s from --audio-in and play them back on --audio-out.",
)
@settings_options(shown={"audio.input", "audio.output"})
def devices(invocation: Invocation, test: bool) -> None:
    """List the sound devices, or test two of them.

    Select a device by its name or a part of it: --audio-in device:NAME. The devices marked
    with * are the defaults.
    """
    audio = invocation.load().settings.audio
    if test:
        _test(audio, is_json=invocation.common.json)
        return
    screen = current_screen()
    found = portaudio.devices()
    for device in found:
        screen.record("device", _fields(device))
    for line in _table(found):
        screen.say(line)


def _fields(device: Device) -> dict[str, object]:
    return {
        "name": device.name,
        "host_api": device.host_api,
        "inputs": device.inputs,
        "outputs": device.outputs,
        "default_input": device.is_default_input,
        "default_output": device.is_default_output,
        "rate_hz": round(device.rate),
    }


def _table(found: tuple[Device, ...]) -> list[str]:
    if not found:
        return ["no sound device was found", *_WITHOUT]
    rows = [("NAME", "IN", "OUT", "HZ", "HOST API"), *map(_row, found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _row(device: Device) -> tuple[str, str, str, str, str]:
    return (
        one_line(device.name),
        f"{device.inputs}{'*' if device.is_default_input else ''}",
        f"{device.outputs}{'*' if device.is_default_output else ''}",
        f"{device.rate:.0f}",
        one_line(device.host_api),
    )


def _test(audio: AudioTable, *, is_json: bool) -> None:
    """Record and play back. Raises `DeviceError` for a missing device and for silence."""
    screen = current_screen()
    is_watched = sys.stdout.isatty() and not is_json
    trial = DeviceTest(
        parse_source(audio.input),
        parse_sink(audio.output),
        on_level=_draw if is_watched else lambda _level: None,
    )
    try:
        trial.check()
    except (NoDevices, NoPortAudio) as error:
        raise DeviceError(f"{error.text}. {' '.join(_WITHOUT)}") from error
    run(lambda: _record_and_play(trial, screen, is_watched=is_watched), screen)
    if trial.loudest_dbfs < AUDIBLE_DBFS:
        raise DeviceError(
            f"almost nothing was heard ({trial.loudest_dbfs:.0f} dBFS): is the microphone muted, "
            "or is it the wrong one? `sipcli devices` lists them"
        )
    screen.say(f"recorded and played back; the maximum level was {trial.loudest_dbfs:.0f} dBFS")
    screen.record("device_test", {"loudest_dbfs": round(trial.loudest_dbfs, 1)})


async def _record_and_play(trial: DeviceTest, screen: Screen, *, is_watched: bool) -> None:
    screen.say(f"recording {TEST_S:.0f} s: say something")
    await trial.record(TEST_S, screen.warning)
    if is_watched:
        click.echo()  # leave the last level on screen
    screen.say("playing it back")
    await trial.play(screen.warning)


def _draw(level_dbfs: float) -> None:
    """Draw the level as a bar from -60 to 0 dBFS, and return to the start of the line."""
    filled = round(_BAR * min(1.0, max(0.0, 1 + level_dbfs / 60)))
    click.echo(f"{'█' * filled}{'░' * (_BAR - filled)} {level_dbfs:4.0f} dBFS\r", nl=False)
