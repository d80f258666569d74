"""A WebSocket connection as the core sees it: a flow (RFC 5626 §2)."""

from dataclasses import dataclass

from sipcli.config.server_settings import WsServer


@dataclass(frozen=True, slots=True)
class Flow:
    """An open connection: requests of a transaction and their answers stay on it."""

    number: int
    """Counts connection attempts from 1; the owner finds the socket by it."""
    server: WsServer
