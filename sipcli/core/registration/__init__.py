"""REGISTER, from the first to the last (RFC 3261 §10, RFC 5626)."""
