"""libopus through ctypes, for what FFmpeg's wrapper lacks: concealment, FEC and settings.

PyAV's wheels contain a libopus; without one, the system's is used. The codec states live in
Python's memory, so nothing has to be closed.
"""

import ctypes
import ctypes.util
from collections.abc import Iterator
from ctypes import c_char_p, c_int, c_int32, c_void_p
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

MAX_SAMPLES: Final = 5760
"""At 48 kHz in one packet: 120 ms (RFC 6716 §3.2.5)."""

VOIP: Final = 2048
SET_BITRATE: Final = 4002
SET_MAX_BANDWIDTH: Final = 4004
SET_VBR: Final = 4006
SET_COMPLEXITY: Final = 4010
SET_INBAND_FEC: Final = 4012
SET_PACKET_LOSS_PERC: Final = 4014
SET_DTX: Final = 4016
GET_IN_DTX: Final = 4049
NARROW_BAND: Final = 1101
"""The narrowest bandwidth; the four wider ones have the next numbers."""

_IN_WHEEL: Final = (
    "../av.libs/libopus-*.so*",
    ".dylibs/libopus*.dylib",
    "../av.libs/*opus-*.dll",
)
"""Where PyAV's wheels keep it, relative to the package: Linux, macOS, Windows."""
_FUNCTIONS: Final[dict[str, tuple[Any, ...]]] = {
    "opus_encoder_get_size": (c_int,),
    "opus_encoder_init": (c_void_p, c_int32, c_int, c_int),
    "opus_encode": (c_void_p, c_void_p, c_int, c_void_p, c_int32),
    # Variadic: on Apple's arm64 only the fixed arguments may be declared.
    "opus_encoder_ctl": (c_void_p, c_int),
    "opus_decoder_get_size": (c_int,),
    "opus_decoder_init": (c_void_p, c_int32, c_int),
    "opus_decode": (c_void_p, c_char_p, c_int32, c_void_p, c_int, c_int),
    "opus_packet_get_nb_samples": (c_char_p, c_int32, c_int32),
}
"""The functions we call, with their arguments; each returns an int, negative for an error."""
_HAS_LBRR: Final = "opus_packet_has_lbrr"
"""Since libopus 1.5: tells if a packet carries FEC."""


class Library:
    """A loaded libopus. Raises `OSError` or `AttributeError` if there is none at `path`."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._functions = ctypes.CDLL(path)
        for name, arguments in _FUNCTIONS.items():
            getattr(self._functions, name).argtypes = arguments
        self.encode = self._functions.opus_encode
        self.decode = self._functions.opus_decode
        self._has_lbrr = getattr(self._functions, _HAS_LBRR, None)
        if self._has_lbrr is not None:
            self._has_lbrr.argtypes = (c_char_p, c_int32)

    def encoder(self, rate: int) -> ctypes.Array[ctypes.c_char]:
        """Return the state of a new mono encoder for speech; `rate` in Hz."""
        state = ctypes.create_string_buffer(self._functions.opus_encoder_get_size(1))
        self._functions.opus_encoder_init(state, rate, 1, VOIP)
        return state

    def decoder(self, rate: int) -> ctypes.Array[ctypes.c_char]:
        """Return the state of a new decoder to mono; `rate` in Hz."""
        state = ctypes.create_string_buffer(self._functions.opus_decoder_get_size(1))
        self._functions.opus_decoder_init(state, rate, 1)
        return state

    def set(self, encoder: ctypes.Array[ctypes.c_char], request: int, value: int) -> None:
        """Change a setting. Raises `ValueError` if libopus refuses the value."""
        if self._functions.opus_encoder_ctl(encoder, request, c_int32(value)) != 0:
            raise ValueError(f"libopus refuses {value} for setting {request}")

    def is_in_dtx(self, encoder: ctypes.Array[ctypes.c_char]) -> bool:
        """Return True if DTX took the last frame for silence; False before libopus 1.3."""
        value = c_int32()
        self._functions.opus_encoder_ctl(encoder, GET_IN_DTX, ctypes.byref(value))
        return bool(value.value)

    def samples(self, payload: bytes, rate: int) -> int:
        """Return the samples in `payload` at `rate` Hz; negative if it is not Opus."""
        count: int = self._functions.opus_packet_get_nb_samples(payload, len(payload), rate)
        return count

    def has_fec(self, payload: bytes) -> bool:
        """Return True if `payload` carries FEC, or may do so if libopus is too old to tell."""
        if self._has_lbrr is not None:
            return bool(self._has_lbrr(payload, len(payload)) > 0)
        # Configurations 16 to 31 are CELT, which has no FEC (RFC 6716 §3.1, table 2).
        return len(payload) > 1 and payload[0] >> 3 < 16


@cache
def load() -> Library | None:
    """Return the first usable libopus; None if there is none."""
    for path in _candidates():
        try:
            return Library(path)
        except (OSError, AttributeError):
            continue
    return None


def _candidates() -> Iterator[str]:
    spec = find_spec("av")
    if spec is not None and spec.origin is not None:
        package = Path(spec.origin).parent
        for pattern in _IN_WHEEL:
            above = pattern.count("../")
            folder = package.parents[above - 1] if above else package
            yield from (str(path) for path in sorted(folder.glob(pattern.replace("../", ""))))
    if (system := ctypes.util.find_library("opus")) is not None:
        yield system
