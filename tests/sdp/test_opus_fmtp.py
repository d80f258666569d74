"""What an Opus `fmtp` says about its sender's wishes."""

import pytest

from sipcli.sdp.formats import Format
from sipcli.sdp.opus_fmtp import OpusWishes


@pytest.mark.parametrize(
    ("parameters", "wishes"),
    [
        ("", OpusWishes()),
        ("useinbandfec=1", OpusWishes(fec=True)),
        ("useinbandfec=yes", OpusWishes(fec=True)),
        ("useinbandfec=0;usedtx=no;stereo=;cbr", OpusWishes()),
        (
            "usedtx=1; stereo=1; cbr=1; maxaveragebitrate=28000; maxplaybackrate=16000",
            OpusWishes(
                dtx=True,
                stereo=True,
                cbr=True,
                max_average_bitrate=28000,
                max_playback_rate=16000,
            ),
        ),
        ("maxaveragebitrate=5999;maxplaybackrate=96000", OpusWishes()),
        ("maxaveragebitrate=510001", OpusWishes()),
        ("maxaveragebitrate=1e9;maxplaybackrate=-1", OpusWishes()),
    ],
)
def test_wishes_for_opus(parameters: str, wishes: OpusWishes) -> None:
    assert OpusWishes.of(Format(96, "opus", 48000, 2, parameters).options()) == wishes
