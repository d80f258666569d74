"""What the declarations of codecs have to agree on, so that one more codec fits in."""

import pytest

from sipcli.catalog.codecs import CODECS, COMFORT_NOISE, Codec
from sipcli.media.codecs.codec import make_decoder, make_encoder
from sipcli.sdp.formats import Preferences

ALL = pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)


@pytest.mark.parametrize("codec", [*CODECS.values(), COMFORT_NOISE], ids=lambda each: each.name)
def test_a_codec_has_the_name_that_sdp_has_for_it(codec: Codec) -> None:
    assert codec.name == codec.encoding.lower()


@ALL
def test_a_codec_can_be_made_and_rated(codec: Codec) -> None:
    assert make_encoder(codec) is not None
    assert make_decoder(codec) is not None
    assert codec.impairment is not None


@ALL
def test_either_payload_type_is_static_or_dynamic(codec: Codec) -> None:
    assert (codec.payload_type is None) != (codec.dynamic_payload_type is None)
    assert codec.payload_type is None or codec.payload_type < 35
    assert codec.dynamic_payload_type is None or 96 <= codec.dynamic_payload_type <= 127


def test_no_offer_has_a_payload_type_twice() -> None:
    formats = Preferences(comfort_noise=True, red=True).formats
    numbers = [each.payload_type for each in formats]
    assert len(numbers) > len(CODECS)
    assert sorted(numbers) == sorted(set(numbers))
