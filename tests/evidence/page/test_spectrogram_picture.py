"""The picture of a spectrogram: a PNG that others can read, its axes, and its words."""

import io
from base64 import b64decode
from dataclasses import replace
from itertools import pairwise

import av
import numpy as np
import numpy.typing as npt

from scripts.sample_report import call
from sipcli.evidence.page.png import png
from sipcli.evidence.page.scale import Scale
from sipcli.evidence.page.spectrogram_picture import spectrogram_picture
from sipcli.evidence.report_content import SoundSpectrum
from sipcli.media.quality.spectrogram import BANDS, SpectrogramMeter


def pixels(picture: bytes) -> npt.NDArray[np.uint8]:
    """The colours of a PNG as FFmpeg reads it."""
    with av.open(io.BytesIO(picture), mode="r", format="png_pipe") as container:
        (frame,) = container.decode(video=0)
        return np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


def test_a_png_has_the_colours_that_it_was_given() -> None:
    red, green, blue = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    found = pixels(png([bytes([0, 1, 2]), bytes([2, 2, 0])], [red, green, blue]))
    assert found.tolist() == [[[*red], [*green], [*blue]], [[*blue], [*blue], [*red]]]


def heard(hz: float) -> SoundSpectrum:
    meter = SpectrogramMeter()
    times = np.arange(96000) / 48000
    meter.add((16000 * np.sin(2 * np.pi * hz * times)).astype(np.int16))
    meter.add(np.zeros(48000, np.int16))
    found = meter.read()
    assert found is not None
    return SoundSpectrum(
        begin_ms=1000.0,
        column_ms=1000 * found.column_s,
        edges_hz=found.edges_hz,
        floor_dbfs=-96.0,
        columns=found.columns,
    )


def test_a_tone_is_a_dark_line_at_its_pitch_and_silence_is_white() -> None:
    sound = heard(1000)
    found = spectrogram_picture(sound, Scale(0, 4))
    rows = pixels(b64decode(found.uri.removeprefix("data:image/png;base64,"))).sum(axis=2)
    assert rows.shape == (BANDS, 30)
    darkest = int(rows[:, 5].argmin())
    at = 100 * (BANDS - darkest - 0.5) / BANDS
    (one_khz,) = [tick.at for tick in found.y_ticks if tick.label == "1"]
    assert abs(at - one_khz) < 100 / BANDS
    assert rows[darkest, 5] < 300
    assert (rows[:, 25] == 3 * 255).all()
    assert (found.begin, found.width) == (25, 75)


def test_louder_is_darker() -> None:
    """So it can be read by who sees no colours."""
    found = spectrogram_picture(heard(1000), Scale(0, 4))
    grey = []
    for _, colour in found.shades:
        red, green, blue = map(int, colour[4:-1].split())
        grey.append(0.2126 * red + 0.7152 * green + 0.0722 * blue)
    assert all(lighter > darker for lighter, darker in pairwise(grey))


def test_its_words_say_what_it_shows() -> None:
    told = spectrogram_picture(heard(1000), Scale(0, 4)).description
    assert told.startswith("Sound for 2.0 of 3.0 s; the loudest is between 991 and 1052 Hz")
    silent = replace(heard(1000), columns=(bytes(BANDS),) * 10)
    found = spectrogram_picture(silent, Scale(0, 4))
    assert (found.is_silent, found.description) == (True, "Silence for all of 1.0 s")
    faint = replace(silent, columns=(bytes([9] * BANDS),) * 10)
    found = spectrogram_picture(faint, Scale(0, 4))
    told = "Nothing above −66 dBFS for all of 1.0 s"
    assert (found.is_silent, found.description) == (False, told)


def test_a_voice_is_described_by_the_range_with_most_of_its_power() -> None:
    tone = heard(1000)
    up, down = ([80 * (band == at) for band in range(BANDS)] for at in (20, 40))
    voice = replace(tone, columns=(bytes(up), bytes(down)) * 20)
    told = spectrogram_picture(voice, Scale(0, 4)).description
    low, high = tone.edges_hz[20], tone.edges_hz[41]
    assert f"; most of it lies between {low:.0f} and {high:.0f} Hz; it reaches" in told


def test_the_picture_of_a_call_is_small() -> None:
    spectrum = call().spectrum
    assert spectrum is not None
    assert len(spectrogram_picture(spectrum, Scale(0, 70)).uri) < 60_000
