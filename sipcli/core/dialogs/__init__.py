"""Dialogs, and what every use of one needs, be it a call or a subscription (RFC 3261 §12)."""
