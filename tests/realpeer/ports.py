"""Ports for servers that cannot choose one by themselves."""

import socket
from contextlib import suppress


def free_port() -> int:
    """A port of 127.0.0.1 that nothing has, neither with TCP nor with UDP."""
    while True:
        with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagram:
            stream.bind(("127.0.0.1", 0))
            with suppress(OSError):
                datagram.bind(stream.getsockname())
                return int(stream.getsockname()[1])
