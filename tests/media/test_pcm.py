"""From what is being worked on to samples."""

import numpy as np

from sipcli.media.pcm import to_pcm


def test_what_is_beyond_full_scale_is_clipped_and_the_rest_rounded() -> None:
    wave = np.array([40_000.0, 32_767.4, 1.5, -0.6, -32_768.4, -70_000.0], np.float32)
    assert to_pcm(wave).tolist() == [32_767, 32_767, 2, -1, -32_768, -32_768]
