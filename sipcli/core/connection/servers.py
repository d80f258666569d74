"""Choose the WebSocket server to try next: heaviest first, ties at random, without failed ones."""

from sipcli.config.server_settings import WsServer
from sipcli.core.connection.backoff import Draw


class Servers:
    """The `ws_servers` list and which of them failed since the round began."""

    def __init__(self, servers: tuple[WsServer, ...], draw: Draw) -> None:
        self._servers = servers
        self._draw = draw
        self._failed: set[WsServer] = set()

    def choose(self) -> WsServer | None:
        """The heaviest server that has not failed, at random among equals; None if all have."""
        return self._pick([server for server in self._servers if server not in self._failed])

    def has_another(self, server: WsServer | None) -> bool:
        """True if a server besides `server` is left in this round."""
        return any(other not in self._failed and other != server for other in self._servers)

    def failed(self, server: WsServer) -> None:
        """Leave `server` out until a new round begins or it is back."""
        self._failed.add(server)

    def is_back(self, server: WsServer) -> None:
        """A connection to `server` was opened: it is a candidate again."""
        self._failed.discard(server)

    def new_round(self) -> None:
        """Begin again with the heaviest: every server is worth another try."""
        self._failed.clear()

    def better_than(self, server: WsServer) -> WsServer | None:
        """A heavier server to return to once it is back; None where `server` is the heaviest."""
        return self._pick([other for other in self._servers if other.weight > server.weight])

    def _pick(self, candidates: list[WsServer]) -> WsServer | None:
        if not candidates:
            return None
        weight = max(server.weight for server in candidates)
        heaviest = [server for server in candidates if server.weight == weight]
        return heaviest[int(self._draw() * len(heaviest))]
