"""Calls: INVITE, its dialogs, and the requests inside them (RFC 3261 §12-15)."""
