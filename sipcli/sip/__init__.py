"""SIP messages as values: bytes in, typed values out, and back (RFC 3261 §7, §19, §20, §25)."""
