"""DTMF digits in RTP: telephone-events (RFC 4733)."""
