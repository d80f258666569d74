"""G.722 at 64 kbit/s, by FFmpeg: two 16 kHz samples a byte, level-true."""

import av
import numpy as np

from sipcli.catalog.codecs import Codec
from sipcli.media.codecs.narrowband import NarrowbandDecoder, NarrowbandEncoder
from sipcli.media.codecs.opus_settings import OpusSettings
from sipcli.media.pcm import Pcm


def make_encoder(codec: Codec, _opus: OpusSettings) -> NarrowbandEncoder:
    """Return a new encoder for one stream."""
    context = av.CodecContext.create("g722", "w")
    context.sample_rate = codec.sample_rate
    context.layout = "mono"
    context.format = "s16"

    def encode(pcm: Pcm) -> bytes:
        frame = av.AudioFrame.from_ndarray(pcm.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = codec.sample_rate
        return b"".join(bytes(packet) for packet in context.encode(frame))

    return NarrowbandEncoder(codec, encode)


def make_decoder(codec: Codec) -> NarrowbandDecoder:
    """Return a new decoder for one stream."""
    context = av.CodecContext.create("g722", "r")
    context.sample_rate = codec.sample_rate
    context.layout = "mono"

    def decode(payload: bytes) -> Pcm:
        frames = context.decode(av.Packet(payload))
        return np.concatenate([frame.to_ndarray()[0] for frame in frames], dtype=np.int16)

    return NarrowbandDecoder(codec, decode)
