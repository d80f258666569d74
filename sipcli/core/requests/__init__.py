"""Requests outside dialogs: build and send ours, check theirs (RFC 3261 §8)."""
