"""Bridge the differences between releases of `websockets`, from 15 on."""

from typing import TYPE_CHECKING, Final

from websockets.asyncio.connection import Connection
from websockets.datastructures import Headers
from websockets.frames import DATA_OPCODES, CloseCode, Frame

if TYPE_CHECKING:
    from websockets.proxy import Proxy, get_proxy, parse_proxy
else:
    try:
        from websockets.proxy import Proxy, get_proxy, parse_proxy
    except ImportError:  # before 16
        from websockets.uri import Proxy, get_proxy, parse_proxy

__all__ = ["BoundedFragments", "Proxy", "as_utf8", "get_proxy", "parse_proxy"]

MAX_FRAGMENTS: Final = 1024
"""Maximum frames in a message; a message with more ends the connection with code 1009."""

_WRITES_LATIN_1: Final = b"\xe9" in Headers(Name="\xe9").serialize()


class BoundedFragments(Connection):
    """A connection that bounds the frames of a message (RFC 6455 §5.4).

    `max_size` bounds their payload only. Before 17.4 a peer that sends empty fragments
    without end fills the memory; from then on the limit is set by an environment variable.
    """

    _fragments = 0

    def process_event(self, event: object) -> None:
        """Handle a frame, or the answer to the handshake (called by the library)."""
        if isinstance(event, Frame) and event.opcode in DATA_OPCODES:
            self._fragments += 1
            if self._fragments > MAX_FRAGMENTS:
                self._refuse()
                return
            if event.fin:
                self._fragments = 0
        super().process_event(event)  # type: ignore[arg-type]

    def _refuse(self) -> None:
        """Fail the connection; frames that arrived together with the one too many are dropped."""
        if self._fragments == MAX_FRAGMENTS + 1:
            self.protocol.fail(CloseCode.MESSAGE_TOO_BIG, "too many fragments")
            self.send_data()


def as_utf8(value: str) -> str:
    """Encode a header value so that the library sends UTF-8; from 17 on it writes Latin-1."""
    return value.encode().decode("latin-1") if _WRITES_LATIN_1 else value
