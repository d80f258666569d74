"""G.722 at 64 kbit/s, by FFmpeg: two 16 kHz samples a byte, level-true."""

import av
import numpy as np

from sipcli.catalog.codecs import G722
from sipcli.media.codecs.narrowband import NarrowDecoder, NarrowEncoder
from sipcli.media.pcm import Pcm


def encoder() -> NarrowEncoder:
    """An encoder with a memory of its own."""
    context = av.CodecContext.create("g722", "w")
    context.sample_rate = G722.sample_rate
    context.layout = "mono"
    context.format = "s16"

    def encode(pcm: Pcm) -> bytes:
        frame = av.AudioFrame.from_ndarray(pcm.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = G722.sample_rate
        return b"".join(bytes(packet) for packet in context.encode(frame))

    return NarrowEncoder(G722.sample_rate, encode)


def decoder() -> NarrowDecoder:
    """A decoder with a memory of its own."""
    context = av.CodecContext.create("g722", "r")
    context.sample_rate = G722.sample_rate
    context.layout = "mono"

    def decode(payload: bytes) -> Pcm:
        frames = context.decode(av.Packet(payload))
        return np.concatenate([frame.to_ndarray()[0] for frame in frames], dtype=np.int16)

    return NarrowDecoder(G722.sample_rate, decode)
