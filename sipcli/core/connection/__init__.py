"""Choose a server, connect to it and keep the connection (RFC 5626)."""
