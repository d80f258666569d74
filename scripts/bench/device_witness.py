"""Says speech where a microphone hears it, and hears when it comes out of a loudspeaker.

`python -m scripts.bench.device_witness`, with the devices of tests/realpeer/pulse.py, prints the
delays as JSON, in ms. It listens at the microphone and at the loudspeaker with two streams that
are alike: what they need by themselves cancels out.
"""

import json
import sys
import time
from typing import Any, Final

import numpy as np
import sounddevice

from scripts.bench.align import pair
from scripts.bench.speech import PROMPTS, segment
from scripts.bench.track import Track, steady
from sipcli.media.pcm import RATE

_BLOCK: Final = RATE // 100
_ROUNDS: Final = 2
_AFTER_S: Final = 1.0


class Ear:
    """Hears one device."""

    def __init__(self, device: str) -> None:
        self._pieces: list[bytes] = []
        self._samples = 0
        self._begin = float("inf")
        self._stream = sounddevice.RawInputStream(
            RATE,
            blocksize=_BLOCK,
            device=device,
            channels=1,
            dtype="int16",
            latency="low",
            callback=self._put,
        )
        self._stream.start()

    def _put(self, data: Any, frames: int, _time: object, _status: object) -> None:
        self._pieces.append(bytes(data))
        self._samples += frames
        # A block may come late, never early: the least is the truth.
        self._begin = min(self._begin, time.monotonic() - self._samples / RATE)

    def track(self) -> Track:
        """All that was heard; ends the stream."""
        self._stream.close()
        return steady(np.frombuffer(b"".join(self._pieces), np.int16), self._begin)


def delays_ms(prompt: str) -> tuple[float, ...]:
    """Of each window of half a second; raises `ValueError` where the sound gets lost."""
    microphone, loudspeaker = Ear("microphone"), Ear("speaker_monitor")
    # Left to itself PortAudio asks for a few samples at a time, which takes half a core.
    sounddevice.play(
        segment(prompt), RATE, device="microphone_feed", blocksize=2 * _BLOCK, blocking=True
    )
    time.sleep(_AFTER_S)
    found = pair(microphone.track(), loudspeaker.track(), 0)
    if found is None:
        raise ValueError("what was said to the microphone was not heard at the loudspeaker")
    return found.delays_ms


if __name__ == "__main__":
    heard = [delay for prompt in PROMPTS[:_ROUNDS] for delay in delays_ms(prompt)]
    sys.stdout.write(json.dumps(heard) + "\n")
