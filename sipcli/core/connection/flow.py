"""A WebSocket connection as the core sees it: a flow (RFC 5626 §2)."""

from sipcli.config.server_settings import WsServer
from sipcli.late_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Flow:
    """An open connection: requests of a transaction and their answers stay on it."""

    number: int
    """Counts connection attempts from 1; the owner finds the socket by it."""
    server: WsServer
