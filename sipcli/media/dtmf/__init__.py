"""Digits on the media path: telephone-events (RFC 4733)."""
