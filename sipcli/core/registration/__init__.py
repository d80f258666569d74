"""Registration: REGISTER, refresh, unregister (RFC 3261 §10, RFC 5626)."""
